"""`Exchange`: one request, and its response, as engine and application hand them to each other."""

from __future__ import annotations

import socket
from typing import Any, NamedTuple

from .connection import Connection

__all__ = ["Exchange", "Switched"]

#: What attributes are between two requests; no application sees it.
_NOTHING: Any = None


class Switched(NamedTuple):
    """A connection that has left HTTP, for the application to use until it calls `finish`."""

    sock: socket.socket
    """It does not block."""
    received: bytes
    """What was received behind the request."""


class Exchange:
    """A request whose head is known, and whose content has been received.

    The loop has one, and uses it for one request after the other, so that nothing is allocated for
    a request. A request that another thread answers, or whose content is still to be received,
    keeps its exchange, and the loop makes another one.
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
    """Whether the client lets the connection go on after the response."""
    method: str
    target: str
    version: int
    """11 for HTTP/1.1, 10 for HTTP/1.0."""
    line: str
    """The request line."""
    environ: dict[str, Any]
    """The head as a WSGI environ, where the application reads it so."""
    since: float
    """When the head was complete, by `time.monotonic`; set while content is to be received."""

    def __init__(self) -> None:
        self.connection = self.environ = _NOTHING
        self.content = b""

    def later(self) -> None:
        """Return what `Application.respond` returns when the response is not sent yet.

        The connection and the exchange are the application's until it calls `finish`, from any
        thread. No thread of the engine waits.
        """

    def finish(self, keep: bool) -> None:
        """End an exchange that was to end `later`; `keep`: the connection goes on."""
        connection = self.connection
        self.release()
        if connection.loop is not None:
            connection.loop.give_back(connection, b"" if keep else None)

    def switch(self) -> Switched:
        """Return the connection for another protocol, which begins behind this request.

        The response that says so (101, or 200 to CONNECT) is the application's to send, and the
        exchange ends `later`: with `finish(False)` the loop closes the connection.
        """
        connection = self.connection
        received, connection.buffer = bytes(connection.buffer), b""
        return Switched(connection.sock, received)

    def release(self) -> None:
        """Keep nothing of a request that was answered."""
        self.connection = self.environ = _NOTHING
        self.content = b""
