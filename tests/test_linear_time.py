"""What a peer sent is searched and collected in linear time, so no input stalls server or client.

Each reader is given many inputs, one of them eight times as long as the other: a unit that repeats,
and an end that may spoil it all. The longer one may cost a little more than eight times as much;
where work grows with the square it costs 64 times as much.
"""

from __future__ import annotations

import io
import itertools
import os
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from email.message import Message
from functools import partial
from types import ModuleType
from typing import Any

import pytest

from nethttp import errors
from nethttp.client import HTTPResponse
from nethttp.client.message import parse_headers
from nethttp.client.messages.headers import Headers
from nethttp.client.messages.params import encode_params
from nethttp.client.messages.request import Request
from nethttp.client.messages.url import URL
from nethttp.client.policy.auth.challenges import parse_challenges, parse_parameters
from nethttp.client.policy.no_proxy import NoProxy
from nethttp.client.policy.redirects import DEFAULT_REDIRECTS, next_request
from nethttp.client.policy.retries import retry_after
from nethttp.cookiejar import CookieJar, DefaultCookiePolicy, RFC6265Policy
from nethttp.cookiejar.dates import http2time, iso2time
from nethttp.cookiejar.domains import escape_path, matching_paths, split_url, suffixes
from nethttp.cookiejar.header_words import parse_ns_headers, split_header_words
from nethttp.cookies import SetCookie, SimpleCookie, parse_cookie
from nethttp.cookies.date import parse_cookie_date
from nethttp.net.stream import SocketReader
from nethttp.server import BaseHTTPRequestHandler
from nethttp.server.files.beneath import open_beneath
from nethttp.server.files.cgi import CGIHTTPRequestHandler, url_collapse_path
from nethttp.server.files.cors import preflight_fields
from nethttp.server.files.listing import render
from nethttp.server.files.paths import local_path
from nethttp.wire import events, target, values
from nethttp.wire.coding import choose_coding
from nethttp.wire.environ import environ_of_line
from nethttp.wire.fields import FieldFinder
from nethttp.wire.h1 import connection as h1
from nethttp.wire.h1 import framing, rules
from nethttp.wire.h1.block import read_field_block
from nethttp.wire.h1.body import ChunkedDecoder, LenientChunkLines
from nethttp.wire.h1.reader import BodyReader
from nethttp.wire.limits import DEFAULT_LIMITS

SMALL = 4_000
TIMES = 8
"""How many times as long the longer input is."""

ALLOWED = 3
"""How many times more than its share the longer input may cost: clocks, caches, other processes."""

#: Limits stop a parser early; here it is to go on.
LIMITS = DEFAULT_LIMITS._replace(
    **{name: 10**9 for name in DEFAULT_LIMITS._fields if name.startswith("max_")}
)

#: What inputs repeat: whatever some reader stops at, scans over, or looks back from.
UNITS = (
    *("a", " ", "\t", "/", ".", "a.", "a/", "/..", ":", "a:/", "://", "%41", "%ff", "?a", "#"),
    *(";", "; ", ",", ", ", "=", "a=", "a=b;", "a=b; ", "a;", "a,", "a;q=0.1,", "close,"),
    *('"', "\\", '\\"', 'a="', 'a="b;', ';a="', 'a="b"; ', '"a", ', ' "', "[", "-", "1 ", "1:"),
    *("\r\n", "\n", "\n ", " \r\n ", "A: b\r\n", "A\n", "1\r\na\r\n", "1;a\r\na\r\n", "0-0,"),
    *("1 Jan ", "\xe9", "\x1f", "<", "@", "&a=b", "cgi-bin/"),
)
ENDS = ("", "\0")

Read = Callable[[str], object]


def octets(text: str) -> bytes:
    return text.encode("latin-1")


