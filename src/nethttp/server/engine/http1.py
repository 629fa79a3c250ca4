"""HTTP/1 on a connection: from received bytes to complete requests.

`Http1` returns complete requests, and answers none: the loop gives them to the application.
"""

from __future__ import annotations

from enum import Enum

from ...net.allowance import seconds_allowed
from ...wire.h1.block import empty_lines_before, is_hopeless
from ...wire.limits import MAX_EMPTY_LINES
from .application import Application
from .connection import AWAITING, COLLECTING, NEVER, Connection
from .exchange import Exchange
from .timers import TimerWheel

__all__ = ["Http1", "Outcome"]

#: Seconds in which a request line must follow several empty lines.
EMPTY_LINES_GRACE = 0.5


class Outcome(Enum):
    """What a connection needs after bytes were received.

    Each value completes the sentence "The connection needs …", for a reader of a debugger.
    """

    MORE = "more bytes, for which it has a deadline"
    COMPLETE = "an answer to the exchange; `connection.buffer` has what follows the request"
    READER = "an application that reads the request itself, from `connection.buffer` and the socket"
    CLOSED = "to be closed: the client sends no more requests"


class Http1:
    """Finds complete requests in the bytes that connections receive.

    It answers no request: what it returns tells the loop what to do. It sets the deadline for bytes
    that are missing in `wheel`. `now` is the time by `time.monotonic`.
    """

    def __init__(self, application: Application, wheel: TimerWheel) -> None:
        self._application = application
        self._wheel = wheel

    def receive(
        self, connection: Connection, data: bytes, exchange: Exchange, now: float
    ) -> Outcome:
        """Return what a connection needs that waited for a request and received `data` at `now`.

        `data` may be less than a request, or more than one; b"" means that the client sends no
        more. If the content of the request is not complete, the connection keeps `exchange`.
        """
        begun = connection.buffer
        if not data:
            # The client sends no more, so a request that it has begun stays incomplete.
            return Outcome.READER if begun else Outcome.CLOSED
        connection.readable_since = NEVER
        first = not begun
        if not first:
            if self._is_short_of_a_head(connection, data):
                return Outcome.MORE
            data = bytes(begun)
            connection.buffer = b""
        empty = empty_lines_before(data) if data.startswith(b"\r\n") else 0
        if 0 < empty <= 2 * MAX_EMPTY_LINES and data[empty:] not in (b"", b"\r"):
            data, empty = data[empty:], 0
        end = data.find(b"\r\n\r\n") + 4
        if end < 4 or end <= empty:
            return self._await_head(connection, data, first, now)
        block = data if end == len(data) else data[:end]
        if not self._application.read_head(exchange, block):
            connection.buffer = data
            return Outcome.READER
        length = exchange.length
        if length > len(data) - end:
            self._await_content(connection, exchange, data[end:], now)
            return Outcome.MORE
        exchange.connection = connection
        exchange.content = data[end : end + length]
        # Set before the application runs: another thread may lead then, and needs the rest.
        connection.buffer = data[end + length :]
        return Outcome.COMPLETE

    def _is_short_of_a_head(self, connection: Connection, data: bytes) -> bool:
        """Add `data` to the beginning of a head; return whether the head needs more bytes.

        It looks only at the new bytes, because a client may send them one by one.
        """
        begun = connection.buffer
        assert isinstance(begun, bytearray)
        seen = len(begun)
        begun += data
        return (
            begun.find(b"\r\n\r\n", max(0, seen - 3)) < 0
            and len(begun) <= self._application.max_head
            and not is_hopeless(begun, seen)
        )

    def _await_head(self, connection: Connection, data: bytes, first: bool, now: float) -> Outcome:
        """Keep the beginning of a head, or have the application refuse it if it is hopeless."""
        if len(data) > self._application.max_head or is_hopeless(data):
            connection.buffer = data
            return Outcome.READER
        # A copy, because `data` keeps the memory of a whole read.
        connection.buffer = bytearray(data)
        timeout = self._application.head_timeout
        if data.startswith(b"\r\n\r\n"):
            # After empty lines alone, a request may never follow.
            timeout = EMPTY_LINES_GRACE if timeout is None else min(timeout, EMPTY_LINES_GRACE)
        elif not first:
            return Outcome.MORE
        if timeout is not None:
            self._wheel.put(connection, now + timeout)
        return Outcome.MORE

    def _await_content(
        self, connection: Connection, exchange: Exchange, begun: bytes, now: float
    ) -> None:
        """Collect the content before the application runs, so that no thread waits for it."""
        connection.stage = COLLECTING
        connection.exchange = exchange
        connection.buffer = bytearray(begun)
        exchange.since = now
        self._set_content_deadline(connection, exchange, now)

    def _set_content_deadline(self, connection: Connection, exchange: Exchange, now: float) -> None:
        """Set when more content is due, by the average rate and by the longest pause."""
        application = self._application
        pause = application.body_timeout
        due = exchange.since + seconds_allowed(
            application.min_body_rate, application.body_grace, len(connection.buffer)
        )
        self._wheel.put(connection, due if pause is None else min(due, now + pause))

    def collect(self, connection: Connection, data: bytes, now: float) -> Outcome:
        """Return what a connection needs that received `data` of its content at `now`."""
        exchange, collected = connection.exchange, connection.buffer
        assert exchange is not None and isinstance(collected, bytearray)
        if not data:
            # The application reads what there is, and finds that the content is incomplete.
            connection.exchange = None
            connection.buffer = exchange.block + bytes(collected)
            return Outcome.READER
        collected += data
        if len(collected) < exchange.length:
            self._set_content_deadline(connection, exchange, now)
            return Outcome.MORE
        connection.stage = AWAITING
        connection.exchange = None
        exchange.connection = connection
        exchange.content = bytes(memoryview(collected)[: exchange.length])
        connection.buffer = bytes(memoryview(collected)[exchange.length :])
        return Outcome.COMPLETE
