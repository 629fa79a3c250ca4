"""A content that is stored while it streams through, and appears when its last byte is there."""

from __future__ import annotations

from collections.abc import Callable

from ...errors import StorageError
from ...net.effects import Call, Flow
from .cache import Cache
from .entry import Entry
from .reply import Source
from .store import PIECE, SMALL, Key

__all__ = ["Recording"]


class Recording(Source):
    """The source of a response whose content is stored on its way.

    A content that ends early, exceeds the store's bound or cannot be written is not stored, and
    reaches its reader all the same; so does one whose URL was changed after the moment `since`.
    `done` is called once, when it is known whether it is stored.
    """

    def __init__(
        self,
        source: Source,
        cache: Cache,
        key: Key,
        entry: Entry,
        since: float,
        done: Callable[[], object],
    ) -> None:
        self.source = source
        """Where the content comes from."""
        self._cache = cache
        self._store = cache.store
        self._key = key
        self._entry = entry
        self._since = since
        self._done = done
        self._held: list[bytes | bytearray] = []
        self._held_size = 0
        self._written = 0
        """Bytes that were given to the store."""
        self._open = True

    def pull(self, deadline: float) -> Flow[bytes]:
        try:
            data = yield from self.source.pull(deadline)
            if self._open:
                self._hold(data)
                if not data or self._held_size >= PIECE:
                    yield from self._write(deadline, last=not data)
        except BaseException:
            self.stop()
            raise
        return data

    def record_rest(self, deadline: float) -> Flow[None]:
        """Receive the rest for the store alone, and no more than is stored."""
        try:
            while self._open:
                yield from self.pull(deadline)
        finally:
            self.close()

    def close(self) -> None:
        self.source.close()
        self.stop()

    def _hold(self, data: bytes) -> None:
        """Keep a piece until there are enough to be written; only a small one is copied."""
        size = len(data)
        if self._written + self._held_size + size > self._store.max_content:
            self.stop()
            return
        held = self._held
        if size >= SMALL:
            held.append(data)
        elif held and isinstance(held[-1], bytearray):
            held[-1] += data
        elif size:
            held.append(bytearray(data))
        self._held_size += size

    def _write(self, deadline: float, *, last: bool) -> Flow[None]:
        """Give the store what is held; with the `last` piece the entry."""
        store, key, entry, start = self._store, self._key, self._entry, self._written
        pieces = [bytes(piece) for piece in self._held]  # of bytes it is no copy
        size = self._written = start + self._held_size
        self._held.clear()
        self._held_size = 0
        try:
            if not last:
                yield from self._do(lambda: store.append(entry.content, start, pieces), deadline)
            elif self._is_true(size):
                whole = entry.stored_as(entry.content, size)
                yield from self._do(lambda: store.commit(key, whole, start, pieces), deadline)
                self._finish()
            else:
                self.stop()
        except (StorageError, TimeoutError) as error:
            self._cache.failed(error)
            self.stop()

    def _is_true(self, size: int) -> bool:
        """Return whether a content of `size` bytes is what its head says, and not out of date."""
        entry = self._entry
        # RFC 9110 section 14.4: a part of another length than it says is no part.
        whole = entry.part is None or entry.part[1] - entry.part[0] == size
        return whole and not self._cache.was_removed_since(entry.url, self._since)

    def _do(self, function: Callable[[], object], deadline: float) -> Flow[None]:
        if self._store.waits:
            yield Call(function, deadline)
        else:
            function()

    def stop(self) -> None:
        """Store nothing of the content; what is still pulled goes to the reader alone."""
        if not self._open:
            return
        if self._written:
            self._store.discard(self._entry.content)
        self._finish()

    def _finish(self) -> None:
        self._open = False
        self._held.clear()
        self._done()