def parse_with(twin: ModuleType) -> dict[str, Read]:
    """Return the readers of one twin."""
    request = b"GET /%b HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n"
    response = b"HTTP/1.1 200 %b\r\n%b\r\n\r\n"
    return {
        "request line": lambda text: twin.parse_request_line(octets(text) + b"\r\n", LIMITS),
        "usual line": lambda text: twin.usual_line(octets(text)),
        "target": lambda text: twin.parse_request_head(request % (octets(text), b"A:b"), LIMITS),
        "field": lambda text: twin.parse_request_head(request % (b"", octets(text)), LIMITS),
        "usual field": lambda text: twin.usual_request(request % (b"", octets(text)), LIMITS),
        "connection": lambda text: twin.usual_request(
            request % (b"", b"Connection:" + octets(text)), LIMITS
        ),
        "environ": lambda text: twin.usual_environ(request % (octets(text), b"A:b"), {}, LIMITS),
        "reason": lambda text: twin.parse_response_head(response % (octets(text), b""), LIMITS),
        "status line": lambda text: twin.parse_status_line(b"HTTP/1.1" + octets(text), LIMITS),
        "response field": lambda text: twin.parse_response_head(
            response % (b"OK", octets(text)), LIMITS
        ),
        "response value": lambda text: twin.parse_response_head(
            response % (b"OK\nA:" + octets(text), b""), LIMITS
        ),
        "lenient section": lambda text: twin.parse_lenient_field_section(octets(text), LIMITS),
        "trailers": lambda text: twin.parse_field_section(octets(text) + b"\r\n\r\n", LIMITS),
        "chunk line": lambda text: twin.parse_chunk_line(b"1" + octets(text) + b"\r\n"),
        "chunks": lambda text: twin.parse_chunks(octets(text), 0, 10**9),
        "cookies": lambda text: twin.split_cookie_field("a=" + text),
    }


def feed(role: type[h1.Connection], head: bytes, size: int, text: str) -> None:
    """Give a connection a head and a text, `size` bytes at a time."""
    connection = role(LIMITS)
    if isinstance(connection, h1.ClientConnection):
        connection.send_request(events.Request("GET", "/", [("Host", "a")]))
    data = head + octets(text)
    for place in range(0, len(data), size):
        connection.receive(data[place : place + size])
        while not isinstance(connection.next_event(), events.NoEvent):
            pass


def read_chunks(read: Callable[[BodyReader], bytes], text: str) -> None:
    reader = BodyReader(io.BufferedReader(io.BytesIO(octets(text))), ChunkedDecoder(LIMITS))
    while read(reader):
        pass


class Quiet(BaseHTTPRequestHandler):
    """Parses a request that is a text."""

    limits = LIMITS
    server = None

    def __init__(self, data: bytes) -> None:
        self.rfile, self.wfile = io.BytesIO(data), io.BytesIO()
        self.client_address = ("127.0.0.1", 1)
        self.handle_one_request()

    def do_GET(self) -> None:
        self.log_request(200)

    def log_message(self, format: str, *args: Any) -> None:
        format % args


def is_cgi(text: str) -> bool:
    handler = CGIHTTPRequestHandler.__new__(CGIHTTPRequestHandler)
    handler.path = "/" + text
    return handler.is_cgi()


def read_one_by_one(text: str) -> None:
    class Socket:
        def settimeout(self, seconds: float | None) -> None:
            pass

        def gettimeout(self) -> None:
            return None

    file = SocketReader(Socket(), None, ahead=octets(text))  # type: ignore[arg-type]  # a double
    for _ in text:
        file.read(1)


class FakeSocket:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def makefile(self, mode: str) -> Any:
        return io.BufferedReader(io.BytesIO(self.data))


def respond(head: bytes, text: str) -> None:
    response = HTTPResponse(FakeSocket(head + octets(text) + b"\r\n\r\n"))
    response.begin()
    response.getheader("a")
    while response.read(100):
        pass


class FakeResponse:
    def __init__(self, field: str) -> None:
        self.message = Message()
        self.message.add_header("Set-Cookie", "a=b")
        self.message.replace_header("Set-Cookie", field)

    def info(self) -> Message:
        return self.message


def keep_cookie(policy: type[DefaultCookiePolicy], url: str, field: str) -> None:
    jar, request = CookieJar(policy()), urllib.request.Request(url)
    jar.extract_cookies(FakeResponse(field), request)
    jar.add_cookie_header(request)


def ask_twice(policy: type[DefaultCookiePolicy], url: str) -> None:
    keep_cookie(policy, url, "a=b")


#: What a peer says of a cookie, and where a redirect of its sends the client.
KEEP: dict[str, Callable[[type[DefaultCookiePolicy], str], None]] = {
    "field": lambda policy, text: keep_cookie(policy, "http://a.example/b", text),
    "path": lambda policy, text: keep_cookie(policy, "http://a.example/b", "a=b; path=/" + text),
    "domain": lambda policy, text: keep_cookie(policy, "http://a.example/", "a=b; domain=" + text),
    "host of the request": lambda policy, text: ask_twice(policy, "http://" + text),
    "path of the request": lambda policy, text: ask_twice(policy, "http://a.example/" + text),
}


