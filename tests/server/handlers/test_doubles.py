"""Handlers over what is no socket: fakes with no more than the stdlib asks of them, and mocks."""

from __future__ import annotations

import io
from unittest import mock

import pytest

from nethttp.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler

REQUEST = b"GET / HTTP/1.0\r\n\r\n"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, format, *args):
        pass

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"hi")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)


class Least:
    """A request with the two methods that are asked for."""

    def __init__(self, data: bytes = REQUEST) -> None:
        self.data = data
        self.out = b""

    def makefile(self, mode, *args):
        return io.BytesIO(self.data)

    def sendall(self, data):
        self.out += data


class Fuller(Least):
    def setsockopt(self, *args):
        self.options = args


@pytest.mark.parametrize("server", [None, mock.Mock(), mock.MagicMock(), object()])
@pytest.mark.parametrize("double", [Least, Fuller])
def test_a_request_needs_two_methods(double, server):
    request = double()
    Handler(request, ("127.0.0.1", 1), server)
    assert request.out.startswith(b"HTTP/1.0 200 OK\r\n")
    assert request.out.endswith(b"\r\n\r\nhi")


def test_the_sockets_options_are_set_where_there_are_any():
    request = Fuller()
    Handler(request, ("127.0.0.1", 1), None)
    assert request.options[2]
    quiet = Fuller()
    type("Own", (Handler,), {"disable_nagle_algorithm": False})(quiet, ("a", 1), None)
    assert not hasattr(quiet, "options")
    timed = Least()
    timed.settimeout = mock.Mock()
    type("Own", (Handler,), {"timeout": 5})(timed, ("a", 1), None)
    timed.settimeout.assert_called_once_with(5)


@pytest.mark.parametrize("kind", [mock.Mock, mock.MagicMock])
@pytest.mark.parametrize("data", [REQUEST, b"GET /path HTTP/1.1", b"GET /path"])
def test_a_mock_is_a_request(kind, data):
    request = kind()
    request.makefile.return_value = io.BytesIO(data)
    Handler(request, ("127.0.0.1", 1), kind())
    sent = b"".join(call.args[0] for call in request.sendall.call_args_list)
    assert sent.endswith(b"hi")


def test_several_requests_of_one_double():
    first = b"GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
    request = Least(first + b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
    type("Own", (Handler,), {"protocol_version": "HTTP/1.1"})(request, ("a", 1), None)
    assert request.out.count(b"HTTP/1.1 200 OK\r\n") == request.out.count(b"hi") == 2


def test_content_that_cannot_be_framed_is_left_in_the_file():
    class Reading(Handler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.rfile.read())

    request = Least(b"GET / HTTP/1.1\r\nContent-Length: 1, 2\r\n\r\nall of it")
    Reading(request, ("a", 1), None)
    assert request.out.endswith(b"\r\n\r\nall of it")


def test_a_handler_without_its_init_handles_one_request():
    class Bare(Handler):
        def __init__(self, text):
            self.rfile, self.wfile = io.BytesIO(text), io.BytesIO()
            self.client_address = ("a", 1)
            self.close_connection = False
            self.handle_one_request()

    bare = Bare(b"GET / HTTP/1.1\r\n\r\n")
    assert bare.wfile.getvalue().endswith(b"hi")
    assert bare.close_connection


def test_a_method_may_be_called_on_a_handler_that_has_no_request():
    handler = Handler.__new__(Handler)
    handler.wfile, handler.rfile = mock.Mock(), io.BytesIO(b"abc")
    handler.request_version, handler.requestline = "HTTP/1.1", "POST / HTTP/1.1"
    handler.client_address, handler.command = ("a", 1), "POST"
    handler.headers = {"Content-Length": "3"}
    handler.do_POST()
    assert handler.wfile.write.call_args.args == (b"abc",)
    mocked = Handler.__new__(Handler)
    mocked.send_response = mocked.send_header = mocked.end_headers = mock.Mock()
    mocked.wfile = io.BytesIO()
    mocked.do_GET()
    assert mocked.send_response.call_args_list == [
        mock.call(200),
        mock.call("Content-Length", "2"),
        mock.call(),
    ]


def test_files_are_served_to_a_double(tmp_path):
    (tmp_path / "a").write_bytes(b"content")
    request = Least(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")

    class Files(SimpleHTTPRequestHandler):
        def log_message(self, format, *args):
            pass

    Files(request, ("a", 1), mock.Mock(), directory=tmp_path)
    assert request.out.endswith(b"content")


def test_a_socket_of_another_kind_has_a_peer(echo):
    """What has a descriptor is not read leniently: a proxy may share it."""

    class Other(Least):
        def fileno(self):
            return 0

    request = Other(b"GET / HTTP/1.1\r\n\r\n")
    type("Own", (Handler,), {})(request, ("a", 1), None)
    assert b" 400 " in request.out
