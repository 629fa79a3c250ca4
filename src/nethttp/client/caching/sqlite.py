"""`SQLiteCache`: responses in a file that all processes of one machine share.

Each method is one transaction. Contents are written and read in pieces. One without an entry, since
it is still being written, or its entry has just been replaced, stays for `GRACE` seconds: those who
read it finish, and what a killed process left is removed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from ...caching import AgeCache
from ...errors import StorageError
from ...sqlite_file import Kind, open_file, storage_error, transaction
from .entry import Entry
from .store import GRACE, MAX_VARIANTS, Content, Key, Store, cost_of, replaces

__all__ = ["SQLiteCache"]

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
        CREATE TABLE pieces (
            content TEXT NOT NULL,
            number INTEGER NOT NULL,
            data BLOB NOT NULL,
            UNIQUE (content, number)
        );
        CREATE TABLE orphans (content TEXT PRIMARY KEY, since REAL NOT NULL);
        CREATE INDEX orphans_by_age ON orphans (since);
        CREATE TABLE state (size INTEGER NOT NULL);
        INSERT INTO state VALUES (0);
        """,
    ),
    page_size=16384,
)

_BETWEEN_TOUCHES = 60.0
"""Seconds after which a process writes again that an entry is used: each time would be a write."""

_REMOVED_AT_ONCE = 100
"""Contents that one transaction deletes, so that none takes long."""

_LEFT_OPEN: list[sqlite3.Connection] = []
"""Connections of a parent process: closing one in a child could delete the log under the parent."""


class _Pieces(Content):
    """A content in the file, whose first piece has been read."""

    def __init__(self, cache: SQLiteCache, content: str, first: bytes) -> None:
        self._cache = cache
        self._content = content
        self._first = first

    def piece(self, number: int) -> bytes:
        return self._cache.read(self._content, number) if number else self._first


