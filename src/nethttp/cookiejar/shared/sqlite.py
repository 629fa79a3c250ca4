"""`SQLiteCookieJar`: cookies in a file that many processes read and write at the same time.

A change is one transaction of the file's write-ahead log: a process that is killed in the
middle of it leaves the file as it was before. Each transaction has a number, and each cookie the
number of the one that last changed it, so a process reads only what others changed.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from typing import Any

from ...sqlite_file import Kind, open_file, storage_error, transaction
from ..cookie import Cookie
from ..policy import CookiePolicy
from .jar import SharedCookieJar
from .storage import MAX_REMEMBERED_REMOVALS, News, cookie_in, text_of

__all__ = ["APPLICATION_ID", "SQLiteCookieJar", "SQLiteStorage"]

APPLICATION_ID = 0x6E686A31
"""SQLite's `application_id` of our files ("nhj1"), by which they are recognised."""

_SCHEMA = (
    # 1: a removed cookie stays as a row without `cookie`, for the jars that have it in memory.
    """
    CREATE TABLE cookies (
        key TEXT PRIMARY KEY,
        cookie TEXT,
        expires INTEGER,
        change INTEGER NOT NULL
    );
    CREATE INDEX cookies_by_change ON cookies (change);
    CREATE INDEX cookies_by_expiry ON cookies (expires) WHERE expires IS NOT NULL;
    CREATE INDEX removed_by_change ON cookies (change) WHERE cookie IS NULL;
    CREATE TABLE state (change INTEGER NOT NULL, forgotten INTEGER NOT NULL);
    INSERT INTO state VALUES (0, 0);
    """,
)

_KIND = Kind(
    "cookie jar",
    APPLICATION_ID,
    _SCHEMA,
    {"moz_cookies": "Firefox's; expected a cookie jar of nethttp (import it)"},
)

_FURTHEST = 2**62
"""The latest expiry that is written: SQLite's integers have 64 bits."""

_PUT = """
INSERT INTO cookies (key, cookie, expires, change) VALUES (?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE
SET cookie = excluded.cookie, expires = excluded.expires, change = excluded.change
"""
_REMOVE = "UPDATE cookies SET cookie = NULL, expires = NULL, change = ? WHERE key = ?"


class SQLiteStorage:
    """The storage of a `SQLiteCookieJar`: one connection, which the first exchange opens.

    `timeout` is how many seconds an exchange waits for other processes' locks.
    """

    def __init__(self, path: str, timeout: float, fsync: bool) -> None:
        self.path = path
        self.timeout = timeout
        self.fsync = fsync
        self._connection: sqlite3.Connection | None = None
        self.forget()

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "timeout": self.timeout, "fsync": self.fsync}

    def __setstate__(self, state: dict[str, Any]) -> None:
        SQLiteStorage.__init__(self, **state)

    def __str__(self) -> str:
        return self.path

    def forget(self) -> None:
        """See `Storage.forget`."""
        self._seen: int | None = None
        self._data_version: int | None = None

    def pause(self) -> None:
        """See `Storage.pause`. SQLite deletes the log when the last connection is closed."""
        connection, self._connection = self._connection, None
        # `data_version` is a number of one connection; another's cannot be compared with it.
        self._data_version = None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    close = pause

    def exchange(self, changes: Mapping[str, Cookie | None]) -> News | None:
        """Make `changes` in one transaction, and return what others changed before it; None:
        nothing.

        Raises:
            StorageError: nothing was changed: the disk is full, the file is locked, or the like.
        """
        with self._errors_said():
            database = self._connection or self._open()
            if not changes:
                return self._read(database)
            with transaction(database):
                news = self._news(database)
                number = (self._seen or 0) + 1
                _write(database, changes, number)
            self._seen = number
            return news

    def _read(self, database: sqlite3.Connection) -> News | None:
        # It changes with every transaction of another connection; reading it takes 1 to 2 us.
        (version,) = database.execute("PRAGMA data_version").fetchone()
        if version == self._data_version:
            return None
        with transaction(database, "DEFERRED"):
            news = self._news(database)
        self._data_version = version
        return news

    def _news(self, database: sqlite3.Connection) -> News | None:
        """Return what others changed since the last call; called within a transaction."""
        change, forgotten = database.execute("SELECT change, forgotten FROM state").fetchone()
        seen, self._seen = self._seen, change
        if seen is not None and forgotten <= seen <= change:
            if seen == change:
                return None
            rows = database.execute("SELECT key, cookie FROM cookies WHERE change > ?", (seen,))
            return News(
                False, {key: None if text is None else cookie_in(text) for key, text in rows}
            )
        rows = database.execute("SELECT key, cookie FROM cookies WHERE cookie IS NOT NULL")
        return News(True, {key: cookie_in(text) for key, text in rows})

    def prune(self) -> None:
        """See `Storage.prune`."""
        with self._errors_said(), transaction(self._connection or self._open()) as database:
            _prune(database)

    # --- the file ---

    @contextlib.contextmanager
    def _errors_said(self) -> Iterator[None]:
        """Turn SQLite's errors into `StorageError`, after which the next exchange returns all."""
        try:
            yield
        except sqlite3.Error as error:
            self.forget()
            raise storage_error(error, self.path, _KIND) from error

    def _open(self) -> sqlite3.Connection:
        # The jar's lock admits one thread at a time.
        self._connection = open_file(self.path, _KIND, timeout=self.timeout, fsync=self.fsync)
        return self._connection


