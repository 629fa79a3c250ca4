"""Rows of the client: a small request over and over, a field section, an import."""

from __future__ import annotations

import http.client
import io
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import nethttp.client

from .measure import Row, import_times, interleaved
from .wire import FIELDS, SECTION

ANSWER = b"HTTP/1.1 200 OK\r\n" + SECTION.replace(b"5123", b"13") + b"Hello, World!"


@contextmanager
def canned_server() -> Iterator[int]:
    """Run a server that answers every request the same, and give its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer(connection: socket.socket) -> None:
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while connection.recv(65536):
                    connection.sendall(ANSWER)

        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def _getting(module: Any, port: int) -> Any:
    connection = module.HTTPConnection("127.0.0.1", port, timeout=10)

    def get() -> None:
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"Hello, World!"

    return get


def rows() -> list[Row]:
    """Return the rows of this file, measured now."""
    fields = interleaved(
        lambda: http.client.parse_headers(io.BytesIO(SECTION)),
        lambda: nethttp.client.parse_headers(io.BytesIO(SECTION)),
    )
    with canned_server() as port:
        getting = interleaved(_getting(http.client, port), _getting(nethttp.client, port))
    before, now = import_times("http.client", "nethttp.client")
    return [
        Row("GET on one keep-alive connection", *getting),
        Row(f"parse_headers of {len(FIELDS)} fields", *fields, aim=3),
        Row("import of the client module", before, now, unit="ms", aim=1),
    ]
