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
    "connections as a number": (lambda _: Client(limits=5), "expected limits as PoolLimits"),
    "a pace as a number": (lambda _: Client(pace=5), r"expected pace as Pace\(per_second\), got 5"),
    "a guard as a switch": (lambda _: Client(guard=True), "such as public_only, got True"),
    "one middleware": (
        lambda _: Client(middleware=lambda request: request),
        "expected middleware as a list of generator functions",
    ),
    "a misspelt event": (
        lambda _: Client(events={"requst": print}),
        "functions by the names request, response, interim",
    ),
    "events in a list": (lambda _: Client(events={"request": [print]}), "expected events as"),
    "a cache as a path": (lambda _: Client(cache="cache.db"), r"such as .* SQLiteCache\(path\)"),
    "a size as text": (
        lambda _: Client(max_response_size="5"),
        "expected max_response_size as a number of bytes or None",
    ),
    "a negative size": (
        lambda _: Client(max_response_size=-1),
        "a number of bytes or None, got -1",
    ),
    "a proxy as a switch": (lambda _: Client(proxy=True), "a function or False, got True"),
    "stream, as in requests": (
        lambda c: c.get(URL, stream=True),
        r"no argument 'stream' of a call: use the method stream\(method, url\)",
    ),
    "redirects, as in requests": (
        lambda c: c.get(URL, allow_redirects=True),
        "'allow_redirects' of a call: use follow_redirects",
    ),
    "verify of a call": (lambda c: c.get(URL, verify=False), "use an argument of Client"),
    "an unknown argument": (lambda c: c.get(URL, colour=1), "use one of auth, content, cookies"),
}


def test_proxies_by_host_are_refused():
    with pytest.raises(ValueError, match="expected proxies by http, https, all and no"):
        Client(proxy={"https://example.com": "proxy:3128"})


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
