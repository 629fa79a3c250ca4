"""Blocking reads and writes on non-blocking sockets, with time limits.

`NonblockingReader` tries first, since the bytes are nearly always there, and then waits. Each
wait has a limit; all of them together have one too, which grows with what the peer has moved.
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
    """Return whether `error` of a socket that does not block, TLS or not, says "not yet".

    >>> wants_more(BlockingIOError()), wants_more(ConnectionResetError())
    (True, False)
    """
    # By name: a server without TLS need not load `ssl`.
    return isinstance(error, BlockingIOError) or type(error).__name__ in (
        "SSLWantReadError",
        "SSLWantWriteError",
    )


def set_accept_nonblocking(listener: socket.socket) -> None:
    """Let no `accept` wait: another process with this socket may have taken the connection.

    The system's flag for that belongs to all of these processes, and to the others after this one
    has ended. So where that can be, it is set without a word to the socket object: its own time-out
    stays, and nothing need be put back.
    """
    if listener.gettimeout() is None and sys.platform == "linux":
        # Elsewhere an accepted socket has the listener's flag, and does not know it.
        os.set_blocking(listener.fileno(), False)
    else:
        listener.setblocking(False)


def none_sent(error: OSError) -> int:
    """Return 0, the number of bytes sent, if `error` says no more than that there is no room.

    >>> none_sent(BlockingIOError())
    0

    Raises:
        ConnectionError: the peer has closed the connection, in the middle of TLS too.
    """
    if wants_more(error):
        return 0
    try:
        if type(error).__name__.startswith("SSL"):
            # A peer that has cut TLS off is told to the writer as one without TLS is.
            raise BrokenPipeError(errno.EPIPE, str(error)) from error
        raise error
    finally:
        # Its traceback has this frame: with it, what the writer holds would live on.
        del error


def end_sending(sock: socket.socket) -> None:
    """Tell the peer that nothing more comes, over TLS in its own way first. RFC 9112 section 9.8.

    Waits for nothing: the socket does not block from here on.

    Raises:
        OSError: the peer is gone already.
    """
    unwrap = getattr(sock, "unwrap", None)
    if unwrap is not None:
        sock.settimeout(0)
        # What it raises is that the peer has not said the same yet.
        with suppress(OSError, ValueError):
            unwrap()
    sock.shutdown(socket.SHUT_WR)


def discard_input(read: Callable[[int], bytes], most: int) -> None:
    """Read up to `most` bytes by `read`, or to the end, and throw them away.

    For a connection that is about to be closed: unread input would make the kernel reset it, and
    the peer would lose the last response. RFC 9112 section 9.6.
    """
    while most > 0 and (data := read(65536)):
        most -= len(data)


def must_read(error: OSError, reading: bool = False) -> bool:
    """Return whether a socket that could not go on, as `error` says, needs bytes from the peer.

    In TLS a write may need some, and a read may need room to send: `reading` is what was tried.

    >>> must_read(BlockingIOError(), reading=True)
    True
    """
    name = type(error).__name__
    return name == "SSLWantReadError" if name.startswith("SSLWant") else reading


def can_go_on(sock: socket.socket, to_read: bool, timeout: float | None) -> bool:
    """Wait until a socket has bytes to read, or else room to send; return whether it has.

    It takes `timeout` seconds at most; None: as long as it takes.

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
    """How long a peer is waited for."""

    timeout: float | None
    """Seconds of one wait; None: as long as it takes."""
    rate: float
    """Bytes of content that buy one more second of all waits together; 0: no bound on them."""
    grace: float
    """Seconds of all waits together, before anything has moved."""


class NonblockingReader(SocketReader):
    """Reads from a socket that does not block, and waits for it where there is nothing to read.

    A program that takes the socket may make it block; the reader then reads as `SocketReader`.
    """

    __slots__ = ()

    def _give(self, seconds: float | None) -> None:
        if self._sock.gettimeout() != 0:
            super()._give(seconds)

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
                # Over TLS what comes may be too little to go on with, again and again.
                left = None if until is None else max(0.0, until - time.monotonic())
                if not can_go_on(self._sock, must_read(error, reading=True), left):
                    raise TimeoutError(f"expected more within {seconds:g} s") from None
