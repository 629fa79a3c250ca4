"""Which sockets are ready: epoll where the system has it, else what `selectors` finds.

`selectors` makes an object for every event, which costs more than reading the event, so epoll is
used directly where there is one. Both are level-triggered: an event that is not handled is reported
again.
"""

from __future__ import annotations

import select
import selectors
from typing import Any, Protocol

__all__ = ["Poller", "make_poller"]


class Poller(Protocol):
    """Watches descriptors for bytes to read, for connections to accept, or for room to send.

    `fd` is a descriptor's number. A report is repeated in each `poll` until the bytes are read.
    """

    def register(self, fd: int, *, shared: bool = False) -> None:
        """Report when `fd` can be read; `shared`: other processes watch the same socket."""

    def watch_room(self, fd: int, room: bool) -> None:
        """Report room to send instead of bytes to read; with `room` False bytes to read again."""

    def unregister(self, fd: int) -> None:
        """Report a descriptor no more."""

    def poll(self, timeout: float, /) -> list[tuple[int, int]]:
        """Return (descriptor, events) for each that is ready, after at most `timeout` seconds."""

    def close(self) -> None: ...


class _Epoll:
    def __init__(self) -> None:
        self._epoll = select.epoll()
        self.poll = self._epoll.poll

    def register(self, fd: int, *, shared: bool = False) -> None:
        # The kernel wakes one of the processes that wait for a listener, not all of them.
        exclusive = getattr(select, "EPOLLEXCLUSIVE", 0) if shared else 0
        self._epoll.register(fd, select.EPOLLIN | exclusive)

    def watch_room(self, fd: int, room: bool) -> None:
        self._epoll.modify(fd, select.EPOLLOUT if room else select.EPOLLIN)

    def unregister(self, fd: int) -> None:
        self._epoll.unregister(fd)

    def close(self) -> None:
        self._epoll.close()


class _Selector:
    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def register(self, fd: int, *, shared: bool = False) -> None:
        self._selector.register(fd, selectors.EVENT_READ)

    def watch_room(self, fd: int, room: bool) -> None:
        self._selector.modify(fd, selectors.EVENT_WRITE if room else selectors.EVENT_READ)

    def unregister(self, fd: int) -> None:
        self._selector.unregister(fd)

    def poll(self, timeout: float, /) -> list[tuple[int, int]]:
        return [(key.fd, events) for key, events in self._selector.select(timeout)]

    def close(self) -> None:
        self._selector.close()


def make_poller() -> Any:
    """Return the best `Poller` of this system: epoll, or else what `selectors` has.

    >>> poller = make_poller()
    >>> poller.poll(0)
    []
    >>> poller.close()
    """
    return _Epoll() if hasattr(select, "epoll") else _Selector()
