"""`WakeupQueue`: items that other threads give to the loop, and a descriptor that wakes it."""

from __future__ import annotations

import socket
from collections import deque
from typing import Generic, TypeVar

__all__ = ["WakeupQueue"]

T = TypeVar("T")


class WakeupQueue(Generic[T]):
    """A queue with a descriptor that `wake` makes readable. Any thread may put and wake."""

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
        """Add an item, without waking the loop."""
        self._items.append(item)

    def wake(self) -> None:
        """Make the descriptor readable, so that the loop looks at the queue."""
        if not self._woken:
            self._woken = True
            try:
                self._sender.send(b"!")
            except OSError:
                pass  # The buffer is full: the loop wakes anyway. Or the queue is closed.

    def clear_wakeup(self) -> None:
        """Make the descriptor unreadable again; to be called before items are taken."""
        try:
            self._receiver.recv(4096)
        except BlockingIOError:
            pass  # Another leader has read it.
        self._woken = False

    def take(self) -> T | None:
        """Return the oldest item; None if the queue is empty."""
        try:
            return self._items.popleft()
        except IndexError:
            return None

    def close(self) -> None:
        """Close the descriptor. Items can still be taken."""
        self._receiver.close()
        self._sender.close()
