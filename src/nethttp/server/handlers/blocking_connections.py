"""`BlockingConnections`: connections that each hold a thread, where there is no engine.

Each holds a thread, or the only one, until its handler has returned. So that the end need not cut
any of them off, it is known which of them merely await a request: those are sent home.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["BlockingConnections"]


class BlockingConnections:
    """How many connections there are, and which await a request. Any thread may call."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0
        self._idle: set[socket.socket] = set()
        self._aborted = False
        self._closing = False
        self.leaving = False
        """Whether every response is to end its connection."""

    def begin(self) -> None:
        """Forget an end: connections are welcome again."""
        with self._changed:
            self.leaving = self._closing = self._aborted = False

    def add(self, most: int | None) -> bool:
        """Count one more, unless there are `most`; return whether it was."""
        with self._changed:
            if most is not None and self._count >= most:
                return False
            self._count += 1
            return True

    def remove(self) -> None:
        """Count one less."""
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    @contextmanager
    def idle(self, sock: socket.socket) -> Iterator[None]:
        """Return a context in which a connection awaits a request, and a drain may end it."""
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
        """End each connection after its response, and those that await a request.

        That request may be on its way, and has `farewell` seconds to come.
        """
        with self._changed:
            self.leaving = True
            # A connection that was just accepted has this time too.
            self._changed.wait_for(lambda: self._aborted, farewell)
            self._closing = True
            for sock in self._idle:
                _end_input(sock)

    def abort_waits(self) -> None:
        """Let nobody wait for the others any more."""
        with self._changed:
            self._aborted = True
            self._changed.notify_all()

    def wait(self, until: float) -> None:
        """Wait until all have left, or until that time; then nobody waits for the others."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._aborted or not self._count, max(0.0, until - time.monotonic())
            )
            self.abort_waits()


def _end_input(sock: socket.socket) -> None:
    # A request that was received already is still there to be read. Of TLS sockets too: their own
    # `shutdown` would let what comes be read without TLS.
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RD)
