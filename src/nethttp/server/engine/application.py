"""What the engine and an application expect of each other, and the bounds that the engine keeps."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple, Protocol

from ..logs.lines import LineLog
from .connection import Connection
from .exchange import Exchange

__all__ = [
    "BUSY_RESPONSE",
    "DRAIN_SECONDS",
    "FAREWELL",
    "LAST_CALL",
    "LINGER_SECONDS",
    "Application",
    "EngineLimits",
]

BUSY_RESPONSE = (
    b"HTTP/1.1 503 Service Unavailable\r\n"
    b"Retry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)
"""What a connection is sent beyond `max_connections`."""

LAST_CALL = 0.2
"""How long accepting goes on at the end, in seconds: a client in the middle of a handshake may
believe that it is connected, and have sent its request; and the listener may be about to be
stopped."""

DRAIN_SECONDS = 30.0
"""How long running requests may go on once a server is told to end, in seconds, unless it is told
otherwise."""

FAREWELL = 1.0
"""How long a connection that was active a moment ago may still send a request at the end, in
seconds: that request may be on its way, and closing would lose it."""


LINGER_SECONDS = 1.0
"""How long a connection that is being closed goes on reading what the peer still sends, in seconds,
so that the peer gets to read the last response rather than a reset. RFC 9112 section 9.6."""


class EngineLimits(NamedTuple):
    """The bounds of an engine."""

    max_connections: int | None = 16384
    """Open connections; one more is answered 503 and closed."""

    max_threads: int = 1000
    """Threads that handlers may block at once."""

    max_waiting: int = 1000
    """Requests that wait for such a thread; one more is answered 503."""

    handshake_timeout: float = 10.0
    """Seconds that a TLS handshake may take."""


class Application(Protocol):
    """How requests are read and answered. Called by one thread at a time for each connection."""

    idle_timeout: float | None
    """Seconds that a connection may be silent between requests; None: for ever."""
    head_timeout: float | None
    """Seconds that a head may take from its first byte on."""
    body_timeout: float | None
    """Seconds that a peer may pause in the middle of content."""
    min_body_rate: int
    """Bytes of content a second, on average; a slower peer is cut off. 0: no bound."""
    body_grace: float
    """Seconds that content may take whatever its rate."""
    log: LineLog
    """Where handlers log, told which turns have many requests."""
    closing: bool
    """Set when every response is to end its connection."""
    max_head: int
    """Bytes of a head, above which `respond_blocking` is asked to refuse it."""

    def read_head(self, exchange: Exchange, block: bytes, /) -> bool:
        """Put what a head says into `exchange`, with the head itself; return whether that was done.

        It is not if the head is an unusual one, or its content too long for the loop to wait for:
        `respond_blocking` reads such a request.
        """

    def pacing_key(self, exchange: Exchange, /) -> Hashable:
        """Return what requests of the same pace have in common."""

    def respond(self, exchange: Exchange, /) -> bool | None:
        """Answer a complete request; return whether the connection stays open.

        None, as `exchange.later()` returns: the exchange ends when its `finish` is called."""

    def respond_blocking(self, connection: Connection, data: bytes, /) -> bytes | None:
        """Read a request from `data` and the socket, answer it, and return what was read beyond it.

        None is returned if the connection is to be closed.
        """

    def request_timed_out(self, connection: Connection, /) -> None:
        """Answer a request that was not received whole in time."""

    def response_cut_off(self, connection: Connection, error: OSError, /) -> None:
        """Log that the peer has not taken a whole response that was left to the loop."""

    def has_unread_content(self, connection: Connection, /) -> bool:
        """Return whether content may still be received that the application has not read."""
