"""Blocking reads and writes on non-blocking sockets, with time limits.

`NonblockingReader` reads first, since the bytes are nearly always there, and waits only if they are
not. Each wait has a limit; all waits together have one too, which grows with the bytes received.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from .stream import SocketReader

__all__ = [
    "NonblockingReader",
    "Timeouts",
    "can_go_on",
    "discard_input",
    "end_sending",
    "must_read",
    "none_sent",
    "set_accept_nonblocking",
    "wants_more",
]


def wants_more(error: OSError) -> bool:
    """Return whether `error` of a non-blocking socket, with TLS or without, means "not yet".

    >>> wants_more(BlockingIOError()), wants_more(ConnectionResetError())
    (True, False)
    """
    # By name: a server without TLS need not load `ssl`.
    return isinstance(error, BlockingIOError) or type(error).__name__ in (
        "SSLWantReadError",
        "SSLWantWriteError",
    )


def set_accept_nonblocking(listener: socket.socket) -> None:
    """Make `accept` return at once: another process may accept the connection before this one.

    All processes that share the listener share the system's non-blocking flag, and it stays set
    after this process has ended. So on Linux only the flag is set, and the socket object keeps its
    own timeout, which nothing has to restore.
    """
    if listener.gettimeout() is None and sys.platform == "linux":
        # Elsewhere an accepted socket inherits the flag, and its socket object does not know of it.
        os.set_blocking(listener.fileno(), False)
    else:
        listener.setblocking(False)


def none_sent(error: OSError) -> int:
    """Return 0, the number of bytes sent, if `error` only means that the socket has no room.

    >>> none_sent(BlockingIOError())
    0

    Raises:
        ConnectionError: the peer has closed the connection, with TLS too.
    """
    if wants_more(error):
        return 0
    try:
        if type(error).__name__.startswith("SSL"):
            # The writer is to receive the same exception as without TLS.
            raise BrokenPipeError(errno.EPIPE, str(error)) from error
        raise error
    finally:
        # Break the reference cycle of traceback and frame, which would keep the writer alive.
        del error


def end_sending(sock: socket.socket) -> None:
    """Tell the peer that nothing more will be sent, with TLS by its own message first.

    This function does not wait; a TLS socket is non-blocking afterwards. RFC 9112 section 9.8.

    Raises:
        OSError: the connection is closed already.
    """
    unwrap = getattr(sock, "unwrap", None)
    if unwrap is not None:
        sock.settimeout(0)
        # It raises if the peer has not sent its own end yet.
        with suppress(OSError, ValueError):
            unwrap()
    sock.shutdown(socket.SHUT_WR)


def discard_input(read: Callable[[int], bytes], most: int) -> None:
    """Read at most `most` bytes by `read`, and drop them; stop at the end of input.

    Called before a connection is closed: unread input would make the kernel reset it, and the peer
    would lose the last response. RFC 9112 section 9.6.
    """
    while most > 0 and (data := read(65536)):
        most -= len(data)


def must_read(error: OSError, reading: bool = False) -> bool:
    """Return whether the operation that failed with `error` needs bytes from the peer, not room.

    In TLS a write may need bytes from the peer, and a read may need room to send. `reading` says
    whether the operation was a read.

    >>> must_read(BlockingIOError(), reading=True)
    True
    """
    name = type(error).__name__
    return name == "SSLWantReadError" if name.startswith("SSLWant") else reading


def can_go_on(sock: socket.socket, to_read: bool, timeout: float | None) -> bool:
    """Wait until a socket has bytes to read (`to_read`) or room to send; return whether it has.

    The wait takes `timeout` seconds at most; None: no limit.

    >>> here, there = socket.socketpair()
    >>> can_go_on(here, to_read=True, timeout=0), can_go_on(here, to_read=False, timeout=0)
    (False, True)
    >>> here.close(), there.close()
    (None, None)
    """
    if not hasattr(select, "poll"):
        readers, writers = ([sock], []) if to_read else ([], [sock])
        return any(map(bool, select.select(readers, writers, [], timeout)))
    poll = select.poll()
    poll.register(sock, select.POLLIN if to_read else select.POLLOUT)
    return bool(poll.poll(None if timeout is None else timeout * 1000))


class Timeouts(NamedTuple):
    """How long a connection waits for its peer."""

    timeout: float | None
    """Seconds that one wait may take; None: no limit."""
    rate: float
    """Average bytes of content a second after `grace`; 0: all waits together have no limit."""
    grace: float
    """Seconds that all waits together may take, before any bytes have moved."""


class NonblockingReader(SocketReader):
    """Reads from a non-blocking socket, and waits where there is nothing to read.

    A program that takes the socket may make it blocking; the reader then reads as `SocketReader`.
    """

    __slots__ = ()

    def _set_timeout(self, seconds: float | None) -> None:
        if self._sock.gettimeout() != 0:
            super()._set_timeout(seconds)

    def _receive(self, buffer: memoryview, seconds: float | None, flags: int) -> int:
        if self._sock.gettimeout() != 0:
            return super()._receive(buffer, seconds, flags)
        until = None if seconds is None else time.monotonic() + seconds
        while True:
            try:
                return self._sock.recv_into(buffer)
            except OSError as error:
                if not wants_more(error):
                    raise
                # Over TLS several waits may be needed: bytes may arrive that are no whole record.
                left = None if until is None else max(0.0, until - time.monotonic())
                if not can_go_on(self._sock, must_read(error, reading=True), left):
                    raise TimeoutError(f"expected more within {seconds:g} s") from None
