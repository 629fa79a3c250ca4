"""`Database`: what all workers of a server know together, in a file of SQLite."""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["Database"]

SECONDS = 5.0
"""Seconds that a step waits for those of other workers."""


class Database:
    """Tables in the file `path`, made by `schema` if they are missing.

    Each process has a connection of its own, opened when it needs one: one that was open before a
    fork must not be used after it.
    """

    def __init__(self, path: str, schema: str) -> None:
        self._path = path
        self._schema = schema
        self._lock = threading.Lock()
        self._connections: dict[int, sqlite3.Connection] = {}

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Return a context with the connection, for single statements.

        Raises:
            sqlite3.Error: the file cannot be read.
        """
        with self._lock:
            connection = self._connections.get(os.getpid())
            yield self._open() if connection is None else connection

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """Return a context with the connection, whose statements happen together or not at all.

        Raises:
            sqlite3.Error: the file cannot be written, or other workers hold it for too long.
        """
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=SECONDS, isolation_level=None, check_same_thread=False
        )
        weakref.finalize(self, connection.close)
        with suppress(sqlite3.OperationalError):
            # Readers and a writer do not wait for each other then. While another worker opens the
            # file SQLite refuses this at once; the mode is the file's, so that worker sets it.
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(self._schema)
        self._connections[os.getpid()] = connection
        return connection
