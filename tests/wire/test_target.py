"""Target forms and Host."""

from __future__ import annotations

import pytest

from nethttp.errors import RemoteProtocolError
from nethttp.wire.target import check_host, check_target, target_form


@pytest.mark.parametrize(
    ("target", "form"),
    [
        ("/", "origin"),
        ("/a?b=c", "origin"),
        ("//evil/..", "origin"),
        ("/a#b", None),
        ("*", "asterisk"),
        ("http://a/b?c", "absolute"),
        ("http://a", "absolute"),
        ("http:///b", None),
        ("http://a/b#c", None),
        ("a:80", "authority"),
        ("[::1]:443", "authority"),
        ("a", None),
        ("a:", None),
        (":80", None),
        ("a/b:80", None),
        ("?x", None),
    ],
)
def test_forms(target, form):
    assert target_form(target) == form


@pytest.mark.parametrize(
    ("method", "target", "fine"),
    [
        ("GET", "/", True),
        ("GET", "http://a/", True),
        ("GET", "*", False),
        ("GET", "a:80", False),
        ("OPTIONS", "*", True),
        ("OPTIONS", "/", True),
        ("OPTIONS", "a:80", False),
        ("CONNECT", "a:80", True),
        ("CONNECT", "/", False),
        ("CONNECT", "http://a:80/", False),
    ],
)
def test_methods_take_their_forms(method, target, fine):
    if fine:
        check_target(method, target)
    else:
        with pytest.raises(RemoteProtocolError, match=r"RFC 9112 section 3\.2"):
            check_target(method, target)


def test_host():
    check_host(10, [])
    check_host(11, [""])
    check_host(11, ["[2001:db8::1]:8080"])
    for version, hosts in ((11, []), (11, ["a", "a"]), (10, ["a", "b"]), (11, ["a/b"])):
        with pytest.raises(RemoteProtocolError) as refused:
            check_host(version, hosts)
        assert refused.value.status_hint == 400
