"""What the long runs serve: content that can be checked, and digests of what was uploaded."""

from __future__ import annotations

import functools
import hashlib
import time
from collections.abc import Callable, Iterable
from typing import Any

from nethttp.server import BaseHTTPRequestHandler

PATTERN = bytes(range(251)) * 4096
"""A prime's length repeated, so that a piece that was lost or sent twice does not go unnoticed."""

PIECE = 65536


@functools.cache
def content(size: int) -> bytes:
    """Return the `size` bytes that are served at /bytes/SIZE."""
    return (PATTERN * (size // len(PATTERN) + 1))[:size]


class Handler(BaseHTTPRequestHandler):
    """GET /bytes/SIZE, GET /slow (a handler that blocks), POST: the digest of the content."""

    def do_GET(self) -> None:
        if self.path == "/slow":
            time.sleep(0.05)
            self._send(b"slow")
        else:
            self._send(content(int(self.path.removeprefix("/bytes/"))))

    def do_POST(self) -> None:
        digest = hashlib.sha256()
        while piece := self.rfile.read(PIECE):
            digest.update(piece)
        self._send(digest.hexdigest().encode())

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the server answers some hundred requests a second for half an hour."""


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer as `Handler` does; large content is generated piece by piece."""
    path = environ["PATH_INFO"]
    body: Iterable[bytes]
    if environ["REQUEST_METHOD"] == "POST":
        digest = hashlib.sha256()
        while piece := environ["wsgi.input"].read(PIECE):
            digest.update(piece)
        body = [digest.hexdigest().encode()]
    elif path == "/slow":
        time.sleep(0.05)
        body = [b"slow"]
    else:
        whole = content(int(path.removeprefix("/bytes/")))
        start_response("200 OK", [("Content-Length", str(len(whole)))])
        return (whole[at : at + PIECE] for at in range(0, len(whole), PIECE))
    start_response("200 OK", [("Content-Length", str(sum(map(len, body))))])
    return body
