"""Who comes in and who does not: a full table, no descriptors, TLS handshakes; and who is in."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import socket
import subprocess
import sys
import threading

import pytest

from nethttp.server import ThreadingHTTPServer, ThreadingHTTPSServer
from nethttp.server.engine.acceptor import MAX_TURNED_AWAY, Acceptor
from nethttp.server.engine.connection import CLOSED, LINGERING, NEVER, Connection
from nethttp.server.engine.connections import ConnectionTable

GET = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"


# --- a full table ---


class Small(ThreadingHTTPServer):
    max_connections = 2


def test_a_full_table_answers_503_and_serves_again_once_there_is_room(serve, echo, connect):
    served = serve(echo, Small)
    with connect(served.address) as first, connect(served.address) as second:
        for raw in (first, second):
            raw.send(GET % 1)
            assert raw.response()[0] == 200
        # Its request is on its way when it is turned away, as every client's.
        with connect(served.address) as third:
            third.send(GET % 3)
            status, fields, _ = third.response()
            assert (status, fields["retry-after"], fields["connection"]) == (503, "1", "close")
            assert third.is_closed()
            # Those that are in notice nothing.
            first.send(GET % 4)
            assert first.response()[2] == b"/4"
            second.send(b"GET /5 HTTP/1.0\r\n\r\n")
            assert second.response()[2] == b"/5"
            assert second.is_closed()
            # The third has not gone, and takes nobody's place.
            with connect(served.address) as fourth:
                fourth.send(GET % 6)
                assert fourth.response()[2] == b"/6"


@pytest.fixture
def acceptor():
    """Return a function that opens an acceptor without an engine; it returns its listener too."""
    table = ConnectionTable()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = []

        def make(most=None, busy_response=b"busy"):
            acceptor = Acceptor(
                table,
                [listener],
                most=most,
                tls=None,
                handshake_timeout=1.0,
                idle=None,
                busy_response=busy_response,
                verify=None,
                on_error=print,
                accept_instead=None,
            )
            made.append(acceptor)
            acceptor.open()
            return acceptor, listener, table

        yield make
        for connection in list(table.connections.values()):
            table.close(connection)
        for acceptor in made:
            acceptor.close()
    table.poller.close()


def test_those_who_are_turned_away_and_stay_are_bounded(acceptor):
    made, listener, table = acceptor(most=0)
    with contextlib.ExitStack() as clients:
        for _ in range(MAX_TURNED_AWAY + 5):
            client = clients.enter_context(socket.create_connection(listener.getsockname()))
            made.accept(listener.fileno(), 0.0)
            assert client.recv(10) == b"busy"
        assert len(table.connections) == MAX_TURNED_AWAY
        assert {connection.stage for connection in table.connections.values()} == {LINGERING}


# --- no descriptors ---

HUNGRY = """
import resource, sys, threading
from nethttp.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, format, *args):
        pass

with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
    resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))
    print(server.server_port, flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown())).start()
    server.serve_forever()
