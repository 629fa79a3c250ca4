"""A million calls of the twins, of what they accept and what they refuse, leave nothing behind."""

from __future__ import annotations

import contextlib
import gc
import resource
import sys

import pytest

from nethttp.errors import LocalProtocolError, RemoteProtocolError

REQUEST = b"POST /a?b HTTP/1.1\r\nHost: \xe4\r\nContent-Length: 3\r\nAccept: */* \r\n\r\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nServer: a\r\nVia: b\r\n\r\n"
FIELDS = [("Host", "a"), ("Via", "\xe4"), ("X", "y" * 3000)]

CALLS = (
    (100_000, "parse_request_head", REQUEST),
    (100_000, "parse_request_line", b"GET / HTTP/1.1\r\n"),
    (100_000, "parse_response_head", RESPONSE),
    (100_000, "parse_status_line", b"HTTP/1.1 200 OK\r\n"),
    (100_000, "parse_field_section", b"A: b\r\n\r\n"),
    (100_000, "parse_lenient_field_section", b"A: b\r\n\r\n"),
    (100_000, "parse_chunk_line", b"1a;b=c\r\n"),
    (100_000, "parse_chunks", b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", 0, 100),
    (100_000, "split_cookie_field", "a=b; c=d"),
    (50_000, "usual_request", REQUEST.replace(b"\xe4", b"a")),
    (50_000, "usual_environ", REQUEST.replace(b"\xe4", b"a"), {"A": "b"}),
    (50_000, "usual_environ", REQUEST.replace(b"/a?b", b"/%41").replace(b"\xe4", b"a"), {"A": "b"}),
    (50_000, "usual_line", b"GET /a HTTP/1.1"),
    (50_000, "usual_response", "GET", RESPONSE.replace(b"Via: b", b"Content-Length: 1000")),
    (50_000, "usual_response", "GET", b"HTTP/1.1 404 \xe4\r\nTransfer-Encoding: chunked\r\n\r\n"),
    (50_000, "serialise_fields", FIELDS),
    (50_000, "serialise_request_head", "GET", "/", FIELDS[:1]),
    (50_000, "serialise_response_head", 200, "OK", FIELDS[:1]),
    (5_000, "parse_request_head", REQUEST.replace(b": */*", b" : */*")),
    (5_000, "parse_request_head", REQUEST[:-2]),
    (5_000, "usual_line", b"GET /a HTTP/1.2"),
    (5_000, "usual_response", "GET", RESPONSE),
    (5_000, "usual_response", "GET", bytearray(RESPONSE)),
    (5_000, "usual_environ", REQUEST, {"A": "b"}),
    (5_000, "usual_environ", REQUEST.replace(b"\xe4", b"a"), {"HTTP_ACCEPT": "b"}),
    (5_000, "usual_environ", REQUEST[:-2], {"A": "b"}),
    (5_000, "parse_request_line", b"GET /  HTTP/1.1\r\n"),
    (5_000, "parse_response_head", RESPONSE.replace(b"200", b"20")),
    (5_000, "parse_response_head", RESPONSE.replace(b"Via: b", b"Via: b\0")),
    (5_000, "parse_status_line", b"HTTP/1.1  200 OK\r\n"),
    (5_000, "parse_lenient_field_section", b"A: b\n c\n\n"),
    (5_000, "parse_field_section", b"A: b\n\r\n"),
    (5_000, "parse_chunk_line", b"1a b\r\n"),
    (5_000, "split_cookie_field", 'a="b"; ;c\0=d'),
    (5_000, "serialise_fields", [*FIELDS, ("A", "\r")]),
    (5_000, "serialise_request_head", "GET", "/ ", FIELDS),
    (5_000, "serialise_response_head", 20, "OK", FIELDS),
)
"""How often which function is called with what."""


def call(twin, number, name, *arguments):
    function = getattr(twin, name)
    for _ in range(number):
        with contextlib.suppress(RemoteProtocolError, LocalProtocolError, ValueError):
            function(*arguments)


def blocks():
    gc.collect()
    return sys.getallocatedblocks()


def peak():
    """Return the most memory that this process has had, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


@pytest.mark.parametrize("calls", CALLS, ids=lambda calls: f"{calls[1]}-{calls[0]}")
def test_nothing_is_left_behind(twin, calls):
    number, *call_of = calls
    # The pure twin cannot leak references of its own: a few calls show that nothing is kept.
    number = number if twin.__name__.endswith("_c") else number // 100
    call(twin, 100, *call_of)
    before, peak_before = blocks(), peak()
    call(twin, number, *call_of)
    # One block a call would be ten times this; other parts of the process come and go.
    assert blocks() - before < 500
    # What is too large for Python's own allocator is not counted as a block.
    assert peak() - peak_before < 50_000_000