def _write(database: sqlite3.Connection, changes: Mapping[str, Cookie | None], number: int) -> None:
    """Write the changes as transaction `number`."""
    database.executemany(
        _PUT,
        [
            (key, text_of(cookie), _seconds(cookie.expires), number)
            for key, cookie in changes.items()
            if cookie is not None
        ],
    )
    removed = [(number, key) for key, cookie in changes.items() if cookie is None]
    if removed:
        database.executemany(_REMOVE, removed)
        _forget_removals(database)
    _prune(database)
    database.execute("UPDATE state SET change = ?", (number,))


def _seconds(expires: int | None) -> int | None:
    return None if expires is None else min(expires, _FURTHEST)


def _prune(database: sqlite3.Connection) -> None:
    # Without a trace for other jars: they see expiry by the clock.
    database.execute("DELETE FROM cookies WHERE expires <= ?", (int(time.time()),))


def _forget_removals(database: sqlite3.Connection) -> None:
    """Delete the oldest removals beyond the bound, and write down up to which change."""
    oldest = database.execute(
        "SELECT change FROM cookies WHERE cookie IS NULL ORDER BY change DESC LIMIT 1 OFFSET ?",
        (MAX_REMEMBERED_REMOVALS,),
    ).fetchone()
    if oldest is not None:
        database.execute("DELETE FROM cookies WHERE cookie IS NULL AND change <= ?", oldest)
        database.execute("UPDATE state SET forgotten = ?", oldest)


class SQLiteCookieJar(SharedCookieJar):
    """A jar in the file `path`, which is created with mode 0600 if it does not exist.

    Every change is written at once, session cookies too; a program whose session begins calls
    `clear_session_cookies`. Any number of processes of one machine may use the file at the same
    time: each sees the changes of the others at its next call.

    When a method returns, the operating system has its changes: killing the program loses nothing.
    With `fsync` the disk has them, so that a power cut loses nothing either; each change then waits
    for the disk. After an error, such as a full disk, jar and file are as before the call.

    `timeout` is the most seconds to wait while other processes write. Unpickling a jar opens the
    same file.

    >>> import os, tempfile
    >>> directory = tempfile.TemporaryDirectory()
    >>> with SQLiteCookieJar(os.path.join(directory.name, "cookies.db")) as jar:
    ...     len(jar)
    0
    >>> directory.cleanup()

    Raises:
        LoadError: the file is not a cookie jar of nethttp, or a newer nethttp wrote it.
        StorageError: the disk is full (ENOSPC), the file is locked for longer than `timeout`
            (EBUSY), may not be opened or written (EACCES), or is damaged (EIO).
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        policy: CookiePolicy | None = None,
        *,
        timeout: float = 5.0,
        fsync: bool = False,
    ) -> None:
        super().__init__(SQLiteStorage(os.path.abspath(path), timeout, fsync), policy)
