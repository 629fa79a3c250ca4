"""What programs do with a connection's socket and files themselves: on it, and instead of HTTP."""

from __future__ import annotations

import select
import socket
import subprocess
import threading

import pytest

from nethttp.server import (
    BaseHTTPRequestHandler,
    HTTPServer,
    ThreadingHTTPServer,
    ThreadingHTTPSServer,
)
from nethttp.server.handlers.application import is_engine_compatible

SERVERS = [HTTPServer, ThreadingHTTPServer]


class Quiet(BaseHTTPRequestHandler):
    def log_message(self, format, *args):
        pass

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def get(connect, served, request=b"GET / HTTP/1.0\r\n\r\n"):
    with connect(served.address) as raw:
        raw.send(request)
        return raw.rest().partition(b"\r\n\r\n")[2]


# --- the request that a handler is made with ---


@pytest.mark.parametrize("server_class", SERVERS)
def test_an_init_that_takes_the_request_is_given_a_socket(serve, connect, server_class):
    class Handler(Quiet):
        def __init__(self, request, client_address, server):
            assert isinstance(request, socket.socket)
            request.settimeout(5)
            self.names = request.getsockname(), request.getpeername(), client_address
            super().__init__(request, client_address, server)
            server.done.set()

        def do_GET(self):
            assert not self.server.done.is_set()
            self.answer(repr((*self.names, self.connection.gettimeout())).encode())

    class Server(server_class):
        done = threading.Event()

    served = serve(Handler, Server)
    with connect(served.address) as raw:
        raw.send(b"GET / HTTP/1.0\r\n\r\n")
        own = raw.sock.getsockname()
        assert raw.response()[2] == repr((served.address, own, own, 5.0)).encode()
    # What stands behind `super().__init__` runs when the connection has been handled.
    assert Server.done.wait(10)


@pytest.mark.parametrize("server_class", SERVERS)
def test_an_init_that_handles_the_connection_itself(serve, connect, server_class):
    class Handler(Quiet):
        def __init__(self, request, client_address, server):
            self.request, self.client_address, self.server = request, client_address, server
            self.setup()
            try:
                self.handle()
            finally:
                self.finish()

        def do_GET(self):
            self.answer(b"itself")

    assert get(connect, serve(Handler, server_class)) == b"itself"


@pytest.mark.parametrize("server_class", SERVERS)
def test_an_init_with_any_arguments_may_use_the_request_as_a_socket(serve, connect, server_class):
    class Handler(Quiet):
        def __init__(self, *args):
            args[0].settimeout(5)
            self.name = args[0].getsockname()
            assert args[0].fileno() >= 0
            super().__init__(*args)

        def do_GET(self):
            self.answer(repr((self.name, self.connection.gettimeout())).encode())

    assert is_engine_compatible(Handler)
    served = serve(Handler, server_class)
    assert get(connect, served) == repr((served.address, 5.0)).encode()


def test_an_init_with_arguments_of_its_own_runs_on_the_engine(serve, connect):
    from functools import partial

    class Handler(Quiet):
        def __init__(self, greeting, *args, **options):
            self.greeting = greeting
            super().__init__(*args, **options)

        def do_GET(self):
            self.answer(self.greeting)

    assert is_engine_compatible(partial(Handler, b"hello"))
    assert get(connect, serve(partial(Handler, b"hello"))) == b"hello"


# --- reading little or nothing ahead ---


@pytest.mark.parametrize("server_class", SERVERS)
def test_no_more_is_read_ahead_than_the_handler_has_a_buffer_for(serve, connect, server_class):
    class Handler(Quiet):
        rbufsize = 8

        def do_POST(self):
            first = self.rfile.read(1)
            self.connection.settimeout(10)
            self.answer(first + b" " + self.connection.recv(100))

    content = b"".join(b"%08d" % number for number in range(4))
    head = b"POST / HTTP/1.0\r\nContent-Length: 32\r\nX-Y: %s\r\n\r\n"
    head %= b"a" * (8 - len(head % b"") % 8)
    answer = get(connect, serve(Handler, server_class), head + content)
    assert answer == b"0 " + content[8:]


