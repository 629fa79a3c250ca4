"""The lines that a server prints once it serves: what, at which URLs, and who can open them."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..logs.colours import coloured
from .interfaces import network_addresses
from .listeners import ANYWHERE, LOOPBACK, url_at

__all__ = ["Notice", "announcement", "certified_hosts", "network_urls"]

_IP = (socket.AF_INET, socket.AF_INET6)


class Notice(NamedTuple):
    """A line of the announcement on what others may do."""

    text: str
    warns: bool = False
    """Whether it is a warning where others than this machine can open the server."""


def reachable_addresses(listener: socket.socket) -> list[str]:
    """Return the network's addresses for a listener that is bound to all of them."""
    if listener.family not in _IP or listener.getsockname()[0] not in ANYWHERE:
        return []
    if listener.family == socket.AF_INET:
        return network_addresses(socket.AF_INET)
    # An IPv6 socket that is bound to all addresses accepts IPv4 connections too.
    return network_addresses(socket.AF_INET) + network_addresses(socket.AF_INET6)


def certified_hosts(listeners: Sequence[socket.socket]) -> list[str]:
    """Return the addresses by which clients reach the listeners.

    A certificate must list them, because a client compares them with its URL.
    """
    bound = [sock.getsockname()[0] for sock in listeners if sock.family in _IP]
    found = [address for listener in listeners for address in reachable_addresses(listener)]
    return [address for address in (*bound, *found) if address not in ANYWHERE]


def network_urls(listeners: Iterable[socket.socket], scheme: str) -> list[str]:
    """Return the URLs at which the network reaches listeners that are bound to all addresses."""
    found = [
        url_at(address, listener.getsockname()[1], scheme)
        for listener in listeners
        for address in reachable_addresses(listener)
    ]
    return list(dict.fromkeys(found))


def announcement(
    what: str,
    urls: Sequence[str],
    listeners: Sequence[socket.socket],
    scheme: str,
    colours: bool,
    notices: Iterable[Notice] = (),
) -> str:
    """Return the lines to print; the last one has no line end.

    `what` is served at `urls`, and `listeners` has the socket of each. `scheme` is "http" or
    "https". URLs are coloured if `colours` is true, because a terminal shows them. `notices` say
    what others may do.
    """

    def painted(urls: Iterable[str]) -> str:
        return " and ".join(coloured(url, "url") if colours else url for url in urls)

    serving = coloured("Serving", "serving") if colours else "Serving"
    lines = [f"{serving} {what} at {painted(urls)}"]
    hosts = [sock.getsockname()[0] for sock in listeners if sock.family in _IP]
    if any(host in ANYWHERE for host in hosts):
        network = network_urls(listeners, scheme)
        where = f": {painted(network)}" if network else "."
        lines.append(f"Everyone on the network can open it{where}")
    for_this_machine = bool(hosts) and all(host == LOOPBACK for host in hosts)
    if for_this_machine:
        lines.append("For this machine alone; --bind 0.0.0.0 opens it to the network.")
    for text, warns in notices:
        lines.append(_warning(text, colours) if warns and not for_this_machine else text)
    return "\n".join([*lines, "Ctrl-C ends it."])


def _warning(notice: str, colours: bool) -> str:
    warning = f"WARNING: {notice}"
    return coloured(warning, "error") if colours else warning
