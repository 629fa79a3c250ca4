"""`BlockingConnections`: the connections of a server that does not use the engine.

Each holds a thread, or the server's only thread, until its handler has returned. A drain must not
cut off a running request, so this object knows which connections only wait for a request, and ends
those.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["BlockingConnections"]


class BlockingConnections:
    """Counts connections, and knows which of them wait for a request. Any thread may call."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0
        self._idle: set[socket.socket] = set()
        self._aborted = False
        self._closing = False
        self.draining = False
        """Whether every response is to end its connection."""

    def begin(self) -> None:
        """Accept connections again after a drain."""
        with self._changed:
            self.draining = self._closing = self._aborted = False

    def add(self, most: int | None) -> bool:
        """Count one more connection; return False if there are `most` already (None: no limit)."""
        with self._changed:
            if most is not None and self._count >= most:
                return False
            self._count += 1
            return True

    def remove(self) -> None:
        """Count one connection less."""
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    @contextmanager
    def idle(self, sock: socket.socket) -> Iterator[None]:
        """Return a context in which a connection waits for a request, and a drain may end it."""
        with self._changed:
            self._idle.add(sock)
            if self._closing:
                _end_input(sock)
        try:
            yield
        finally:
            with self._changed:
                self._idle.discard(sock)
                self._changed.notify_all()

    def drain(self, farewell: float) -> None:
        """End each connection after its response, and after `farewell` seconds the idle ones.

        In these seconds a request that is on its way can still arrive.
        """
        with self._changed:
            self.draining = True
            # A connection that was just accepted has these seconds too.
            self._changed.wait_for(lambda: self._aborted, farewell)
            self._closing = True
            for sock in self._idle:
                _end_input(sock)

    def abort_waits(self) -> None:
        """Make `wait` and `drain` return at once."""
        with self._changed:
            self._aborted = True
            self._changed.notify_all()

    def wait(self, until: float) -> None:
        """Wait until no connection is left, or until the time `until` by `time.monotonic`."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._aborted or not self._count, max(0.0, until - time.monotonic())
            )
            self.abort_waits()


def _end_input(sock: socket.socket) -> None:
    # What was received already can still be read. The plain method for TLS sockets too: after their
    # own `shutdown` they would read without TLS.
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RD)
