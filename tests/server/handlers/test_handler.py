"""What a handler may send, what the log shows, and how a head leaves."""

from __future__ import annotations

import io
import re
import socket
import threading
from typing import ClassVar

import pytest

from nethttp.server import BaseHTTPRequestHandler, HTTPServer
from nethttp.server.logs.lines import escape

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Parsed(BaseHTTPRequestHandler):
    """What many programs have: a handler that parses a text."""

    def __init__(self, text: bytes) -> None:
        self.rfile = io.BytesIO(text)
        self.raw_requestline = self.rfile.readline()
        self.error_code = self.error_message = None
        self.parsed = self.parse_request()

    def send_error(self, code, message=None, explain=None):
        self.error_code, self.error_message = code, message


def test_a_handler_without_a_socket_parses_text():
    request = Parsed(b"GET /who/ken HTTP/1.1\nHost: cm.bell-labs.com\nAccept: */*\n\nbody")
    assert request.parsed
    assert (request.command, request.path, request.request_version) == (
        *("GET", "/who/ken"),
        "HTTP/1.1",
    )
    assert request.headers["host"] == "cm.bell-labs.com"
    assert request.rfile.read() == b"body"
    assert Parsed(b"GET / HTTP/1.1\r\n\r\n").parsed, "a text needs no Host"
    assert Parsed(b"GET / HTTP/1.1\r\nA: b\r\n").headers["a"] == "b"
    bad = Parsed(b"GET\r\n\r\n")
    assert (bad.error_code, bad.error_message) == (400, "Bad request syntax ('GET')")


@pytest.mark.parametrize("text", ["a\r\nX: y", "a\nb", "a\rb", "a\0b", "\x0b"])
def test_gh_150679_gh_142533_nothing_with_line_ends_is_sent(serve, connect, echo, text):
    refused = []

    class Injected(echo):
        def do_GET(self):
            for send in (
                lambda: self.send_header("A", text),
                lambda: self.send_header(text, "a"),
                lambda: self.send_response(200, text),
                lambda: self.send_response_only(200, text),
            ):
                with pytest.raises(ValueError, match="Invalid"):
                    send()
                refused.append(send)
            self._headers_buffer = []
            self.answer(b"clean")

    with connect(serve(Injected).address) as raw:
        raw.send(GET)
        status, fields, body = raw.response()
    assert (status, body, len(refused)) == (200, b"clean", 4)
    assert "x" not in fields


def test_uvicorn_2020_7695_line_ends_in_an_errors_message_are_escaped(serve, connect, echo):
    class Failing(echo):
        def do_GET(self):
            self.send_error(404, "a\r\nX: y \u20ac", "<script>\r\n")

    with connect(serve(Failing).address) as raw:
        raw.send(GET)
        status, fields, body = raw.response()
    assert status == 404
    assert "x" not in fields
    assert b"&lt;script&gt;" in body


class LengthAndCoding(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    logged: ClassVar[list[str]] = []

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nhello\r\n0\r\n\r\n")

    def log_error(self, format, *args):
        self.logged.append(format % args)


class LengthAndCodingFlushed(LengthAndCoding):
    def flush_headers(self):
        super().flush_headers()


class LengthAndCodingByHand(LengthAndCoding):
    def handle(self):
        super().handle()


@pytest.mark.parametrize(
    "handler", [LengthAndCoding, LengthAndCodingFlushed, LengthAndCodingByHand]
)
def test_a_length_is_left_out_where_a_coding_overrides_it(serve, connect, handler):
    handler.logged.clear()
    chunks = b"5\r\nhello\r\n0\r\n\r\n"
    with connect(serve(handler).address) as raw:
        for _ in range(2):  # The second time the head is known.
            raw.send(GET)
            status, fields, _ = raw.response()
            assert (status, raw.file.read(len(chunks))) == (200, chunks)
            assert "content-length" not in fields
    expected = "Content-Length is left out of a response that has Transfer-Encoding"
    assert handler.logged == [expected] * 2


def test_a_length_that_left_before_a_coding_ends_the_connection(serve, connect):
    class Early(LengthAndCoding):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "5")
            self.flush_headers()
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"5\r\nhello\r\n0\r\n\r\n")

    with connect(serve(Early).address) as raw:
        raw.send(GET)
        assert raw.rest().endswith(b"5\r\nhello\r\n0\r\n\r\n")


