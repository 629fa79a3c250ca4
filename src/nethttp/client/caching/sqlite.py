"""`SQLiteCache`: responses that all processes of one machine share, in a file and a directory.

The file is a database with the entries and short contents; long ones are files in the directory.
Each method is one transaction at most. A content is nothing until an entry names it, and the entry
appears with the transaction of `commit`: a process that is killed leaves the cache as it was, and a
file that is removed after a while.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from math import inf
from weakref import WeakSet

from ...caching import AgeCache
from ...errors import LoadError, StorageError
from ...sqlite_file import (
    Kind,
    empty_damaged,
    is_damaged,
    open_file,
    storage_error,
    transaction,
)
from .content_files import ContentFiles
from .entry import Entry
from .store import MAX_VARIANTS, UNFINISHED, Content, Key, Pieces, Store, cost_of, replaces

__all__ = ["SQLiteCache"]

log = logging.getLogger(__name__)

_KIND = Kind(
    "cache",
    # "nhc1"
    0x6E686331,
    (
        """
        CREATE TABLE entries (
            content TEXT PRIMARY KEY,
            url TEXT NOT NULL,
            partition TEXT NOT NULL,
            entry TEXT NOT NULL,
            cost INTEGER NOT NULL,
            used REAL NOT NULL
        );
        CREATE INDEX entries_by_key ON entries (url, partition);
        CREATE INDEX entries_by_use ON entries (used);
        CREATE TABLE contents (content TEXT PRIMARY KEY, data BLOB NOT NULL);
        CREATE TABLE state (size INTEGER NOT NULL);
        INSERT INTO state VALUES (0);
        """,
    ),
)

_BETWEEN_TOUCHES = 60.0
"""Seconds after which a process writes again that an entry is used: each time would be a write."""

_SHORT = 65536
"""Bytes of a content that the database has itself, at most: a file costs more than its bytes."""

_LEFT_OPEN: list[sqlite3.Connection] = []
"""Connections of a parent process: closing one in a child could delete the log under the parent."""

_PAUSE = 1.0
"""Seconds after a failure in which the file is left alone, so that no request waits for it."""

_STORES: WeakSet[SQLiteCache] = WeakSet()
"""The stores of this process."""


class _Short(Content):
    """A content of the database, which has been read whole."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, start: int, stop: int) -> bytes:
        return self._data[start:stop]

    def close(self) -> None:
        """Do nothing, since nothing is open."""


