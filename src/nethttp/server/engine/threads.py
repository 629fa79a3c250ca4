"""`ThreadPool`: the threads in which handlers may block, as many as are needed up to a bound.

A thread that has finished its work waits for more for a while, so a steady load starts no threads.
The thread that became idle last is the first to work again. So threads that only a burst needed
end, and few threads hold the memory that the allocator keeps for each.

Nothing here knows what the work is.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

__all__ = ["ThreadPool", "only_pool_threads_are_left"]

#: Seconds after which a thread without work ends.
IDLE_SECONDS = 10.0

Work = Callable[[], None]


class _Slot:
    """The work of one thread, and the lock that wakes the thread when it has new work."""

    __slots__ = ("ready", "work")

    def __init__(self, work: Work) -> None:
        self.work: Work | None = work
        self.ready = threading.Lock()
        self.ready.acquire()

    def wake(self, work: Work | None) -> None:
        """Give work to the thread, which sleeps; with None the thread ends."""
        self.work = work
        self.ready.release()

    def pop(self) -> Work | None:
        """Return the work, and drop it here."""
        work, self.work = self.work, None
        return work


class _PoolThread(threading.Thread):
    """A thread of a pool."""


def only_pool_threads_are_left() -> bool:
    """Return whether nothing but threads of pools keeps this process from ending.

    Threads that are daemons keep no process, so they do not count.

    >>> only_pool_threads_are_left()
    False
    """
    return all(
        thread.daemon or isinstance(thread, _PoolThread) or not thread.is_alive()
        for thread in threading.enumerate()
    )


class ThreadPool:
    """Runs work in at most `most` threads; at most `backlog` pieces of work wait for one of them.

    The thread that became idle last is used first, so that the others end after a while.
    """

    def __init__(self, most: int, backlog: int, *, daemon: bool, name: str) -> None:
        self.most = most
        self.backlog = backlog
        self.daemon = daemon
        self._name = name
        #: Work that no thread has begun; empty while a thread is idle.
        self._waiting: deque[Work] = deque()
        #: In the order in which the threads became idle.
        self._idle: list[_Slot] = []
        self._changing = threading.Lock()
        self._threads: set[threading.Thread] = set()
        #: Threads that are about to end.
        self._leaving: set[threading.Thread] = set()
        self._closed = False

    def submit(self, work: Work, *, urgent: bool = False) -> bool:
        """Have a thread do `work`; return False if as much work waits as may.

        Urgent work is never refused, and never waits behind other work.
        """
        with self._changing:
            if self._idle:
                self._idle.pop().wake(work)
                return True
            if not urgent and len(self._threads) >= self.most:
                if len(self._waiting) >= self.backlog:
                    return False
                self._waiting.append(work)
                return True
            thread = _PoolThread(
                target=self._run, args=(_Slot(work),), name=self._name, daemon=self.daemon
            )
            self._threads.add(thread)
            try:
                thread.start()
            except RuntimeError as error:
                _raise_interrupt(error)
                # The system refuses another thread: an existing one does the work.
                self._threads.discard(thread)
                if not self._threads:
                    raise
                self._waiting.append(work)
            return True

    def _run(self, slot: _Slot) -> None:
        me = threading.current_thread()
        work = slot.pop()
        try:
            while work is not None:
                work()
                work = None  # A thread that sleeps must keep nothing alive.
                work = self._next(slot)
        finally:
            with self._changing:
                self._threads.discard(me)
                self._leaving = {thread for thread in self._leaving if thread.is_alive()}
                self._leaving.add(me)

    def _next(self, slot: _Slot) -> Work | None:
        """Return the next work; None if the thread is to end."""
        with self._changing:
            if self._waiting:
                return self._waiting.popleft()
            if self._closed or len(self._threads) > self.most:
                return None
            self._idle.append(slot)
        if not slot.ready.acquire(timeout=IDLE_SECONDS):
            with self._changing:
                if slot in self._idle:
                    self._idle.remove(slot)
                    return None
            # Work was given between the end of the wait and the lock; an interrupt of the giving
            # thread may have kept it back.
            slot.ready.acquire(timeout=IDLE_SECONDS)
        return slot.pop()

    @property
    def threads(self) -> int:
        """How many threads there are."""
        return len(self._threads)

    def close(self) -> None:
        """Have every thread end once it has no work."""
        with self._changing:
            self._closed = True
            for slot in self._idle:
                slot.wake(None)
            self._idle.clear()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until all threads have ended, and return whether they have.

        It takes `timeout` seconds at most; None: as long as it takes.
        """
        with self._changing:
            threads = (self._threads | self._leaving) - {threading.current_thread()}
        until = None if timeout is None else time.monotonic() + timeout
        for thread in threads:
            # One whose start was interrupted has no identifier, and cannot be joined.
            if thread.ident is not None:
                thread.join(None if until is None else max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)


def _raise_interrupt(error: BaseException) -> None:
    """Raise the interrupt behind `error`, such as `KeyboardInterrupt`, if there is one.

    `Thread.start` waits for the thread. An interrupt in the middle of that wait leaves a lock as it
    must not be, and the `RuntimeError` that says so would hide it.
    """
    behind = error.__context__
    while isinstance(behind, Exception):
        behind = behind.__context__
    if behind is not None:
        raise behind
