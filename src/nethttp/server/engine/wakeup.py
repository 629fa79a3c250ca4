"""`WakeupQueue`: items that other threads give to the loop, and a descriptor that wakes it."""

from __future__ import annotations

import socket
from collections import deque
from typing import Generic, TypeVar

__all__ = ["WakeupQueue"]

T = TypeVar("T")


class WakeupQueue(Generic[T]):
    """A queue with a descriptor that is readable when someone is to look. Any thread may put."""

    def __init__(self) -> None:
        self._receiver, self._sender = socket.socketpair()
        self._receiver.setblocking(False)
        self._sender.setblocking(False)
        self._woken = False
        self._items: deque[T] = deque()

    def fileno(self) -> int:
        """Return the descriptor; -1 once the queue is closed."""
        return self._receiver.fileno()

    def put(self, item: T) -> None:
        """Leave something, without a word."""
        self._items.append(item)

    def wake(self) -> None:
        """Let the loop look."""
        if not self._woken:
            self._woken = True
            try:
                self._sender.send(b"!")
            except OSError:
                pass  # Full: it wakes up anyway. Closed: nobody is left to wake.

    def clear_wakeup(self) -> None:
        """Take note of having been woken, before a look at what is there."""
        try:
            self._receiver.recv(4096)
        except BlockingIOError:
            pass  # Another leader has read it.
        self._woken = False

    def take(self) -> T | None:
        """Return what was left first; None if nothing is there."""
        try:
            return self._items.popleft()
        except IndexError:
            return None

    def close(self) -> None:
        """Wake nobody any more. What was left is still there to take."""
        self._receiver.close()
        self._sender.close()
