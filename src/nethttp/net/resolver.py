"""The system's resolver in threads of its own, whose answers can be abandoned.

No system can interrupt `getaddrinfo`, which may take minutes. A runner waits until its deadline and
drops the late answer; the threads are daemons, so an answer that never comes holds up no exit.
"""

from __future__ import annotations

import os
import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

from .effects import Address

__all__ = ["MAX_THREADS", "Answer", "Lookup", "look_up", "resolve_by"]

MAX_THREADS = 16
"""How many names are resolved at once; more wait, each until its own deadline."""

IDLE = 0.5
"""Seconds after which a thread without a name to resolve ends."""

Answer: TypeAlias = list[Address] | BaseException


def look_up(host: str, port: int) -> list[Address]:
    """Return the addresses of `host`, for TCP at `port`, in the resolver's order.

    >>> look_up("127.0.0.1", 80)[0].sockaddr
    ('127.0.0.1', 80)

    Raises:
        OSError: `socket.gaierror`, there is no such host, or no server of names answers.
    """
    found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    return list(dict.fromkeys(Address(family, sockaddr) for family, *_, sockaddr in found))


class Lookup:
    """One name that is being resolved; `tell` is called with the answer, unless abandoned.

    It can only be abandoned, since nothing can interrupt `getaddrinfo`.
    """

    __slots__ = ("host", "port", "tell")

    def __init__(self, host: str, port: int, tell: Callable[[Answer], object]) -> None:
        self.host = host
        self.port = port
        self.tell: Callable[[Answer], object] | None = tell

    def abandon(self) -> None:
        """Drop the answer; a name whose turn has not come is not resolved at all."""
        self.tell = None
        _threads.remove(self)

    def run(self) -> None:
        """Resolve the name and tell the answer, in the thread that calls this."""
        answer: Answer
        try:
            answer = look_up(self.host, self.port)
        except BaseException as error:  # UnicodeError too: a host that is no name at all
            answer = error
        tell = self.tell
        if tell is not None:
            tell(answer)


class _Threads:
    """At most `MAX_THREADS` daemon threads, begun as names arrive, ended when none do."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._waiting: deque[Lookup] = deque()
        self._threads = self._free = 0

    def add(self, lookup: Lookup) -> None:
        with self._condition:
            self._waiting.append(lookup)
            if self._free >= len(self._waiting):
                self._condition.notify()
                return
            if self._threads >= MAX_THREADS:
                return
            self._threads += 1
        threading.Thread(target=self._work, name="nethttp-resolver", daemon=True).start()

    def remove(self, lookup: Lookup) -> None:
        with self._condition, suppress(ValueError):
            self._waiting.remove(lookup)

    def _work(self) -> None:
        while (lookup := self._next()) is not None:
            lookup.run()
            del lookup  # it holds the asker's task or lock

    def _next(self) -> Lookup | None:
        with self._condition:
            if not self._waiting:
                self._free += 1
                self._condition.wait_for(lambda: self._waiting, IDLE)
                self._free -= 1
            if self._waiting:
                return self._waiting.popleft()
            self._threads -= 1
            return None


_threads = _Threads()


def resolve_by(tell: Callable[[Answer], object], host: str, port: int) -> Lookup:
    """Return a lookup of `host` in a thread, which then calls `tell` with the answer.

    The asker can abandon it, since nothing can interrupt `getaddrinfo` itself.

    >>> found = threading.Event()
    >>> lookup = resolve_by(lambda answer: found.set(), "127.0.0.1", 80)
    >>> found.wait(10)
    True
    """
    lookup = Lookup(host, port, tell)
    _threads.add(lookup)
    return lookup


def _forget() -> None:
    # A child process has none of its parent's threads.
    global _threads
    _threads = _Threads()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
