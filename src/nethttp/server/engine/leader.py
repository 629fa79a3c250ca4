"""`Lead`: which of several threads runs a loop whose handlers block when they like.

*Leader and followers.* One thread leads: it waits for sockets, reads, and runs handlers in place,
without a hop. While it is inside a handler the lead lies free (`lend`), and is its own again when
it comes out (`retake`). A watcher looks every few milliseconds whether the same handler is still
running, and if so takes the lead and has another thread lead; a thread that comes out of a handler
and finds that the lead has gone becomes a follower. So only the holder of one lock ever touches the
state of the loop.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

__all__ = ["TICK", "Lead"]

#: How often the watcher looks, in seconds: a handler that blocks delays others by one to two ticks.
TICK = 0.005

#: Ticks without a request after which the watcher sleeps until there is one.
QUIET_TICKS = 20


class Lead:
    """Whoever holds it may touch the loop's state. It is held from the beginning."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()
        # How often it has changed hands, and how often it was lent.
        self._epoch = 0
        self._turn = 0
        self._in_hand: Any = None
        # Rung when the watcher sleeps and a request begins.
        self._bell = threading.Lock()
        self._bell.acquire()
        self._dozing = False
        # A request has begun that the lead was not lent for.
        self._noted = False
        self._dismissed = False
        self._laid_down = threading.Event()

    # --- what the leader does ---

    def lend(self, what: Any) -> int:
        """Let the lead lie while a handler runs for `what`; return what `retake` is to be told."""
        self._in_hand = what
        self._turn += 1
        if self._dozing:
            self.ring()
        epoch = self._epoch
        self._lock.release()
        return epoch

    def retake(self, epoch: int) -> bool:
        """Lead again after a handler; return False if another thread leads now."""
        if self._lock.acquire(False):
            if self._epoch == epoch:
                return True
            # Another thread leads and is in a handler itself.
            self._lock.release()
        return False

    def note(self) -> None:
        """Have the watcher call `meanwhile` soon: another thread is given a request."""
        self._noted = True
        if self._dozing:
            self.ring()

    def lay_down(self) -> None:
        """Say that nobody leads any more, and nobody will."""
        self._laid_down.set()
        self.ring()

    # --- what the watcher does ---

    def watch(
        self,
        hand_over: Callable[[Any, int], None],
        interval: float,
        meanwhile: Callable[[], None],
    ) -> None:
        """Have another thread lead whenever a handler keeps the lead too long, until `dismiss`.

        `hand_over` is called with the lead held: it has a thread go on leading. It is told for what
        the handler runs that blocks, and for how many there was one. `meanwhile` is called about
        every `interval` seconds, and soon after each request has begun.
        """
        seen, quiet = -1, 0
        next_call = time.monotonic() + interval
        while not self._laid_down.is_set():
            if quiet < QUIET_TICKS:
                self._bell.acquire(timeout=min(TICK, interval))
            else:
                self._doze(seen, interval)
                quiet = 0
            turn = self._turn
            if self._dismissed:
                break
            if self._noted:
                self._noted = False
                next_call = 0.0
            if turn != seen:
                seen, quiet = turn, 0
                next_call = 0.0
            elif self._lock.acquire(False):
                self._epoch += 1
                hand_over(self._in_hand, turn)
                quiet = 0
            else:
                quiet += 1
            if time.monotonic() >= next_call:
                meanwhile()
                next_call = time.monotonic() + interval
        if self._turn != seen or self._noted:
            meanwhile()

    def _doze(self, seen: int, longest: float) -> None:
        """Sleep until a request begins."""
        self._dozing = True
        # The leader counts, or notes, first and looks at `_dozing` then: one of the two notices.
        if seen == self._turn and not (self._noted or self._dismissed):
            self._bell.acquire(timeout=longest)
        self._dozing = False

    # --- what others do ---

    def ring(self) -> None:
        """Wake the watcher."""
        try:
            self._bell.release()
        except RuntimeError:
            pass  # It has been rung already.

    def dismiss(self) -> None:
        """Let `watch` return."""
        self._dismissed = True
        self.ring()

    def take_over(self) -> None:
        """Wait until nobody leads; where the leader is in a handler, lead instead of it."""
        while not self._laid_down.wait(TICK):
            if self._lock.acquire(False):
                self._epoch += 1
                return