"""


def test_without_descriptors_those_that_are_in_are_served_and_the_others_later(connect):
    pytest.importorskip("resource")
    with subprocess.Popen(
        [sys.executable, "-c", HUNGRY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        address = ("127.0.0.1", int(process.stdout.readline()))
        # Their own two connections have to be in before the others take the rest.
        raws = [connect(address) for _ in range(40)]
        opened = [raw.__enter__() for raw in raws]
        try:
            for raw in opened[:2]:
                raw.send(GET % 1)
                assert raw.response()[0] == 200
            assert "cannot accept" in process.stderr.readline()
            for raw in opened[:2] * 2:
                raw.send(GET % 2)
                assert raw.response()[0] == 200
            # Whoever is in goes; those who have waited in the queue come in.
            for raw in opened[:30]:
                raw.sock.shutdown(socket.SHUT_WR)
            for raw in opened[30:]:
                raw.send(GET % 3)
                assert raw.response()[0] == 200
        finally:
            for raw in raws:
                raw.__exit__(None, None, None)
        _, told = process.communicate("", timeout=20)
        assert process.returncode == 0
        assert "Traceback" not in told


LOST = [errno.ECONNABORTED, errno.EPROTO]
EXHAUSTED = [errno.EMFILE, errno.ENFILE, errno.ENOMEM]


@pytest.mark.parametrize("number", LOST + EXHAUSTED)
def test_a_connection_lost_in_the_queue_costs_no_pause(acceptor, monkeypatch, capfd, number):
    made, listener, _ = acceptor()
    errors, accepted = [number, number], []

    def accept(listener):
        if errors:
            raise OSError(errors.pop(), "no")
        accepted.append(listener)
        raise BlockingIOError

    monkeypatch.setattr(socket.socket, "accept", accept)
    made.accept(listener.fileno(), 100.0)
    if number in LOST:
        assert (accepted, made.retry_at) == ([listener], NEVER)
        return
    assert accepted == []
    assert 100.0 < made.retry_at < 102.0
    made.reopen()
    made.accept(listener.fileno(), 101.0)
    # It is said once, not at every trial.
    assert capfd.readouterr().err.count("cannot accept") == 1


# --- TLS ---


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02\x00\x01"])
def test_a_handshake_that_does_not_come_whole_is_cut(serve, echo, certificate, sent, capfd):
    class Hasty(ThreadingHTTPSServer):
        handshake_timeout = 0.1

    cert, key = certificate
    served = serve(echo, Hasty, certfile=cert, keyfile=key)
    with socket.create_connection(served.address, timeout=10) as sock:
        sock.sendall(sent)
        assert sock.recv(100) == b""


@pytest.mark.parametrize("request_line", [b"GET /1 HTTP/1.0", b"GET /1 HTTP/0.9?"])
def test_the_end_over_tls_is_said_as_tls_says_it(serve, echo, certificate, trusting, request_line):
    cert, key = certificate
    served = serve(echo, ThreadingHTTPSServer, certfile=cert, keyfile=key)
    with (
        socket.create_connection(served.address, timeout=10) as sock,
        # An end of the connection without a word of TLS is an error to this client.
        trusting.wrap_socket(
            sock, server_hostname="localhost", suppress_ragged_eofs=False
        ) as wrapped,
    ):
        wrapped.sendall(request_line + b"\r\n\r\n")
        answer = b""
        while piece := wrapped.recv(1000):
            answer += piece
        assert re.match(rb"HTTP/1.1 (200|400|505) ", answer)


@pytest.fixture(params=["engine", "without the engine"])
def offering(request, serve, echo, certificate):
    """Return a function that serves HTTPS and offers protocols."""

    class Own(echo):
        def handle(self):
            super().handle()

    cert, key = certificate
    handler = echo if request.param == "engine" else Own
    return lambda *protocols: serve(
        handler, ThreadingHTTPSServer, certfile=cert, keyfile=key, alpn_protocols=protocols
    )


class OffersAnything(ThreadingHTTPSServer):
    """As a program may: it makes the context itself."""

    def _create_context(self):
        context = super()._create_context()
        context.set_alpn_protocols(["h2"])
        return context


def test_only_what_is_spoken_is_offered(offering, trusting):
    trusting.set_alpn_protocols(["h2", "http/1.1"])
    served = offering("h2", "http/1.1")
    with (
        socket.create_connection(served.address, timeout=10) as sock,
        trusting.wrap_socket(sock, server_hostname="localhost") as wrapped,
    ):
        assert wrapped.selected_alpn_protocol() == "http/1.1"
        wrapped.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert wrapped.recv(12) == b"HTTP/1.1 200"


def test_a_connection_that_negotiated_what_is_not_spoken_is_closed(
    serve, echo, certificate, trusting, printed
):
    trusting.set_alpn_protocols(["h2"])
    cert, key = certificate
    served = serve(echo, OffersAnything, certfile=cert, keyfile=key)
    with (
        socket.create_connection(served.address, timeout=10) as sock,
        trusting.wrap_socket(sock, server_hostname="localhost") as wrapped,
    ):
        assert wrapped.recv(100) == b""
    printed("expected http/1.1 from ALPN, got h2")


# --- who is in ---


def test_a_number_that_comes_back_belongs_to_who_has_it_now():
    table = ConnectionTable()
    a, b = socket.socketpair()
    c, d = socket.socketpair()
    old = Connection(a, None)
    table.add(old, 5.0)
    # As a handler may: it closes its socket, and another connection gets the number.
    number = a.fileno()
    a.close()
    moved = socket.socket(fileno=c.detach())
    if moved.fileno() != number:
        os.dup2(moved.fileno(), number)
        moved.close()
        moved = socket.socket(fileno=number)
    new = Connection(moved, None)
    table.add(new, 5.0)
    table.close(old)
    assert old.stage == CLOSED
    assert table.connections == {number: new}
    d.send(b"x")
    assert [fd for fd, _ in table.poller.poll(10)] == [number]
    assert list(table.wheel.due(6.0)) == [new]
    assert moved.recv(1) == b"x"
    table.close(new)
    assert d.recv(1) == b""
    b.close()
    d.close()
    table.poller.close()


def test_a_handler_that_closes_its_socket_disturbs_nobody(serve, echo, connect):
    closed, go = threading.Event(), threading.Event()

    class Closing(echo):
        def do_GET(self):
            if self.path == "/0":
                self.connection.close()
                closed.set()
                assert go.wait(10)
            else:
                self.answer(self.path.encode())

    served = serve(Closing)
    # Made before, so that the number that becomes free is the one that the server gets.
    with socket.socket() as sock, connect(served.address) as first:
        first.send(GET % 0)
        assert closed.wait(10)
        sock.settimeout(10)
        sock.connect(served.address)
        sock.sendall(GET % 1)
        assert sock.recv(1000).endswith(b"/1")
        go.set()
        for i in (2, 3):
            sock.sendall(GET % i)
            assert sock.recv(1000).endswith(b"/%d" % i)
