"""What the engine and an application expect of each other, and the bounds that the engine keeps."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import NamedTuple, Protocol

from ...wire.fields import FieldFinder
from ..logs.lines import LineLog
from .connection import Connection
from .exchange import Exchange

__all__ = [
    "BUSY_RESPONSE",
    "DRAIN_SECONDS",
    "FAREWELL",
    "LAST_CALL",
    "LINGER_SECONDS",
    "Answered",
    "Application",
    "EngineLimits",
]

BUSY_RESPONSE = (
    b"HTTP/1.1 503 Service Unavailable\r\n"
    b"Retry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)
"""The response to a connection beyond `max_connections`."""

LAST_CALL = 0.2
"""Seconds during which a server that drains still accepts: a client whose last packet of the TCP
handshake is on its way considers itself connected, and may have sent its request."""

DRAIN_SECONDS = 30.0
"""Seconds that running requests may take once a server drains; `drain` may be given others."""

FAREWELL = 1.0
"""Seconds that an idle connection stays open once a server drains: a request may be on its way, and
closing the connection would lose it."""

LINGER_SECONDS = 1.0
"""Seconds during which a connection that is being closed still reads and drops what the peer sends,
so that the peer can read the last response instead of a reset. RFC 9112 section 9.6."""


class EngineLimits(NamedTuple):
    """The bounds of an engine."""

    max_connections: int | None = 16384
    """Open connections at most (None: no limit); one more is answered 503 and closed."""

    max_threads: int = 1000
    """Threads at most in which applications may block."""

    max_waiting: int = 1000
    """Requests at most that wait for such a thread; one more is answered 503."""

    handshake_timeout: float = 10.0
    """Seconds at most for a TLS handshake."""


class Answered(NamedTuple):
    """A request that was answered, as an access log tells it."""

    address: str
    """The client's address, "-" if it has none."""
    request_line: str
    status: int
    """0 if there was no response."""
    sent: int
    """Bytes of content that were sent."""
    fields: Mapping[str, str]
    """The fields of the request that were asked for."""
    user: str | None = None
    """The name of the user who has signed in."""


class Application(Protocol):
    """Reads and answers requests. For each connection, one thread at a time calls it."""

    idle_timeout: float | None
    """Seconds that a connection may be silent between requests; None: for ever."""
    head_timeout: float | None
    """Seconds that a head may take from its first byte on; None: any time."""
    body_timeout: float | None
    """Seconds that a peer may pause in the middle of content; None: any time."""
    min_body_rate: int
    """Average bytes of content a second that a peer must send or receive, or the connection is
    closed; 0: no bound."""
    body_grace: float
    """Seconds that content may take before `min_body_rate` counts."""
    log: LineLog
    """Where handlers log; the loop has it gather the lines of a turn with several requests."""
    closing: bool
    """Set by the engine: every response is to end its connection."""
    max_head: int
    """Bytes of a head at most; a longer one is given to `respond_blocking`, which refuses it."""

    def read_head(self, exchange: Exchange, block: bytes, /) -> bool:
        """Parse the head `block` into `exchange`; return whether the loop can handle it.

        False for an unusual head, or one whose content is too long for the loop to collect:
        `respond_blocking` reads such a request.
        """

    def pacing_key(self, exchange: Exchange, /) -> Hashable:
        """Return a key that is equal for requests that take about the same time, as their path."""

    def respond(self, exchange: Exchange, /) -> bool | None:
        """Answer a complete request; return whether the connection stays open.

        None, as `exchange.later()` returns: the exchange ends when its `finish` is called.
        """

    def respond_blocking(self, connection: Connection, data: bytes, /) -> bytes | None:
        """Read a request from `data` and the socket, answer it, and return what was read beyond it.

        It returns None if the connection is to be closed.
        """

    def answered(self, exchange: Exchange, fields: FieldFinder | None, /) -> Answered | None:
        """Return what `respond` has just answered, with some fields of the request, for a log.

        None: there was no request.
        """

    def answered_blocking(
        self, connection: Connection, fields: FieldFinder | None, /
    ) -> Answered | None:
        """Return what `respond_blocking` has just answered, as `answered`."""

    def request_timed_out(self, connection: Connection, /) -> None:
        """Answer a request that did not arrive completely in time."""

    def response_cut_off(self, connection: Connection, error: OSError, /) -> None:
        """Log that the peer did not receive all of a response whose end was left to the loop."""

    def has_unread_content(self, connection: Connection, /) -> bool:
        """Return whether content that the application has not read may still arrive."""
