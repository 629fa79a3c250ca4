"""Why a server cannot listen at an address, and what a person can do about it."""

from __future__ import annotations

import errno
import os
import re
import socket
from contextlib import suppress

from .listeners import Address, CannotListen

__all__ = ["explained"]

FIRST_UNPRIVILEGED = 1024

PORTS_TRIED = 20
"""How many ports are tried after one that is in use."""

_LISTENS = "0A"


def explained(error: CannotListen) -> str:
    """Return in one line why an address cannot be bound, and what can be done about it.

    The system's reason is not enough, since it does not say which program has the port.
    """
    address = error.address
    reason = error.strerror or str(error)
    said = f"cannot bind to {address}: {reason}"
    if address.kind == "tcp":
        return said + _about_tcp(address, error)
    if address.kind == "unix" and error.errno == errno.EADDRINUSE:
        return f"{said}: another server listens there, or it is not a socket"
    return said


def _about_tcp(address: Address, error: CannotListen) -> str:
    if error.errno == errno.EADDRINUSE:
        user = _listening_at(address.port)
        by = f" by {user}" if user else ""
        free = _next_free(address)
        return by + (f"; port {free} is free" if free else "")
    if error.errno == errno.EACCES and 0 < address.port < FIRST_UNPRIVILEGED:
        return f" (ports below {FIRST_UNPRIVILEGED} are root's; 8000, for example, is not)"
    if error.errno == errno.EADDRNOTAVAIL:
        return " (no network interface of this machine has this address)"
    if error.unknown_name and re.fullmatch(r"[\d.]+", address.host):
        return f" ({address.host} is not an IPv4 address)"
    if error.unknown_name and ":" in address.host:
        return f" ({address.host} is not an IPv6 address)"
    return ""


def _next_free(address: Address) -> int | None:
    for port in range(address.port + 1, min(address.port + 1 + PORTS_TRIED, 65536)):
        with suppress(OSError):
            found = socket.getaddrinfo(address.host or None, port, type=socket.SOCK_STREAM)
            family, _, _, _, place = found[0]
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.bind(place)
                return port
    return None


def _listening_at(port: int) -> str | None:
    """Return which process listens at a port; None if the system does not tell."""
    try:
        inodes = {
            words[9]
            for table in ("/proc/net/tcp", "/proc/net/tcp6")
            for words in _rows(table)
            if words[3] == _LISTENS and int(words[1].rpartition(":")[2], 16) == port
        }
        wanted = {f"socket:[{inode}]" for inode in inodes}
        for pid in filter(str.isdigit, os.listdir("/proc") if wanted else ()):
            if wanted & _open_by(pid):
                with open(f"/proc/{pid}/comm") as file:
                    return f"{file.read().strip()!r} (process {pid})"
    except (OSError, ValueError, IndexError):
        pass  # There is no /proc, or its format is another one.
    return None


def _rows(table: str) -> list[list[str]]:
    try:
        with open(table) as file:
            return [line.split() for line in file][1:]
    except FileNotFoundError:
        return []


def _open_by(pid: str) -> set[str]:
    """Return what a process has open; nothing for a process of another user."""
    found = set()
    with suppress(OSError):
        folder = f"/proc/{pid}/fd"
        for descriptor in os.listdir(folder):
            with suppress(OSError):
                found.add(os.readlink(f"{folder}/{descriptor}"))
    return found
