"""`LeaderLock`: which of several threads runs a loop whose handlers may block.

*Leader and followers.* One thread leads: it waits for sockets, reads, and runs handlers itself,
without a switch of threads. It releases the lock while a handler runs (`release_for`), and acquires
it again afterwards (`reacquire`). A watcher checks every few milliseconds whether the same handler
still runs. If so, the watcher acquires the lock and has another thread lead; when the handler
returns, its thread finds the lock taken and leads no more. So only the holder of the lock touches
the state of the loop.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

__all__ = ["TICK", "LeaderLock"]

#: Seconds between two checks of the watcher. A handler that blocks delays others by 1 to 2 ticks.
TICK = 0.005

#: Seconds within which a thread that is to lead begins, unless an interrupt came before its start.
HAND_OVER_SECONDS = 1.0

#: Ticks without a request after which the watcher sleeps until a request begins.
QUIET_TICKS = 20


class LeaderLock:
    """The lock whose holder may touch the loop's state. It is created locked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()
        # Whether a thread is to lead that has not begun. An interrupt may keep it from its start.
        self._vacant = True
        # How many times another thread began to lead.
        self._epoch = 0
        # How many times the lock was released for a handler.
        self._turn = 0
        self._running: Any = None
        # Released to wake the watcher.
        self._wake = threading.Lock()
        self._wake.acquire()
        self._asleep = False
        # Whether a request has begun for which the lock was not released.
        self._noted = False
        self._stopped = False
        self._resigned = threading.Event()

    # --- what the leader does ---

    def begin(self) -> None:
        """Record that this thread leads, to which the lock was handed over."""
        self._vacant = False

    def release_for(self, what: Any) -> int:
        """Release the lock while request `what` is handled; return the epoch for `reacquire`."""
        self._running = what
        self._turn += 1
        if self._asleep:
            self.wake_watcher()
        epoch = self._epoch
        self._lock.release()
        return epoch

    def reacquire(self, epoch: int) -> bool:
        """Return whether this thread leads again after a handler; if not, another thread leads.

        `epoch` is what `release_for` returned.
        """
        if self._lock.acquire(False):
            if self._epoch == epoch:
                return True
            # Another thread leads, and runs a handler itself.
            self._lock.release()
        return False

    def note_request(self) -> None:
        """Have the watcher call `meanwhile` soon: a thread of the pool has a request."""
        self._noted = True
        if self._asleep:
            self.wake_watcher()

    def resign(self) -> None:
        """Record that no thread leads any more, so that `watch` and `seize` return."""
        self._resigned.set()
        self.wake_watcher()

    # --- what the watcher does ---

    def watch(
        self,
        hand_over: Callable[[Any, int], None],
        interval: float,
        meanwhile: Callable[[], None],
    ) -> None:
        """Have another thread lead whenever a handler runs too long, until `stop_watching`.

        `hand_over(what, turn)` is called with the lock held, and has another thread lead: `what` is
        the request whose handler blocks, `turn` the number of requests so far. `meanwhile` is
        called about every `interval` seconds, and soon after each request has begun.
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
            else:
                # Written before the lock is tried: an interrupt (Ctrl-C) may be raised behind it.
                self._vacant = True
                if self._lock.acquire(False):
                    self._epoch += 1
                    hand_over(self._running, turn)
                    quiet = 0
                else:
                    self._vacant = False
                    quiet += 1
            if time.monotonic() >= next_call:
                meanwhile()
                next_call = time.monotonic() + interval
        if self._turn != seen or self._noted:
            meanwhile()

    def _sleep(self, seen: int, longest: float) -> None:
        """Sleep until a request begins, for `longest` seconds at most."""
        self._asleep = True
        # The leader counts or notes the request before it reads `_asleep`, and this method writes
        # `_asleep` before it looks at the count: so one of the two sees the other.
        if seen == self._turn and not (self._noted or self._stopped):
            self._wake.acquire(timeout=longest)
        self._asleep = False

    # --- what others do ---

    def wake_watcher(self) -> None:
        """Wake the watcher."""
        try:
            self._wake.release()
        except RuntimeError:
            pass  # It is awake, or was woken already.

    def stop_watching(self) -> None:
        """Have `watch` return soon."""
        self._stopped = True
        self.wake_watcher()

    def seize(self) -> None:
        """Wait until no thread leads; take the lock from a leader whose handler runs."""
        until = time.monotonic() + HAND_OVER_SECONDS
        while not self._resigned.wait(TICK):
            if self._lock.acquire(False):
                self._epoch += 1
                return
            if self._vacant and time.monotonic() >= until:
                return
