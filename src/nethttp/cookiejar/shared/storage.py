"""Where the cookies of a `SharedCookieJar` lie: what a storage must do, and cookies as its text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from ..cookie import Cookie
from ..trace import trace

__all__ = ["MAX_REMEMBERED_REMOVALS", "News", "Storage", "cookie_in", "key_of", "text_of"]

MAX_REMEMBERED_REMOVALS = 1000
"""How many removed cookies a storage remembers for jars that have not heard of them yet.

A jar that has been away for more reads the whole storage instead.
"""


class News(NamedTuple):
    """What others changed since the last exchange, or, if `whole`, all that the storage has.

    `changes` maps keys to cookies, or to None for one that was removed.
    """

    whole: bool
    changes: Mapping[str, Cookie | None]


class Storage(Protocol):
    """Where the cookies of a `SharedCookieJar` lie."""

    def exchange(self, changes: Mapping[str, Cookie | None]) -> News | None:
        """Make `changes` in one atomic step, and return what others changed before; None: nothing.

        Raises:
            StorageError: nothing was changed, or it cannot be known; the next exchange tells all.
        """

    def pause(self) -> None:
        """Close what must not be copied into another process; the next exchange opens it."""

    def forget(self) -> None:
        """Let the next exchange tell everything."""

    def prune(self) -> None:
        """Remove the cookies whose time is over from the storage."""

    def close(self) -> None:
        """Give everything back. There is no next exchange."""


def text_of(cookie: Cookie) -> str:
    """Return all that a cookie has as JSON, in ASCII."""
    return json.dumps(cookie.to_dict(), separators=(",", ":"))


def cookie_in(text: str | bytes) -> Cookie | None:
    """Return the cookie that `text_of` wrote, None if it is no such text: it costs no other."""
    try:
        return Cookie.from_dict(json.loads(text))
    except (ArithmeticError, AttributeError, RecursionError, TypeError, ValueError) as error:
        trace("   not a cookie in the storage: %s", error)
        return None


def key_of(cookie: Cookie) -> str:
    """Return what tells a cookie from all others, as JSON in ASCII."""
    return json.dumps([cookie.domain, cookie.path, cookie.name, cookie.partition_key])
