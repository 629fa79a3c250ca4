"""`Crew`: the threads that handlers may block, as many as are needed up to a bound.

A thread waits for work for a while after it has finished some, so a steady load starts none.
Nothing here knows what the work is.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

__all__ = ["Crew"]

#: How long a thread without work stays, in seconds.
PATIENCE = 10.0

Work = Callable[[], None]


class Crew:
    """At most `most` threads, and at most `backlog` pieces of work that wait for one of them."""

    def __init__(self, most: int, backlog: int, *, daemon: bool, name: str) -> None:
        self.most = most
        self.backlog = backlog
        self._daemon = daemon
        self._name = name
        self._work: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._changing = threading.Lock()
        self._threads: set[threading.Thread] = set()
        #: Threads that have no work any more, until they are seen to have ended.
        self._leaving: set[threading.Thread] = set()
        self._idle = 0
        self._waiting = 0
        self._dismissed = False

    def take(self, work: Work, *, urgent: bool = False) -> bool:
        """Have `work` done by a thread; return whether it will be.

        Urgent work is never refused and never waits behind other work.
        """
        with self._changing:
            if self._waiting < self._idle:
                self._waiting += 1
                self._work.put(work)
                return True
            if not urgent and len(self._threads) >= self.most:
                if self._waiting - self._idle >= self.backlog:
                    return False
                self._waiting += 1
                self._work.put(work)
                return True
            thread = threading.Thread(
                target=self._run, args=(work,), name=self._name, daemon=self._daemon
            )
            self._threads.add(thread)
            try:
                thread.start()
            except RuntimeError:
                # The system has no thread to give. Those that are there must do.
                self._threads.discard(thread)
                if not self._threads:
                    raise
                self._waiting += 1
                self._work.put(work)
            return True

    def _run(self, work: Work | None) -> None:
        me = threading.current_thread()
        try:
            while work is not None:
                work()
                work = self._next()
        finally:
            with self._changing:
                self._threads.discard(me)
                self._leaving = {thread for thread in self._leaving if thread.is_alive()}
                self._leaving.add(me)

    def _next(self) -> Work | None:
        """Return what to do next; None: the thread is not needed any more."""
        with self._changing:
            if self._dismissed and not self._waiting:
                return None
            if len(self._threads) > self.most and not self._waiting:
                return None
            self._idle += 1
        while True:
            try:
                work = self._work.get(timeout=PATIENCE)
            except queue.Empty:
                work = None
            with self._changing:
                if work is not None:
                    self._waiting -= 1
                    self._idle -= 1
                    return work
                # Work that came between the wait and the lock is not left behind.
                if not self._waiting:
                    self._idle -= 1
                    return None

    @property
    def threads(self) -> int:
        """How many threads there are."""
        return len(self._threads)

    def dismiss(self) -> None:
        """Let every thread end once it has nothing to do."""
        with self._changing:
            self._dismissed = True
            for _ in range(self._idle):
                self._work.put(None)

    def join(self, timeout: float | None = None) -> bool:
        """Wait until all threads have ended, and return whether they have."""
        with self._changing:
            threads = (self._threads | self._leaving) - {threading.current_thread()}
        until = None if timeout is None else time.monotonic() + timeout
        for thread in threads:
            thread.join(None if until is None else max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)
