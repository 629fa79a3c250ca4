"""`Attempts`: makes each wrong password delay the next try, for all workers together.

A try is counted before its password is compared, so tries at the same time are counted too.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import time
from collections.abc import Callable

from .database import Database

__all__ = ["SCHEMA", "Attempts"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS attempts
    (who BLOB PRIMARY KEY, tries INTEGER, until REAL, last REAL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS attempts_last ON attempts (last);
"""

FREE_TRIES = 5
"""Tries for one account from one address before the first delay. Each worker may try a password
at the same time as others when a client opens several connections."""

FREE_TRIES_OF_ADDRESS = 30
"""Tries from one address for all accounts together."""

MAX_DELAY = 900.0
"""Seconds of the longest delay."""

FORGET = 3600.0
"""Seconds without a try after which the tries before are forgotten."""

MAX_ROWS = 10_000
"""Addresses and accounts that are remembered; the oldest are forgotten first."""


class Attempts:
    """Counts tries in `database`; `clock` gives seconds that all workers share."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    def begin(self, address: str, account: str) -> int:
        """Return 0 and count a try; or the seconds to wait, if it is too early for one.

        After the free tries each one doubles the delay before the next, from a second on.

        Raises:
            sqlite3.Error: the database cannot be changed.
        """
        now = self._clock()
        keys = self._keys(address, account)
        with self._database.changing() as connection:
            connection.execute("DELETE FROM attempts WHERE last < ?", (now - FORGET,))
            counted = []
            for who, free in keys:
                row = connection.execute(
                    "SELECT tries, until FROM attempts WHERE who = ?", (who,)
                ).fetchone()
                tries, until = row or (0, 0.0)
                # The clock of the system may have been set back.
                wait = min(until - now, MAX_DELAY)
                if wait > 0:
                    return math.ceil(wait)
                tries += 1
                delay = min(2.0 ** min(tries - free, 20), MAX_DELAY) if tries >= free else 0.0
                counted.append((who, tries, now + delay, now))
            connection.executemany("REPLACE INTO attempts VALUES (?, ?, ?, ?)", counted)
            connection.execute(
                "DELETE FROM attempts WHERE who IN"
                " (SELECT who FROM attempts ORDER BY last DESC LIMIT -1 OFFSET ?)",
                (MAX_ROWS,),
            )
        return 0

    def succeeded(self, address: str, account: str) -> None:
        """Forget the tries of an address for an account; those for other accounts stay.

        Raises:
            sqlite3.Error: the database cannot be changed.
        """
        (pair, _), (place, free) = self._keys(address, account)
        with self._database.changing() as connection:
            connection.execute("DELETE FROM attempts WHERE who = ?", (pair,))
            # This try was right, so it does not count.
            connection.execute(
                "UPDATE attempts SET tries = tries - 1, until = CASE WHEN tries <= ? THEN 0"
                " ELSE until END WHERE who = ? AND tries > 0",
                (free, place),
            )

    @staticmethod
    def _keys(address: str, account: str) -> list[tuple[bytes, int]]:
        place = network_of(address)
        return [(_digest(place, account), FREE_TRIES), (_digest(place), FREE_TRIES_OF_ADDRESS)]


def _digest(*parts: str) -> bytes:
    text = "\0".join(parts).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(text, digest_size=16).digest()


def network_of(address: str) -> str:
    """Return an address, or the network of an IPv6 address: one client has a whole /64.

    >>> network_of("192.0.2.1"), network_of("2001:db8::1:2:3:4")
    ('192.0.2.1', '2001:db8::/64')
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))
