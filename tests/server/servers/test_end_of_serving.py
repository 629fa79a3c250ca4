"""`serve_forever` returns, and `shutdown` too, in whatever order a program ends its server."""

from __future__ import annotations

import os
import signal
import socket
import socketserver
import subprocess
import sys
import textwrap
import threading

import pytest

from nethttp.server import HTTPServer, ThreadingHTTPServer

GET = b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
POST = (
    b"POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
)


class OwnWay(ThreadingHTTPServer):
    def process_request(self, request, client_address):
        super().process_request(request, client_address)


SERVERS = [HTTPServer, ThreadingHTTPServer, OwnWay]


def ended(thread):
    thread.join(10)
    return not thread.is_alive()


@pytest.mark.parametrize("server_class", SERVERS)
@pytest.mark.parametrize("close", ["server_close", "socket.close", "with"])
def test_shutdown_returns_behind_the_close(echo, connect, server_class, close):
    server = server_class(("127.0.0.1", 0), echo)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    with connect(server.server_address) as raw:
        raw.send(GET)
        assert raw.response()[2] == b"/x"
    if close == "with":
        with server:
            pass
    elif close == "socket.close":
        server.socket.close()
    else:
        server.server_close()
    stopping = threading.Thread(target=server.shutdown, daemon=True)
    stopping.start()
    assert ended(stopping)
    assert ended(thread)
    server.server_close()


@pytest.mark.parametrize("server_class", SERVERS)
def test_shutdown_returns_when_serving_cannot_begin(echo, server_class):
    server = server_class(("127.0.0.1", 0), echo)
    server.server_close()
    with pytest.raises((OSError, ValueError)):
        server.serve_forever()
    server.shutdown()


@pytest.mark.parametrize("server_class", SERVERS)
def test_a_server_serves_again_after_its_end(echo, connect, server_class):
    with server_class(("127.0.0.1", 0), echo) as server:
        for _ in range(2):
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            with connect(server.server_address) as raw:
                raw.send(GET)
                assert raw.response()[2] == b"/x"
            server.shutdown()
            assert ended(thread)
        # And by hand: it waits for a connection, as it did before.
        assert server.socket.gettimeout() is None
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with connect(server.server_address) as raw:
            raw.send(GET)
            assert raw.response()[2] == b"/x"
        assert ended(thread)


@pytest.mark.parametrize("server_class", SERVERS)
def test_the_time_out_of_the_listening_socket_is_what_it_was(echo, connect, server_class):
    with server_class(("127.0.0.1", 0), echo) as server:
        server.socket.settimeout(7)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        with connect(server.server_address) as raw:
            raw.send(GET)
            assert raw.response()[2] == b"/x"
        server.shutdown()
        assert ended(thread)
        assert server.socket.gettimeout() == 7


@pytest.mark.parametrize("server_class", SERVERS)
def test_a_server_whose_init_is_left_out_serves(echo, connect, server_class):
    """As servers for sockets that somebody else has opened are written."""

    class Inherited(server_class):
        def __init__(self, listener, handler):
            socketserver.BaseServer.__init__(self, listener.getsockname(), handler)
            self.socket = listener

    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        Inherited(listener, echo) as server,
    ):
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        with connect(server.server_address) as raw:
            raw.send(GET)
            assert raw.response()[2] == b"/x"
        server.shutdown()
        assert ended(thread)


PREFORKED = """
import http.client, os, signal, socket, sys, threading
from nethttp.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = str(os.getpid()).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body)))
        self.end_headers(); self.wfile.write(body)
    def log_message(self, *args): pass

class OwnWay(ThreadingHTTPServer):
    def finish_request(self, *args): super().finish_request(*args)

server = globals()[sys.argv[1]](("127.0.0.1", 0), Handler)
children = {}
for _ in range(2):
    says, told = os.pipe()
    pid = os.fork()
    if not pid:
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        server.service_actions = lambda: os.write(told, b".")  # it serves
        server.serve_forever(0.01)
        os._exit(0)
    os.read(says, 1)
    children[pid] = says

def ask():
    connection = http.client.HTTPConnection(*server.server_address, timeout=10)
    connection.request("GET", "/")
    answer = int(connection.getresponse().read())
    connection.close()
    return answer

first, second = children
for _ in range(5):
    assert ask() in children
os.kill(first, signal.SIGTERM)
assert os.waitpid(first, 0)[1] == 0
for _ in range(5):
    assert ask() == second
os.kill(second, signal.SIGTERM)
assert os.waitpid(second, 0)[1] == 0
server.server_close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("server_class", ["HTTPServer", "ThreadingHTTPServer", "OwnWay"])
def test_the_end_of_one_process_leaves_the_others_that_share_its_socket_serving(server_class):
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PREFORKED), server_class], start_new_session=True
    ) as process:
        try:
            assert process.wait(60) == 0
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("base", [HTTPServer, ThreadingHTTPServer])
@pytest.mark.parametrize("request_", [GET, POST], ids=["in the loop", "in another thread"])
def test_service_actions_are_called_soon_after_a_request(echo, connect, base, request_):
    class Acting(base):
        called = threading.Event()

        def service_actions(self):
            self.called.set()

    with Acting(("127.0.0.1", 0), echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(3600,))
        thread.start()
        try:
            for _ in range(3):
                with connect(server.server_address) as raw:
                    server.called.clear()
                    raw.send(request_)
                    assert raw.response()[0] == 200
                    assert server.called.wait(10)
        finally:
            server.shutdown()
        assert ended(thread)


@pytest.mark.parametrize("aside", [False, True])
@pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit, SystemExit])
def test_what_would_end_a_thread_is_told_of(monkeypatch, serve, echo, connect, aside, error):
    told = []
    monkeypatch.setattr(threading, "excepthook", told.append)

    class Raising(echo):
        def do_GET(self):
            raise error("of interest")

        do_POST = do_GET

    request = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    with connect(serve(Raising).address) as raw:
        raw.send(request if aside else GET)
        assert raw.is_closed()
    if error is SystemExit:
        assert told == []
    else:
        assert [(args.exc_type, str(args.exc_value)) for args in told] == [(error, "of interest")]
        assert told[0].thread.name == "nethttp handler"


@pytest.mark.parametrize("server_class", SERVERS)
def test_a_handler_ends_its_server_by_a_private_name_of_socketserver(echo, connect, server_class):
    class Last(echo):
        def do_GET(self):
            super().do_GET()
            self.server._BaseServer__shutdown_request = True

    server = server_class(("127.0.0.1", 0), Last)
    assert not server._BaseServer__shutdown_request
    assert not server._BaseServer__is_shut_down.is_set()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    with connect(server.server_address) as raw:
        raw.send(GET)
        assert raw.response()[2] == b"/x"
        assert ended(thread)
    assert server._BaseServer__is_shut_down.is_set()
    assert not server._BaseServer__shutdown_request, "it may serve again"
    server.server_close()
