"""Servers that programs put together from socketserver's mix-ins, and their own."""

from __future__ import annotations

import os
import socketserver
import ssl
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from nethttp.server import HTTPServer, HTTPSServer, ThreadingHTTPServer

GET = b"GET /%b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


class Threaded(socketserver.ThreadingMixIn, HTTPServer):
    pass


class ThreadedDaemon(socketserver.ThreadingMixIn, HTTPServer):
    daemon_threads = True


class Pool(socketserver.ThreadingMixIn):
    """A mix-in as others write it: connections are handled by the threads of a pool."""

    def process_request(self, request, client_address):
        if not hasattr(self, "pool"):
            self.pool = ThreadPoolExecutor(4)
        self.pool.submit(self.process_request_thread, request, client_address)

    def server_close(self):
        super().server_close()
        self.pool.shutdown()


class Pooled(Pool, HTTPServer):
    pass


@pytest.mark.parametrize("server_class", [Threaded, ThreadedDaemon, Pooled])
def test_a_mixed_in_thread_for_each_connection_lets_a_slow_handler_delay_nobody(
    serve, echo, connect, server_class
):
    entered, leave = threading.Event(), threading.Event()

    class Handler(echo):
        def do_GET(self):
            if self.path == "/slow":
                entered.set()
                assert leave.wait(10)
            super().do_GET()

    served = serve(Handler, server_class)
    with connect(served.address) as slow:
        slow.send(GET % b"slow")
        assert entered.wait(10)
        with connect(served.address) as quick:
            quick.send(GET % b"quick")
            assert quick.response()[2] == b"/quick"
        leave.set()
        assert slow.response()[2] == b"/slow"


def test_mixed_in_threads_run_on_the_engine():
    for server_class in (Threaded, ThreadedDaemon):
        with server_class(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
            assert server._has_threads
    with HTTPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        assert not server._has_threads


def test_a_mix_in_behind_the_server_is_not_reached(echo):
    """As with the standard library: the first of the bases says how a request is processed."""

    class Behind(HTTPServer, socketserver.ThreadingMixIn):
        pass

    with Behind(("127.0.0.1", 0), echo) as server:
        assert not server._has_threads


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_mixed_in_process_for_each_connection():
    """In a process of its own: threads of pytest's are none of this test's to fork."""
    program = """
    import http.client, os, socketserver, threading, warnings
    from nethttp.server import BaseHTTPRequestHandler, HTTPServer
    warnings.simplefilter("ignore", DeprecationWarning)  # fork, with a thread that serves
    class Handler(BaseHTTPRequestHandler):
        count = 0
        def do_GET(self):
            type(self).count += 1
            self.send_response(200); self.end_headers()
            self.wfile.write(f"{os.getpid()} {self.count}".encode())
        def log_message(self, *args): pass
    class Forking(socketserver.ForkingMixIn, HTTPServer): pass
    with Forking(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        answers = []
        for _ in range(2):
            connection = http.client.HTTPConnection(*server.server_address, timeout=10)
            connection.request("GET", "/")
            answers.append(connection.getresponse().read().split())
            connection.close()
        server.shutdown()
        thread.join()
    assert len({pid for pid, _ in answers} | {b"%d" % os.getpid()}) == 3, answers
    assert [count for _, count in answers] == [b"1", b"1"], answers
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=60)


def test_process_request_thread_is_called(serve, echo, connect):
    for base in (ThreadingHTTPServer, Threaded):
        called = []

        class Own(base):
            def process_request_thread(self, request, client_address):
                called.append(client_address)  # noqa: B023  # called before the loop goes on
                super().process_request_thread(request, client_address)

        with connect(serve(echo, Own).address) as raw:
            raw.send(GET % b"1")
            assert raw.response()[2] == b"/1"
            assert called == [raw.sock.getsockname()]


def test_tls_in_process_request_thread_leaves_no_way_around_it(
    capfd, serve, echo, connect, certificate, trusting
):
    cert, key = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    class TLS(ThreadingHTTPServer):
        def process_request_thread(self, request, client_address):
            try:
                request = context.wrap_socket(request, server_side=True)
            except ssl.SSLError:
                request.close()
                self._blocking.remove()
                return
            super().process_request_thread(request, client_address)

    served = serve(echo, TLS)
    with connect(served.address) as plain:
        plain.send(GET % b"secret")
        assert b"secret" not in plain.rest()
    with (
        connect(served.address) as raw,
        trusting.wrap_socket(raw.sock, server_hostname="localhost") as wrapped,
    ):
        wrapped.sendall(GET % b"secret")
        assert b"/secret" in b"".join(iter(lambda: wrapped.recv(1000), b""))


def test_threads_over_tls_by_the_mix_in(serve, echo, connect, certificate, trusting):
    class Threads(socketserver.ThreadingMixIn, HTTPSServer):
        pass

    cert, key = certificate
    served = serve(echo, Threads, certfile=cert, keyfile=key)
    with (
        connect(served.address) as raw,
        trusting.wrap_socket(raw.sock, server_hostname="localhost") as wrapped,
    ):
        wrapped.sendall(GET % b"1")
        assert b"".join(iter(lambda: wrapped.recv(1000), b"")).endswith(b"/1")


def test_what_runs_in_threads_that_are_no_daemons_ends_before_the_process_does():
    """A daemon thread serves: the process ends once what began to be answered is answered."""
    program = """
    import socket, socketserver, sys, threading, time
    from nethttp.server import BaseHTTPRequestHandler, HTTPServer
    asked = threading.Event()
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.set()
            threading.main_thread().join()
            print("handled", flush=True)
        def log_message(self, *args): pass
    class Threaded(socketserver.ThreadingMixIn, HTTPServer): pass
    servers = [Threaded(("127.0.0.1", 0), Handler) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    client = socket.create_connection(servers[0].server_address)
    client.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
    assert asked.wait(10)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "handled\n"), done.stderr


@pytest.mark.parametrize("server_class", [Threaded, ThreadingHTTPServer])
def test_server_close_waits_for_threads_that_are_no_daemons_unless_told_not_to(
    echo, connect, server_class
):
    entered, leave = threading.Event(), threading.Event()

    class Handler(echo):
        def do_GET(self):
            entered.set()
            assert leave.wait(10)
            super().do_GET()

    class Server(server_class):
        daemon_threads = False
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        with connect(server.server_address) as raw:
            raw.send(GET % b"1")
            assert entered.wait(10)
            server.shutdown()
            thread.join()
            server.server_close()
            assert not leave.is_set()
            server.block_on_close = True
            closing = threading.Thread(target=server.server_close)
            closing.start()
            closing.join(0.05)
            assert closing.is_alive()
            leave.set()
            closing.join(10)
            assert not closing.is_alive()
