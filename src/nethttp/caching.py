"""The two kinds of cache: by keys that a peer chooses, and by age. Both are bounded in every way.

`SecondTimeCache` is for what follows from bytes that a peer sent: a client that sends other bytes
each time fills it with nothing. `AgeCache` is for what is true for a while, as what lies in a file.
Each is bounded in entries, in bytes and in age, and belongs to the whole process: servers call
`drop_old` while they run, tests call `clear_all` between two of them.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, Final, Generic, TypeVar
from weakref import WeakSet

__all__ = ["LIFE", "AgeCache", "SecondTimeCache", "clear_all", "drop_old"]

LIFE: Final = 1.0
"""Seconds for which an `AgeCache` believes what it was told, unless it is given another figure."""

SECOND_TIME_LIFE: Final = 60.0
"""Seconds after which a `SecondTimeCache` forgets everything, so that a peer's bytes, among them
cookies and credentials, do not stay in memory. What repeats itself is back after one more reading.
"""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SecondTimeCache(Generic[K, V]):
    """Keeps values of keys that a peer chooses, each from the second time that its key occurs.

    A key that occurs once costs one search and leaves nothing but a fingerprint of fixed size: a
    peer that never repeats itself makes nothing grow and pushes nothing out. At most `max_entries`
    values are kept, which take `max_bytes` bytes together with their keys, and none whose key has
    more than `max_key` bytes. A cache that is full, or older than `life` seconds, is emptied as a
    whole.

    Any thread may read and write. Reading is one look into a dictionary and takes no lock; a
    fingerprint that another thread overwrites costs one more reading of its key.

    >>> cache = SecondTimeCache()
    >>> def length(key):
    ...     value = cache.get(key)
    ...     if value is None:
    ...         value = len(key)
    ...         if cache.admits(key, len(key)):
    ...             cache.put(key, value, cost=100)
    ...     return value
    >>> length(b"abc"), len(cache), length(b"abc"), len(cache)
    (3, 0, 3, 1)
    """

    def __init__(
        self,
        max_entries: int = 1024,
        max_bytes: int = 1024 * 1024,
        *,
        max_key: int = 2048,
        life: float = SECOND_TIME_LIFE,
    ) -> None:
        self.max_entries = max_entries
        self.max_bytes = max_bytes
        self.max_key = max_key
        self.life = life
        self._values: dict[K, V] = {}
        self.get: Callable[[K], V | None] = self._values.get
        """Return the value of a key, None if it is not kept."""
        self._fingerprints = [0] * max_entries
        self._bytes = 0
        self._born = math.inf
        """When `drop_old` first found something; infinite if it has found nothing yet."""
        self._lock = threading.Lock()
        _CACHES.add(self)

    def __len__(self) -> int:
        return len(self._values)

    def admits(self, key: K, size: int) -> bool:
        """Return whether the value of `key`, which has `size` bytes, is to be put now.

        That is so from the second time on that this is asked for a key, if it is short enough.
        """
        if size > self.max_key:
            return False
        fingerprint = hash(key)
        place = fingerprint % len(self._fingerprints)
        if self._fingerprints[place] == fingerprint:
            return True
        self._fingerprints[place] = fingerprint
        return False

    def put(self, key: K, value: V, cost: int) -> None:
        """Keep the value of a key that was admitted. Both together take `cost` bytes."""
        with self._lock:
            if key in self._values:
                return  # Another thread was faster.
            if len(self._values) >= self.max_entries or self._bytes + cost > self.max_bytes:
                self._empty_locked()
            self._values[key] = value
            self._bytes += cost

    def drop_old(self, now: float) -> None:
        """Forget everything if that is due at `now`, a time of `time.monotonic`.

        The life of what is kept begins with the first call that finds something.
        """
        with self._lock:
            if self._values and self._born > now:
                self._born = now
            elif now - self._born >= self.life:
                self._empty_locked()

    def cache_clear(self) -> None:
        """Forget everything, fingerprints too. The name is that of `functools.lru_cache`."""
        with self._lock:
            self._empty_locked()
            self._fingerprints[:] = [0] * len(self._fingerprints)

    def _empty_locked(self) -> None:
        self._values.clear()  # `get` is bound to this very dictionary.
        self._bytes = 0
        self._born = math.inf


class AgeCache(Generic[K, V]):
    """Keeps values for `life` seconds, at most `max_entries` and `max_cost` in all.

    `max_cost` is in the unit of the costs that `put` is given: bytes, in all uses. The oldest
    values make room for new ones. Any thread may read and write; reading takes no lock.

    >>> cache = AgeCache(max_entries=2, max_cost=100)
    >>> for name, cost in (("a", 10), ("b", 10), ("c", 95), ("d", 101)):
    ...     cache.put(name, name.upper(), cost)
    >>> [cache.get(name) for name in "abcd"]
    [None, None, 'C', None]
    """

    def __init__(
        self,
        max_entries: int,
        max_cost: int,
        *,
        life: float = LIFE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.max_entries = max_entries
        self.max_cost = max_cost
        self.life = life
        self._clock = clock
        self._entries: dict[K, tuple[float, int, V]] = {}
        self._cost = 0
        self._lock = threading.Lock()
        _CACHES.add(self)

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """Return the value of `key`, None if it is not kept or too old."""
        entry = self._entries.get(key)
        if entry is None or entry[0] < self._clock():
            return None
        return entry[2]

    def put(self, key: K, value: V, cost: int) -> None:
        """Keep a value, and drop what is too old or too much. One that costs more than all may
        cost together is not kept."""
        now = self._clock()
        with self._lock:
            self._drop_locked(key)
            if cost <= self.max_cost:
                self._entries[key] = (now + self.life, cost, value)
                self._cost += cost
            while len(self._entries) > self.max_entries or self._cost > self.max_cost:
                self._drop_locked(next(iter(self._entries)))
            self._drop_old_locked(now)

    def drop_old(self, now: float) -> None:
        """Drop what is too old at `now`, a time of the clock."""
        if self._entries:
            with self._lock:
                self._drop_old_locked(now)

    def cache_clear(self) -> None:
        """Drop everything. The name is that of `functools.lru_cache`."""
        with self._lock:
            self._entries.clear()
            self._cost = 0

    def _drop_old_locked(self, now: float) -> None:
        while self._entries:
            oldest = next(iter(self._entries))
            if self._entries[oldest][0] >= now:
                break
            self._drop_locked(oldest)

    def _drop_locked(self, key: K) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._cost -= entry[1]


_CACHES: WeakSet[SecondTimeCache[Any, Any] | AgeCache[Any, Any]] = WeakSet()
"""Every cache of this process."""

_last_drop = -math.inf
"""When `drop_old` last looked through the caches, a time of `time.monotonic`."""


def drop_old() -> None:
    """Let every cache drop what is too old, unless that was done in the last quarter of `LIFE`.

    Servers call this again and again, also while they are idle: a file that was deleted takes its
    place on the disk, and keeps its file system mounted, for as long as it is open.
    """
    global _last_drop
    now = time.monotonic()
    if now - _last_drop < LIFE / 4:
        return
    _last_drop = now
    for cache in list(_CACHES):
        cache.drop_old(now)


def clear_all() -> None:
    """Empty every cache, so that the next request is the first of its kind."""
    for cache in list(_CACHES):
        cache.cache_clear()
