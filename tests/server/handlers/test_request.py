"""Requests as texts: what a handler without a socket reads, as leniently as the stdlib's."""

from __future__ import annotations

import io
from email.message import Message
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.server import BaseHTTPRequestHandler


class Text(BaseHTTPRequestHandler):
    """Parses a text, as a recipe in very many programs does."""

    def __init__(self, text: bytes) -> None:
        self.rfile = io.BytesIO(text)
        self.raw_requestline = self.rfile.readline()
        self.error_code = self.error_message = None
        self.parsed = self.parse_request()

    def send_error(self, code, message):
        self.error_code, self.error_message = code, message


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        (b"", None, None),
        (b"\r\n", None, None),
        (b"GARBAGE\r\n\r\n", 400, "Bad request syntax ('GARBAGE')"),
        (b"GET / a HTTP/1.1\r\n\r\n", 400, "Bad request syntax ('GET / a HTTP/1.1')"),
        (b"POST /\r\n\r\n", 400, "Bad HTTP/0.9 request type ('POST')"),
        (b"GET / XTTP/1.1\r\n\r\n", 400, "Bad request version ('XTTP/1.1')"),
        (b"GET / HTTP/1\r\n\r\n", 400, "Bad request version ('HTTP/1')"),
        (b"GET / HTTP/2.0\r\n\r\n", 505, "Invalid HTTP version (2.0)"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 101 + b"\r\n", 431, "Too many headers"),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * 65536 + b"\r\n\r\n", 431, "Line too long"),
    ],
)
def test_a_bad_text_is_an_error_with_two_arguments(text, code, message):
    request = Text(text)
    assert not request.parsed
    assert (request.error_code, request.error_message) == (code, message)
    assert request.close_connection
    # So the error has a status line.
    assert request.request_version != "HTTP/0.9" or code is None


class AnsweredText(BaseHTTPRequestHandler):
    """Parses a text, and keeps what is answered."""

    def __init__(self, text: bytes) -> None:
        self.rfile, self.wfile = io.BytesIO(text), io.BytesIO()
        self.client_address = ("127.0.0.1", 1)
        self.raw_requestline = self.rfile.readline()
        self.parsed = self.parse_request()

    def log_message(self, format, *args):
        pass


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"GET / FUBAR\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (b"GET\r\n", 400),
        (b"POST /\r\n", 400),
    ],
)
def test_a_bad_text_is_answered_with_a_status_line(text, code):
    request = AnsweredText(text)
    assert not request.parsed
    assert request.wfile.getvalue().startswith(b"HTTP/1.0 %d " % code)


@pytest.mark.parametrize(
    ("text", "command", "path", "version", "fields"),
    [
        (b"GET /a HTTP/1.1\r\nA: b\r\n\r\n", "GET", "/a", "HTTP/1.1", [("A", "b")]),
        (b"GET /a HTTP/1.1\nA: b\n\n", "GET", "/a", "HTTP/1.1", [("A", "b")]),
        (b"GET /a HTTP/1.1\r\nA: b", "GET", "/a", "HTTP/1.1", [("A", "b")]),
        (b"GET /a", "GET", "/a", "HTTP/0.9", []),
        (b"GET  foo \t HTTP/1.1 \r\n\r\n", "GET", "foo", "HTTP/1.1", []),
        (b"G\xe9T /\xe9#\x01 HTTP/1.9\r\n\r\n", "GéT", "/é#\x01", "HTTP/1.9", []),
        (b"GET //evil/a HTTP/1.0\r\n\r\n", "GET", "/evil/a", "HTTP/1.0", []),
        (b"CONNECT /a HTTP/1.1\r\n\r\n", "CONNECT", "/a", "HTTP/1.1", []),
        (b"GET / HTTP/1.1\r\nExpect: x\r\n\r\n", "GET", "/", "HTTP/1.1", [("Expect", "x")]),
        (
            b"GET / HTTP/1.1\r\nContent-Length: x\r\nTransfer-Encoding: y\r\n\r\n",
            *("GET", "/", "HTTP/1.1", [("Content-Length", "x"), ("Transfer-Encoding", "y")]),
        ),
        # SSDP, over UDP: a handler parses the datagram.
        (
            b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMX: 1\r\n\r\n",
            *("M-SEARCH", "*", "HTTP/1.1", [("HOST", "239.255.255.250:1900"), ("MX", "1")]),
        ),
        (b"NOTIFY * HTTP/1.1\r\nNT: a\r\n\r\n", "NOTIFY", "*", "HTTP/1.1", [("NT", "a")]),
    ],
)
def test_a_text_is_read_leniently(text, command, path, version, fields):
    request = Text(text)
    assert request.parsed
    assert request.error_code is None
    assert (request.command, request.path, request.request_version) == (command, path, version)
    assert request.headers.items() == fields
    assert request.requestline == text.splitlines()[0].decode("latin-1")


