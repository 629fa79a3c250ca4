"""A private SQLite file that several processes use: how it is opened, and what its errors mean.

The cookie jar and the cache keep their tables in such files. Changes go to a write-ahead log, so a
process that is killed in the middle of one leaves the file as it was before.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from .errors import LoadError, StorageError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["Kind", "empty_damaged", "is_damaged", "open_file", "storage_error", "transaction"]


class Kind(NamedTuple):
    """A kind of our files."""

    name: str
    """What errors call it: "cookie jar"."""
    application_id: int
    """SQLite's `application_id` of these files, by which they are recognised."""
    schema: tuple[str, ...]
    """The step to each version of the schema; a file has its version in `user_version`."""
    others: Mapping[str, str] = {}
    """What another program's file is, and what to do with it, by one of its tables."""


# SQLite's file format: the bytes that it locks, from PENDING_BYTE on; where the head has the id.
_LOCK_START, _LOCK_SIZE = 0x40000000, 512
_HEAD_SIZE, _ID_AT = 100, 68

_ERRNO = {
    sqlite3.SQLITE_FULL: (errno.ENOSPC, "no space is left"),
    sqlite3.SQLITE_BUSY: (errno.EBUSY, "another process kept it locked"),
    sqlite3.SQLITE_LOCKED: (errno.EBUSY, "another connection kept it locked"),
    sqlite3.SQLITE_READONLY: (errno.EACCES, "it cannot be written"),
    sqlite3.SQLITE_PERM: (errno.EACCES, "it cannot be written"),
    sqlite3.SQLITE_CANTOPEN: (errno.EACCES, "it cannot be opened"),
}


def open_file(path: str, kind: Kind, *, timeout: float, fsync: bool) -> sqlite3.Connection:
    """Return a connection to the file `path`, which is created with mode 0600 if there is none.

    `timeout` is the most seconds that a step waits for other processes' locks. With `fsync` the
    disk has each change when its step ends, else the operating system. Threads may share the
    connection under a lock; nothing is begun without `transaction`, since a single
    statement is a step of its own.

    Raises:
        LoadError: the file is of another kind, or a newer nethttp wrote it.
        sqlite3.Error: it cannot be opened; `storage_error` says why.
    """
    _make_private(path)
    database = sqlite3.connect(
        path,
        timeout=timeout,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        if _checked_id(database, path, kind) != kind.application_id:
            # Before the log, so that the file itself says from the beginning what it is.
            database.execute(f"PRAGMA application_id = {kind.application_id}")
        _write_ahead(database, timeout)
        database.execute(f"PRAGMA synchronous = {'FULL' if fsync else 'NORMAL'}")
        _migrate(database, kind)
    except BaseException:
        database.close()
        raise
    return database


def storage_error(error: sqlite3.Error, path: str, kind: Kind) -> StorageError:
    """Return the exception to raise for an error of SQLite, so that callers see one kind."""
    number, words = _ERRNO.get(_primary_code(error), (errno.EIO, "it cannot be read or written"))
    return StorageError(number, f"{kind.name}: {words} ({error})", path)


def is_damaged(error: sqlite3.Error) -> bool:
    """Return whether an error says that the bytes of the file make no sense."""
    return _primary_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def empty_damaged(path: str, kind: Kind) -> bool:
    """Make a damaged file of this kind an empty one; return False if that cannot be done now.

    It cannot while another process has the file open. A file that does not say in its head that it
    is of this kind is never touched. No connection of this process may have it open.
    """
    if fcntl is None or not _says_kind(path, kind):
        return False
    with contextlib.suppress(OSError), open(path, "r+b", buffering=0) as file:
        # Every open connection to a file with a write-ahead log has a lock on these bytes.
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCK_SIZE, _LOCK_START)
        for log in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path + log)
        file.truncate(0)
        return True
    return False


def _says_kind(path: str, kind: Kind) -> bool:
    """Return whether the head of a file has the kind's `application_id`."""
    with contextlib.suppress(OSError), open(path, "rb", buffering=0) as file:
        head = file.read(_HEAD_SIZE)
        return head[_ID_AT : _ID_AT + 4] == kind.application_id.to_bytes(4, "big")
    return False


@contextlib.contextmanager
def transaction(
    database: sqlite3.Connection, mode: str = "IMMEDIATE"
) -> Iterator[sqlite3.Connection]:
    """Return a context that is one transaction: committed at its end, undone by an exception.

    `mode` is SQLite's: IMMEDIATE takes the lock for writing first, since a reader that begins to
    write could be refused; DEFERRED is for reading.
    """
    database.execute(f"BEGIN {mode}")
    try:
        yield database
        database.execute("COMMIT")
    except BaseException:
        # After some errors SQLite has rolled back already.
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def _make_private(path: str) -> None:
    """Create the file, if there is none, with mode 0600; SQLite gives its log the same mode."""
    with contextlib.suppress(FileExistsError):
        # An existing file is not opened: closing it would drop this process's locks on it.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _write_ahead(database: sqlite3.Connection, timeout: float) -> None:
    """Turn on the write-ahead log, with retries: SQLite refuses one of two at the same time."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            busy = _primary_code(error) == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() >= deadline:
                raise
        time.sleep(0.005)


def _checked_id(database: sqlite3.Connection, path: str, kind: Kind) -> int:
    """Return the `application_id` of a file that is new or of this kind.

    Raises:
        LoadError: it is another program's file, or one of a newer nethttp.
    """
    try:
        # In one transaction: another process may be creating the tables.
        with transaction(database, "DEFERRED"):
            (application,) = database.execute("PRAGMA application_id").fetchone()
            (version,) = database.execute("PRAGMA user_version").fetchone()
            names = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    except sqlite3.DatabaseError as error:
        if _primary_code(error) != sqlite3.SQLITE_NOTADB or _says_kind(path, kind):
            raise
        raise LoadError(f"{path!r} is not an SQLite database") from None
    for table, whose in kind.others.items():
        if table in names:
            raise LoadError(f"{path!r} is {whose}")
    if names and application != kind.application_id:
        raise LoadError(
            f"{path!r} is another program's database; expected a {kind.name} of nethttp"
        )
    if version > len(kind.schema):
        raise LoadError(
            f"{path!r} has schema {version}, expected at most {len(kind.schema)}: "
            "a newer nethttp wrote it, and is needed to read it"
        )
    return int(application)


def _migrate(database: sqlite3.Connection, kind: Kind) -> None:
    """Bring the file to the newest version of the schema, in one transaction."""
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version >= len(kind.schema):
        return
    with transaction(database):
        # Another process may have done it before the transaction began.
        (version,) = database.execute("PRAGMA user_version").fetchone()
        for step in kind.schema[version:]:
            for statement in step.split(";"):
                database.execute(statement)
        database.execute(f"PRAGMA user_version = {max(version, len(kind.schema))}")


def _primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary error code, without the extended code in the upper bits."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF
