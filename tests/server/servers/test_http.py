"""The servers: TLS, bounds, life and death."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import sys
import threading

import pytest

from nethttp.caching import SecondTimeCache
from nethttp.client import HTTPSConnection
from nethttp.server import (
    BaseHTTPRequestHandler,
    HTTPServer,
    HTTPSServer,
    ThreadingHTTPServer,
    ThreadingHTTPSServer,
)
from nethttp.server.wsgi import WSGIServer


def test_the_family_of_the_servers():
    assert issubclass(HTTPServer, socketserver.TCPServer)
    assert issubclass(ThreadingHTTPServer, socketserver.ThreadingMixIn)
    assert issubclass(ThreadingHTTPServer, HTTPServer)
    assert issubclass(ThreadingHTTPSServer, HTTPSServer)
    assert issubclass(HTTPSServer, HTTPServer)


@pytest.mark.parametrize("server_class", [HTTPSServer, ThreadingHTTPSServer])
def test_https(serve, echo, certificate, trusting, server_class):
    cert, key = certificate
    served = serve(echo, server_class, certfile=cert, keyfile=key)
    with HTTPSConnection("localhost", served.port, timeout=10, context=trusting) as connection:
        for path in ("/a", "/b"):
            connection.request("GET", path)
            response = connection.getresponse()
            assert response.read() == path.encode()
        assert connection.sock.version() in ("TLSv1.2", "TLSv1.3")


@pytest.mark.parametrize("size", [4000, 4096, 8000, 16000])
def test_all_of_a_tls_record_is_heard(serve, echo, certificate, trusting, size):
    """Nothing says that a part of a record is left: it must be read whole."""
    cert, key = certificate
    served = serve(echo, ThreadingHTTPSServer, certfile=cert, keyfile=key)
    with (
        socket.create_connection(served.address, timeout=10) as sock,
        trusting.wrap_socket(sock, server_hostname="localhost") as wrapped,
        wrapped.makefile("rb") as file,
    ):
        fields = b"Host: a\r\nX: " + b"y" * size + b"\r\n\r\n"
        wrapped.sendall(b"GET /one HTTP/1.1\r\n" + fields)
        assert b"".join(iter(file.readline, b"\r\n")).startswith(b"HTTP/1.1 200")
        assert file.read(4) == b"/one"
        wrapped.sendall(b"GET /two HTTP/1.1\r\nConnection: close\r\n" + fields)
        assert file.read().endswith(b"\r\n\r\n/two")


def test_an_untrusted_certificate_is_refused(capfd, serve, echo, certificate):
    cert, key = certificate
    served = serve(echo, ThreadingHTTPSServer, certfile=cert, keyfile=key)
    with (
        HTTPSConnection("localhost", served.port, timeout=10) as connection,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        connection.request("GET", "/")
    capfd.readouterr()


def test_a_silent_handshake_delays_nobody(capfd, serve, echo, certificate, trusting):
    cert, key = certificate
    served = serve(echo, ThreadingHTTPSServer, certfile=cert, keyfile=key)
    with socket.create_connection(served.address) as silent:
        with HTTPSConnection("localhost", served.port, timeout=10, context=trusting) as connection:
            connection.request("GET", "/x")
            assert connection.getresponse().read() == b"/x"
        silent.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            while silent.recv(100):
                pass
    served.server.shutdown()
    assert "Traceback" not in capfd.readouterr().err


def test_a_bad_certificate_is_an_error_before_anything_is_bound(echo, tmp_path):
    bad = tmp_path / "bad.pem"
    bad.write_text("no certificate")
    with pytest.raises(ssl.SSLError):
        HTTPSServer(("127.0.0.1", 0), echo, certfile=bad)
    with pytest.raises(FileNotFoundError):
        HTTPSServer(("127.0.0.1", 0), echo, certfile=tmp_path / "none.pem")


def test_connections_beyond_the_bound_are_turned_away(serve, echo, connect):
    class Small(ThreadingHTTPServer):
        max_connections = 1

    entered, leave = threading.Event(), threading.Event()

    class Waiting(echo):
        def do_GET(self):
            entered.set()
            leave.wait(10)
            self.answer(b"done")

    served = serve(Waiting, Small)
    with connect(served.address) as first:
        first.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert entered.wait(10)
        with connect(served.address) as second:
            status, fields, _ = second.response()
            assert (status, fields["retry-after"]) == (503, "1")
        leave.set()
        assert first.response()[2] == b"done"
        assert first.is_closed()


def test_names_and_ports(echo):
    with HTTPServer(("127.0.0.1", 0), echo) as server:
        assert server.server_port == server.server_address[1]
        assert server.server_name == socket.getfqdn("127.0.0.1")
        server.server_name = "mine"
        assert server.server_name == "mine"


def test_accepted_sockets_have_nodelay(serve, echo, connect):
    found = []

    class Looking(echo):
        def do_GET(self):
            found.append(self.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            self.answer(b"")

    with connect(serve(Looking).address) as raw:
        raw.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        raw.response()
    assert found != [0]


def test_a_server_that_is_stopped_before_it_has_begun_leaves_nothing_open(monkeypatch):
    """`shutdown` may come between the start of `serve_forever` and the making of its engine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        make = server._make_engine

        def make_late():
            server._stop_asked.set()
            return make()

        monkeypatch.setattr(server, "_make_engine", make_late)
        server.serve_forever()
        engine = server._engine
        assert engine._returned.fileno() == -1


# --- the end, without the engine ---


@pytest.fixture(params=[HTTPServer, ThreadingHTTPServer])
def own_way(request, echo):
    """Return a server that runs handlers in socketserver's way, and its thread."""

    class Own(echo):
        entered, leave = threading.Event(), threading.Event()

        def handle(self):
            super().handle()

        def do_GET(self):
            if self.path == "/slow":
                self.entered.set()
                assert self.leave.wait(10)
            self.answer(self.path.encode())

    with request.param(("127.0.0.1", 0), Own) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server, thread
        Own.leave.set()
        server.shutdown()
        thread.join()


def test_a_drain_without_the_engine_lets_what_runs_finish(own_way, connect):
    server, thread = own_way
    handler = server.RequestHandlerClass
    with connect(server.server_address) as busy:
        busy.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        assert handler.entered.wait(10)
        # In the queue, or in a thread of its own, before the end begins.
        with connect(server.server_address) as second:
            second.send(b"GET /second HTTP/1.1\r\nHost: a\r\n\r\n")
            server.drain(20)
            handler.leave.set()
            status, fields, content = busy.response()
            assert (status, content, fields["connection"]) == (200, b"/slow", "close")
            assert second.response()[2] == b"/second"
            thread.join(10)
            assert not thread.is_alive()


def test_a_drain_without_the_engine_sends_home_who_awaits_a_request(own_way, connect):
    server, thread = own_way
    with connect(server.server_address) as idle:
        idle.send(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert idle.response()[0] == 200
        server.drain(20)
        assert idle.is_closed()
        thread.join(10)
        assert not thread.is_alive()


def test_a_drain_without_the_engine_is_bounded_and_can_be_cut_short(own_way, connect):
    server, thread = own_way
    handler = server.RequestHandlerClass
    if type(server) is HTTPServer:
        pytest.skip("its only thread is in the handler")
    for end in (lambda: server.drain(0.1), lambda: (server.drain(1000), server.shutdown())):
        handler.entered.clear()
        handler.leave.clear()
        if not thread.is_alive():
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
        with connect(server.server_address) as busy:
            busy.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            assert handler.entered.wait(10)
            end()
            thread.join(10)
            assert not thread.is_alive()
            handler.leave.set()
            assert busy.response()[0] == 200


def test_a_context_of_the_programs_is_used(serve, echo, certificate, trusting):
    cert, key = certificate

    class Own(HTTPSServer):
        def _create_context(self):
            context = super()._create_context()
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            return context

    served = serve(echo, Own, certfile=cert, keyfile=key)
    with HTTPSConnection("localhost", served.port, timeout=10, context=trusting) as connection:
        connection.connect()
        assert connection.sock.version() == "TLSv1.2"


def test_a_python_without_tls_says_so(monkeypatch, echo, certificate):
    monkeypatch.setitem(sys.modules, "ssl", None)
    with pytest.raises(RuntimeError, match="SSL module is missing"):
        HTTPSServer(("127.0.0.1", 0), echo, certfile=certificate[0])


@pytest.mark.parametrize("server_class", [HTTPServer, WSGIServer])
def test_a_server_on_a_socket_that_listens_already_opens_none(server_class, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = server_class._on_listener(listener, BaseHTTPRequestHandler)
        assert server.socket is listener
        assert server.server_address == listener.getsockname()
        assert server.server_port == listener.getsockname()[1]
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        server = server_class._on_listener(listener, BaseHTTPRequestHandler)
        assert server.server_address == str(tmp_path / "socket")
        assert (server.server_name, server.server_port) == ("localhost", 80)


class InSocketserversWay(ThreadingHTTPServer):
    def process_request(self, request, client_address):
        super().process_request(request, client_address)


@pytest.mark.parametrize("server_class", [ThreadingHTTPServer, InSocketserversWay])
def test_an_idle_server_drops_what_is_too_old_in_caches(serve, server_class):
    asked = threading.Event()

    class Watched(SecondTimeCache):
        def drop_old(self, now):
            asked.set()

    cache = Watched()
    serve(BaseHTTPRequestHandler, server_class)
    assert asked.wait(10)
    assert len(cache) == 0
