"""Every request of the corpus against a real server: whole, byte by byte, with more behind."""

from __future__ import annotations

import re
import socket
import threading

import pytest

from nethttp.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from nethttp.wire.limits import DEFAULT_LIMITS

BEHIND = b"GET /behind HTTP/1.1\r\nHost: behind\r\nConnection: close\r\n\r\n"

#: Where the stdlib-shaped handler answers otherwise than the connection of `wire.h1` does.
HANDLER_STATUS = {
    # Any method but those with a do_ method is not implemented.
    "custom-method-of-all-tchars": 501,
    "method-is-case-sensitive": 501,
    "delete": 501,
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # The bounds that the corpus was written for; a server's own are wider.
    limits = DEFAULT_LIMITS
    seen: list[tuple[str, str, bytes]] = []

    def do_GET(self):
        content = self.rfile.read() if self.command != "CONNECT" else b""
        self.seen.append((self.command, self.path, content))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_POST = do_OPTIONS = do_CONNECT = do_GET

    def log_message(self, format, *args):
        pass


@pytest.fixture(scope="module")
def address(watch_threads):
    with watch_threads(), ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address
        server.shutdown()


@pytest.fixture(autouse=True)
def no_thread_is_left(address):
    """Nothing: all tests here share a server, and `address` looks for what it leaves."""


def exchange(address, data: bytes, delivery: str) -> bytes:
    """Send `data` and return all that comes back until the server closes."""
    with socket.create_connection(address, timeout=10) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        step = 1 if delivery == "bytes" and len(data) < 3000 else 1 + len(data) // 50
        try:
            for start in range(0, len(data), step if delivery == "bytes" else len(data)):
                sock.sendall(data[start : start + step] if delivery == "bytes" else data)
            sock.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError, OSError):
            pass  # The server has had enough, and its answer is there to be read.
        answer = b""
        try:
            while piece := sock.recv(65536):
                answer += piece
        except ConnectionResetError:
            pass
    return answer


@pytest.mark.parametrize("delivery", ["whole", "bytes", "behind"])
def test_the_server_answers_as_the_corpus_says(address, server_message, delivery):
    outcome, name = server_message.outcome, server_message.name.partition("-")[2]
    Handler.seen = []
    data = server_message.data + (BEHIND if delivery == "behind" else b"")
    answer = exchange(address, data, delivery)
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.[01] ([0-9]{3}) ", answer)]
    if not server_message.valid:
        expected = HANDLER_STATUS.get(name)
        if expected:
            assert statuses[0] == expected
            return
        assert statuses == [outcome["status"]], answer[:300]
        assert b"/behind" not in [path.encode() for _, path, _ in Handler.seen]
        return
    expected = HANDLER_STATUS.get(name, 200)
    assert statuses[0] == expected, answer[:300]
    if expected == 200 and name != "every-target-character":
        method, path, content = Handler.seen[0]
        assert (method, path) == (outcome["method"], outcome["target"])
        assert content.decode("latin-1") == outcome["body"]
    if delivery == "behind" and expected == 200 and method_keeps(outcome):
        assert statuses[1:] == [200]
        assert Handler.seen[-1][1] == "/behind"
    elif delivery == "behind":
        assert statuses[1:] == []


def method_keeps(outcome) -> bool:
    return outcome["keep_alive"] and outcome["method"] != "CONNECT"
