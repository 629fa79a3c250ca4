"""The addresses of this machine by which others on its networks reach it."""

from __future__ import annotations

import os
import socket
import struct
import sys
from contextlib import suppress

from .listeners import ANYWHERE

__all__ = ["network_addresses"]

MAX_ADDRESSES = 6
"""Addresses that are named at most: a machine with containers may have hundreds."""

#: Addresses for documentation, which no host has (RFC 5737, RFC 3849). Nothing is sent to them.
_ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}

# Linux's <linux/sockios.h> and <linux/if.h>; Python's standard library has no list of addresses.
_SIOCGIFADDR, _SIOCGIFFLAGS = 0x8915, 0x8913
_UP, _LOOPBACK = 0x1, 0x8


def network_addresses(family: int) -> list[str]:
    """Return the addresses of this machine by which others on its networks reach it.

    `family` is `socket.AF_INET` or `AF_INET6`. The first is the one that the system sends from; of
    IPv6, and where the system is not Linux, it is the only one. None without a network.
    """
    found = _sent_from(family)
    if family == socket.AF_INET and sys.platform == "linux":
        found += _of_interfaces()
    found = [address for address in found if not _is_local(address)]
    return list(dict.fromkeys(found))[:MAX_ADDRESSES]


def _sent_from(family: int) -> list[str]:
    elsewhere = _ELSEWHERE.get(socket.AddressFamily(family))
    if elsewhere is None:
        return []
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            # For UDP this looks up the route, and sends nothing.
            probe.connect((elsewhere, 9))
            return [str(probe.getsockname()[0])]
    except OSError:
        return []


def _of_interfaces() -> list[str]:
    """Return the first IPv4 address of each interface that is up, but for those of containers."""
    found = []
    try:
        names = [name for _, name in socket.if_nameindex()]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            for name in names:
                # Other machines do not reach what is behind a bridge of this one. If it is this
                # machine's way to its network, it is the address that is sent from.
                if not os.path.exists(f"/sys/class/net/{name}/bridge"):
                    with suppress(OSError):  # It has no address, or is gone.
                        found += _of_interface(probe, name)
    except OSError:
        pass  # The system tells no names.
    return found


def _of_interface(probe: socket.socket, name: str) -> list[str]:
    import fcntl  # start-up: only a server for the network needs it

    # A `struct ifreq`: a name in 16 bytes, then flags or a socket's address.
    request = struct.pack("16s24x", os.fsencode(name)[:15])
    (flags,) = struct.unpack_from("H", fcntl.ioctl(probe, _SIOCGIFFLAGS, request), 16)
    if flags & _LOOPBACK or not flags & _UP:
        return []
    return [socket.inet_ntoa(fcntl.ioctl(probe, _SIOCGIFADDR, request)[20:24])]


def _is_local(address: str) -> bool:
    return address in ANYWHERE or address == "::1" or address.startswith("127.")
