"""The client behind reverse proxies, by the X-Forwarded-For and X-Forwarded-Proto of trusted ones.

Anyone can send these fields. They are believed only where each hop from this server towards the
client is a proxy that the user has named: the peer of the connection, then what that proxy says of
its own peer, and so on. X-Forwarded-Host, X-Forwarded-Port and Forwarded are not read: a proxy that
sets the two above need not set them, and then they are what the client wrote. The proxy passes Host
instead.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

__all__ = ["UNIX", "TrustedProxies", "behind_proxies"]

UNIX = "unix"
"""The name of all peers of a Unix socket, which have no address."""

MAX_ADDRESS = 64
"""Most characters of an address with a port; a longer text is not an address."""


class TrustedProxies:
    """The proxies with these `names`: addresses, networks such as 10.0.0.0/8, or "unix".

    >>> TrustedProxies(["127.0.0.1"]).client_of("127.0.0.1", "192.0.2.1, 198.51.100.7")
    '198.51.100.7'

    Raises:
        ValueError: a name that is neither an address, a network nor "unix".
    """

    def __init__(self, names: Iterable[str]) -> None:
        names = list(names)
        self._unix = UNIX in names
        self._networks = [ipaddress.ip_network(name) for name in names if name != UNIX]
        self.trusts = lru_cache(maxsize=1024)(self._trusts)
        """Return whether an address ("" for the peer of a Unix socket) is that of such a proxy."""

    def _trusts(self, address: str) -> bool:
        if not address:
            return self._unix
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._networks)

    def client_of(self, peer: str, forwarded_for: str) -> str:
        """Return the address of the client: the last that no trusted proxy has.

        `peer` is the address of the connection's other end, `forwarded_for` the X-Forwarded-For
        field, to which each proxy adds its own peer. A text that is not an address ends the search.
        """
        client = peer
        for hop in reversed(forwarded_for.split(",")):
            if not self.trusts(client):
                break
            address = _parsed(hop.strip(" \t"))
            if address is None:
                break
            client = str(address)
        return client


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address in ``192.0.2.1:80``, ``[2001:db8::1]:80``, or either without a port."""
    if len(text) > MAX_ADDRESS:
        return None
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # An IPv6 socket shows the address of an IPv4 peer as ::ffff:192.0.2.1.
    return getattr(address, "ipv4_mapped", None) or address


def behind_proxies(app: Callable[..., Any], proxies: TrustedProxies) -> Callable[..., Any]:
    """Return a WSGI application that calls `app` with the address and scheme of the client.

    If the peer is one of the `proxies`, REMOTE_ADDR and wsgi.url_scheme are taken from the fields
    that it sends. REMOTE_PORT is empty then, because no field has the client's port.
    """

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        peer = environ["REMOTE_ADDR"]
        if proxies.trusts(peer):
            client = proxies.client_of(peer, environ.get("HTTP_X_FORWARDED_FOR", ""))
            if client != peer:
                environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = client, ""
            # The last value is that of the proxy which is the peer.
            scheme = environ.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip().lower()
            if scheme in ("http", "https"):
                environ["wsgi.url_scheme"] = scheme
        return app(environ, start_response)

    return answer
