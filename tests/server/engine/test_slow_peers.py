"""Peers that send content, or take a response, so slowly that they would hold a thread for ever."""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from contextlib import contextmanager

import pytest

from nethttp.server import HTTPServer, ThreadingHTTPServer, ThreadingHTTPSServer
from nethttp.server.engine.application import EngineLimits
from nethttp.server.process.command_line import command_line, service_of
from nethttp.server.process.worker import Worker
from nethttp.server.wsgi import WSGIHandler, WSGIServer

CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
LONG = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"
SHORT = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"

#: Ten seconds of timeouts would be too much for a test.
FEW = {"min_body_rate": 5000, "body_grace": 0.3}


def drip(sock: socket.socket, piece: bytes, times: int, pause: float = 0.01) -> bool:
    """Send `piece` every `pause` seconds; return whether the server had no objection."""
    for _ in range(times):
        if select.select([sock], [], [], pause)[0]:
            return False
        sock.sendall(piece)
    return True


def counting(environ, start_response):
    size = len(environ["wsgi.input"].read())
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d" % size]


class Refusing(WSGIServer):
    RequestHandlerClass: type

    def __init__(self, address, app):
        super().__init__(address, app)
        self.RequestHandlerClass = type("Handler", (WSGIHandler,), FEW)


@pytest.fixture(params=["threads", "one thread", "without the engine", "wsgi", "tls"])
def uploads(request, serve, echo, certificate, trusting):
    """Return a function that connects to a server that takes content at 5 000 bytes a second."""

    class Counting(echo):
        min_body_rate, body_grace = FEW.values()

        def do_POST(self):
            self.answer(b"%d" % len(self.rfile.read()))

    class Own(Counting):
        def handle(self):
            super().handle()

    if request.param == "tls":
        cert, key = certificate
        served = serve(Counting, ThreadingHTTPSServer, certfile=cert, keyfile=key)
    elif request.param == "wsgi":
        served = serve(counting, Refusing)
    else:
        served = {
            "threads": lambda: serve(Counting),
            "one thread": lambda: serve(Counting, HTTPServer),
            "without the engine": lambda: serve(Own),
        }[request.param]()

    @contextmanager
    def connect():
        with socket.create_connection(served.address, timeout=10) as sock:
            if request.param != "tls":
                yield sock
                return
            # Later versions send a ticket of their own accord, which would look like an answer.
            trusting.maximum_version = ssl.TLSVersion.TLSv1_2
            with trusting.wrap_socket(sock, server_hostname="localhost") as wrapped:
                yield wrapped

    return connect


@pytest.mark.parametrize(("head", "piece"), [(CHUNKED, b"1\r\nx\r\n"), (LONG, b"x"), (SHORT, b"x")])
def test_content_that_drips_is_answered_408(capfd, uploads, head, piece):
    with uploads() as sock:
        sock.sendall(head)
        assert not drip(sock, piece, 500)
        answer = b""
        while data := sock.recv(65536):
            answer += data
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_content_that_comes_fast_enough_is_taken(uploads):
    with uploads() as sock:
        sock.sendall(CHUNKED)
        # So much buys time: a busy machine may let the rest wait.
        sock.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")
        assert drip(sock, b"400\r\n" + b"x" * 1024 + b"\r\n", 36)
        sock.sendall(b"0\r\n\r\n")
        assert sock.recv(65536).endswith(b"40960")


def test_a_handler_may_take_its_time_over_content(serve, echo, connect):
    begun, sent = threading.Event(), threading.Event()

    class Thinking(echo):
        min_body_rate, body_grace = 10**9, 0.1

        def do_POST(self):
            first = self.rfile.read(1)
            begun.set()
            assert sent.wait(10)
            # Longer than the grace; none of it is the peer's fault.
            time.sleep(0.2)
            self.answer(b"%d" % len(first + self.rfile.read()))

    with connect(serve(Thinking).address) as raw:
        raw.send(CHUNKED + b"1\r\nx\r\n")
        assert begun.wait(10)
        raw.send(b"1\r\nx\r\n0\r\n\r\n")
        sent.set()
        assert raw.response()[2] == b"2"