class SQLiteCache(Store):
    """A store in the file `path`, which is created with mode 0600 if it does not exist.

    Entries and contents take at most `max_size` bytes, one content `max_content` (default: an
    eighth); beyond, those used longest ago go. What may still be read stays a minute longer, and
    the file does not shrink: it uses free space again. `timeout` is the most seconds to wait while
    other processes write. A forked child opens the file anew.

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
        timeout: float = 5.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.path = os.path.abspath(path)
        self.max_size = max_size
        self.max_content = max_size // 8 if max_content is None else max_content
        self.timeout = timeout
        self._now = now
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._process = os.getpid()
        self._touched: AgeCache[str, bool] = AgeCache(4096, 4096, life=_BETWEEN_TOUCHES)

    def variants(self, key: Key) -> list[Entry]:
        with self._database() as database:
            return list(_entries(database, key))

    def open(self, key: Key, entry: Entry) -> Content:
        if self._touched.get(entry.content) is None:
            self._touched.put(entry.content, True, 1)
            with self._database() as database, transaction(database):
                database.execute(
                    "UPDATE entries SET used = ? WHERE content = ?", (self._now(), entry.content)
                )
        return _Pieces(self, entry.content, self.read(entry.content, 0))

    def read(self, content: str, number: int) -> bytes:
        """Return the piece of a content that has this number, counted from 0.

        Raises:
            StorageError: the content is gone (ENOENT), or the file cannot be read.
        """
        with self._database() as database:
            row = database.execute(
                "SELECT data FROM pieces WHERE content = ? AND number = ?", (content, number)
            ).fetchone()
        if row is None:
            raise StorageError(errno.ENOENT, "cache: the content is gone", self.path)
        data: bytes = row[0]
        return data

    def append(self, content: str, number: int, data: bytes) -> None:
        with self._database() as database, transaction(database):
            _put_piece(database, content, number, data)
            _orphan(database, content, self._now())

    def commit(self, key: Key, entry: Entry, last: bytes) -> None:
        now = self._now()
        with self._database() as database, transaction(database):
            (number,) = database.execute(
                "SELECT count(*) FROM pieces WHERE content = ?", (entry.content,)
            ).fetchone()
            _put_piece(database, entry.content, number, last)
            there = list(_entries(database, key))
            kept = [old for old in there if not replaces(entry, old)]
            excess = len(kept) + 1 - MAX_VARIANTS
            gone = [old for old in there if old not in kept] + kept[: max(0, excess)]
            _forget(database, [old.content for old in gone], now)
            _insert(database, key, entry, now)
            self._make_room(database, now)

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
        with self._database() as database, transaction(database):
            database.execute("DELETE FROM pieces WHERE content = ?", (content,))
            database.execute("DELETE FROM orphans WHERE content = ?", (content,))

    def remove(self, urls: Sequence[str]) -> None:
        with self._database() as database, transaction(database):
            for url in urls:
                rows = database.execute("SELECT content FROM entries WHERE url = ?", (url,))
                _forget(database, [content for (content,) in rows.fetchall()], self._now())

    def close(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    @contextlib.contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """Return a context with the connection, under the lock; errors of SQLite become ours."""
        with self._lock:
            try:
                if self._process != os.getpid():
                    self._leave_to_parent()
                if self._connection is None:
                    self._connection = open_file(
                        self.path, _KIND, timeout=self.timeout, fsync=False
                    )
                yield self._connection
            except sqlite3.Error as error:
                raise storage_error(error, self.path, _KIND) from error

    def _leave_to_parent(self) -> None:
        if self._connection is not None:
            _LEFT_OPEN.append(self._connection)
        self._connection = None
        self._process = os.getpid()

    def _make_room(self, database: sqlite3.Connection, now: float) -> None:
        """Forget the entries used longest ago, and delete contents whose grace is over."""
        (size,) = database.execute("SELECT size FROM state").fetchone()
        if size > self.max_size:
            gone = []
            for content, cost in database.execute(
                "SELECT content, cost FROM entries ORDER BY used"
            ):
                gone.append(content)
                size -= cost
                if size <= self.max_size:
                    break
            _forget(database, gone, now)
        rows = database.execute(
            "SELECT content FROM orphans WHERE since <= ? LIMIT ?", (now - GRACE, _REMOVED_AT_ONCE)
        ).fetchall()
        database.executemany("DELETE FROM pieces WHERE content = ?", rows)
        database.executemany("DELETE FROM orphans WHERE content = ?", rows)


def _entries(database: sqlite3.Connection, key: Key) -> Iterator[Entry]:
    rows = database.execute(
        "SELECT entry FROM entries WHERE url = ? AND partition = ? ORDER BY rowid", key
    )
    for (text,) in rows.fetchall():
        # One damaged entry must not cost the others.
        with contextlib.suppress(ValueError):
            yield Entry.from_json(text)


def _insert(database: sqlite3.Connection, key: Key, entry: Entry, now: float) -> None:
    cost = cost_of(entry)
    database.execute("DELETE FROM orphans WHERE content = ?", (entry.content,))
    database.execute(
        "INSERT INTO entries (content, url, partition, entry, cost, used)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (entry.content, *key, entry.to_json(), cost, now),
    )
    database.execute("UPDATE state SET size = size + ?", (cost,))


def _put_piece(database: sqlite3.Connection, content: str, number: int, data: bytes) -> None:
    database.execute("INSERT OR REPLACE INTO pieces VALUES (?, ?, ?)", (content, number, data))


def _orphan(database: sqlite3.Connection, content: str, now: float) -> None:
    database.execute("INSERT OR REPLACE INTO orphans VALUES (?, ?)", (content, now))


def _forget(database: sqlite3.Connection, contents: Sequence[str], now: float) -> None:
    """Remove entries by their contents; the contents stay for their grace."""
    for content in contents:
        row = database.execute("SELECT cost FROM entries WHERE content = ?", (content,)).fetchone()
        database.execute("DELETE FROM entries WHERE content = ?", (content,))
        database.execute("UPDATE state SET size = size - ?", row or (0,))
        _orphan(database, content, now)
