"""Wrong arguments of a client raise an error that says what was expected, before any request."""

from __future__ import annotations

import pytest

from nethttp.client import Client, Redirects
from nethttp.errors import LocalProtocolError

URL = "http://127.0.0.1:9/"

MISTAKES = {
    "a URL of bytes": (lambda c: c.get(b"http://a/"), "expected a URL as str, got bytes"),
    "no URL": (lambda c: c.get(None), "expected a URL as str, got NoneType"),
    "redirects of a call": (
        lambda c: c.get(URL, follow_redirects=Redirects(max=0)),
        "expected follow_redirects of a call as a bool",
    ),
    "a URL to send": (lambda c: c.send(URL), "expected a Request to send, got str"),
    "an option for a request that is built": (
        lambda c: c.send(c.build_request("GET", URL), params={"a": "b"}),
        "expected auth, follow_redirects or timeout .* got params",
    ),
    "seconds as text": (lambda c: c.get(URL, timeout="5"), "expected the timeout total in seconds"),
    "a bound as text": (lambda _: Client(timeout=(1, 2)), "expected the timeout total in seconds"),
    "retries as text": (lambda _: Client(retries="3"), "expected retries as a number or Retries"),
    "redirects as text": (
        lambda _: Client(follow_redirects="yes"),
        "expected follow_redirects as a bool or Redirects",
    ),
    "no redirects": (
        lambda _: Client(follow_redirects=None),
        "expected follow_redirects as a bool or Redirects",
    ),
    "a mapping for a jar": (
        lambda _: Client(cookies={"a": "b"}),
        "expected cookies of a client as a CookieJar, got dict",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_value_of_the_wrong_type_is_named(mistake):
    call, said = MISTAKES[mistake]
    with Client() as client, pytest.raises(TypeError, match=said):
        call(client)
    assert client.connections().held == 0


@pytest.mark.parametrize("base", ["", "http://a/b"])
def test_a_url_below_a_base_is_text_too(base):
    with Client(base_url=base) as client, pytest.raises(TypeError, match="as str, got int"):
        client.build_request("GET", 5)


@pytest.mark.parametrize("cookies", [{"a": "b; c=d"}, {"a;b": "c"}, {"a=b": "c"}])
def test_a_cookie_of_a_call_is_one_cookie(cookies):
    with Client() as client, pytest.raises(LocalProtocolError, match="expected a cookie without"):
        client.build_request("GET", URL, cookies=cookies)