def test_lines_that_are_no_fields_are_defects():
    request = Text(b"GET / HTTP/1.1\r\nA: b\r\nnone\r\nC: d\0\r\n\r\n")
    assert request.parsed
    assert request.headers.defects


@pytest.mark.parametrize("protocol", ["HTTP/1.0", "HTTP/1.1"])
@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True),
        (b"GET / HTTP/1.0\r\n\r\n", False),
    ],
)
def test_a_text_says_whether_the_connection_goes_on(protocol, text, kept):
    request = type("Own", (Text,), {"protocol_version": protocol})(text)
    assert request.close_connection is not (kept and protocol == "HTTP/1.1")


@given(st.binary(max_size=80))
def test_no_text_raises(text):
    Text(b"GET / HTTP/1.1\r\n" + text)
    Text(text)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 201 + b"\r\n", 431),
        (b"GET /" + b"a" * 66000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    ],
)
def test_a_send_error_that_takes_two_arguments_is_called_with_them(
    serve, connect, echo, data, status
):
    told = []

    class Own(echo):
        def send_error(self, code, message):
            told.append(message)
            self.send_response(code)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with connect(serve(Own).address) as raw:
        raw.send(data)
        assert raw.response()[0] == status
        assert raw.is_closed()
    assert [type(message) for message in told] == [str]


def test_a_send_error_set_on_the_object_is_called(echo):
    handler = echo.__new__(echo)
    handler.send_error = mock.Mock()
    handler.rfile, handler.raw_requestline = io.BytesIO(), b"BAD"
    assert not handler.parse_request()
    handler.send_error.assert_called_once_with(400, "Bad request syntax ('BAD')")


@pytest.mark.parametrize("on_object", [False, True])
def test_the_class_of_headers_may_be_replaced_at_any_time(serve, connect, echo, on_object):
    class Fields(Message):
        pass

    kinds = []

    class Asking(echo):
        def do_GET(self):
            if on_object:
                self.MessageClass = Fields
            kinds.append(type(self.headers))
            self.answer(self.headers["Host"].encode())

    with connect(serve(Asking).address) as raw:
        raw.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert raw.response()[2] == b"a"
        if not on_object:
            Asking.MessageClass = Fields
        raw.send(b"GET / HTTP/1.1\r\nHost: b\r\n\r\n")
        assert raw.response()[2] == b"b"
    assert kinds[-1] is Fields


@pytest.mark.parametrize("on_object", [False, True])
def test_the_version_of_a_request_without_one_may_be_replaced(on_object):
    class Own(Text):
        def __init__(self, text):
            if on_object:
                self.default_request_version = "HTTP/1.0"
            super().__init__(text)

    if not on_object:
        Own.default_request_version = "HTTP/1.0"
    assert Own(b"GET /\r\n\r\n").request_version == "HTTP/1.0"


def test_what_a_program_sets_of_a_request_is_what_it_reads(echo):
    handler = echo.__new__(echo)
    for name in ("command", "path", "request_version", "requestline", "close_connection"):
        setattr(handler, name, "own")
        assert getattr(handler, name) == "own"
    handler.raw_requestline = b"GET / HTTP/1.1\r\n"
    assert handler.raw_requestline == b"GET / HTTP/1.1\r\n"
    handler.headers = {"A": "b"}
    assert handler.headers == {"A": "b"}
    handler.rfile = handler.wfile = file = io.BytesIO()
    assert handler.rfile is handler.wfile is file
    del handler.path
    assert not hasattr(handler, "path")
