"""The lowest step of a request: a connection of the pool, and one exchange on it.

A `Transport` is what a `Client` sends its requests by; `HTTPTransport` is the usual one. Another
may answer without a network: an application in this process, or a script.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ...errors import ReadError, WriteError
from ...net.effects import Flow
from ...net.link import Link
from ...status import HTTPStatus
from ...wire.limits import DEFAULT_LIMITS, Limits
from ..messages.base_response import Arrival
from ..messages.request import Request
from ..messages.timing import Marks
from ..messages.url import Origin
from .deadlines import Deadlines
from .exchange import Exchange
from .head import outgoing_of
from .incoming import OnInterim
from .pool import Pool, Slot

__all__ = ["HTTPTransport", "Transport", "is_idempotent"]

#: RFC 9110 section 9.2.2, and QUERY.
_IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "QUERY"})


class Transport(Protocol):
    """Sends a client's requests."""

    def send(
        self,
        request: Request,
        deadlines: Deadlines,
        marks: Marks,
        on_interim: OnInterim | None = None,
    ) -> Flow[Arrival]:
        """Return the response, once its head was received."""
        ...

    def close(self) -> None:
        """Close what is idle, and what is in use once it is not; nothing is awaited."""
        ...


def is_idempotent(request: Request) -> bool:
    """Return whether sending `request` twice does what sending it once does.

    By its method (RFC 9110 section 9.2.2), or because the program says so by an Idempotency-Key.
    """
    if request.method in _IDEMPOTENT:
        return True
    return request.common is None and "idempotency-key" in request.headers


class HTTPTransport:
    """Sends requests over connections of a pool.

    `connect` makes a connection to an origin.
    """

    def __init__(
        self,
        pool: Pool,
        connect: Callable[[Origin, Deadlines, Marks], Flow[Link]],
        limits: Limits = DEFAULT_LIMITS,
        resends: bool = True,
    ) -> None:
        self.pool = pool
        self._connect = connect
        self._limits = limits
        self._resends = resends

    def send(
        self,
        request: Request,
        deadlines: Deadlines,
        marks: Marks,
        on_interim: OnInterim | None = None,
    ) -> Flow[Exchange]:
        """Return the exchange, once the head of its final response was received.

        A request that was written to an idle connection which its server was closing at that
        moment is sent again, once and on a new connection: if nothing of it left this machine, or
        if sending it twice does no harm. RFC 9112 section 9.3.1.

        Raises:
            RequestError: no connection could be made, or it was lost, or the peer was too slow.
            LocalProtocolError: the request cannot be put on the wire.
        """
        outgoing = outgoing_of(request, request.target)
        route = request.url.origin
        must_be_new = False
        while True:
            slot = self.pool.take(route, request)
            if not isinstance(slot, Slot):
                slot = yield from self.pool.wait(slot, deadlines.queue())
            marks.acquired = deadlines.clock()
            if must_be_new and slot.link is not None:
                slot.link.close()
                slot.renew()
            if slot.link is None:
                yield from self._fill(slot, route, deadlines, marks)
            link = slot.link
            assert link is not None
            sent, was_used = link.sent, slot.uses > 0
            exchange = Exchange(self.pool, slot, request.method, deadlines, self._limits)
            exchange.on_interim = on_interim
            try:
                yield from exchange.begin(outgoing)
            except (ReadError, WriteError):
                is_stale = was_used and not exchange.began and not must_be_new and self._resends
                if not is_stale or not (link.sent == sent or is_idempotent(request)):
                    raise
                must_be_new = True
            else:
                if exchange.status != HTTPStatus.EXPECTATION_FAILED or not outgoing.expects:
                    marks.head = exchange.head_at
                    return exchange
                # RFC 9110 section 15.5.18: send it again without the expectation.
                yield from exchange.drain()
                request = request.copy()
                request.headers.remove("expect")
                outgoing = outgoing_of(request, request.target)
            if request.body is not None and not isinstance(request.body, bytes):
                request.body.rewind()

    def close(self) -> None:
        """Close the pool."""
        self.pool.close()

    def _fill(self, slot: Slot, route: Origin, deadlines: Deadlines, marks: Marks) -> Flow[None]:
        """Make the connection of a new slot."""
        try:
            slot.link = yield from self._connect(route, deadlines, marks)
        except BaseException:
            self.pool.discard(slot)
            raise
        marks.connected = deadlines.clock()