def test_what_follows_an_upgrade_has_no_rate(serve, echo, connect):
    class Tunnel(echo):
        min_body_rate, body_grace = 10**9, 0.01

        def do_CONNECT(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.rfile.read(2))

    with connect(serve(Tunnel).address) as raw:
        raw.send(b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n")
        assert raw.file.readline() == b"HTTP/1.1 200 OK\r\n"
        while raw.file.readline() != b"\r\n":
            pass
        assert drip(raw.sock, b"x", 1, pause=0.1)
        assert drip(raw.sock, b"y", 1, pause=0.1)
        assert raw.rest() == b"xy"


# --- taking a response ---

BIG = bytes(1_000_000)
ROUNDS = 10


def slowly(sock: socket.socket) -> int:
    """Take what comes, 300 kB every 10 ms; return how much that was."""
    sock.settimeout(10)
    taken = rested = 0
    try:
        while data := sock.recv(65536):
            taken += len(data)
            if taken - rested > 300_000:
                rested = taken
                select.select([], [], [], 0.01)
    except ConnectionResetError:
        pass
    return taken


@pytest.mark.parametrize("way", ["handler", "file", "wsgi", "wsgi pieces", "wsgi file", "tls"])
@pytest.mark.parametrize("rate", [10**9, 0])
def test_a_response_that_is_taken_slowly(
    capfd, serve, echo, certificate, trusting, tmp_path, way, rate
):
    """Too slowly is cut off; without a rate, it takes as long as it takes."""
    ended = []
    done = threading.Event()
    path = tmp_path / "big"
    path.write_bytes(BIG * ROUNDS)

    class Big(echo):
        min_body_rate, body_grace = rate, 0.05

        def do_GET(self):
            self.close_connection = True
            self.send_response(200)
            self.end_headers()
            try:
                if way == "file":
                    with open(path, "rb") as file:
                        self.wfile.sendfile(file, 0, len(BIG) * ROUNDS)
                for _ in range(ROUNDS if way != "file" else 0):
                    self.wfile.write(BIG)
            except TimeoutError as error:
                ended.append(error)
                raise
            finally:
                done.set()

    class Pieces:
        def __init__(self, count):
            self.pieces = iter([BIG * (ROUNDS // count)] * count)

        def __iter__(self):
            return self.pieces

        def close(self):
            done.set()

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        if way == "wsgi file":
            done.set()
            return environ["wsgi.file_wrapper"](path.open("rb"))
        return Pieces(ROUNDS if way == "wsgi pieces" else 1)

    class Application(WSGIServer):
        def __init__(self, address, app):
            super().__init__(address, app)
            attributes = {"min_body_rate": rate, "body_grace": 0.05}
            self.RequestHandlerClass = type("Handler", (WSGIHandler,), attributes)

    if way == "tls":
        cert, key = certificate
        served = serve(Big, ThreadingHTTPSServer, certfile=cert, keyfile=key)
    elif way.startswith("wsgi"):
        served = serve(app, Application)
    else:
        served = serve(Big)
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        sock.settimeout(10)
        sock.connect(served.address)
        if way == "tls":
            sock = trusting.wrap_socket(sock, server_hostname="localhost")
        with sock:
            sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
            taken = slowly(sock)
    assert done.wait(10)
    if rate:
        assert taken < len(BIG) * ROUNDS
        assert way.startswith("wsgi") or len(ended) == 1
    else:
        assert taken > len(BIG) * ROUNDS
        assert ended == []


# --- the option ---


def test_the_rate_is_an_option_of_the_command_and_reaches_the_handler(tmp_path):
    parser = command_line("nethttp")
    for words, expected in (
        ([], 240),
        (["--min-body-rate", "0"], 0),
        (["--min-body-rate", "1K"], 1024),
    ):
        arguments = parser.parse_intermixed_args([str(tmp_path), *words])
        service, _ = service_of(arguments, "prog")
        assert service.options.engine_limits == EngineLimits()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            worker = Worker(service, [listener])
            assert worker._engine.application.min_body_rate == expected
            worker.stop()
            worker.run()


def test_every_server_has_the_same_rate_unless_told_otherwise(echo):
    with ThreadingHTTPServer(("127.0.0.1", 0), echo) as server:
        application = server._make_application()
        assert (application.min_body_rate, application.body_grace) == (240, 10.0)
