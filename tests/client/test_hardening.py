"""Holes that were found in other HTTP clients, one test each, named after them."""

from __future__ import annotations

import io
import time
from types import SimpleNamespace

import pytest

from nethttp.client import HTTPConnection, InvalidURL, parse_headers
from nethttp.client.messages.headers import Headers
from nethttp.client.messages.request import Request
from nethttp.client.policy.redirects import DEFAULT_REDIRECTS, next_request
from nethttp.errors import HTTPException, IncompleteRead, RemoteProtocolError

INJECTIONS = ["\r\nX: y", "\n", "\r", "\0", "\x0b", " HTTP/1.1\r\nX: y"]


@pytest.mark.parametrize("text", INJECTIONS)
def test_cve_2019_9740_2019_9947_line_ends_in_a_url(scripted, text):
    connection = scripted()
    for url in ("/a" + text, "/?q=" + text, "http://a" + text):
        with pytest.raises(InvalidURL):
            connection.request("GET", url)
    assert connection.sock.sends == []


@pytest.mark.parametrize("text", INJECTIONS)
def test_cve_2019_18348_line_ends_in_a_host(text):
    with pytest.raises(InvalidURL):
        HTTPConnection("example.com" + text)


@pytest.mark.parametrize("text", INJECTIONS)
def test_cve_2020_26116_line_ends_in_a_method(scripted, text):
    connection = scripted()
    with pytest.raises(ValueError, match="method can't contain control characters"):
        connection.request("GET" + text, "/")
    assert connection.sock.sends == []


@pytest.mark.parametrize("text", INJECTIONS)
def test_cve_2026_1502_line_ends_in_a_tunnels_host_and_fields(scripted, text):
    tunnels = [("a" + text, None), ("a", {"A": "b" + text}), ("a", {"A" + text: "b"})]
    if not set(text) & set("\r\n\0"):
        del tunnels[1]  # a value may hold other control characters
    for host, headers in tunnels:
        connection, sock = scripted(), scripted().sock
        sock.setsockopt = lambda *_: None
        connection.sock, connection._create_connection = None, lambda *_, sock=sock: sock
        connection.set_tunnel(host, 443, headers)
        with pytest.raises(ValueError, match=r"Tunnel host|Invalid header"):
            connection.connect()
        # A request that follows must not reach the proxy in the clear.
        assert (sock.sends, sock.closed, connection.sock) == ([], True, None)


def test_cve_2021_3737_endless_interim_responses(response_to):
    with pytest.raises(HTTPException, match="interim"):
        response_to(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


def test_cve_2025_13836_a_huge_length_reserves_nothing(response_to):
    response = response_to(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000000000000\r\n\r\nabc")
    with pytest.raises(IncompleteRead) as cut:
        response.read()
    assert cut.value.partial == b"abc"


def test_gh_150743_endless_trailers(response_to):
    response = response_to(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"A: b\r\n" * 10_000
    )
    with pytest.raises(HTTPException):
        response.read()


def test_gh_81274_one_strange_name_costs_no_other_field(response_to):
    response = response_to(
        "HTTP/1.1 200 OK\r\nA: 1\r\nÄ: 2\r\nB: x\x85y\r\nContent-Length: 2\r\n\r\nhi".encode(
            "latin-1"
        )
    )
    assert response.getheaders() == [("A", "1"), ("B", "x\x85y"), ("Content-Length", "2")]
    assert response.read() == b"hi"


def test_gh_150751_lengths(response_to):
    for length in (b"1_0", b"+2", b"0x2", b"\xb2"):
        with pytest.raises(RemoteProtocolError):
            response_to(b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\nhi")


def test_aiohttp_2026_34520_nul_in_a_response_field(response_to):
    for line in (b"A: b\0c", b"A\0: b"):
        with pytest.raises(RemoteProtocolError, match=r"\\x00"):
            response_to(b"HTTP/1.1 200 OK\r\n" + line + b"\r\nContent-Length: 0\r\n\r\n")
        with pytest.raises(RemoteProtocolError):
            parse_headers(io.BytesIO(line + b"\r\n\r\n"))


def test_gh_119451_headers_are_bounded():
    class Endless:
        def readline(self, limit: int, /) -> bytes:
            return b"A: b\r\n"

    with pytest.raises(HTTPException, match="more than 100"):
        parse_headers(Endless())


def test_cve_2020_7212_many_escapes_take_linear_time(scripted):
    began = time.process_time()
    with pytest.raises(InvalidURL):
        scripted().request("GET", "/" + "%25" * 500_000 + "\n")
    assert time.process_time() - began < 5, "a quadratic check takes minutes"


def test_cve_2021_33503_many_at_signs_take_linear_time(scripted):
    connection = scripted()
    connection.request("GET", "http://" + "@" * 500_000 + "/")
    assert connection.sock.sends


def redirected(status: int, location: str, method: str, url: str, fields, body=None) -> Request:
    """Return the request that a redirect asks for."""
    response = SimpleNamespace(status_code=status, headers=Headers([("Location", location)]))
    found = next_request(Request(method, url, fields, body), response, DEFAULT_REDIRECTS)
    assert found is not None
    return found


def test_cve_2018_25091_2023_32681_authorization_crosses_no_origin():
    fields = [("Authorization", "a"), ("Accept", "b")]
    for location in ("http://other/", "http://a:81/"):
        there = redirected(302, location, "GET", "http://a/", fields)
        assert there.headers.pairs == [("Accept", "b")]
    there = redirected(302, "http://a:80/x", "GET", "http://a/", fields)
    assert there.headers.pairs == fields


def test_cve_2023_43804_cookies_cross_no_origin():
    there = redirected(307, "http://b/", "GET", "http://a/", [("cookie", "a")])
    assert there.headers.pairs == []


def test_cve_2024_37891_aiohttp_2026_34518_proxy_authorization_crosses_no_origin():
    fields = [("PROXY-Authorization", "a")]
    assert redirected(308, "//b/", "GET", "http://a/", fields).headers.pairs == []


def test_cve_2023_45803_the_content_stays_behind_after_303():
    fields = [("Content-Type", "a/b"), ("A", "b")]
    step = redirected(303, "/", "PUT", "http://a/", fields, b"body")
    assert (step.method, step.body, step.headers.pairs) == ("GET", None, [("A", "b")])
    assert redirected(307, "/", "PUT", "http://a/", fields, b"body").body == b"body"
    assert redirected(303, "/", "HEAD", "http://a/", []).method == "HEAD"


def test_a_redirect_leads_to_http_only():
    for location in ("file:///etc/passwd", "javascript:x", "ftp://a/"):
        with pytest.raises(InvalidURL):
            redirected(302, location, "GET", "http://a/", [])
