"""What a server says of itself once it serves: what, where, and who can reach it."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence

from ..logs.colours import coloured
from .listeners import ANYWHERE, LOOPBACK, url_at

__all__ = ["announcement", "certified_hosts", "network_addresses"]

#: Addresses of RFC 5737 and RFC 3849, which no host has: nothing is sent to them.
_ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}


def network_addresses(family: int) -> list[str]:
    """Return the addresses of this machine by which others on its network reach it.

    It is the one that the system would send from; there is none without a network.
    """
    elsewhere = _ELSEWHERE.get(socket.AddressFamily(family))
    if elsewhere is None:
        return []
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            # For UDP this looks up the route, and sends nothing.
            probe.connect((elsewhere, 9))
            address = str(probe.getsockname()[0])
    except OSError:
        return []
    return [] if address in ANYWHERE or address == LOOPBACK else [address]


def reachable_addresses(listener: socket.socket) -> list[str]:
    """Return the network's addresses for a listener that is bound to all of them."""
    if listener.family not in _ELSEWHERE or listener.getsockname()[0] not in ANYWHERE:
        return []
    if listener.family == socket.AF_INET:
        return network_addresses(socket.AF_INET)
    # It takes connections of both versions of IP.
    return network_addresses(socket.AF_INET) + network_addresses(socket.AF_INET6)


def certified_hosts(listeners: Sequence[socket.socket]) -> list[str]:
    """Return the addresses by which clients reach some listeners, for a certificate."""
    bound = [sock.getsockname()[0] for sock in listeners if sock.family in _ELSEWHERE]
    found = [address for listener in listeners for address in reachable_addresses(listener)]
    return [address for address in (*bound, *found) if address not in ANYWHERE]


def announcement(
    what: str, urls: Sequence[str], listeners: Sequence[socket.socket], scheme: str, colours: bool
) -> str:
    """Return what to print: a few lines, the last of which has no line end.

    `listeners` has one socket for each of the `urls`.
    """

    def painted(urls: Iterable[str]) -> str:
        return " and ".join(coloured(url, "url") if colours else url for url in urls)

    serving = coloured("Serving", "serving") if colours else "Serving"
    lines = [f"{serving} {what} at {painted(urls)}"]
    hosts = [sock.getsockname()[0] for sock in listeners if sock.family in _ELSEWHERE]
    if any(host in ANYWHERE for host in hosts):
        network = [
            url_at(address, listener.getsockname()[1], scheme)
            for listener in listeners
            for address in reachable_addresses(listener)
        ]
        where = f": {painted(dict.fromkeys(network))}" if network else "."
        lines.append(f"Everyone on the network can open it{where}")
    elif hosts and all(host == LOOPBACK for host in hosts):
        lines.append("For this machine alone; --bind 0.0.0.0 opens it to the network.")
    return "\n".join([*lines, "Ctrl-C ends it."])
