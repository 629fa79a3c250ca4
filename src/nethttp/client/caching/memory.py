"""`MemoryCache`: responses in the memory of one process."""

from __future__ import annotations

import errno
import threading
from bisect import bisect_right
from collections.abc import Sequence

from ...errors import StorageError
from .entry import Entry
from .store import MAX_VARIANTS, Content, Key, Pieces, Store, cost_of, replaces

__all__ = ["MemoryCache"]


class _Pieces(Content):
    """A content in memory; it stays for its reader even if the store forgets it."""

    __slots__ = ("pieces", "size", "starts")

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.starts: list[int] = []
        """The place of each piece in the content, in bytes."""
        self.size = 0

    def add(self, start: int, pieces: Pieces) -> int:
        """Add pieces at the end; return their bytes. What is there already counts once."""
        before = self.size
        for piece in pieces:
            if start == self.size and piece:
                self.pieces.append(piece)
                self.starts.append(start)
                self.size += len(piece)
            start += len(piece)
        return self.size - before

    def read(self, start: int, stop: int) -> bytes:
        number = bisect_right(self.starts, start) - 1
        first = self.starts[number]
        # Of a piece that is wanted whole this is no copy.
        return self.pieces[number][start - first : stop - first]

    def close(self) -> None:
        """Do nothing: the pieces are the store's, or the reader's alone."""


class MemoryCache(Store):
    """A store in memory of at most `max_size` bytes, `max_content` of them in one content.

    >>> from nethttp.client.caching.entry import Entry
    >>> from nethttp.client.caching.store import Key
    >>> store, key = MemoryCache(), Key("http://a.com/")
    >>> entry = Entry(key.url, 200, "OK", (), (), 0.0, 0.0, "c1", 5)
    >>> store.commit(key, entry, 0, [b"hello"])
    >>> store.open(key, store.variants(key)[0]).read(1, 5)
    b'ello'
    """

    waits = False

    def __init__(self, max_size: int = 64 * 1024 * 1024, max_content: int | None = None) -> None:
        self.max_size = max_size
        self.max_content = max_size // 8 if max_content is None else max_content
        self.size = 0
        """The bytes that the entries and their contents take, those being written included."""
        self._by_url: dict[str, dict[str, list[Entry]]] = {}
        #: Contents of entries with their keys, the one used longest ago first.
        self._contents: dict[str, tuple[Key, Entry, _Pieces]] = {}
        self._growing: dict[str, _Pieces] = {}
        # A response that is garbage collected discards its content, at any moment in any thread.
        self._lock = threading.RLock()

    def variants(self, key: Key) -> list[Entry]:
        with self._lock:
            return list(self._by_url.get(key.url, {}).get(key.partition, ()))

    def open(self, key: Key, entry: Entry) -> Content:
        with self._lock:
            found = self._contents.pop(entry.content, None)
            if found is None:
                raise StorageError(errno.ENOENT, "cache: the content is gone", entry.url)
            self._contents[entry.content] = found
            return found[2]

    def append(self, content: str, start: int, pieces: Pieces) -> None:
        with self._lock:
            growing = self._growing_locked(content, start)
            self._growing[content] = growing
            self.size += growing.add(start, pieces)
            self._make_room_locked()
            if self.size > self.max_size:
                raise StorageError(errno.ENOSPC, "cache: unfinished contents fill it", content)

    def commit(self, key: Key, entry: Entry, start: int, pieces: Pieces) -> None:
        with self._lock:
            growing = self._growing_locked(entry.content, start)
            self.discard(entry.content)
            growing.add(start, pieces)
            if growing.size != entry.size:
                raise StorageError(
                    errno.EIO, f"cache: expected {entry.size} bytes, got {growing.size}", entry.url
                )
            self.size += cost_of(entry)
            self._contents[entry.content] = (key, entry, growing)
            there = self._by_url.setdefault(key.url, {}).setdefault(key.partition, [])
            for old in [old for old in there if replaces(entry, old)]:
                self._forget_locked(key, old)
            # Forgetting the last one has removed the lists too.
            there = self._by_url.setdefault(key.url, {}).setdefault(key.partition, [])
            there.append(entry)
            if len(there) > MAX_VARIANTS:
                self._forget_locked(key, there[0])
            self._make_room_locked()

    def update(self, key: Key, entry: Entry) -> None:
        with self._lock:
            found = self._contents.get(entry.content)
            if found is None:
                return
            there = self._by_url[key.url][key.partition]
            self.size += cost_of(entry) - cost_of(found[1])
            self._contents[entry.content] = (key, entry, found[2])
            there[there.index(found[1])] = entry
            self._make_room_locked()

    def discard(self, content: str) -> None:
        with self._lock:
            growing = self._growing.pop(content, None)
            self.size -= 0 if growing is None else growing.size

    def remove(self, urls: Sequence[str]) -> None:
        with self._lock:
            for url in urls:
                for partition, entries in list(self._by_url.get(url, {}).items()):
                    for entry in list(entries):
                        self._forget_locked(Key(url, partition), entry)

    def close(self) -> None:
        with self._lock:
            self._by_url.clear()
            self._contents.clear()
            self._growing.clear()
            self.size = 0

    def _growing_locked(self, content: str, start: int) -> _Pieces:
        """Return the pieces so far of a content that goes on at byte `start`."""
        growing = self._growing.get(content) or _Pieces()
        if start > growing.size:
            raise StorageError(errno.ENOENT, "cache: the content was discarded", content)
        return growing

    def _forget_locked(self, key: Key, entry: Entry) -> None:
        del self._contents[entry.content]
        self.size -= cost_of(entry)
        by_partition = self._by_url[key.url]
        by_partition[key.partition].remove(entry)
        if not by_partition[key.partition]:
            del by_partition[key.partition]
        if not by_partition:
            del self._by_url[key.url]

    def _make_room_locked(self) -> None:
        while self.size > self.max_size and self._contents:
            key, entry, _ = next(iter(self._contents.values()))
            self._forget_locked(key, entry)
