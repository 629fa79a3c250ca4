"""Which credentials a request has."""

from __future__ import annotations

import itertools

import pytest

from nethttp.client.messages.request import Request
from nethttp.client.messages.url import URL
from nethttp.client.policy.auth import Auth, Basic, FunctionAuth, Netrc
from nethttp.client.policy.auth.choose import auth_of, choose

HERE = "https://example.com/"


@pytest.fixture
def netrc(tmp_path):
    path = tmp_path / "netrc"
    path.write_text("machine example.com login net password rc")
    path.chmod(0o600)
    return Netrc(path)


def test_what_is_accepted():
    auth = Auth()
    assert auth_of(auth) is auth
    assert auth_of(("me", "pw")).value == Basic("me", "pw").value
    assert isinstance(auth_of(print), FunctionAuth)


@pytest.mark.parametrize("wrong", [None, "me:pw", ("a",), ("a", "b", "c"), 1, ["a", "b"]])
def test_what_is_not(wrong):
    with pytest.raises(TypeError, match="expected auth as"):
        auth_of(wrong)


@pytest.mark.parametrize("present", list(itertools.product([False, True], repeat=4)))
def test_the_nearest_counts(netrc, present):
    header, in_url, of_client, in_netrc = present
    client_auth = Auth()
    chosen = choose(
        Request(
            "GET",
            "https://u:p@example.com/" if in_url else HERE,
            {"authorization": "mine"} if header else {},
        ),
        client_auth=client_auth if of_client else None,
        netrc=netrc if in_netrc else None,
    )
    if header:
        assert chosen is None
    elif in_url:
        assert chosen.value == Basic("u", "p").value
    elif of_client:
        assert chosen is client_auth
    else:
        assert chosen is (netrc if in_netrc else None)


@pytest.mark.parametrize(
    ("url", "given"),
    [
        ("https://example.com/x", True),
        ("https://example.com:444/", False),
        ("http://example.com/", False),
        ("https://other.example/", False),
    ],
)
def test_the_clients_auth_is_for_the_origin_of_its_base_url(url, given):
    auth = Auth()
    origin = URL("https://example.com/v1").origin
    chosen = choose(Request("GET", url), client_auth=auth, client_origin=origin)
    assert chosen is (auth if given else None)
    assert choose(Request("GET", url), client_auth=auth) is auth


def test_a_netrc_without_the_host_is_none(netrc):
    assert choose(Request("GET", "https://other.example/"), netrc=netrc) is None


def test_headers_are_not_looked_at_in_vain():
    class Unread(Request):
        headers = property(lambda _self: pytest.fail("the headers were read"))

    assert choose(Unread("GET", HERE)) is None
