"""The lowest step of a request: a connection of the pool, and one exchange on it.

A `Transport` is what a `Client` sends its requests by; `HTTPTransport` is the usual one. Another
may answer without a network: an application in this process, or a script.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from ...errors import ReadError, UnsupportedProtocol, WriteError
from ...net.effects import Flow
from ...net.trust import TLSSettings
from ...status import HTTPStatus
from ...wire.limits import DEFAULT_LIMITS, Limits
from ..messages.arrival import Arrival
from ..messages.request import Request
from ..messages.timing import Marks
from ..messages.url import Origin
from ..policy.limits import DEFAULT_POOL_LIMITS, PoolLimits
from ..policy.proxies import Proxies
from .deadlines import Deadlines
from .dial import Dialler, Route
from .exchange import Exchange
from .forwarding import forwarded
from .head import outgoing_of
from .incoming import OnInterim
from .pool import Pool, Slot

__all__ = ["HTTPTransport", "Transport", "is_idempotent"]

MAX_ROUTES: Final = 256
"""How many routes are kept by their origins."""

DEFAULT_TLS: Final = TLSSettings()

#: RFC 9110 section 9.2.2, and QUERY.
_IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "QUERY"})


class Transport(Protocol):
    """Sends a client's requests; a protocol, since one may need no connections at all."""

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
    return "idempotency-key" in request.headers


class HTTPTransport:
    """Sends requests over connections of a pool.

    `limits` are the pool's and `wire_limits` those of messages. `dialler` makes connections, with
    TLS to servers as `tls` says, and through the proxies that `proxies` choose. With `resends` off,
    no request is sent a second time after a connection has turned out to be stale.
    """

    def __init__(
        self,
        limits: PoolLimits = DEFAULT_POOL_LIMITS,
        *,
        dialler: Dialler | None = None,
        tls: TLSSettings = DEFAULT_TLS,
        proxies: Proxies | None = None,
        server_hostname: str | None = None,
        unix_path: str | None = None,
        wire_limits: Limits = DEFAULT_LIMITS,
        resends: bool = True,
    ) -> None:
        self._dialler = dialler or Dialler()
        self.pool = Pool(limits, self._dialler.clock)
        self._tls = tls
        self._proxies = proxies
        self._server_hostname = server_hostname
        self._unix_path = unix_path
        self._wire_limits = wire_limits
        self._resends = resends
        self._routes: dict[Origin, Route] = {}

    def route_of(self, request: Request) -> Route:
        """Return the way to the request's server.

        Raises:
            UnsupportedProtocol: the scheme is neither http nor https.
        """
        origin = request.url.origin
        route = self._routes.get(origin)
        if route is not None:
            return route
        if origin.scheme not in ("http", "https"):
            raise UnsupportedProtocol(
                f"expected a URL of http or https, got one of {origin.scheme}", request=request
            )
        proxy = self._proxies.proxy_for(request.url) if self._proxies else None
        route = Route(origin, self._tls, proxy, self._server_hostname, self._unix_path)
        if not self._proxies:
            if len(self._routes) >= MAX_ROUTES:
                self._routes.clear()
            self._routes[origin] = route
        return route

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
        route = self.route_of(request)
        if route.proxy is None or self._dialler.tunnels(route):
            return self._send(request, route, request.target, (), deadlines, marks, on_interim)

        def send_as(target: str, more: list[tuple[str, str]]) -> Flow[Exchange]:
            return self._send(request, route, target, more, deadlines, marks, on_interim)

        return forwarded(send_as, request, route.proxy, deadlines.total)

    def _send(
        self,
        request: Request,
        route: Route,
        target: str,
        more: Iterable[tuple[str, str]],
        deadlines: Deadlines,
        marks: Marks,
        on_interim: OnInterim | None,
    ) -> Flow[Exchange]:
        """Return what `send` does, for a request with this target and `more` header lines."""
        outgoing = outgoing_of(request, target, more)
        must_be_new = False
        while True:
            slot = self.pool.take(route, request)
            if not isinstance(slot, Slot):
                slot = yield from self.pool.wait(slot, deadlines.queue())
            marks.acquired = slot.since
            if must_be_new and slot.link is not None:
                slot.link.close()
                slot.renew()
            if slot.link is None:
                yield from self._fill(slot, route, deadlines, marks)
            link = slot.link
            assert link is not None
            sent, was_used = link.sent, slot.uses > 0
            exchange = Exchange(
                self.pool, slot, request.method, deadlines, marks, self._wire_limits
            )
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
                    return exchange
                # RFC 9110 section 15.5.18: send it again without the expectation.
                yield from exchange.drain()
                request = request.copy()
                request.headers.remove("expect")
                outgoing = outgoing_of(request, target, more)
            if request.body is not None and not isinstance(request.body, bytes):
                request.body.rewind()

    def close(self) -> None:
        """Close the pool."""
        self.pool.close()

    def _fill(self, slot: Slot, route: Route, deadlines: Deadlines, marks: Marks) -> Flow[None]:
        """Make the connection of a new slot."""
        try:
            slot.link = yield from self._dialler.connect(route, deadlines.connect(), marks)
        except BaseException:
            self.pool.discard(slot)
            raise
        marks.connected = deadlines.clock()
