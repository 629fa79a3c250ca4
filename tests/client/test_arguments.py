"""Wrong arguments of a client raise an error that says what was expected, before any request."""

from __future__ import annotations

import pytest

from nethttp.client import Client, Redirects
from nethttp.client.caching.memory import MemoryCache
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
    "the time as a switch": (lambda _: Client(timeout=True), "timeout total in seconds or None"),
    "trust in nothing": (
        lambda _: Client(verify=None),
        "expected verify as a bool, a path of cert",
    ),
    "a certificate as a number": (
        lambda _: Client(cert=5),
        "expected cert as a path or PEM text",
    ),
    "addresses in a list": (lambda _: Client(resolve=["a"]), "expected resolve as a mapping of h"),
    "an address as a number": (lambda _: Client(resolve={"a": 5}), "to an IP address or a list"),
    "a name for TLS as a number": (
        lambda _: Client(server_hostname=5),
        "server_hostname as a name",
    ),
    "a socket as a number": (lambda _: Client(unix_path=5), "expected unix_path as a path as str"),
    "no encoding": (lambda _: Client(default_encoding="utf-9"), "default_encoding as the name of"),
    "a transport as a number": (lambda _: Client(transport=5), r"transport as an object with send"),
    "a network as a number": (lambda _: Client(network=5), "network as a ScriptedNetwork, got 5"),
    "a switch as text": (
        lambda _: Client(trust_env="no"),
        "expected trust_env as a bool, got 'no'",
    ),
    "a proxy as a number": (lambda _: Client(proxy=5), "a function or False, got 5"),
    "headers as text": (
        lambda c: c.get(URL, headers="a: b"),
        "headers as a mapping or as pairs of",
    ),
    "headers in a list": (
        lambda c: c.get(URL, headers=["a: b"]),
        "headers as a mapping or as pairs",
    ),
    "headers of a client": (
        lambda _: Client(headers="a: b"),
        "headers as a mapping or as pairs of",
    ),
    "params as a number": (lambda c: c.get(URL, params=5), "params as a mapping or as pairs of"),
    "params in a list": (lambda c: c.get(URL, params=[1, 2]), "params as a mapping or as pairs of"),
    "a param as bytes": (
        lambda c: c.get(URL, params={"a": b"x"}),
        "parameter 'a' as str, a number",
    ),
    "a param in a param": (lambda c: c.get(URL, params={"a": {"b": 1}}), "parameter 'a' as str"),
    "a file without a name": (lambda c: c.post(URL, files=["a"]), "files as a mapping or as pairs"),
    "files as a number": (lambda c: c.post(URL, files=5), "files as a mapping or as pairs of"),
    "data in a list": (lambda c: c.post(URL, data=[1]), "data as a mapping or as pairs of"),
    "cookies in a list": (lambda c: c.get(URL, cookies=["a"]), "cookies as a mapping or as pairs"),
    "a password as a number": (lambda c: c.get(URL, auth=("a", 5)), "a password as str, got int"),
    "a method as a number": (lambda c: c.request(5, URL), "expected a method as str, got int"),
    "a method in a list": (lambda c: c.request(["GET"], URL), "expected a method as str, got list"),
    "a URL in a list": (lambda c: c.get([URL]), "expected a URL as str, got list"),
    "a base URL in a list": (lambda _: Client(base_url=[URL]), "expected a URL as str, got list"),
    "proxies by numbers": (lambda _: Client(proxy={1: "a"}), "proxy as a mapping of schemes to U"),
    "a cache as a dict": (lambda _: Client(cache={}), r"a store such as MemoryCache\(\)"),
    "a cache's class": (lambda _: Client(cache=MemoryCache), r"a store such as MemoryCache\(\)"),
    "a cookie without value": (
        lambda c: c.get(URL, cookies={"a": None}),
        "the cookie 'a' as str, got None",
    ),
    "a cookie's name as a number": (
        lambda c: c.get(URL, cookies={1: "b"}),
        "expected the cookie 1 as str",
    ),
    "what JSON has not": (
        lambda c: c.post(URL, json={"a": {1}}),
        "expected json as a value with a form in JSON: Object of type set",
    ),
    "the progress of an upload": (
        lambda c: c.post(URL, content=b"a", progress=5),
        "expected progress as a function of the bytes so far",
    ),
    "proxies, as in requests": (
        lambda _: Client(proxies={}),
        "expected no argument 'proxies' of a client: use proxy$",
    ),
    "a session's redirects": (lambda _: Client(max_redirects=3), r"Redirects\(max=...\)$"),
    "an unknown argument of a client": (lambda _: Client(colour=1), r"those that help\(Client\)"),
    "an unknown argument": (lambda c: c.get(URL, colour=1), "use one of auth, content, cookies"),
}


@pytest.mark.parametrize("sha256", ["zz", "a" * 63, "g" * 64, 5])
def test_a_checksum_is_checked_before_anything_is_sent(sha256, tmp_path):
    with Client() as client, pytest.raises(ValueError, match="expected sha256 as 64 hexadecimal"):
        client.download("http://nothing.invalid/", tmp_path / "file", sha256=sha256)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"verify": "nothing.pem"}, "cannot read the file of verify: No such file"),
        ({"cert": "nothing.pem"}, "cannot read the file of cert: No such file"),
        ({"cert": (__file__, "nothing.pem")}, "cannot read the file of cert: No such file"),
    ],
)
def test_a_file_that_is_not_there_is_said_at_once_and_is_no_fault_of_the_network(given, said):
    with pytest.raises(FileNotFoundError, match=said) as raised:
        Client(**given)
    assert raised.value.filename == "nothing.pem"


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


def test_the_progress_of_a_download_is_a_function(tmp_path):
    with Client() as client, pytest.raises(TypeError, match="expected progress as a function"):
        client.download(URL, tmp_path / "file", progress=5)
    assert list(tmp_path.iterdir()) == []


def _nested() -> list[object]:
    value: list[object] = []
    for _ in range(200_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value", [float("nan"), [float("inf")], _nested()], ids=["nan", "inf", "deep"]
)
def test_a_value_that_json_cannot_write_is_named(value):
    with (
        Client() as client,
        pytest.raises(ValueError, match="expected json as a value with a f"),
    ):
        client.post(URL, json=value)
