"""`Dialler`: makes a client's connections, by the way that a `Route` says.

DNS, the client's guard, Happy Eyeballs, the proxy with TLS and a tunnel of its own, then TLS to the
server: each step is a flow of its own module, and an error or a cancellation in any of them closes
what was open. The deadline covers all of them together.
"""

from __future__ import annotations

import socket as sockets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Final, NamedTuple, Protocol

from ...caching import AgeCache
from ...errors import (
    AddressRefused,
    ConnectError,
    ConnectTimeout,
    RequestError,
    ResolveError,
    TLSError,
)
from ...net.effects import Address, Flow, Link, Resolve, Socket
from ...net.sessions import Sessions
from ...net.trust import TLSSettings
from ..messages.url import Origin
from ..policy.guard import Guard
from ..policy.proxies import Proxy
from .eyeballs import first_to_answer, interleaved
from .handshake import start_tls
from .socks import socks_tunnel
from .tunnel import http_tunnel

__all__ = ["ConnectMarks", "Dialler", "Route"]

SECURE: Final = frozenset({"https", "wss"})
"""The schemes whose connections have TLS."""

REMEMBERED: Final = 600.0
"""Seconds for which the address of a host that answered last is dialled first."""

MAX_REMEMBERED: Final = 1024
"""How many hosts' addresses are remembered."""


class ConnectMarks(Protocol):
    """Where the seconds that connecting took are noted: of the name, and of TLS."""

    dns: float
    tls: float


class Route(NamedTuple):
    """The way to a server. Connections of equal routes can be used for each other's requests.

    >>> print(Route(Origin("https", "example.com", 443)))
    https://example.com
    >>> print(Route(Origin("http", "a", 80), unix_path="/run/a"))
    http://a by /run/a
    """

    origin: Origin
    tls: TLSSettings = TLSSettings()
    """How the server's TLS is checked; a proxy has settings of its own."""
    proxy: Proxy | None = None
    server_hostname: str | None = None
    """The name for TLS (SNI and the certificate), if it is not the origin's host."""
    unix_path: str | None = None
    """The path of a Unix socket to connect to, instead of the origin's host and port."""

    def __str__(self) -> str:
        way = self.unix_path or (self.proxy and f"the proxy {self.proxy.url.origin}")
        return f"{self.origin} by {way}" if way else str(self.origin)