finder = FieldFinder("range", "accept", "if-match")
chunked = b"Transfer-Encoding: chunked\r\n\r\n"


class Redirected:
    """A response with a redirect's status and these field lines."""

    status_code = 302

    def __init__(self, lines: list[tuple[str, str]]) -> None:
        self.headers = Headers.received(lines)


READERS: dict[str, Read] = {
    "date": values.parse_http_date,
    "list": values.parse_list,
    "weighted list": values.parse_weighted_list,
    "media type": lambda text: values.parse_media_type("a/b;" + text),
    "entity tags": lambda text: values.match_etags(text, values.EntityTag("a"), weakly=True),
    "ranges": lambda text: values.parse_byte_ranges("bytes=" + text, 100),
    "connection options": lambda text: rules.keeps_alive(11, [("Connection", text)]),
    "transfer codings": lambda text: framing.request_framing(
        "POST", 11, {"transfer-encoding": text.split(",")}
    ),
    "length": lambda text: framing.request_framing("POST", 11, {"content-length": [text]}),
    "expectation": lambda text: rules.judge_request(
        "GET", "/", 11, [("Host", "a"), ("Expect", text)]
    ),
    "target form": target.target_form,
    "absolute target": lambda text: target.target_form("http://" + text),
    "host": lambda text: target.check_host(11, [text]),
    "bracketed host": lambda text: target.check_host(11, ["[" + text]),
    "accepted codings": lambda text: choose_coding(text, ["br", "gzip"]),
    "found fields": lambda text: finder.in_head(b"\r\nRange:" + octets(text) + b"\r\n"),
    "environ of a line": lambda text: environ_of_line("GET", "/" + text, 11),
    "lines of a head": lambda text: read_field_block(
        io.BytesIO(octets(text) + b"\r\n\r\n").readline, LIMITS
    ),
    "request, whole": partial(feed, h1.ServerConnection, b"GET / HTTP/1.1\r\nHost:", 10**9),
    "request, in pieces": partial(feed, h1.ServerConnection, b"GET / HTTP/1.1\r\nHost:", 16),
    "chunked request": partial(
        feed, h1.ServerConnection, b"POST / HTTP/1.1\r\nHost:a\r\n" + chunked, 10**9
    ),
    "chunked request, in pieces": partial(
        feed, h1.ServerConnection, b"POST / HTTP/1.1\r\nHost:a\r\n" + chunked, 16
    ),
    "response, whole": partial(feed, h1.ClientConnection, b"HTTP/1.1 200 OK\r\nA:", 10**9),
    "response, in pieces": partial(feed, h1.ClientConnection, b"HTTP/1.1 200 OK\r\nA:", 16),
    "chunks read": partial(read_chunks, BodyReader.read),
    "a response's chunk line": lambda text: LenientChunkLines(LIMITS).take_size(
        b"1" + octets(text) + b"\r\n"
    ),
    "chunks read by lines": partial(read_chunks, BodyReader.readline),
    "chunks read byte by byte": partial(read_chunks, lambda reader: reader.read1(1)),
    "handler, request line": lambda text: Quiet(octets(text) + b"\r\n\r\n"),
    "handler, target": lambda text: Quiet(b"GET /%b HTTP/1.1\r\nHost:a\r\n\r\n" % octets(text)),
    "handler, field": lambda text: Quiet(
        b"GET / HTTP/1.1\r\nHost:a\r\nA:%b\r\n\r\n" % octets(text)
    ),
    "local path": lambda text: local_path("/srv", text),
    "local path from the root": lambda text: local_path("/srv", "/" + text),
    "beneath": lambda text: os.close(open_beneath("/usr", "/usr/" + text)),
    "script": is_cgi,
    "collapsed path": lambda text: url_collapse_path("/" + text),
    "listing of a path": lambda text: list(render("/" + text, "", [], "utf-8")),
    "listing by a query": lambda text: list(render("/", text, [], "utf-8")),
    "preflight": lambda text: preflight_fields(["GET"], text),
    "excerpt": errors.excerpt,
    "headers": lambda text: parse_headers(io.BytesIO(octets(text)), _max_headers=10**9),
    "response": partial(respond, b"HTTP/1.1 200 OK\r\n"),
    "response in chunks": partial(respond, b"HTTP/1.1 200 OK\r\n" + chunked),
    "challenges": lambda text: parse_challenges([text]),
    "a challenge's parameters": lambda text: parse_challenges(["Digest a=b," + text]),
    "Authentication-Info": parse_parameters,
    "a URL in an error": errors.redacted,
    "a client's URL": lambda text: URL("http://" + text),
    "a URL's host": lambda text: URL(f"http://{text}/"),
    "a URL's path": lambda text: URL("http://a/" + text).without_dot_segments(),
    "a URL's query": lambda text: URL("http://a/?" + text),
    "a reference": lambda text: URL("http://a/b").join(text),
    "a URL below another": lambda text: URL("http://a/b").below(text),
    "parameters": lambda text: encode_params({"a": text}),
    "a Location": lambda text: next_request(
        Request("GET", "http://a/b"), Redirected([("Location", text)]), DEFAULT_REDIRECTS
    ),
    "NO_PROXY": NoProxy,
    "a host in NO_PROXY": lambda text: NoProxy("a").covers(URL(f"http://{text}/").origin),
    "Retry-After": lambda text: retry_after({"retry-after": text}, 0.0),
    "Cookie": parse_cookie,
    "Cookie into a SimpleCookie": SimpleCookie,
    "a cookie's value": lambda text: SimpleCookie(f'a="{text}"'),
    "Set-Cookie": SetCookie.parse,
    "Set-Cookie's attributes": lambda text: SetCookie.parse("a=b;" + text),
    "cookie date": parse_cookie_date.__wrapped__,
    "loose date": http2time.__wrapped__,
    "loose date's end": lambda text: http2time.__wrapped__("Wed, 1 Jan 2000 00:00" + text),
    "ISO date": iso2time,
    "ISO date's end": lambda text: iso2time("1994-02-03" + text),
    "header words": lambda text: split_header_words([text]),
    "Netscape cookies": lambda text: parse_ns_headers(["a=b;" + text]),
    "domains of a host": suffixes,
    "URL": lambda text: split_url.__wrapped__("http://" + text),
    "escaped path": escape_path,
    "paths of a path": partial(matching_paths, [f"/{i}" for i in range(1000)]),
    **{
        f"{policy.__name__}: {what}": partial(keep, policy)
        for policy in (DefaultCookiePolicy, RFC6265Policy)
        for what, keep in KEEP.items()
    },
}


