"""A Valkey or Redis server as the cookie jar and the cache use it: its URL, its client, its errors.

It needs the library redis, an extra.
"""

from __future__ import annotations

import errno
import urllib.parse
from typing import Any

try:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry
except ImportError as error:
    raise ImportError("the library redis is missing: pip install 'nethttp[valkey]'") from error

__all__ = ["AWAY", "NOT_ALLOWED", "ServerError", "connect", "errno_of", "url_without_password"]

ServerError = redis.exceptions.RedisError
"""Every error of the library."""

AWAY = (
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    # The server has become a replica: the new primary will get its name.
    redis.exceptions.ReadOnlyError,
    redis.exceptions.MasterDownError,
    redis.exceptions.ClusterDownError,
    redis.exceptions.TryAgainError,
)
"""Errors of a server that does not answer now, and may later."""

NOT_ALLOWED = (redis.exceptions.AuthenticationError, redis.exceptions.NoPermissionError)
"""Errors of a server that refuses this client; some of them are subclasses of `AWAY`'s."""

_SCHEMES = {"valkey": "redis", "valkeys": "rediss"}
"""URL schemes, and the names by which the library knows them."""


def connect(url: str, timeout: float) -> Any:
    """Return a client of the server at `url`, whose waits take `timeout` seconds at most each.

    `url` is ``valkey://[user:password@]host[:port][/database]``, ``valkeys://`` over TLS, ``redis``
    and ``rediss`` likewise, or ``unix://path``. Nothing is tried twice, since the callers know how
    much time is left; the connection is made when it is first needed.

    Raises:
        ValueError: the `url` is of another form.
    """
    scheme, colon, rest = url.partition("://")
    return redis.Redis.from_url(
        _SCHEMES.get(scheme, scheme) + colon + rest,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )


def url_without_password(url: str) -> str:
    """Return the URL as an error may show it.

    >>> url_without_password("valkey://me:secret@host:6379/0")
    'valkey://host:6379/0'
    """
    parts = urllib.parse.urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


def errno_of(error: Exception) -> int:
    """Return the `errno` of a server's error.

    The text decides, since the library has no classes for some errors.
    """
    said = str(error)
    if isinstance(error, redis.exceptions.OutOfMemoryError) or "maxmemory" in said:
        return errno.ENOSPC
    return errno.EACCES if "unauthenticated" in said else errno.EIO
