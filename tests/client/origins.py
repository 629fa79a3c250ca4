"""Servers of several origins for tests: they redirect, challenge, set cookies, fail, cut files.

What a request gets is what its path and query say; every request is noted with its origin.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from nethttp.client import HTTPConnection
from nethttp.server import BaseHTTPRequestHandler, ThreadingHTTPServer, ThreadingHTTPSServer

from .flow.proxies import relay

CONTENT = bytes(range(256)) * 4096
"""What `/file` has: 1 MiB."""


class Seen(NamedTuple):
    """A request as a server has received it."""

    origin: str
    method: str
    target: str
    lines: list[tuple[str, str]]
    body: bytes

    def has(self, name: str) -> bool:
        return any(each.lower() == name for each, _ in self.lines)


class Origins:
    """The servers: the requests that they have seen, and what `/file` and `/busy` are to do."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.cuts: list[int] = []
        """After how many bytes each next response of `/file` is cut; then none is."""
        self.content = CONTENT
        self.busy: list[tuple[int, dict[str, str]]] = []
        """The status and fields of each next response of `/busy`; then it answers 200."""
        self.urls: list[str] = []

    def taken(self) -> list[Seen]:
        """Return the requests since the last call."""
        seen, self.seen[:] = list(self.seen), []
        return seen


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    origins: Origins
    scheme: str

    def log_message(self, *_):
        pass

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        origin = f"{self.scheme}://{self.headers['Host']}"
        target = self.requestline.split()[1]  # `path` has one slash at its start
        self.origins.seen.append(Seen(origin, self.command, target, self.headers.items(), body))
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        answers = getattr(self, f"answer_{path.strip('/').replace('-', '_')}", None)
        if answers is None:
            self.answer(200, {}, b"the end")
        else:
            answers({name: values[0] for name, values in query.items()})

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_any

    def answer(self, status, fields, content=b""):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def answer_go(self, query):
        self.answer(int(query.get("status", 307)), {"Location": query["to"]}, b"elsewhere")

    def answer_cookie(self, _query):
        self.answer(200, {"Set-Cookie": "session=secret"})

    def answer_basic(self, query):
        if "Authorization" in self.headers:
            self.answer_go(query)
        else:
            self.answer(401, {"WWW-Authenticate": 'Basic realm="x"'})

    def answer_digest(self, query):
        if "Authorization" in self.headers:
            self.answer_go(query)
        else:
            self.answer(401, {"WWW-Authenticate": 'Digest realm="x", nonce="n", qop="auth"'})

    def answer_slow(self, _query):
        threading.Event().wait(0.3)  # what is slow takes its time
        self.answer(200, {}, b"slow")

    def answer_bomb(self, query):
        fields = {"Content-Encoding": "gzip", "Location": query["to"]}
        self.answer(302, fields, gzip.compress(bytes(50 * 1024 * 1024)))

    def answer_busy(self, _query):
        status, fields = self.origins.busy.pop(0) if self.origins.busy else (200, {})
        if status == 0:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self.answer(status, fields)

    def answer_file(self, query):
        content = self.origins.content
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        fields = {} if "untagged" in query else {"ETag": tag}
        status = 200
        if "ranges" in query:
            fields["Accept-Ranges"] = "bytes"
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if found and self.headers.get("If-Range") == tag:
            start, last = int(found[1]), int(found[2] or len(content) - 1)
            fields["Content-Range"] = f"bytes {start}-{last}/{len(content)}"
            status, content = 206, content[start : last + 1]
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.origins.cuts:
            self.wfile.write(content[: self.origins.cuts.pop(0)])
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self.wfile.write(content)


class ProxyHandler(BaseHTTPRequestHandler):
    """Opens tunnels and forwards requests, if they have credentials for it; notes what it sees."""

    protocol_version = "HTTP/1.1"
    seen: list[Seen]

    def log_message(self, *_):
        pass

    def admitted(self):
        self.seen.append(Seen("proxy", self.command, self.path, self.headers.items(), b""))
        if self.headers.get("Proxy-Authorization") == "Basic cHJveHk6c2VjcmV0":  # proxy:secret
            return True
        self.send_response(407)
        self.send_header("Proxy-Authenticate", 'Basic realm="proxy"')
        self.send_header("Content-Length", "0")
        self.end_headers()
        return False

    def do_CONNECT(self):
        if not self.admitted():
            return
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port)), 10) as onwards:
            self.send_response(200)
            self.end_headers()
            relay(self.connection, onwards)
        self.close_connection = True

    def do_GET(self):
        if not self.admitted():
            return
        where = urlsplit(self.path)
        connection = HTTPConnection(where.hostname, where.port, timeout=10)
        with closing(connection):
            connection.putrequest("GET", self.path.partition(where.netloc)[2], skip_host=True)
            for name, value in self.headers.items():
                if not name.lower().startswith(("proxy-", "connection")):
                    connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            content = response.read()
            self.send_response(response.status)
            for name, value in response.getheaders():
                if name.lower() in ("location", "content-type"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)


@contextmanager
def proxy() -> Iterator[tuple[str, list[Seen]]]:
    """Yield the URL of a proxy without its credentials, proxy and secret, and what it has seen."""
    seen: list[Seen] = []
    with Plain(("127.0.0.1", 0), type("Handler", (ProxyHandler,), {"seen": seen})) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()
            thread.join()


class Plain(ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # The client has closed its connection.


class Secure(ThreadingHTTPSServer):
    def handle_error(self, *_):
        pass  # The same, or a client that refused the certificate.


@contextmanager
def origins(certificate: str) -> Iterator[Origins]:
    """Yield origins that differ in one part each: `urls` are the first, then another port, host and
    scheme. The file `certificate` has that of localhost, and its key."""
    shared = Origins()
    with ExitStack() as stack:
        ports = []
        for scheme in ("http", "http", "https"):
            handler = type("Handler", (Handler,), {"origins": shared, "scheme": scheme})
            address = ("127.0.0.1", 0)
            server = stack.enter_context(
                Secure(address, handler, certfile=certificate)
                if scheme == "https"
                else Plain(address, handler)
            )
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            ports.append(server.server_port)
        shared.urls = [
            f"http://127.0.0.1:{ports[0]}",
            f"http://127.0.0.1:{ports[1]}",
            f"http://localhost:{ports[0]}",
            f"https://localhost:{ports[2]}",
        ]
        yield shared
