"""`Exchange`: one request, which the engine gives to the application, and how its response ends."""

from __future__ import annotations

import socket
from typing import Any, NamedTuple

from .connection import Connection

__all__ = ["NOTHING", "Exchange", "Switched"]

NOTHING: Any = None
"""The value of attributes between two requests; no application sees it."""


class Switched(NamedTuple):
    """A connection that speaks another protocol, until the application calls `finish`."""

    sock: socket.socket
    """The connection's socket, which does not block."""
    received: bytes
    """The bytes that were received after the request."""


class Exchange:
    """A request whose head is known, and whose content has been received.

    The loop uses one exchange for one request after the other, so that a request allocates nothing.
    A request that another thread answers, or whose content is not complete, keeps its exchange, and
    the loop makes another one.
    """

    __slots__ = (
        "block",
        "connection",
        "content",
        "environ",
        "length",
        "line",
        "method",
        "persistent",
        "since",
        "target",
        "version",
    )

    connection: Connection
    block: bytes
    """The head as it was received."""
    content: bytes
    """The content, `length` bytes."""
    length: int
    """How many bytes of content the head declares."""
    persistent: bool
    """Whether the request allows the connection to stay open after the response."""
    method: str
    target: str
    version: int
    """11 for HTTP/1.1, 10 for HTTP/1.0."""
    line: str
    """The request line."""
    environ: dict[str, Any]
    """The head as a WSGI environ, if the application's `read_head` makes one."""
    since: float
    """When the head was complete, by `time.monotonic`; set only while content is collected."""

    def __init__(self) -> None:
        self.connection = self.environ = NOTHING
        self.content = b""

    def later(self) -> None:
        """Return None, which `Application.respond` returns if it answers later.

        The application keeps the connection and the exchange until it calls `finish`, in any
        thread. No thread of the engine waits for it.
        """

    def finish(self, keep: bool) -> None:
        """End an exchange that is answered `later`; with `keep` the connection stays open."""
        connection = self.connection
        if connection is NOTHING:
            raise RuntimeError("expected finish() to be called once for each later(), got another")
        self.release()
        if connection.loop is not None:
            connection.loop.give_back(connection, b"" if keep else None)

    def switch(self) -> Switched:
        """Return the connection for another protocol, which begins after this request.

        The application sends the response (101, or 200 to CONNECT), and returns `later()`. When it
        calls `finish(False)`, the loop closes the connection.
        """
        connection = self.connection
        received, connection.buffer = bytes(connection.buffer), b""
        return Switched(connection.sock, received)

    def release(self) -> None:
        """Drop what belongs to a request that was answered."""
        self.connection = self.environ = NOTHING
        self.content = b""
