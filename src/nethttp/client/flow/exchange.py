"""One request and its response on one HTTP/1.1 connection of the pool. RFC 9112.

An `Exchange` holds a slot of the pool until the last byte of the response, and returns it in one of
two ways: released, if another request may follow on the connection, else discarded. Every error,
and every cancellation at a yield, discards it.
"""

from __future__ import annotations

from typing import Final

from ...errors import (
    BadStatusLine,
    HTTPException,
    IncompleteRead,
    InvalidResponse,
    ReadError,
    ReadTimeout,
    RemoteDisconnected,
    RequestError,
    UnknownProtocol,
    WriteError,
    WriteTimeout,
    excerpt,
)
from ...net import effects
from ...net.effects import Flow
from ...wire.h1.rules import FINAL, INTERIM
from ...wire.limits import DEFAULT_LIMITS, Limits
from ..messages.timing import Marks
from .deadlines import Deadlines
from .incoming import Incoming
from .outgoing import Outgoing, send
from .pool import Pool, Slot

__all__ = ["DRAIN_WAIT", "MAX_DRAIN", "Exchange"]

MAX_DRAIN: Final = 64 * 1024
"""The most bytes of a response that are read and thrown away to keep its connection."""

SWITCHING_PROTOCOLS: Final = 101

DRAIN_WAIT: Final = 0.5
"""Seconds that this may take: after that a new connection costs less than the wait for the rest."""


class Exchange(Incoming):
    """One request on the connection of `slot`, and the response to it.

    The slot goes back to the pool once, at the end of the response or when it is given up. So the
    pool loses no connection, wherever a flow is stopped.
    """

    _keep = False

    def __init__(
        self,
        pool: Pool,
        slot: Slot,
        method: str,
        deadlines: Deadlines,
        marks: Marks,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        link = slot.link
        assert link is not None
        # What `Incoming.__init__` does, without the call: it takes as long as the rest.
        self.link = link
        self.method = method
        self.deadlines = deadlines
        self.limits = limits
        self._pool = pool
        self._slot: Slot | None = slot
        self._marks = marks

    def begin(self, outgoing: Outgoing) -> Flow[None]:
        """Return nothing, once a request was sent and the head of its final response received.

        Raises:
            ReadError, WriteError: the connection was lost.
            ReadTimeout, WriteTimeout: the peer was too slow.
            InvalidResponse: the peer broke the protocol.
        """
        try:
            whole = True
            if outgoing.short is not None:
                request = effects.Exchange(self.link, outgoing.short, self.deadlines.read())
                self.received = yield request
                self.take_usual_head()
            else:
                whole = yield from send(outgoing, self)
                self._marks.sent = self.deadlines.clock()
                self.phase = "wait"
            while self.kind is None or self.kind == INTERIM:
                yield from self.next_head()
            if self.status == SWITCHING_PROTOCOLS and b"\r\nupgrade:" not in outgoing.head.lower():
                raise InvalidResponse(
                    "expected a response in HTTP/1.1, got 101, which the request did not ask for "
                    "(RFC 9110 section 15.2.2)",
                    phase=self.phase,
                )
            self._keep = whole and self.persistent and self.kind == FINAL and outgoing.persistent
            self._marks.head = now = self.deadlines.clock()
            self.begin_content()
        except BaseException as error:
            self.abandon()
            failure = _failure(error, self.phase, self.deadlines)
            if failure is None:
                raise
            raise failure from error
        if self.complete:
            self._settle(now)

    def read(self) -> Flow[bytes]:
        """Return the next piece of content; b"" at the end.

        Raises:
            ReadError: the connection was lost.
            ReadTimeout: the peer was too slow.
            InvalidResponse: the content is malformed, or the connection ended within it.
        """
        try:
            piece = yield from self.next_piece()
        except BaseException as error:
            self.abandon()
            failure = _failure(error, "receive", self.deadlines)
            if failure is None:
                raise
            raise failure from error
        if self.complete and self._slot is not None:
            self._settle(self.deadlines.clock())
        return piece

    def read_all(self) -> Flow[bytes]:
        """Return the rest of the content; errors as `read`."""
        if self.complete:
            return self.take_content()
        pieces = []
        while piece := (yield from self.read()):
            pieces.append(piece)
        return b"".join(pieces)

    def drain(self) -> Flow[None]:
        """Return nothing, once the rest of the content was dropped, or the connection closed.

        At most `MAX_DRAIN` bytes are read, so that the connection can be used again, for at most
        `DRAIN_WAIT` seconds, whatever the peer does. No error of the connection is raised. RFC 9112
        section 9.3.
        """
        if self.complete:
            return
        left = MAX_DRAIN
        self.deadlines = self.deadlines.ending_in(DRAIN_WAIT)
        try:
            while not self.complete and left > 0:
                left -= len((yield from self.read())) or 1
        except RequestError:
            return
        if not self.complete:
            self.abandon()

    def abandon(self) -> None:
        """Close the connection, if the response is not complete; nothing is awaited."""
        slot, self._slot = self._slot, None
        if slot is not None:
            self._pool.discard(slot)

    def lose(self) -> None:
        """Do what `abandon` does, in a finaliser."""
        slot, self._slot = self._slot, None
        if slot is not None:
            self._pool.lose(slot)

    @property
    def open(self) -> bool:
        """Whether the exchange still holds its connection."""
        return self._slot is not None

    def _settle(self, now: float) -> None:
        """Return the connection after the whole response, which ended `now`."""
        slot, self._slot = self._slot, None
        assert slot is not None
        self._marks.ended = now
        if self._keep and self.sound:
            self._pool.release(slot)
        else:
            self._pool.discard(slot)


def _failure(error: BaseException, phase: str, deadlines: Deadlines) -> RequestError | None:
    """Return a client's error for one of the network or of the protocol; None: raise it itself."""
    failure: RequestError
    if isinstance(error, RequestError):
        return None
    if isinstance(error, TimeoutError):
        kind = WriteTimeout if phase == "send" else ReadTimeout
        return kind(f"expected {_AWAITED[phase]} {deadlines.passed(phase)}", phase=phase)
    if isinstance(error, UnknownProtocol):
        return InvalidResponse(
            f"expected HTTP/1.1 or HTTP/1.0, got {excerpt(error.version)}", phase=phase
        )
    if isinstance(error, RemoteDisconnected):
        failure = ReadError(
            "expected a response, got the end of the connection before its first byte", phase=phase
        )
        failure.errno = error.errno
        return failure
    if isinstance(error, IncompleteRead):
        missing = f", {error.expected} more bytes of content missing" if error.expected else ""
        return InvalidResponse(
            f"expected a whole response, got the end of the connection within it{missing}",
            phase=phase,
        )
    if isinstance(error, BadStatusLine):
        return InvalidResponse(
            f"expected a status line such as 'HTTP/1.1 200 OK', got {excerpt(error.line)} "
            "(RFC 9112 section 4)",
            phase=phase,
        )
    if isinstance(error, HTTPException):
        return InvalidResponse(str(error), phase=phase)
    if isinstance(error, OSError):
        network = (WriteError if phase == "send" else ReadError)(
            f"the connection was lost: {error.strerror or error}", phase=phase
        )
        network.errno = error.errno
        return network
    return None


_AWAITED: Final = {
    "send": "the peer to take the request",
    "wait": "the head of a response",
    "receive": "more of the response's content",
}
