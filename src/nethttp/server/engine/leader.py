"""`LeaderLock`: which of several threads runs a loop whose handlers block when they like.

*Leader and followers.* One thread leads: it waits for sockets, reads, and runs handlers in place,
without a hop. While it runs a handler the lock is free (`release_for`); afterwards the thread locks
it again (`reacquire`). A watcher looks every few milliseconds whether the same handler still runs.
If so, the watcher seizes the lock and lets another thread lead; the thread whose handler has
returned finds the lock taken and becomes a follower. So only the holder of one lock ever touches
the state of the loop.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

__all__ = ["TICK", "LeaderLock"]

#: How often the watcher looks, in seconds: a handler that blocks delays others by one to two ticks.
TICK = 0.005

#: Ticks without a request after which the watcher sleeps until there is one.
QUIET_TICKS = 20


class LeaderLock:
    """The thread that holds it may touch the loop's state. It is held from the beginning."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()
        # How often it has changed hands, and how often it was lent.
        self._epoch = 0
        self._turn = 0
        self._running: Any = None
        # Rung when the watcher sleeps and a request begins.
        self._wake = threading.Lock()
        self._wake.acquire()
        self._asleep = False
        # A request has begun that the lock was not released for.
        self._noted = False
        self._stopped = False
        self._resigned = threading.Event()

    # --- what the leader does ---

    def release_for(self, what: Any) -> int:
        """Release the lock while a handler runs `what`; return the number that `reacquire`
        needs.
        """
        self._running = what
        self._turn += 1
        if self._asleep:
            self.wake_watcher()
        epoch = self._epoch
        self._lock.release()
        return epoch

    def reacquire(self, epoch: int) -> bool:
        """Return whether this thread leads again after a handler; if not, another thread leads now.

        `epoch` is what `release_for` returned.
        """
        if self._lock.acquire(False):
            if self._epoch == epoch:
                return True
            # Another thread leads and is in a handler itself.
            self._lock.release()
        return False

    def note_request(self) -> None:
        """Let the watcher call `meanwhile` soon: another thread was given a request."""
        self._noted = True
        if self._asleep:
            self.wake_watcher()

    def resign(self) -> None:
        """Say that nobody leads any more, and nobody will."""
        self._resigned.set()
        self.wake_watcher()

    # --- what the watcher does ---

    def watch(
        self,
        hand_over: Callable[[Any, int], None],
        interval: float,
        meanwhile: Callable[[], None],
    ) -> None:
        """Let another thread lead whenever a handler runs too long, until `stop_watching`.

        `hand_over(head, turn)` is called with the lock held and makes another thread lead: `head`
        is the request whose handler blocks, `turn` the number of requests so far. `meanwhile` is
        called about
        every `interval` seconds, and soon after each request has begun.
        """
        seen, quiet = -1, 0
        next_call = time.monotonic() + interval
        while not self._resigned.is_set():
            if quiet < QUIET_TICKS:
                self._wake.acquire(timeout=min(TICK, interval))
            else:
                self._sleep(seen, interval)
                quiet = 0
            turn = self._turn
            if self._stopped:
                break
            if self._noted:
                self._noted = False
                next_call = 0.0
            if turn != seen:
                seen, quiet = turn, 0
                next_call = 0.0
            elif self._lock.acquire(False):
                self._epoch += 1
                hand_over(self._running, turn)
                quiet = 0
            else:
                quiet += 1
            if time.monotonic() >= next_call:
                meanwhile()
                next_call = time.monotonic() + interval
        if self._turn != seen or self._noted:
            meanwhile()

    def _sleep(self, seen: int, longest: float) -> None:
        """Sleep until a request begins."""
        self._asleep = True
        # The leader counts, or notes, first and looks at `_asleep` then: one of the two notices.
        if seen == self._turn and not (self._noted or self._stopped):
            self._wake.acquire(timeout=longest)
        self._asleep = False

    # --- what others do ---

    def wake_watcher(self) -> None:
        """Wake the watcher."""
        try:
            self._wake.release()
        except RuntimeError:
            pass  # It has been rung already.

    def stop_watching(self) -> None:
        """Let `watch` return."""
        self._stopped = True
        self.wake_watcher()

    def seize(self) -> None:
        """Wait until nobody leads; where the leader is in a handler, lead instead of it."""
        while not self._resigned.wait(TICK):
            if self._lock.acquire(False):
                self._epoch += 1
                return
