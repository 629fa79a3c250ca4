"""`NoProxy`: the hosts that a client connects to itself, in the grammar of ``NO_PROXY``.

No standard defines it. This is what curl, Go and Python's programs read, taken together: entries
are separated by commas or white space, and each is

==========================  ========================================================================
``*``                       every host
``example.com``             this host and all below it; a leading ``.`` or ``*.`` changes nothing
``192.0.2.1``, ``[::1]``    this address, with or without brackets
``10.0.0.0/8``, ``fd00::/8``  the addresses of a network
``example.com:8080``        any of the above but a network, at this port alone
==========================  ========================================================================

A trailing dot is ignored, and an entry that is none of these matches nothing.
"""

from __future__ import annotations

import re

from ...errors import InvalidURL
from ..messages.host import parse_host
from ..messages.url import Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

__all__ = ["NoProxy"]

_SEPARATOR = re.compile(r"[,\s]++")
_PORT = re.compile(r"(?s:(.*?)):([0-9]{1,5})")


class NoProxy:
    """A list of hosts without a proxy.

    >>> hosts = NoProxy("localhost, .example.com, 10.0.0.0/8, [::1]:8080")
    >>> from nethttp.client.messages.url import URL
    >>> urls = ["http://a.example.com", "http://badexample.com", "http://10.2.3.4", "http://[::1]"]
    >>> [hosts.covers(URL(url).origin) for url in urls]
    [True, False, True, False]
    """

    __slots__ = ("_everything", "_names", "_networks", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._everything = False
        #: The ports of each name or address; None among them: every port.
        self._names: dict[str, set[int | None]] = {}
        self._networks: list[IPv4Network | IPv6Network] = []
        for entry in _SEPARATOR.split(text):
            self._add(entry)

    def covers(self, origin: Origin) -> bool:
        """Return whether a client connects to `origin` itself."""
        if self._everything:
            return True
        if not self._names and not self._networks:
            return False
        host = origin.host.rstrip(".")
        address = _address(host)
        if address is not None:
            return self._has(str(address), origin.port) or any(
                address in network for network in self._networks
            )
        while host:
            if self._has(host, origin.port):
                return True
            host = host.partition(".")[2]
        return False

    def __repr__(self) -> str:
        return f"NoProxy({self._text!r})"

    def _has(self, name: str, port: int) -> bool:
        ports = self._names.get(name, ())
        return None in ports or port in ports

    def _add(self, entry: str) -> None:
        if "/" in entry:
            from ipaddress import ip_network  # start-up: few lists have a network

            try:
                self._networks.append(ip_network(entry.replace("[", "").replace("]", ""), False))
            except ValueError:
                pass  # no network, so no address is in it
            return
        if entry == "*":
            self._everything = True
            return
        port: int | None = None
        address = _address(entry)
        if address is None:
            found = _PORT.fullmatch(entry)
            if found:
                entry, port = found[1], int(found[2])
            address = _address(entry.removeprefix("[").removesuffix("]"))
        name = str(address) if address else _name(entry)
        if name:
            self._names.setdefault(name, set()).add(port)


def _name(entry: str) -> str:
    """Return the name that an entry stands for in the form that a URL's host has, or nothing."""
    try:
        return parse_host(entry.removeprefix("*").strip(".")) if entry.strip(".") else ""
    except InvalidURL:
        return ""


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address that `host` is, or None for a name; a mapped IPv4 address as that one."""
    if ":" not in host and not host[-1:].isdigit():
        return None  # the usual name
    from ipaddress import IPv6Address, ip_address  # start-up: few hosts are addresses

    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address
