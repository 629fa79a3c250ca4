"""Storages of a `SharedCookieJar`: what one must do, and cookies as the text that it keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from ..cookie import Cookie
from ..trace import trace

__all__ = ["MAX_REMEMBERED_REMOVALS", "News", "Storage", "cookie_in", "key_of", "text_of"]

MAX_REMEMBERED_REMOVALS = 1000
"""How many removals a storage remembers, for jars that have not yet read them.

A jar that has missed more reads the whole storage.
"""


class News(NamedTuple):
    """What other jars changed since the last exchange; if `whole`, everything in the storage.

    `changes` maps the keys of cookies (`key_of`) to the cookies, and of removed ones to None.
    """

    whole: bool
    changes: Mapping[str, Cookie | None]


class Storage(Protocol):
    """What keeps the cookies of a `SharedCookieJar`; the jar calls it under its lock.

    A step is atomic, so every jar sees all changes of another step or none.
    """

    def exchange(self, changes: Mapping[str, Cookie | None]) -> News | None:
        """Make `changes` in one atomic step, and return what others changed before it.

        None: nothing.

        Raises:
            StorageError: nothing was changed, or that is unknown; the next exchange returns all.
        """

    def pause(self) -> None:
        """Close what a fork must not copy; the next exchange opens it again."""

    def forget(self) -> None:
        """Let the next exchange return everything in the storage."""

    def prune(self) -> None:
        """Remove expired cookies from the storage."""

    def close(self) -> None:
        """Close all files and connections. No exchange follows."""


def text_of(cookie: Cookie) -> str:
    """Return a cookie as JSON in ASCII, which `cookie_in` reads.

    >>> cookie_in(text_of(Cookie.from_dict({"name": "id", "value": "7", "domain": "b.com"}))).name
    'id'
    """
    return json.dumps(cookie.to_dict(), separators=(",", ":"))


def cookie_in(text: str | bytes) -> Cookie | None:
    """Return the cookie that `text_of` wrote; None if the text is not of this form.

    Nothing raises: one damaged cookie must not make the whole storage unreadable.

    >>> cookie_in("{}") is None
    True
    """
    try:
        return Cookie.from_dict(json.loads(text))
    except (ArithmeticError, AttributeError, RecursionError, TypeError, ValueError) as error:
        trace("   not a cookie in the storage: %s", error)
        return None


def key_of(cookie: Cookie) -> str:
    """Return the key of a cookie: its domain, path, name and partition as JSON in ASCII.

    >>> key_of(Cookie.from_dict({"name": "id", "value": "7", "domain": "example.com"}))
    '["example.com", "/", "id", null]'
    """
    return json.dumps([cookie.domain, cookie.path, cookie.name, cookie.partition_key])