#: What readers refuse an input by.
REFUSALS = (errors.HTTPException, errors.CookieError, ValueError, IndexError, OSError)


def cpu_seconds(read: Read, text: str, runs: int) -> float:
    """Return the CPU time of the quickest of several runs. Refusing is an answer, too."""
    best = float("inf")
    for _ in range(runs):
        before = time.process_time()
        with suppress(*REFUSALS):
            read(text)
        best = min(best, time.process_time() - before)
    return best


def too_slow(read: Read) -> list[tuple[str, str, float]]:
    """Return the units and ends for which the longer input costs too much, and how many times."""
    found = []
    for unit, end in itertools.product(UNITS, ENDS):
        short, long = (unit * (size // len(unit)) + end for size in (SMALL, SMALL * TIMES))
        for runs in (1, 5, 20):
            # Work of less than 30 us is taken for as much: what precedes it costs that.
            ratio = cpu_seconds(read, long, runs) / max(cpu_seconds(read, short, runs), 30e-6)
            if ratio <= ALLOWED * TIMES:
                break
        else:
            found.append((unit, end, ratio))
    return found


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_the_time_grows_with_the_length(read: Read) -> None:
    assert too_slow(read) == []


def test_the_time_of_both_twins_grows_with_the_length(twin: ModuleType) -> None:
    slow = {name: found for name, read in parse_with(twin).items() if (found := too_slow(read))}
    assert slow == {}


def test_what_came_ahead_is_read_byte_by_byte_in_linear_time() -> None:
    # A copy of what is left for each byte shows with more of it.
    short, long = "a" * 30_000, "a" * 30_000 * TIMES
    ratio = cpu_seconds(read_one_by_one, long, 3) / cpu_seconds(read_one_by_one, short, 3)
    assert ratio <= ALLOWED * TIMES


def test_links_are_looked_for_in_no_path_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each name would be looked at by itself: 30,000 of them took 0.3 s.
    monkeypatch.setattr(os.path, "realpath", lambda _path: pytest.fail("links are resolved"))
    with pytest.raises(OSError):
        open_beneath("/usr", "/usr" + "/a" * 30_000)
