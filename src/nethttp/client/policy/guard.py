"""Guards: which addresses a client may connect to. `public_only` keeps it out of private networks.

A program that fetches URLs which others chose can be made to reach what only its own machine or
network reaches: a database, a cloud's metadata (server-side request forgery). Checking the URL does
not help, since a name can have another address a moment later. So the client asks its guard after
DNS, for each address that it is about to dial, on each redirect and each retry, and dials none but
those that passed; TLS and Host still have the name.

A guard is any function of an address and a port that returns whether to connect.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, TypeAlias

__all__ = ["Guard", "PublicOnly", "public_only"]

Guard: TypeAlias = Callable[[str, int], bool]
"""Returns whether the client may connect to an IP address, as text, and a port."""

#: What IANA's registry of special-purpose addresses calls not globally reachable (RFC 6890 and its
#: successors), multicast, and addresses that are public by their number alone. The ipaddress module
#: has such a list too, which differs between Python's versions.
_NOT_PUBLIC_V4: Final = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # this network: Linux connects to this host
            "10.0.0.0/8",
            "100.64.0.0/10",  # carrier-grade NAT; Alibaba's metadata are at 100.100.100.200
            "127.0.0.0/8",
            "168.63.129.16/32",  # Azure's own services within each virtual machine
            "169.254.0.0/16",  # link-local: the metadata of most clouds are at 169.254.169.254
            "172.16.0.0/12",
            "192.0.0.0/24",  # IETF protocol assignments; Oracle's metadata are at 192.0.0.192
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # relays of 6to4, deprecated
            "192.168.0.0/16",
            "198.18.0.0/15",  # benchmarks of networks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)

#: The one part of IPv6 that is assigned to hosts of the Internet, and what in it is not theirs.
_PUBLIC_V6: Final = ip_network("2000::/3")
_NOT_PUBLIC_V6: Final = tuple(
    map(
        ip_network,
        (
            "2001::/23",  # IETF protocol assignments: Teredo, which holds an IPv4 address; ORCHID
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which holds an IPv4 address
            "3ffe::/16",  # the former 6bone
            "3fff::/20",  # documentation
        ),
    )
)

#: IPv6 addresses that reach an IPv4 host, which is judged instead: RFC 4291 section 2.5.5.2
#: (mapped) and RFC 6052 (NAT64, by which networks without IPv4 reach all hosts that have only it).
_HOLDS_V4: Final = (ip_network("::ffff:0:0/96"), ip_network("64:ff9b::/96"))

#: The middle of an ISATAP address, before an IPv4 address, with either value of its "u" bit.
_ISATAP: Final = (0x0000_5EFE, 0x0200_5EFE)


class PublicOnly:
    """A guard that lets a client connect to public addresses, and to those of `allow`.

    `allow` are networks (``"10.1.0.0/16"``, ``"fd00:1::/48"``) that are allowed besides. `ports`
    are the only ports to connect to; None: all. Refused is all that does not lead to a host of the
    Internet: private, shared, loopback, link-local, multicast, reserved and documentation networks,
    addresses with a zone, IPv6 addresses that hold an IPv4 address (mapped ones and those of NAT64
    are judged by it), and what is no IP address.

    Raises:
        ValueError: a network of `allow` is not one.

    >>> guard = PublicOnly(allow=["10.1.0.0/16"], ports=[80, 443])
    >>> guard("10.1.2.3", 443), guard("10.2.2.3", 443), guard("2606:4700::1111", 443)
    (True, False, True)
    >>> guard("::ffff:127.0.0.1", 443), guard("169.254.169.254", 80), guard("9.9.9.9", 25)
    (False, False, False)
    """

    __slots__ = ("allow", "ports")

    def __init__(self, *, allow: Iterable[str] = (), ports: Collection[int] | None = None) -> None:
        self.allow = tuple(map(ip_network, allow))
        self.ports = None if ports is None else frozenset(ports)

    def __call__(self, address: str, port: int) -> bool:
        """Return whether the client may connect to `address` and `port`."""
        if self.ports is not None and port not in self.ports:
            return False
        try:
            ip = ip_address(address)
        except ValueError:
            return False  # a Unix socket's path
        if isinstance(ip, IPv6Address):
            if ip.scope_id is not None:
                return False  # a zone: its address means another host on each interface
            if any(ip in network for network in _HOLDS_V4):
                ip = IPv4Address(int(ip) & 0xFFFF_FFFF)
        return any(ip in network for network in self.allow) or _is_public(ip)

    def __repr__(self) -> str:
        ports = None if self.ports is None else sorted(self.ports)
        return f"PublicOnly(allow={[str(network) for network in self.allow]!r}, ports={ports!r})"


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in _NOT_PUBLIC_V4)
    if ip not in _PUBLIC_V6 or any(ip in network for network in _NOT_PUBLIC_V6):
        return False
    return int(ip) >> 32 & 0xFFFF_FFFF not in _ISATAP


public_only: Final = PublicOnly()
"""The guard that allows public addresses alone, on every port: ``Client(guard=public_only)``."""
