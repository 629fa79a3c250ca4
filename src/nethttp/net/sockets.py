"""Sockets of clients, set up in one way for every runner."""

from __future__ import annotations

import errno
import socket
import sys
from contextlib import suppress

from .effects import Address, Socket

__all__ = ["open_socket", "self_connected"]


def open_socket(address: Address, settings: Socket) -> socket.socket:
    """Return a non-blocking socket for `address`, set up by `settings`, not connected yet.

    It sends small pieces at once (TCP_NODELAY), since Nagle's algorithm (RFC 896) would hold the
    second piece of a request back until the first one is acknowledged.

    Raises:
        OSError: the system has no such family, no socket left, or not that local address.
    """
    sock = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if isinstance(address.sockaddr, tuple):
            _set_up_tcp(sock, settings)
            if settings.local_address is not None:
                sock.bind(settings.local_address)
    except BaseException:
        sock.close()
        raise
    return sock


def _set_up_tcp(sock: socket.socket, settings: Socket) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not settings.keep_alive:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    silence = settings.keep_alive + settings.probe_every * settings.probes
    # macOS calls the first of them TCP_KEEPALIVE; a system that lacks one keeps its own value.
    idle = "TCP_KEEPALIVE" if sys.platform == "darwin" else "TCP_KEEPIDLE"
    for name, value in (
        (idle, settings.keep_alive),
        ("TCP_KEEPINTVL", settings.probe_every),
        ("TCP_KEEPCNT", settings.probes),
        ("TCP_USER_TIMEOUT", silence * 1000),
    ):
        option = getattr(socket, name, None)
        if option is not None:
            with suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, option, value)


def self_connected(sock: socket.socket) -> int:
    """Return ECONNREFUSED if a connected socket is its own peer, else 0.

    A socket that dials a port of its own machine which nobody listens at may be given that port by
    the system, and TCP then connects it to itself (RFC 9293 section 3.5, simultaneous opening).
    """
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return 0
    return errno.ECONNREFUSED if sock.getsockname() == sock.getpeername() else 0
