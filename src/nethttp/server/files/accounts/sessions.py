"""`Sessions`: the users that cookies sign in. All workers know a session, and any can end it."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable

from .database import Database
from .mark import Mark

__all__ = ["LIFE", "SCHEMA", "Sessions"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions
    (token BLOB PRIMARY KEY, user TEXT, stamp BLOB, begun REAL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_user ON sessions (user, begun);
"""

LIFE = 30 * 24 * 3600
"""Seconds that a session lasts."""

MAX_OF_USER = 100
"""Sessions of one user; the oldest end first."""

MAX_KNOWN = 1000
"""Sessions that one worker keeps."""


class Sessions:
    """Sessions in `database`, which has no token: a copy of it signs nobody in.

    `mark` changes when a session begins or ends. A worker keeps the sessions that it has seen until
    then, under their tokens, which its requests have anyway.

    A session has a stamp (see `Users.stamp`), and ends when its user has another one.
    """

    def __init__(
        self, database: Database, mark: Mark, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._mark = mark
        self._clock = clock
        self._known: dict[str, tuple[bytes, tuple[str, bytes, float]]] = {}
        """By token: the mark when the session was read, and its row."""

    def begin(self, user: str, stamp: bytes) -> str:
        """Return the token of a new session.

        Raises:
            sqlite3.Error: the database cannot be changed.
        """
        token = secrets.token_urlsafe(32)
        now = self._clock()
        with self._database.changing() as connection:
            connection.execute("DELETE FROM sessions WHERE begun < ?", (now - LIFE,))
            connection.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?)", (_digest(token), user, stamp, now)
            )
            connection.execute(
                "DELETE FROM sessions WHERE token IN (SELECT token FROM sessions"
                " WHERE user = ? ORDER BY begun DESC LIMIT -1 OFFSET ?)",
                (user, MAX_OF_USER),
            )
        self._mark.change()
        return token

    def find(self, token: str) -> tuple[str, bytes] | None:
        """Return the user and the stamp of a session, None if there is none.

        Raises:
            sqlite3.Error: the database cannot be read.
        """
        # The mark is read before the session: if that ends meanwhile, the next look sees it.
        mark = self._mark.value()
        known = self._known.get(token)
        if known is not None and known[0] == mark:
            found = known[1]
        else:
            with self._database.reading() as connection:
                found = connection.execute(
                    "SELECT user, stamp, begun FROM sessions WHERE token = ?", (_digest(token),)
                ).fetchone()
            if found is not None:
                if len(self._known) >= MAX_KNOWN:
                    self._known.clear()
                self._known[token] = mark, found
        if found is None or found[2] + LIFE < self._clock():
            return None
        return found[0], found[1]

    def end(self, token: str) -> None:
        """End a session.

        Raises:
            sqlite3.Error: the database cannot be changed.
        """
        with self._database.changing() as connection:
            connection.execute("DELETE FROM sessions WHERE token = ?", (_digest(token),))
        self._mark.change()

    def end_all(self, user: str) -> int:
        """End all sessions of a user, and return how many there were.

        Raises:
            sqlite3.Error: the database cannot be changed.
        """
        with self._database.changing() as connection:
            ended = connection.execute("DELETE FROM sessions WHERE user = ?", (user,)).rowcount
        self._mark.change()
        return ended


def _digest(token: str) -> bytes:
    return hashlib.blake2b(token.encode("utf-8", "surrogateescape"), digest_size=32).digest()