class SQLiteCache(Store):
    """A store in the file `path`, which is created with mode 0600 if it does not exist.

    Contents of more than 64 KiB are files of their own in the directory `path` + "-contents".
    Entries and contents take at most `max_size` bytes, one content `max_content` (default: an
    eighth); beyond, those used longest ago go. Contents that are still being received may take
    `max_size` bytes more in each process. `timeout` is the most seconds to wait while other
    processes write; after that, and after any failure to open the file, requests go to their
    origins for a second. A damaged file is emptied, once no other process has it open; a file whose
    head does not say that it is a cache is never touched. A forked child opens the file anew.

    >>> import os, tempfile
    >>> from nethttp.client.caching.store import Key
    >>> directory = tempfile.TemporaryDirectory()
    >>> store = SQLiteCache(os.path.join(directory.name, "cache.db"))
    >>> store.variants(Key("http://a.com/"))
    []
    >>> store.close()
    >>> directory.cleanup()
    """

    waits = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        max_size: int = 1024 * 1024 * 1024,
        max_content: int | None = None,
        *,
        timeout: float = 1.0,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = os.path.abspath(path)
        self.max_size = max_size
        self.max_content = max_size // 8 if max_content is None else max_content
        self.timeout = timeout
        self._now = now
        self._clock = clock
        self._asked_again_at = -inf
        self._damaged = False
        self._files = ContentFiles(self.path + "-contents", max_size)
        self._swept = -inf
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._process = os.getpid()
        self._touched: AgeCache[str, bool] = AgeCache(4096, 4096, life=_BETWEEN_TOUCHES)
        _STORES.add(self)

    def variants(self, key: Key) -> list[Entry]:
        with self._database() as database:
            return list(_entries(database, key))

    def open(self, key: Key, entry: Entry) -> Content:
        if self._touched.get(entry.content) is None:
            self._touched.put(entry.content, True, 1)
            # What is stored can be read from a file or a disk that takes nothing more.
            with (
                contextlib.suppress(StorageError),
                self._database() as database,
                transaction(database),
            ):
                database.execute(
                    "UPDATE entries SET used = ? WHERE content = ?", (self._now(), entry.content)
                )
        with self._database() as database:
            row = database.execute(
                "SELECT data FROM contents WHERE content = ?", (entry.content,)
            ).fetchone()
        return self._files.open(entry.content, entry.size) if row is None else _Short(row[0])

    def append(self, content: str, start: int, pieces: Pieces) -> None:
        self._files.append(content, start, pieces)

    def commit(self, key: Key, entry: Entry, start: int, pieces: Pieces) -> None:
        data = b"".join(pieces) if entry.size <= _SHORT else None
        if data is None:
            self._files.append(entry.content, start, pieces)
            self._files.finish(entry.content, entry.size)
        try:
            with self._database() as database, transaction(database):
                there = list(_entries(database, key))
                kept = [old for old in there if not replaces(entry, old)]
                excess = len(kept) + 1 - MAX_VARIANTS
                gone = [old for old in there if old not in kept] + kept[: max(0, excess)]
                forgotten = [old.content for old in gone]
                _forget(database, forgotten)
                _insert(database, key, entry, data, self._now())
                forgotten += _make_room(database, self.max_size)
        except StorageError:
            self._files.remove([entry.content])
            raise
        # Readers that have opened them finish.
        self._files.remove(forgotten)
        self._sweep()

    def update(self, key: Key, entry: Entry) -> None:
        with self._database() as database, transaction(database):
            row = database.execute(
                "SELECT cost FROM entries WHERE content = ?", (entry.content,)
            ).fetchone()
            if row is not None:
                cost = cost_of(entry)
                database.execute(
                    "UPDATE entries SET entry = ?, cost = ? WHERE content = ?",
                    (entry.to_json(), cost, entry.content),
                )
                database.execute("UPDATE state SET size = size + ?", (cost - row[0],))

    def discard(self, content: str) -> None:
        self._files.discard(content)

    def remove(self, urls: Sequence[str]) -> None:
        forgotten: list[str] = []
        with self._database() as database, transaction(database):
            for url in urls:
                rows = database.execute("SELECT content FROM entries WHERE url = ?", (url,))
                forgotten += [content for (content,) in rows.fetchall()]
            _forget(database, forgotten)
        self._files.remove(forgotten)

    def close(self) -> None:
        self._files.close()
        with self._lock:
            self._close_locked()

    @contextlib.contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """Return a context with the connection, under the lock; errors of SQLite become ours."""
        if self._process != os.getpid():
            self._leave_to_parent()
        with self._lock:
            if self._clock() < self._asked_again_at:
                raise StorageError(
                    errno.EAGAIN, "cache: it could not be used a moment ago", self.path
                )
            try:
                if self._connection is None:
                    self._connection = self._open_locked()
                yield self._connection
            except sqlite3.Error as error:
                raise self._failed_locked(error) from error
            except LoadError as error:
                self._pause_locked()
                raise StorageError(errno.EINVAL, f"cache: {error}", self.path) from error
            except StorageError:
                raise
            except OSError as error:
                self._pause_locked()
                number = error.errno or errno.EIO
                raise StorageError(number, f"cache: {error.strerror}", self.path) from error

    def _open_locked(self) -> sqlite3.Connection:
        """Return a new connection; empty the file before, if it has turned out to be damaged."""
        if self._damaged:
            self._damaged = False
            if self._others_let_go() and empty_damaged(self.path, _KIND):
                log.warning("the cache %s was damaged, and is empty now", self.path)
        return open_file(self.path, _KIND, timeout=self.timeout, fsync=False)

    def _failed_locked(self, error: sqlite3.Error) -> StorageError:
        """Return what to raise for an error of SQLite."""
        failure = storage_error(error, self.path, _KIND)
        if is_damaged(error):
            # It is emptied when it is opened next: then nothing refers to this connection.
            self._damaged = True
            self._close_locked()
        elif self._connection is None or failure.errno == errno.EBUSY:
            self._pause_locked()
        return failure

    def _others_let_go(self) -> bool:
        """Close the connections of this process's other stores; return whether that was possible.

        SQLite's locks are between processes, so they do not show these connections.
        """
        for other in [store for store in _STORES if store is not self]:
            if other.path != self.path:
                continue
            if not other._lock.acquire(blocking=False):
                return False
            try:
                other._close_locked()
            finally:
                other._lock.release()
        return True

    def _close_locked(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _pause_locked(self) -> None:
        """Have requests go to their origins for a while, instead of waiting here one by one."""
        self._asked_again_at = self._clock() + _PAUSE

    def _leave_to_parent(self) -> None:
        """Begin anew in a forked child, in which nobody gives back a lock that was held."""
        if self._connection is not None:
            _LEFT_OPEN.append(self._connection)
        self._connection = None
        self._files.leave_to_parent()
        self._lock = threading.Lock()
        self._process = os.getpid()

    def _sweep(self) -> None:
        """Remove now and then the files that no entry names."""
        now = self._now()
        if now < self._swept + UNFINISHED:
            return
        self._swept = now
        with self._database() as database:
            self._files.sweep(
                lambda content: (
                    database.execute(
                        "SELECT 1 FROM entries WHERE content = ?", (content,)
                    ).fetchone()
                    is not None
                )
            )


def _entries(database: sqlite3.Connection, key: Key) -> Iterator[Entry]:
    rows = database.execute(
        "SELECT entry FROM entries WHERE url = ? AND partition = ? ORDER BY rowid", key
    )
    for (text,) in rows.fetchall():
        # One damaged entry must not cost the others.
        with contextlib.suppress(ValueError):
            yield Entry.from_json(text)


def _insert(
    database: sqlite3.Connection, key: Key, entry: Entry, data: bytes | None, now: float
) -> None:
    cost = cost_of(entry)
    database.execute(
        "INSERT INTO entries (content, url, partition, entry, cost, used)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (entry.content, *key, entry.to_json(), cost, now),
    )
    if data is not None:
        database.execute("INSERT INTO contents VALUES (?, ?)", (entry.content, data))
    database.execute("UPDATE state SET size = size + ?", (cost,))


def _make_room(database: sqlite3.Connection, max_size: int) -> list[str]:
    """Forget the entries used longest ago; return the names of their contents."""
    (size,) = database.execute("SELECT size FROM state").fetchone()
    gone: list[str] = []
    if size > max_size:
        for content, cost in database.execute("SELECT content, cost FROM entries ORDER BY used"):
            gone.append(content)
            size -= cost
            if size <= max_size:
                break
        _forget(database, gone)
    return gone


def _forget(database: sqlite3.Connection, contents: Sequence[str]) -> None:
    """Remove entries by the names of their contents, and the contents that are short."""
    for content in contents:
        row = database.execute("SELECT cost FROM entries WHERE content = ?", (content,)).fetchone()
        database.execute("DELETE FROM entries WHERE content = ?", (content,))
        database.execute("DELETE FROM contents WHERE content = ?", (content,))
        database.execute("UPDATE state SET size = size - ?", row or (0,))
