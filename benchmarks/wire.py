"""Rows of the message parser: heads and chunked bodies, by either twin, beside other parsers.

httptools is llhttp, the parser of Node.js, behind a thin C layer; its callbacks collect what a head
holds as bytes. h11 is a connection in pure Python, fed a head and asked for its event. The stdlib's
``parse_headers`` reads the fields alone.
"""

from __future__ import annotations

import http.client
import io
from collections.abc import Callable
from functools import partial
from typing import Any

import h11
import httptools

from nethttp.wire.events import NEED_DATA, Data, EndOfMessage
from nethttp.wire.h1 import _head_c, _head_py
from nethttp.wire.h1.connection import ServerConnection
from nethttp.wire.limits import Limits

from .measure import Row, interleaved

FIELDS = [
    ("Date", "Tue, 24 Nov 2026 08:49:37 GMT"),
    ("Server", "nginx/1.22.1"),
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Length", "5123"),
    ("Connection", "keep-alive"),
    ("Last-Modified", "Mon, 23 Nov 2026 17:12:09 GMT"),
    ("ETag", '"65f1c2a9-1403"'),
    ("Vary", "Accept-Encoding"),
    ("Cache-Control", "public, max-age=3600"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ("X-Content-Type-Options", "nosniff"),
    ("Accept-Ranges", "bytes"),
]
"""A common response's twelve fields."""

SECTION = "".join(f"{name}: {value}\r\n" for name, value in FIELDS).encode() + b"\r\n"

REQUEST = (
    b"GET /articles/2026/11/a-page-of-a-site?from=front HTTP/1.1\r\n"
    b"Host: www.example.com\r\n"
    b"Connection: keep-alive\r\n"
    b"Cache-Control: max-age=0\r\n"
    b"Upgrade-Insecure-Requests: 1\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    b"Chrome/124.0.0.0 Safari/537.36\r\n"
    b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n"
    b"Sec-Fetch-Site: same-origin\r\n"
    b"Sec-Fetch-Mode: navigate\r\n"
    b"Sec-Fetch-Dest: document\r\n"
    b"Referer: https://www.example.com/\r\n"
    b"Accept-Encoding: gzip, deflate, br\r\n"
    b"Accept-Language: en-US,en;q=0.9\r\n"
    b"Cookie: session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; lang=en-US\r\n"
    b"\r\n"
)
"""A browser's request: 13 fields, about 630 bytes."""

RESPONSE = b"HTTP/1.1 200 OK\r\n" + SECTION

PIECE = 65536
"""Bytes that a parser is fed at once."""


class _Collector:
    """Callbacks that collect a message."""

    def __init__(self) -> None:
        self.target = b""
        self.fields: list[tuple[bytes, bytes]] = []
        self.content: list[bytes] = []

    def on_url(self, target: bytes) -> None:
        self.target += target

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))

    def on_body(self, content: bytes) -> None:
        self.content.append(content)


def _httptools_request() -> tuple[bytes, bytes, str, list[tuple[bytes, bytes]]]:
    seen = _Collector()
    parser = httptools.HttpRequestParser(seen)
    parser.feed_data(REQUEST)
    return parser.get_method(), seen.target, parser.get_http_version(), seen.fields


def _httptools_response() -> tuple[int, str, list[tuple[bytes, bytes]]]:
    seen = _Collector()
    parser = httptools.HttpResponseParser(seen)
    parser.feed_data(RESPONSE)
    return parser.get_status_code(), parser.get_http_version(), seen.fields


def _h11_request() -> Any:
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(REQUEST)
    return connection.next_event()


_H11_GET = h11.Request(method="GET", target="/", headers=[("Host", "a")])


def _h11_response() -> Any:
    connection = h11.Connection(h11.CLIENT)
    connection.send(_H11_GET)
    connection.send(h11.EndOfMessage())
    connection.receive_data(RESPONSE)
    return connection.next_event()


def _stdlib_fields(message: bytes) -> Callable[[], object]:
    section = message.partition(b"\r\n")[2]
    return lambda: http.client.parse_headers(io.BytesIO(section))


def _head_rows() -> list[Row]:
    """Rows of the two heads: the C twin beside the C parser, the pure one beside the pure ones."""
    rows = []
    for name, theirs, pure_peer, compiled, pure in (
        (
            f"request head, 13 fields, {len(REQUEST)} bytes",
            _httptools_request,
            _h11_request,
            lambda: _head_c.parse_request_head(REQUEST),
            lambda: _head_py.parse_request_head(REQUEST),
        ),
        (
            f"response head, 12 fields, {len(RESPONSE)} bytes",
            _httptools_response,
            _h11_response,
            lambda: _head_c.parse_response_head(RESPONSE),
            lambda: _head_py.parse_response_head(RESPONSE),
        ),
    ):
        fields = _stdlib_fields(REQUEST if "request" in name else RESPONSE)
        rows += [
            Row(f"{name}: C twin", *interleaved(theirs, compiled), aim=1 / 0.6, peer="httptools"),
            Row(f"{name}: pure twin", *interleaved(pure_peer, pure), aim=2, peer="h11"),
            Row(f"{name}: pure twin", *interleaved(fields, pure), aim=2.5, peer="parse_headers"),
        ]
    return rows


def _large_head(fields: int) -> bytes:
    lines = (b"X-Field-%04d: %b\r\n" % (number, b"v" * 49) for number in range(fields))
    return b"GET / HTTP/1.1\r\n" + b"".join(lines) + b"\r\n"


def _growth_rows() -> list[Row]:
    """Rows of a head of 500 and of 1,000 fields: twice the fields, twice the time."""
    limits = Limits(max_fields=1000)
    few, many = _large_head(500), _large_head(1000)
    size = len(many) // 1024
    return [
        Row(
            f"{name} twin: a head of 500 fields (left), of 1,000 in {size} KiB (right)",
            *interleaved(
                partial(twin.parse_request_head, few, limits),
                partial(twin.parse_request_head, many, limits),
            ),
            aim=1 / 2.2,
            plotted=False,
            peer="itself",
        )
        for name, twin in (("C", _head_c), ("pure", _head_py))
    ]


def _chunked(size: int, number: int) -> bytes:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + (b"%x\r\n%b\r\n" % (size, b"x" * size)) * number + b"0\r\n\r\n"


def _read_by_httptools(data: bytes) -> bytes:
    seen = _Collector()
    parser = httptools.HttpRequestParser(seen)
    for place in range(0, len(data), PIECE):
        parser.feed_data(data[place : place + PIECE])
    return b"".join(seen.content)


def _read_by_nethttp(data: bytes) -> bytes:
    connection = ServerConnection()
    content = []
    for place in range(0, len(data), PIECE):
        connection.receive(data[place : place + PIECE])
        while (event := connection.next_event()) is not NEED_DATA:
            if isinstance(event, Data):
                content.append(event.content)
            elif isinstance(event, EndOfMessage):
                return b"".join(content)
    raise AssertionError("the body did not end")


def _chunk_rows() -> list[Row]:
    rows = []
    for name, data in (
        ("10,000 chunks of 1 byte", _chunked(1, 10_000)),
        ("100 chunks of 64 KiB", _chunked(65536, 100)),
    ):
        assert _read_by_nethttp(data) == _read_by_httptools(data)
        times = interleaved(partial(_read_by_httptools, data), partial(_read_by_nethttp, data))
        rows.append(Row(f"a chunked body: {name}", *times, peer="httptools"))
    return rows


def rows() -> list[Row]:
    """Return the rows of this file, measured now."""
    return [*_head_rows(), *_growth_rows(), *_chunk_rows()]
