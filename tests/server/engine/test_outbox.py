"""What a peer has not taken yet of a complete response: no thread waits with it."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from contextlib import ExitStack

import pytest

from nethttp.net.allowance import Allowance
from nethttp.net.nonblocking import Timeouts
from nethttp.server import (
    BaseHTTPRequestHandler,
    HTTPServer,
    SimpleHTTPRequestHandler,
    ThreadingHTTPServer,
    ThreadingHTTPSServer,
)
from nethttp.server.engine.connection import NEVER, Connection
from nethttp.server.engine.connections import ConnectionTable
from nethttp.server.engine.outbox import FilePart, Outbox
from nethttp.server.engine.sending import Sending
from nethttp.server.wsgi import WSGIHandler, WSGIServer

#: More than the buffers of two sockets hold.
SIZE = 10_000_000


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        yield ours, theirs


def outbox_of(sock, *, pause: float | None = 10.0, rate: float = 0, grace: float = 10.0) -> Outbox:
    return Outbox(sock, Timeouts(pause, rate, grace), Allowance(rate, grace))


def read_all(sock: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size and (piece := sock.recv(min(65536, size - len(data)))):
        data += piece
    return bytes(data)


def test_pieces_are_sent_in_order_as_there_is_room(pair, tmp_path):
    ours, theirs = pair
    path = tmp_path / "file"
    path.write_bytes(b"f" * 1_000_000)
    outbox = outbox_of(ours)
    outbox.add(b"a" * 1_000_000)
    with path.open("rb") as file:
        outbox.add_file(FilePart(file.fileno(), 10, 500_000))
    outbox.add(b"z")
    assert not outbox.send()
    sender = threading.Thread(target=outbox.send_all)
    sender.start()
    got = read_all(theirs, 1_500_001)
    sender.join()
    assert got == b"a" * 1_000_000 + b"f" * 500_000 + b"z"
    assert outbox.send()


def test_a_file_that_has_become_shorter_ends_the_connection(pair, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"f" * 10)
    outbox = outbox_of(pair[0])
    with path.open("rb") as file:
        outbox.add_file(FilePart(file.fileno(), 0, 100))
    with pytest.raises(ConnectionError, match="the file ends 90 bytes before"):
        outbox.send()


def test_a_part_has_a_descriptor_of_its_own_and_closes_it(pair, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"f" * 10)
    with path.open("rb") as file:
        part = FilePart(file.fileno(), 0, 10)
    descriptor = part.descriptor
    assert os.pread(descriptor, 10, 0) == b"f" * 10
    del part
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_a_peer_that_takes_nothing_is_due_after_the_pause(pair):
    outbox = outbox_of(pair[0], pause=0.05)
    outbox.add(b"x" * SIZE)
    with pytest.raises(TimeoutError, match=r"expected room to send within 0\.05 s"):
        outbox.send_all()


def test_at_the_deadline_no_more_is_offered_to_a_peer_that_reads_nothing(pair):
    """The system would take a little more whenever it is asked, so the peer would never be late."""
    ours, _ = pair
    table, cut_off = ConnectionTable(), []
    sending = Sending(table, take_back=pytest.fail, cut_off=lambda _, error: cut_off.append(error))
    connection = Connection(ours, None)
    table.add(connection, NEVER)
    outbox = outbox_of(ours)
    outbox.add(b"there is room for this")
    connection.outbox = outbox
    sending.begin(connection, outbox, b"")
    sending.check(connection, outbox.due - 0.1)
    assert (cut_off, connection.outbox) == ([], outbox)
    sending.check(connection, outbox.due)
    assert [type(error) for error in cut_off] == [TimeoutError]
    assert connection.outbox is None
    table.close(connection)
    table.poller.close()


def test_a_peer_that_is_too_slow_on_average_is_cut_off(pair):
    ours, theirs = pair
    outbox = outbox_of(ours, rate=10**12, grace=0.05)
    outbox.add(b"x" * SIZE)

    def drip():
        while theirs.recv(1000):
            time.sleep(0.001)

    reader = threading.Thread(target=drip)
    reader.start()
    try:
        with pytest.raises(TimeoutError, match="bytes a second or more"):
            outbox.send_all()
    finally:
        ours.close()
        reader.join()


@pytest.fixture(params=[ThreadingHTTPServer, HTTPServer, ThreadingHTTPSServer])
def big(request, serve, echo, certificate, trusting, tmp_path):
    """Return a function that asks for something big, by path, and leaves it lying."""
    (tmp_path / "file").write_bytes(os.urandom(SIZE))
    tls = request.param is ThreadingHTTPSServer
    served_threads = []

    class Big(SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __init__(self, *args):
            super().__init__(*args, directory=tmp_path)

        def do_GET(self):
            served_threads.append(threading.current_thread())
            if self.path == "/small":
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")
            else:
                super().do_GET()

        def log_message(self, format, *args):
            pass

    named = dict(zip(("certfile", "keyfile"), certificate, strict=True)) if tls else {}
    served = serve(Big, request.param, **named)

    with ExitStack() as stack:

        def ask(path: str) -> socket.socket:
            sock = stack.enter_context(socket.create_connection(served.address, timeout=20))
            if tls:
                trusting.maximum_version = ssl.TLSVersion.TLSv1_2
                sock = stack.enter_context(trusting.wrap_socket(sock, server_hostname="localhost"))
            sock.sendall(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path.encode())
            return sock

        ask.file = tmp_path / "file"
        ask.threads = lambda: served.server._engine.busy_threads
        yield ask


def response(sock: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        head += sock.recv(1)
    size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return read_all(sock, size)


def test_many_that_do_not_read_hold_no_thread_and_delay_nobody(big, eventually, monkeypatch):
    monkeypatch.setattr("nethttp.server.engine.threads.IDLE_SECONDS", 0.05)
    stalled = [big("/file") for _ in range(20)]
    for _ in range(3):
        assert response(big("/small")) == b"ok"
    eventually(lambda: big.threads() <= 2)
    content = big.file.read_bytes()
    for sock in stalled[:3]:
        assert response(sock) == content
        # The connection goes on.
        sock.sendall(b"GET /small HTTP/1.1\r\nHost: a\r\n\r\n")
        assert response(sock) == b"ok"


def test_requests_behind_a_response_that_is_being_taken_are_answered(big):
    sock = big("/file")
    sock.sendall(b"GET /small HTTP/1.1\r\nHost: a\r\n\r\n" * 2)
    assert response(sock) == big.file.read_bytes()
    assert response(sock) == response(sock) == b"ok"


def test_a_server_that_stops_ends_what_it_has_begun_to_send(tmp_path):
    (tmp_path / "file").write_bytes(b"x" * SIZE)

    class Files(SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=tmp_path)

        def log_message(self, format, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with socket.create_connection(server.server_address, timeout=20) as sock:
        sock.sendall(b"GET /file HTTP/1.1\r\nHost: a\r\n\r\n")
        head = sock.recv(1)
        server.shutdown()
        assert len(head + read_all(sock, 2 * SIZE)) > SIZE
    thread.join()
    server.server_close()


def test_the_end_of_a_response_leaves_while_its_handler_runs_on(serve, echo):
    go = threading.Event()

    class RunsOn(echo):
        def do_GET(self):
            self.answer(b"x" * SIZE)
            assert go.wait(20)

    with socket.create_connection(serve(RunsOn).address, timeout=20) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert response(sock) == b"x" * SIZE
        go.set()
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert response(sock) == b"x" * SIZE


def test_a_program_that_takes_the_socket_finds_its_response_sent(serve, echo):
    class Takes(echo):
        def do_GET(self):
            self.answer(b"x" * SIZE)
            self.connection.sendall(b"behind it")
            self.close_connection = True

    with socket.create_connection(serve(Takes).address, timeout=20) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert response(sock) == b"x" * SIZE
        assert read_all(sock, 100) == b"behind it"


@pytest.mark.parametrize("kind", ["file", "content", "application"])
def test_a_peer_that_takes_nothing_is_cut_off_and_logged(serve, tmp_path, printed, kind):
    (tmp_path / "file").write_bytes(b"x" * SIZE)

    class Files(SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        body_timeout = 0.1

        def __init__(self, *args):
            super().__init__(*args, directory=tmp_path)

    class Content(BaseHTTPRequestHandler):
        body_timeout = 0.1

        def do_GET(self):
            # So much fits nowhere, and so much may be left to the loop.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            self.send_response(200)
            self.send_header("Content-Length", "60000")
            self.end_headers()
            self.wfile.write(b"x" * 60_000)

    class Handler(WSGIHandler):
        body_timeout = 0.1

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return environ["wsgi.file_wrapper"]((tmp_path / "file").open("rb"))

    class Server(WSGIServer):
        def __init__(self, address, application):
            super().__init__(address, application, handler_class=Handler)

    served = {
        "file": lambda: serve(Files),
        "content": lambda: serve(Content),
        "application": lambda: serve(app, Server),
    }[kind]()
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(20)
        sock.connect(served.address)
        sock.sendall(b"GET /file HTTP/1.1\r\nHost: a\r\n\r\n")
        printed("expected room to send within 0.1 s")
        got = b""
        try:
            while data := sock.recv(65536):
                got += data
        except ConnectionResetError:
            pass
        assert got.startswith((b"HTTP/1.1 200 ", b"HTTP/1.0 200 "))
        assert len(got) < SIZE


def test_a_response_that_is_complete_has_no_deadline_any_more(pair):
    outbox = outbox_of(pair[0], rate=10**12, grace=0.0001)
    outbox.add(b"x")
    # The bytes were sent too slowly, and they were the last.
    outbox._allowance.waited = 60.0
    assert outbox.send()


def test_without_a_bound_on_a_pause_the_rate_says_how_slow_the_peer_was(pair):
    outbox = outbox_of(pair[0], pause=None, rate=10**12, grace=0.05)
    outbox.add(b"x" * SIZE)
    with pytest.raises(TimeoutError, match=r"expected 1e\+12 bytes a second or more, got \d+ in"):
        outbox.send_all()


def test_a_log_that_blocks_at_a_peer_that_is_cut_off_delays_nobody(serve):
    logging, go = threading.Event(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        body_timeout = 0.1

        def do_GET(self):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            size = 60_000 if self.path == "/large" else 2
            self.send_response(200)
            self.send_header("Content-Length", str(size))
            self.end_headers()
            self.wfile.write(b"x" * size)

        def log_error(self, format, *args):
            logging.set()
            assert go.wait(20)

        def log_message(self, format, *args):
            pass

    address = serve(Handler).address
    with socket.socket() as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.connect(address)
        stalled.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        assert logging.wait(20)
        try:
            with socket.create_connection(address, timeout=20) as sock:
                sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                assert response(sock) == b"xx"
        finally:
            go.set()


def test_the_last_of_several_pieces_is_left_to_the_loop(serve, echo):
    returned = threading.Event()

    class Pieces(echo):
        def do_GET(self):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            self.send_response(200)
            self.send_header("Content-Length", "60001")
            self.end_headers()
            self.wfile.write(b"a")
            self.wfile.write(b"x" * 60_000)
            returned.set()

    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(20)
        sock.connect(serve(Pieces).address)
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        # The handler returns although the client has read nothing.
        assert returned.wait(20)
        assert response(sock) == b"a" + b"x" * 60_000