class Unbuffered(Quiet):
    rbufsize = 0


@pytest.mark.parametrize("server_class", SERVERS)
def test_without_a_buffer_the_content_is_left_on_the_socket(serve, connect, server_class):
    class Handler(Unbuffered):
        def do_POST(self):
            self.connection.settimeout(10)
            self.answer(self.connection.recv(5))

    request = b"POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello"
    assert get(connect, serve(Handler, server_class), request) == b"hello"


@pytest.mark.parametrize("server_class", SERVERS)
def test_another_process_reads_the_content_and_writes_the_response(serve, connect, server_class):
    class Handler(Unbuffered):
        def do_PUT(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.flush()
            subprocess.run(["head", "-c", "5"], stdin=self.rfile, stdout=self.wfile, check=True)

    served = serve(Handler, server_class)
    with connect(served.address) as raw:
        raw.send(b"PUT / HTTP/1.0\r\nContent-Length: 5\r\n\r\n")
        # The head has been read when this comes: the process has to wait for it.
        while raw.file.readline() != b"\r\n":
            pass
        raw.send(b"hello")
        assert raw.file.read() == b"hello"


@pytest.mark.parametrize("server_class", SERVERS)
def test_without_a_buffer_requests_follow_each_other(serve, echo, connect, server_class):
    class Handler(echo):
        rbufsize = 0

    with connect(serve(Handler, server_class).address) as raw:
        raw.send(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
            b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        )
        assert [raw.response()[2] for _ in range(3)] == [b"hello", b"/1", b"abc"]


@pytest.mark.parametrize("server_class", SERVERS)
def test_without_a_buffer_content_that_comes_in_pieces_is_read_whole(
    serve, echo, connect, server_class
):
    class Handler(echo):
        rbufsize = 0

        def do_POST(self):
            self.answer(self.rfile.read(3) + self.rfile.read1(2) + self.rfile.read())

    with connect(serve(Handler, server_class).address) as raw:
        raw.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n")
        raw.drip(b"12345678")
        raw.send(b"x" * 299_992)
        assert raw.response()[2] == b"12345678" + b"x" * 299_992


def test_without_a_buffer_over_tls(serve, echo, connect, certificate, trusting):
    class Handler(echo):
        rbufsize = 0

    cert, key = certificate
    served = serve(Handler, ThreadingHTTPSServer, certfile=cert, keyfile=key)
    with (
        connect(served.address) as raw,
        trusting.wrap_socket(raw.sock, server_hostname="localhost") as wrapped,
    ):
        wrapped.sendall(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
        )
        assert b"".join(iter(lambda: wrapped.recv(1000), b"")).endswith(b"\r\n\r\nhello")


@pytest.mark.parametrize("content", [b"", b"hello"])
def test_the_file_of_small_content_has_what_that_of_long_content_has(serve, connect, content):
    class Handler(Quiet):
        def do_POST(self):
            peeked = self.rfile.peek(1)
            assert self.rfile.raw.readable()
            assert self.rfile.fileno() == self.connection.fileno()
            assert self.connection.getblocking()
            assert peeked == content
            self.answer(self.rfile.read() + self.rfile.peek())

    request = b"POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content)
    assert get(connect, serve(Handler), request) == content


def test_a_descriptor_of_wfile_is_of_a_socket_that_blocks(serve, echo, connect):
    class Handler(echo):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            subprocess.run(["head", "-c", "1000000", "/dev/zero"], stdout=self.wfile, check=True)

    with connect(serve(Handler).address) as raw:
        raw.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert len(raw.response()[2]) == 1_000_000


# --- time-outs of the program's ---


class SetBefore(Quiet):
    def setup(self):
        self.request.settimeout(0.05)
        super().setup()


class SetBehind(Quiet):
    def setup(self):
        super().setup()
        self.request.settimeout(0.05)


class SetInHandle(Quiet):
    def handle(self):
        self.connection.settimeout(0.05)
        super().handle()


class SetAsAttribute(Quiet):
    timeout = 0.05


@pytest.mark.parametrize("server_class", SERVERS)
@pytest.mark.parametrize("handler", [SetBefore, SetBehind, SetInHandle, SetAsAttribute])
@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.0\r\nA:"])
def test_a_silent_client_is_cut_off_when_the_program_says(
    serve, connect, server_class, handler, sent
):
    if handler is SetAsAttribute and sent:
        pytest.skip("a head has its own deadline on the engine")
    with connect(serve(handler, server_class).address) as raw:
        raw.send(sent)
        assert b" 200 " not in raw.rest()


def test_a_time_out_that_finish_request_sets_is_kept(serve, connect):
    class Server(ThreadingHTTPServer):
        def finish_request(self, request, client_address):
            request.settimeout(0.05)
            super().finish_request(request, client_address)

    with connect(serve(Quiet, Server).address) as raw:
        assert raw.is_closed()


@pytest.mark.parametrize("where", ["__init__", "do_GET", "socket"])
def test_a_time_out_of_one_connection_holds_for_its_next_request(serve, echo, connect, where):
    class Handler(echo):
        def __init__(self, *args):
            super().__init__(*args)
            if where == "__init__":
                self.timeout = 0.05

        def do_GET(self):
            if where == "do_GET":
                self.request.settimeout(0.05)
            if where == "socket":
                self.connection.settimeout(0.05)
            super().do_GET()

    with connect(serve(Handler).address) as raw:
        raw.send(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert raw.response()[2] == b"/1"
        assert raw.is_closed()


class Tunnel(Quiet):
    """Answers CONNECT by hand, as most proxies do, and sends back what comes."""

    def do_CONNECT(self):
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.wfile.write(repr(self.connection.gettimeout()).encode() + b"\n")
        while select.select([self.connection], [], [], 10)[0]:
            data = self.connection.recv(100)
            if not data:
                break
            self.connection.sendall(data)


class OwnTunnel(Tunnel):
    def setup(self):
        self.client = self.request
        super().setup()


@pytest.mark.parametrize("server_class", SERVERS)
@pytest.mark.parametrize("handler", [Tunnel, OwnTunnel])
def test_a_tunnel_opened_by_hand_has_no_time_out(serve, connect, server_class, handler):
    with connect(serve(handler, server_class).address) as raw:
        raw.send(b"CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n")
        assert raw.file.readline() == b"HTTP/1.1 200 Connection established\r\n"
        assert raw.file.readline() == b"\r\n"
        assert raw.file.readline() == b"None\n"
        raw.send(b"through\n")
        assert raw.file.readline() == b"through\n"
        raw.sock.shutdown(socket.SHUT_WR)
        assert raw.is_closed()


@pytest.mark.parametrize("server_class", SERVERS)
@pytest.mark.parametrize("own_way", [False, True])
def test_another_protocol_begun_by_hand_is_read_from_rfile(serve, connect, server_class, own_way):
    class Handler(Quiet):
        def do_GET(self):
            self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")
            assert self.connection.gettimeout() is None
            while line := self.rfile.readline():
                self.wfile.write(line.upper())

    class Own(Handler):
        def handle(self):
            super().handle()

    with connect(serve(Own if own_way else Handler, server_class).address) as raw:
        raw.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nahead\n")
        assert raw.response()[0] == 101
        assert raw.file.readline() == b"AHEAD\n"
        raw.send(b"later\n")
        assert raw.file.readline() == b"LATER\n"
        raw.sock.shutdown(socket.SHUT_WR)
        assert raw.is_closed()


def test_an_upgrade_that_is_passed_over_leaves_the_connection_in_step(serve, echo, connect):
    class Reading(echo):
        def do_GET(self):
            self.answer(self.path.encode() + self.rfile.read())

    echo = Reading
    upgrade = b"Host: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
    with connect(serve(echo).address) as raw:
        raw.send(
            b"GET /1 HTTP/1.1\r\n" + upgrade + b"\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
            b"POST / HTTP/1.1\r\n" + upgrade + b"Content-Length: 5\r\n\r\nhello"
        )
        assert [raw.response()[2] for _ in range(3)] == [b"/1", b"/2", b"hello"]