def test_a_program_may_edit_the_buffered_head(serve, connect, echo):
    class Editing(echo):
        def flush_headers(self):
            lines = self._headers_buffer
            self._headers_buffer = [
                b"Content-Length: 7\r\n" if line.startswith(b"Content-Length") else line
                for line in lines
            ]
            super().flush_headers()

        def do_GET(self):
            self.answer(b"long")
            self.wfile.write(b"er!")

    with connect(serve(Editing).address) as raw:
        for _ in range(2):
            raw.send(GET)
            assert raw.response()[2] == b"longer!"


def test_an_unknown_method_is_501_and_an_unknown_status_is_fine(serve, connect, echo):
    class Odd(echo):
        def do_GET(self):
            self.send_response(520)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with connect(serve(Odd).address) as raw:
        raw.send(GET + b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert raw.response()[0] == 520
        assert raw.response()[0] == 501


def test_cve_2021_28861_aiohttp_2021_21330_the_path_never_names_another_host(raw):
    raw.send(b"GET //evil.example/..%2f HTTP/1.1\r\nHost: a\r\n\r\n")
    assert raw.response()[2] == b"/evil.example/..%2f"


def sends_of(handler, request: bytes) -> list[bytes]:
    """Return what each send of a handler's answer had in it."""
    ours, theirs = socket.socketpair()
    sends: list[bytes] = []

    class Tap:
        def sendall(self, data):
            sends.append(bytes(data))

    class Writing(handler):
        def setup(self):
            super().setup()
            self.wfile._sock = Tap()

    with ours, theirs:
        ours.sendall(request)
        ours.shutdown(socket.SHUT_WR)
        Writing(theirs, ("127.0.0.1", 1), None)
    return sends


def test_gh_108736_a_response_leaves_in_one_send(echo):
    sends = sends_of(echo, GET)
    assert len(sends) == 1
    assert sends[0].endswith(b"\r\n\r\n/")


def test_a_head_leaves_early_where_it_must(echo):
    class Streaming(echo):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(b"data: 1\n\n")

    class Flushing(echo):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "1")
            self.end_headers()
            self.wfile.flush()
            self.wfile.write(b"x")

    class Taking(echo):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "1")
            self.end_headers()
            self.connection.fileno()
            self.wfile.write(b"x")

    for handler in (Streaming, Flushing, Taking):
        assert len(sends_of(handler, GET)) == 2


def test_a_big_body_is_not_copied(echo):
    class Big(echo):
        def do_GET(self):
            self.answer(b"x" * 1_000_000)

    assert [len(send) > 500_000 for send in sends_of(Big, GET)] == [False, True]