class Dialler:
    """Makes connections, and remembers which address of a host answered.

    `guard` decides on each address before it is dialled. `resolve` has addresses for hosts, instead
    of DNS: a mapping of ``"host"`` or ``"host:port"`` to one IP address or several. `socket` sets
    sockets up. `clock` is the runner's.
    """

    def __init__(
        self,
        guard: Guard | None = None,
        resolve: Mapping[str, str | Sequence[str]] | None = None,
        socket: Socket = Socket(),  # noqa: B008 - immutable
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._guard = guard
        self._resolve = {
            name.lower(): [found] if isinstance(found, str) else list(found)
            for name, found in (resolve or {}).items()
        }
        self._socket = socket
        self.clock = clock
        """The runner's clock, in seconds."""
        self._winners: AgeCache[tuple[str, int], Address] = AgeCache(
            MAX_REMEMBERED, MAX_REMEMBERED, life=REMEMBERED, clock=clock
        )

    def tunnels(self, route: Route) -> bool:
        """Return whether requests by `route` go through a proxy to the server's own connection.

        If not, a route with a proxy forwards requests, whose targets then are absolute URLs
        (RFC 9112 section 3.2.2).
        """
        proxy = route.proxy
        return proxy is not None and (
            route.origin.scheme in SECURE or _speaks_socks(proxy) or self._guard is not None
        )

    def connect(self, route: Route, deadline: float, marks: ConnectMarks) -> Flow[Link]:
        """Return a new connection by `route`, ready for a request.

        Raises:
            ConnectError: none could be made. Of its kinds, AddressRefused and TLSError say that it
                failed at the guard, or at TLS.
            ResolveError: the name has no address.
            ConnectTimeout: the deadline has passed.
            ProxyError: the proxy refused.
        """
        origin = route.origin
        if route.unix_path is not None:
            link = yield from self._dial_path(route.unix_path, deadline)
        elif route.proxy is None:
            addresses = yield from self._addresses(origin.host, origin.port, deadline, marks)
            allowed = self._allowed(origin, addresses)
            link = yield from self._dial(origin.host, origin.port, allowed, deadline)
        else:
            link = yield from self._pass_proxy(route, route.proxy, deadline, marks)
        if origin.scheme in SECURE:
            host = route.server_hostname or origin.host
            yield from self._secure(link, route.tls, host, origin.port, deadline, marks)
        return link

    # --- names and addresses ---

    def _addresses(
        self, host: str, port: int, deadline: float, marks: ConnectMarks
    ) -> Flow[list[Address]]:
        """Return the addresses of a host: its own, those that the program gave, or DNS's."""
        given = self._resolve.get(f"{host}:{port}") or self._resolve.get(host)
        if given is not None:
            literal = [_literal(text, port) for text in given]
        else:
            literal = [_literal(host, port)]
        if literal and None not in literal:
            return [address for address in literal if address is not None]
        if given is not None:
            raise ResolveError(f"expected IP addresses as resolve= for {host!r}, got {given!r}")
        began = self.clock()
        try:
            found: list[Address] = yield Resolve(host, port, deadline)
        except TimeoutError:
            raise ConnectTimeout(f"no answer from DNS for {host!r} in time", phase="dns") from None
        except (OSError, ValueError) as error:  # ValueError: what no name can be
            raised = ResolveError(
                f"no address of {host!r}: {getattr(error, 'strerror', None) or error}; check the"
                " name's spelling, and this machine's DNS",
                phase="dns",
            )
            raised.errno = getattr(error, "errno", None)
            raise raised from error
        finally:
            marks.dns += self.clock() - began
        if not found:
            raise ResolveError(f"no address of {host!r}", phase="dns")
        return found

    def _allowed(self, origin: Origin, addresses: list[Address]) -> list[Address]:
        """Return the addresses that the guard lets the client dial; without a guard, all."""
        guard = self._guard
        if guard is None:
            return addresses
        allowed = [address for address in addresses if guard(address.host, origin.port)]
        if not allowed:
            shown = tuple(map(str, addresses))
            raise AddressRefused(
                f"the client's guard allows no address of {origin.host!r}: {', '.join(shown)}",
                phase="connect",
                addresses=shown,
            )
        return allowed

    # --- connections ---

    def _dial(self, host: str, port: int, addresses: list[Address], deadline: float) -> Flow[Link]:
        """Return a connection to one of `addresses`; the last one that answered is tried first."""
        local = self._socket.local_address
        if local is not None:
            family = sockets.AF_INET6 if ":" in local[0] else sockets.AF_INET
            addresses = [address for address in addresses if address.family == family]
        ordered = interleaved(addresses)
        winner = self._winners.get((host, port))
        if winner is not None and winner in ordered:
            ordered.remove(winner)
            ordered.insert(0, winner)
        link = yield from first_to_answer(host, ordered, self._socket, deadline, self.clock)
        if len(ordered) > 1:
            self._winners.put((host, port), link.address, 1)
        return link

    def _dial_path(self, path: str, deadline: float) -> Flow[Link]:
        address = Address(sockets.AF_UNIX, path)
        return first_to_answer(path, [address], self._socket, deadline, self.clock)

    @cached_property
    def _sessions(self) -> Sessions:
        return Sessions(self.clock)

    def _secure(
        self,
        link: Link,
        settings: TLSSettings,
        host: str,
        port: int,
        deadline: float,
        marks: ConnectMarks,
    ) -> Flow[None]:
        """Put TLS on `link`, which is closed if that fails."""
        began = self.clock()
        try:
            with _failures_of("tls", f"the TLS handshake with {host!r}", TLSError):
                yield from start_tls(link, settings, host, deadline, self._sessions, port)
        except BaseException:
            link.close()
            raise
        finally:
            marks.tls += self.clock() - began

    # --- proxies ---

    def _reach_proxy(self, proxy: Proxy, deadline: float, marks: ConnectMarks) -> Flow[Link]:
        """Return a connection to a proxy: the program has chosen it, so the guard is not asked."""
        origin = proxy.url.origin
        try:
            addresses = yield from self._addresses(origin.host, origin.port, deadline, marks)
            link = yield from self._dial(origin.host, origin.port, addresses, deadline)
        except RequestError as error:
            # A user who has forgotten the variable cannot see why this address is dialled.
            said = (
                f"{error.args[0]}; {origin} is the proxy that proxy=, or the environment's "
                "http_proxy, https_proxy or all_proxy, names for this URL"
            )
            error.args = (said,)
            raise
        if origin.scheme in SECURE:
            settings = TLSSettings(proxy.verify, proxy.cert)
            yield from self._secure(link, settings, origin.host, origin.port, deadline, marks)
        return link

    def _pass_proxy(
        self, route: Route, proxy: Proxy, deadline: float, marks: ConnectMarks
    ) -> Flow[Link]:
        """Return a connection to the proxy, or through it to the server if it is to tunnel."""
        if not self.tunnels(route):
            return (yield from self._reach_proxy(proxy, deadline, marks))
        host = yield from self._name_for_proxy(route.origin, proxy, deadline, marks)
        open_tunnel = socks_tunnel if _speaks_socks(proxy) else http_tunnel
        with _failures_of("proxy", f"the tunnel through {proxy.url.origin}", ConnectError):
            return (
                yield from open_tunnel(
                    lambda: self._reach_proxy(proxy, deadline, marks),
                    host,
                    route.origin.port,
                    proxy,
                    deadline,
                )
            )

    def _name_for_proxy(
        self, origin: Origin, proxy: Proxy, deadline: float, marks: ConnectMarks
    ) -> Flow[str]:
        """Return what the proxy is told to connect to: the host's name, or an address of it.

        With a guard it is an address that the guard has allowed, since the proxy's own DNS may
        have another answer. With ``socks5`` the client resolves names, with ``socks5h`` the proxy.
        """
        if self._guard is None and proxy.url.scheme != "socks5":
            return origin.host
        addresses = yield from self._addresses(origin.host, origin.port, deadline, marks)
        return self._allowed(origin, addresses)[0].host


def _speaks_socks(proxy: Proxy) -> bool:
    return proxy.url.scheme.startswith("socks")


def _literal(text: str, port: int) -> Address | None:
    """Return the address that `text` is; None for a name, and for an address with a zone."""
    for family, rest in ((sockets.AF_INET, ()), (sockets.AF_INET6, (0, 0))):
        try:
            sockets.inet_pton(family, text)
        except (OSError, ValueError):
            continue
        return Address(family, (text, port, *rest))
    return None


@contextmanager
def _failures_of(phase: str, what: str, kind: type[ConnectError]) -> Iterator[None]:
    """Raise what the network raises as an error of the client's, of this phase."""
    try:
        yield
    except RequestError:
        raise
    except TimeoutError:
        raise ConnectTimeout(f"expected {what} to end in time", phase=phase) from None
    except OSError as error:
        raised = kind(f"{what} failed: {error.strerror or error}", phase=phase)
        raised.errno = error.errno
        raise raised from error
