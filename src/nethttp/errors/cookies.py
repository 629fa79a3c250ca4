"""The errors of cookies, of cookie files and of the storage of a jar."""

from __future__ import annotations

__all__ = [
    "CookieError",
    "LoadError",
    "StorageAwayError",
    "StorageError",
]


class CookieError(Exception):
    """A cookie name, attribute or value that this program may not send."""


class LoadError(OSError):
    """A cookie file that is not in the format its jar reads."""


class StorageError(OSError):
    """A jar's storage could not be read or written.

    `errno` says why: ENOSPC (full), EBUSY (locked for too long by another process), EACCES (not
    allowed), ETIMEDOUT (its server does not answer), else EIO.
    """


class StorageAwayError(StorageError):
    """The server that keeps a jar's cookies did not answer in time."""
