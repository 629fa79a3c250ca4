"""`SlowKinds`: which kinds of requests run in the thread pool, because they have blocked the loop.

A request that blocks the loop delays every connection until another thread leads. A request that
runs in the pool costs a switch of threads. So a kind that has blocked once runs in the pool, until
it was quick several times in a row. Where many kinds block (a query behind every path), every kind
not known to be quick runs in the pool for a while.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable

__all__ = ["SlowKinds"]

#: A request that takes fewer seconds than this is quick: it is not worth a switch of threads.
QUICK = 0.001

#: How many times in a row a slow kind must be quick in the pool before it runs in the loop again.
TRIALS = 3

#: Kinds that are remembered at most.
MOST = 1024

#: If fewer requests than this lie between two that block, all kinds not known to be quick run in
#: the pool: a stall of 5 to 10 ms costs as much as about 200 switches of threads.
RARE = 200

#: Seconds for which they do.
CAUTION = 10.0


class SlowKinds:
    """What is known of kinds of requests; a kind is any hashable value.

    `active` is False as long as there is nothing to look up, which is nearly always.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: How many more times each slow kind must be quick.
        self._slow: dict[Hashable, int] = {}
        self._quick: dict[Hashable, None] = {}
        self._cautious_until = 0.0
        self._last_block = -RARE
        self.active = False

    def record_block(self, kind: Hashable, turn: int, now: float) -> None:
        """Note that a request of this kind has blocked the loop, at the time `now`.

        It was the `turn`th request of all. If another blocked shortly before, kinds that are not
        known count as slow for a while.
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
        """Return whether a request of this kind is to run in the thread pool, at the time `now`."""
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
