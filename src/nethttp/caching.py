"""Caches that are bounded in number, in cost and in age."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

__all__ = ["AGEING", "LIFE", "AgeCache", "drop_old"]

LIFE = 1.0
"""Seconds that anything found out about a file's name is believed."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class AgeCache(Generic[K, V]):
    """Remembers values for `life` seconds, at most `max_entries` and `max_cost` in all.

    The oldest go first. Reading takes no lock: a dictionary's `get` is safe on any thread.
    """

    def __init__(
        self,
        max_entries: int,
        max_cost: int,
        *,
        life: float = LIFE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_entries = max_entries
        self._max_cost = max_cost
        self._life = life
        self._clock = clock
        self._entries: dict[K, tuple[float, int, V]] = {}
        self._cost = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """Return what is remembered for `key`, None if nothing is."""
        entry = self._entries.get(key)
        if entry is None or entry[0] < self._clock():
            return None
        return entry[2]

    def put(self, key: K, value: V, cost: int) -> None:
        """Remember `value`, and forget what is too old or too much."""
        now = self._clock()
        with self._lock:
            self._drop_locked(key)
            if cost <= self._max_cost:
                self._entries[key] = (now + self._life, cost, value)
                self._cost += cost
            while len(self._entries) > self._max_entries or self._cost > self._max_cost:
                self._drop_locked(next(iter(self._entries)))
            self._drop_old_locked(now)

    def drop_old(self) -> None:
        """Forget what is too old."""
        if self._entries:
            with self._lock:
                self._drop_old_locked(self._clock())

    def _drop_old_locked(self, now: float) -> None:
        while self._entries:
            oldest = next(iter(self._entries))
            if self._entries[oldest][0] >= now:
                break
            self._drop_locked(oldest)

    def drop(self, key: K) -> None:
        """Forget `key`."""
        with self._lock:
            self._drop_locked(key)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._cost = 0

    def _drop_locked(self, key: K) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._cost -= entry[1]


AGEING: list[AgeCache[Any, Any]] = []
"""Caches whose values hold files open."""


_looked_at = -math.inf
"""When the caches were last looked through, a time of `time.monotonic`."""


def drop_old() -> None:
    """Close the files that are kept too long, if that was not looked for a moment ago.

    Servers call it again and again, also while idle: a file that was deleted takes its place on the
    disk, and keeps its file system mounted, for as long as it is open.
    """
    global _looked_at
    now = time.monotonic()
    if now - _looked_at < LIFE / 4:
        return
    _looked_at = now
    for cache in AGEING:
        cache.drop_old()
