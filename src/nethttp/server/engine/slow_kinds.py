"""`SlowKinds`: which requests are known to take long, by what happened when they ran.

A request that blocks the loop's thread costs everyone the time until another thread takes over; one
that is handed to a thread of its own costs itself a hop. So what has blocked once is handed over
from then on, until it has shown a few times that it is quick; where many different requests block
(a query behind every path), everything that has not shown to be quick is handed over for a while.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable

__all__ = ["SlowKinds"]

#: What a hop to another thread is worth, in seconds: a request that takes less is quick.
QUICK = 0.001

#: How often in a row a request must be quick to be run in the loop again.
TRIALS = 3

#: Kinds of requests that are remembered at most.
MOST = 1024

#: Requests between two that block, below which everything is handed over: a stall of 5 to 10 ms
#: outweighs the hops of about as many requests.
RARE = 200

#: How long everything is handed over, in seconds.
CAUTION = 10.0


class SlowKinds:
    """What is known of kinds of requests; a kind is any hashable value.

    `active` is False as long as there is nothing to look up, which is nearly always.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: How often each kind has still to show that it is quick.
        self._slow: dict[Hashable, int] = {}
        self._quick: dict[Hashable, None] = {}
        self._cautious_until = 0.0
        self._last_block = -RARE
        self.active = False

    def record_block(self, kind: Hashable, turn: int, now: float) -> None:
        """Note that a request of this kind has blocked the loop, at the time `now`.

        It was the `turn`th request of all: where many block, kinds that are not known are slow as
        well.
        """
        with self._lock:
            self._quick.pop(kind, None)
            if kind not in self._slow and len(self._slow) >= MOST:
                del self._slow[next(iter(self._slow))]
            self._slow[kind] = TRIALS
            if turn - self._last_block < RARE:
                self._cautious_until = now + CAUTION
            self._last_block = turn
            self.active = True

    def is_slow(self, kind: Hashable, now: float) -> bool:
        """Return whether the thread pool is to run a request of this kind, at the time `now`."""
        if kind in self._slow:
            return True
        if now < self._cautious_until:
            return kind not in self._quick
        return False

    def record_duration(self, kind: Hashable, seconds: float, now: float) -> None:
        """Note that a request of this kind took `seconds` in the thread pool, until `now`."""
        with self._lock:
            left = self._slow.get(kind)
            if seconds >= QUICK:
                if left is not None:
                    self._slow[kind] = TRIALS
                elif now < self._cautious_until:
                    self._cautious_until = now + CAUTION
                return
            if left is not None and left > 1:
                self._slow[kind] = left - 1
                return
            self._slow.pop(kind, None)
            if now < self._cautious_until:
                if len(self._quick) >= MOST:
                    del self._quick[next(iter(self._quick))]
                self._quick[kind] = None
            self.active = bool(self._slow) or now < self._cautious_until
