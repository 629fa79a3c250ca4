"""`Cache`: a store of responses, and what all requests through it share."""

from __future__ import annotations

import errno
import hashlib
import logging
import time
from collections.abc import Callable, Collection, Sequence
from math import inf
from typing import Any, NamedTuple, TypeVar

from ...caching import AgeCache
from ...errors import StorageError
from ...net.effects import Call, Flow
from .entry import Entry
from .fields import Pairs, joined
from .flights import Flights
from .store import Content, Key, Store

__all__ = ["Asked", "Cache"]

T = TypeVar("T")

log = logging.getLogger(__name__)

_BETWEEN_WARNINGS = 60.0
"""Seconds between two warnings: otherwise each request might add one, and fill the disk."""

_MAX_REMOVED = 4096
"""URLs of which this process remembers that they were removed."""

_REMEMBERED = 600.0
"""Seconds for which it does: few responses take longer to be received."""


class Asked(NamedTuple):
    """A request as the cache sees it. `deadline` is a moment of the runner's `clock`."""

    method: str
    url: str
    fields: Pairs
    deadline: float = inf
    clock: Callable[[], float] = time.monotonic
    apart: str = ""
    """How it is sent, if not in the usual way: without a check of certificates, by another socket.
    What came in one way is never given to a request in another."""


class Cache:
    """A private cache: responses are kept in `store` and given again by the rules of RFC 9111.

    `partition_by` names fields of requests: those with different values of one of them, such as
    credentials, share no response. `stale_if_error` is how many seconds after its freshness a
    response that says nothing about it is given in the place of an error. `now` returns the seconds
    since 1970. Clients may share a cache; a `deadline` is a moment of their runner's clock.

    >>> from nethttp.client.caching.memory import MemoryCache
    >>> cache = Cache(MemoryCache())
    >>> cache.key_of(Asked("GET", "http://a.com/", (("Authorization", "x"),))).partition == ""
    False
    """

    def __init__(
        self,
        store: Store,
        *,
        partition_by: Collection[str] = ("authorization",),
        stale_if_error: float = 0.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.store = store
        self.partition_by = tuple(sorted(name.lower() for name in partition_by))
        self.stale_if_error = stale_if_error
        self.now = now
        self.flights = Flights()
        self._removed: AgeCache[str, float] = AgeCache(_MAX_REMOVED, _MAX_REMOVED, life=_REMEMBERED)
        self._warned_at = -inf

    def key_of(self, asked: Asked) -> Key:
        """Return where the response to a request is stored. RFC 9111 section 2."""
        seen = [joined(asked.fields, name) for name in self.partition_by]
        if not asked.apart and not any(value is not None for value in seen):
            return Key(asked.url)
        parts = repr((asked.apart, self.partition_by, seen)).encode("utf-8", "surrogateescape")
        return Key(asked.url, hashlib.sha256(parts).hexdigest()[:32])

    def variants(self, key: Key, deadline: float) -> Flow[list[Entry]]:
        """Return the stored responses of a key; none if the store fails."""
        return (yield from self._do(lambda: self.store.variants(key), deadline)) or []

    def open(self, key: Key, entry: Entry, deadline: float) -> Flow[Content | None]:
        """Return the content of an entry, None if it is gone."""
        return (yield from self._do(lambda: self.store.open(key, entry), deadline))

    def update(self, key: Key, entry: Entry, deadline: float) -> Flow[None]:
        """Return nothing, once an entry's new fields and times are written."""
        yield from self._do(lambda: self.store.update(key, entry), deadline)

    def remove(self, urls: Sequence[str], deadline: float) -> Flow[None]:
        """Return nothing, once what is stored of these URLs is removed."""
        for url in urls:
            self._removed.put(url, self.now(), 1)
        yield from self._do(lambda: self.store.remove(urls), deadline)

    def was_removed_since(self, url: str, moment: float) -> bool:
        """Return whether what is stored of a URL was removed after a `moment`, in `now`'s seconds.

        A response that was asked for before that may be the old one: RFC 9111 section 4.4.
        """
        removed = self._removed.get(url)
        return removed is not None and removed > moment

    def failed(self, error: Exception) -> None:
        """Say in the log that the store fails: as a warning once a minute at most."""
        now = self.now()
        again = now < self._warned_at + _BETWEEN_WARNINGS
        log.log(logging.DEBUG if again else logging.WARNING, "no cache: %s", error)
        if not again:
            self._warned_at = now

    def _do(self, function: Callable[[], T], deadline: float) -> Flow[T | None]:
        """Call the store; the result is None if it fails."""
        try:
            result: Any = (yield Call(function, deadline)) if self.store.waits else function()
        except StorageError as error:
            if error.errno != errno.ENOENT:
                self.failed(error)
            return None
        return result  # type: ignore[no-any-return]  # it is what `function` returned
