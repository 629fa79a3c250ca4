"""The two kinds of cache: by keys that a peer chooses, and by age.

`SecondTimeCache` is for values that depend on bytes from a peer alone: a client that sends other
bytes each time adds no entry. `AgeCache` is for values that stay true for a while, such as a file's
content. Each cache is bounded in entries, in bytes and in age, and the whole process shares it:
servers call `drop_old` while they run, tests call `clear_all` between tests.
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
"""The default life of an entry in an `AgeCache`, in seconds."""

SECOND_TIME_LIFE: Final = 60.0
"""Seconds after which a `SecondTimeCache` is emptied, so that a peer's bytes, which may hold
cookies and credentials, do not stay in memory. A value that is used again is stored again."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SecondTimeCache(Generic[K, V]):
    """Keeps values of keys that a peer chooses, each from the second time that its key occurs.

    A key that occurs once costs one lookup and leaves only a fingerprint of fixed size: a peer that
    sends a new key each time adds no entry and evicts none. At most `max_entries` values are kept,
    which take at most `max_bytes` bytes together with their keys; keys of more than `max_key` bytes
    are not kept. A cache that is full, or older than `life` seconds, is emptied as a whole.

    Any thread may read and write. Reading is one lookup in a dictionary, without a lock; if another
    thread overwrites a fingerprint, its value is computed once more.

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
        """Return whether to `put` the value of `key` now; the key has `size` bytes.

        True from the second call for a key on, unless the key is too long.
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
        """Store the value of an admitted key. Both together take `cost` bytes."""
        with self._lock:
            if key in self._values:
                return  # Another thread was faster.
            if len(self._values) >= self.max_entries or self._bytes + cost > self.max_bytes:
                self._empty_locked()
            self._values[key] = value
            self._bytes += cost

    def drop_old(self, now: float) -> None:
        """Drop all entries if their life is over at `now`, a time of `time.monotonic`.

        Their common life begins with the first call that finds an entry.
        """
        with self._lock:
            if self._values and self._born > now:
                self._born = now
            elif now - self._born >= self.life:
                self._empty_locked()

    def cache_clear(self) -> None:
        """Drop all entries and fingerprints. The name is that of `functools.lru_cache`."""
        with self._lock:
            self._empty_locked()
            self._fingerprints[:] = [0] * len(self._fingerprints)

    def _empty_locked(self) -> None:
        self._values.clear()  # `get` is bound to this very dictionary.
        self._bytes = 0
        self._born = math.inf


class AgeCache(Generic[K, V]):
    """Keeps values for `life` seconds, at most `max_entries` and `max_cost` in all.

    `max_cost` is the bound on the sum of the costs that `put` receives: bytes, in all uses. New
    values evict the oldest. Any thread may read and write; reading takes no lock.

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
        """Return the value of `key`, None if it is missing or too old."""
        entry = self._entries.get(key)
        if entry is None or entry[0] < self._clock():
            return None
        return entry[2]

    def put(self, key: K, value: V, cost: int) -> None:
        """Store a value, and drop old ones as age and bounds require. A value whose `cost` is above
        `max_cost` is not stored."""
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
        """Drop the entries that are too old at `now`, a time of the cache's clock."""
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
    """Drop the old entries of every cache, at most four times in `LIFE`.

    Servers call this repeatedly, even while they are idle: as long as a cache has a deleted file
    open, the file takes up disk space and keeps its file system mounted.
    """
    global _last_drop
    now = time.monotonic()
    if now - _last_drop < LIFE / 4:
        return
    _last_drop = now
    for cache in list(_CACHES):
        cache.drop_old(now)


def clear_all() -> None:
    """Empty every cache, so that the next request finds no entry."""
    for cache in list(_CACHES):
        cache.cache_clear()
