"""A connection that has ended leaves nothing for the cyclic collector.

What waits for the collector waits long, and every closed connection would leave a reader's buffer.
"""

from __future__ import annotations

import functools
import gc
import io
import socket
import ssl
import threading

import pytest

from nethttp.net.stream import SocketReader
from nethttp.server import (
    BaseHTTPRequestHandler,
    SimpleHTTPRequestHandler,
    ThreadingHTTPServer,
    ThreadingHTTPSServer,
)
from nethttp.server.engine.connection import Connection
from nethttp.server.handlers.writer import ResponseWriter
from nethttp.server.wsgi import WSGIServer
from nethttp.wire.h1.body import ChunkedDecoder
from nethttp.wire.h1.reader import BodyReader

OF_A_CONNECTION = (
    Connection,
    BaseHTTPRequestHandler,
    SocketReader,
    ResponseWriter,
    BodyReader,
    ChunkedDecoder,
    io.BufferedReader,
)

CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

EXCHANGES = {
    "usual": b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n" * 3,
    "content with the head": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    "content that the handler reads": (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + bytes(100000)
    ),
    "chunks": CHUNKED + b"3\r\nabc\r\n0\r\n\r\n",
    "bad chunks": CHUNKED + b"x\r\nabc\r\n",
    "chunks cut off": CHUNKED + b"30\r\nabc",
    "content cut off": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc",
    "a head cut off": b"GET / HTTP/1.1\r\nHo",
    "a bad head": b"GET / HTTP/1.1\r\nA : b\r\n\r\n",
    "a crash": b"GET /crash HTTP/1.1\r\nHost: a\r\n\r\n",
    "100": (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc"),
    "no such method": b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n",
    "another protocol": b"GET /switch HTTP/1.1\r\nHost: a\r\n\r\nabc",
    "another protocol, first": b"GET /switch HTTP/1.1\r\nHost: a\r\n\r\n",
}


class Fragile(BaseHTTPRequestHandler):
    """Echoes, and crashes when told to."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/crash":
            raise ValueError("as asked")
        if self.path == "/switch":
            self.send_response(101)
            self.end_headers()
            self.wfile.write(self.rfile.read())
            return
        body = self.rfile.read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_GET

    def log_message(self, format, *args):
        pass


class OnItsOwn(Fragile):
    """Reads its connection itself: the engine runs none of it."""

    def handle(self):
        super().handle()


def application(environ, start_response):
    if environ["PATH_INFO"] == "/crash":
        raise ValueError("as asked")
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


class Directory(SimpleHTTPRequestHandler):
    def log_message(self, format, *args):
        pass


@pytest.fixture(params=["handler", "handler on its own", "WSGI", "directory", "TLS"])
def made(request, tmp_path, certificate):
    """Return a server that is not served yet."""
    here = ("127.0.0.1", 0)
    if request.param == "WSGI":
        return WSGIServer(here, application)
    if request.param == "TLS":
        certfile, keyfile = certificate
        return ThreadingHTTPSServer(here, Fragile, certfile=certfile, keyfile=keyfile)
    (tmp_path / "a").write_bytes(bytes(1000))
    return ThreadingHTTPServer(
        here,
        {
            "handler": Fragile,
            "handler on its own": OnItsOwn,
            "directory": functools.partial(Directory, directory=tmp_path),
        }[request.param],
    )


def exchange(address, data: bytes, context: ssl.SSLContext | None) -> None:
    """Send something, and nothing after it; read what comes."""
    sock = socket.create_connection(address, timeout=10)
    if context is not None:
        sock = context.wrap_socket(sock, server_hostname="localhost")
    with sock:
        try:
            sock.sendall(data)
            if context is None:
                sock.shutdown(socket.SHUT_WR)
            else:
                sock.unwrap()
            while sock.recv(65536):
                pass
        except OSError:
            pass  # Who sends garbage may be cut off at any point.


def test_nothing_of_a_closed_connection_waits_for_the_collector(made, trusting, capsys):
    made.daemon_threads = False
    context = trusting if isinstance(made, ThreadingHTTPSServer) else None
    gc.collect()
    before = {id(thing) for thing in gc.get_objects() if isinstance(thing, OF_A_CONNECTION)}
    gc.disable()
    try:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        for data in EXCHANGES.values():
            exchange(made.server_address, data, context)
        made.shutdown()
        thread.join()
        made.server_close()
        left = [
            thing
            for thing in gc.get_objects()
            if isinstance(thing, OF_A_CONNECTION) and id(thing) not in before
        ]
        assert not left
    finally:
        gc.enable()
    capsys.readouterr()


@pytest.mark.parametrize("sent", ["content with the head", "chunks"])
def test_a_connection_between_requests_keeps_no_content(sent, connect):
    handlers = []

    class Kept(Fragile):
        def do_POST(self):
            handlers.append(self)
            self.do_GET()

    with ThreadingHTTPServer(("127.0.0.1", 0), Kept) as server:
        server.daemon_threads = False
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with connect(server.server_address) as raw:
            raw.send(EXCHANGES[sent])
            assert raw.response()[2] == b"abc"
            server.shutdown()
            thread.join()
    # All threads have ended, and no other request has come.
    assert isinstance(handlers[0].rfile, io.BytesIO)
    assert handlers[0].rfile.getvalue() == b""