def test_a_handler_may_take_the_connection_over(serve, connect, echo):
    class Upgrading(echo):
        def do_GET(self):
            self.send_response(101)
            self.send_header("Connection", "Upgrade")
            self.send_header("Upgrade", "echo")
            self.end_headers()
            while line := self.rfile.readline():
                self.wfile.write(line.upper())

        def do_CONNECT(self):
            self.send_response(200, "Connection established")
            self.end_headers()
            self.connection.sendall(self.connection.recv(100))

    with connect(serve(Upgrading).address) as raw:
        raw.send(GET.replace(b"\r\n\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"))
        assert raw.response()[0] == 101
        for text in (b"one\n", b"two\n"):
            raw.send(text)
            assert raw.file.readline() == text.upper()
    with connect(serve(Upgrading).address) as raw:
        raw.send(b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n")
        assert raw.response()[0] == 200
        raw.send(b"raw bytes")
        assert raw.rest() == b"raw bytes"


def test_the_headers_are_a_message_made_when_asked_for(serve, connect, echo):
    kinds = []

    class Asking(echo):
        def do_GET(self):
            kinds.append((self._message, self.headers["X"], self.headers is self.headers))
            self.answer(b"")

    with connect(serve(Asking).address) as raw:
        raw.send(b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n")
        raw.response()
    assert kinds == [(None, "y", True)]


def test_gh_100001_the_log_has_no_control_characters(printed, serve, connect, echo):
    class Logging(echo):
        log_message = BaseHTTPRequestHandler.log_message

        def do_GET(self):
            self.log_message("path %s", "\x1b[2J\n\x85\\")
            self.answer(b"")

    with connect(serve(Logging).address) as raw:
        raw.send(GET)
        raw.response()
    err = printed("\n", 2)
    assert "\\x1b[2J\\x0a\\x85\\\\" in err
    assert "\x1b" not in err


def test_uvicorn_2020_7694_escapes_in_the_log():
    assert escape("\x1b]0;x\x07\x9b") == "\\x1b]0;x\\x07\\x9b"


def test_aiohttp_2025_69230_a_bad_request_is_one_line_in_the_log(printed, serve, connect, echo):
    class Logging(echo):
        log_message = BaseHTTPRequestHandler.log_message

    with connect(serve(Logging).address) as raw:
        raw.send(b"\x16\x03\x01" + b"\xff" * 5000 + b"\r\n\r\n")
        assert raw.response()[0] == 400
        raw.rest()
    err = printed("\n", 2)
    assert err.count("\n") == 2, "the error and the request"
    assert len(err) < 25_000


@pytest.mark.parametrize(
    ("name", "returned", "line"),
    [
        ("address_string", "somebody", r'somebody - - \[{date}\] "GET / HTTP/1.1" 200 -'),
        ("log_date_time_string", "now", r'127.0.0.1 - - \[now\] "GET / HTTP/1.1" 200 -'),
        ("version_string", "x", r'127.0.0.1 - - \[{date}\] "GET / HTTP/1.1" 200 -'),
    ],
)
def test_each_part_of_a_log_line_may_be_replaced(
    printed, serve, connect, echo, name, returned, line
):
    methods = {"log_message": BaseHTTPRequestHandler.log_message, name: lambda _handler: returned}
    with connect(serve(type("Logging", (echo,), methods)).address) as raw:
        raw.send(GET)
        raw.response()
    date = r"\d\d/[A-Z][a-z][a-z]/\d{4} \d\d:\d\d:\d\d"
    assert re.fullmatch(line.format(date=date) + "\n", printed("\n"))


def test_log_request_and_log_message_may_be_replaced(serve, connect, echo):
    said = []

    class Asking(echo):
        def log_request(self, code="-", size="-"):
            said.append(code)
            super().log_request(code, 5)

        def log_message(self, format, *args):
            said.append(format % args)

    class Telling(echo):
        def log_message(self, format, *args):
            said.append(format % args)

    for handler in (Asking, Telling):
        with connect(serve(handler).address) as raw:
            raw.send(GET)
            raw.response()
    assert said == [200, '"GET / HTTP/1.1" 200 5', '"GET / HTTP/1.1" 200 -']


def test_an_address_that_a_program_has_set_is_logged(printed, serve, connect, echo):
    class Forwarded(echo):
        log_message = BaseHTTPRequestHandler.log_message

        def do_GET(self):
            self.client_address = (self.path[1:], 0)
            self.answer(b"")

    with connect(serve(Forwarded).address) as raw:
        for client in (b"192.0.2.1", b"192.0.2.2"):
            raw.send(GET.replace(b"/", b"/" + client, 1))
            raw.response()
    assert [line.split()[0] for line in printed("\n", 2).splitlines()] == [
        "192.0.2.1",
        "192.0.2.2",
    ]


def test_dates_and_versions(echo):
    handler = echo.__new__(echo)
    assert handler.date_time_string(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert handler.version_string().startswith("nethttp/")
    assert echo.weekdayname[0] == "Mon"
    assert echo.monthname[1] == "Jan"


# --- deadlines ---


@pytest.mark.parametrize("data", [b"GARBAGE\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\nA"])
def test_a_refused_request_is_closed_at_once_though_the_client_stays(serve, connect, echo, data):
    class Patient(echo):
        head_timeout = idle_timeout = 1000

    with connect(serve(Patient).address) as raw:
        raw.send(data)
        assert raw.response()[0] == 400
        assert raw.is_closed()


def test_a_big_upload_that_is_refused_still_gets_to_read_why(serve, connect, echo):
    class Small(echo):
        limits = echo.limits._replace(max_body=10)

    with connect(serve(Small).address) as raw:
        raw.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000)
        assert raw.response()[0] == 413


def test_gh_75820_a_silent_connection_is_closed(serve, connect, echo):
    class Hasty(echo):
        idle_timeout = 0.05

    with connect(serve(Hasty).address) as raw:
        assert raw.is_closed()


def test_a_head_that_drips_is_cut_off_at_its_deadline(serve, connect, echo):
    class Hasty(echo):
        head_timeout = 0.2

    stop = threading.Event()

    def drip(raw) -> None:
        raw.send(b"GET / HTTP/1.1\r\nA: ")
        try:
            while not stop.wait(0.02):
                raw.send(b"x")
        except OSError:
            pass

    with connect(serve(Hasty).address) as raw:
        thread = threading.Thread(target=drip, args=(raw,))
        thread.start()
        try:
            assert raw.response()[0] == 408
        finally:
            stop.set()
            thread.join()


def test_content_that_stalls_is_cut_off(capfd, serve, connect, echo):
    class Hasty(echo):
        timeout = 0.5

    with connect(serve(Hasty).address) as raw:
        raw.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello")
        assert raw.response()[0] == 408
        assert raw.is_closed()


def test_waits_for_content_have_their_own_bound(capfd, serve, connect, echo):
    class Patient(echo):
        idle_timeout = 0.5
        body_timeout = 10

    class Hasty(echo):
        body_timeout = 0.05

    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"
    with connect(serve(Patient).address) as raw:
        raw.send(head)
        raw.sock.settimeout(0.8)
        with pytest.raises(TimeoutError):
            raw.sock.recv(1)
        raw.sock.settimeout(10)
        raw.send(b"hi")
        assert raw.response()[2] == b"hi"
        assert raw.is_closed()
    with connect(serve(Hasty).address) as raw:
        raw.send(head)
        assert raw.response()[0] == 408
    capfd.readouterr()


def test_a_client_that_goes_away_is_no_traceback(printed, serve, connect, echo):
    class Sending(echo):
        log_message = BaseHTTPRequestHandler.log_message

        def do_GET(self):
            for _ in range(1000):
                self.wfile.write(b"x" * 100_000)

    with connect(serve(Sending).address) as raw:
        raw.send(GET)
        raw.file.read(10)
    assert "Traceback" not in printed("Connection lost: ")


def test_waitress_2022_31015_closing_at_any_time_leaves_the_server_alive(serve, connect, echo):
    served = serve(echo)
    for request in (b"", b"G", GET[:-2], GET, b"\0"):
        with connect(served.address) as raw:
            raw.send(request)
    with connect(served.address) as raw:
        raw.send(GET)
        assert raw.response()[0] == 200


def test_one_after_the_other(serve, connect, echo):
    served = serve(echo, HTTPServer)
    for _ in range(2):
        with connect(served.address) as raw:
            raw.send(GET)
            assert raw.response()[0] == 200
