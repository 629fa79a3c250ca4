"""`ValkeyCache`: responses that many machines share, kept by a Valkey or Redis server.

With the prefix ``P`` the server has these keys: ``{P}:url:DIGEST``, the entries of a URL in all
partitions, by the names of their contents; ``{P}:bytes:NAME``, the pieces of a content by their
places in it; ``{P}:used``, when each entry was last used; ``{P}:costs`` and ``{P}:places``, its
bytes and its URL's key; ``{P}:size``, the sum. The braces put all of them on one node of a cluster.
Each method is one script or one command, so each is atomic.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ...caching import AgeCache
from ...errors import StorageAwayError, StorageError
from ...valkey_server import (
    AWAY,
    NOT_ALLOWED,
    ServerError,
    connect,
    errno_of,
    url_without_password,
)
from .entry import Entry
from .store import (
    GRACE,
    MAX_VARIANTS,
    UNFINISHED,
    Content,
    Key,
    Pieces,
    Store,
    cost_of,
    replaces,
)
from .unfinished import Unfinished

__all__ = ["ValkeyCache"]

DEFAULT_PREFIX = "nethttp:cache"
"""The default prefix of a cache's keys."""

_BETWEEN_TOUCHES = 60.0
"""Seconds after which a process says again that an entry is used."""

_MAX_DISCARDED = 1000
"""Discarded contents of which the server is told; it removes others after `UNFINISHED` seconds."""

_AWAY_PAUSE = 1.0
"""Seconds after an error in which the server is not asked, so that no request waits for it."""

# KEYS: used, costs, places, size. ARGV: the prefix of contents, seconds of grace.
_FORGET = """
local function forget(content)
  local place = redis.call('HGET', KEYS[3], content)
  if not place then return end
  redis.call('HDEL', place, content)
  redis.call('DECRBY', KEYS[4], redis.call('HGET', KEYS[2], content))
  redis.call('HDEL', KEYS[2], content)
  redis.call('HDEL', KEYS[3], content)
  redis.call('ZREM', KEYS[1], content)
  redis.call('EXPIRE', ARGV[1] .. content, ARGV[2])
end
"""

# Also: the URL's key, the content, the entry, the last piece, its cost, the time, the bound, the
# place of the last piece, then the contents whose entries go.
_COMMIT = f"""
{_FORGET}
local place, content, entry, last = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local name = ARGV[1] .. content
redis.call('HSET', name, ARGV[10], last)
redis.call('PERSIST', name)
for number = 11, #ARGV do forget(ARGV[number]) end
redis.call('HSET', place, content, entry)
redis.call('HSET', KEYS[2], content, ARGV[7])
redis.call('HSET', KEYS[3], content, place)
redis.call('ZADD', KEYS[1], ARGV[8], content)
local size = redis.call('INCRBY', KEYS[4], ARGV[7])
while size > tonumber(ARGV[9]) do
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
  if not oldest then break end
  forget(oldest)
  size = tonumber(redis.call('GET', KEYS[4]))
end
"""

# Also: the URL's key, the content, the entry, its cost.
_UPDATE = """
local before = redis.call('HGET', KEYS[2], ARGV[4])
if before then
  redis.call('HSET', ARGV[3], ARGV[4], ARGV[5])
  redis.call('HSET', KEYS[2], ARGV[4], ARGV[6])
  redis.call('INCRBY', KEYS[4], ARGV[6] - before)
end
"""

# Also: the URLs' keys.
_REMOVE = f"""
{_FORGET}
for number = 3, #ARGV do
  for _, content in ipairs(redis.call('HKEYS', ARGV[number])) do forget(content) end
end
"""


class _Pieces(Content):
    """A content at the server, whose first piece has been read."""

    def __init__(self, cache: ValkeyCache, content: str, first: bytes) -> None:
        self._cache = cache
        self._content = content
        self._start = 0
        self._piece = first

    def read(self, start: int, stop: int) -> bytes:
        if not self._start <= start < self._start + len(self._piece):
            known = start == self._start + len(self._piece)
            self._start = start if known else self._cache.start_of_piece(self._content, start)
            self._piece = self._cache.read(self._content, self._start)
        return self._piece[start - self._start : stop - self._start]

    def close(self) -> None:
        self._piece = b""


class ValkeyCache(Store):
    """A store on the Valkey or Redis server at `url`, shared by all with the same `prefix`.

    `url` is ``valkey://[user:password@]host[:port][/database]``, ``valkeys://`` over TLS, ``redis``
    and ``rediss`` likewise, or ``unix://path``. Entries and contents take at most `max_size` bytes,
    one content `max_content` (default: an eighth); beyond, those used longest ago go. What may
    still be read stays a minute longer, and each client may be writing `max_size` bytes more.

    `timeout` is the most seconds of one wait for the server. After an error the server is not asked
    for a second: meanwhile each method raises at once, and requests go to their origins.

    Raises:
        ImportError: the library redis is missing.
        ValueError: `url` or `prefix` is invalid.
    """

    waits = True

    def __init__(
        self,
        url: str = "valkey://localhost:6379/0",
        max_size: int = 256 * 1024 * 1024,
        max_content: int | None = None,
        *,
        prefix: str = DEFAULT_PREFIX,
        timeout: float = 1.0,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not prefix or set("{}") & set(prefix):
            raise ValueError(f"expected a prefix without braces, got {prefix!r}")
        self.url = url
        self.max_size = max_size
        self.max_content = max_size // 8 if max_content is None else max_content
        self._now = now
        self._clock = clock
        self._asked_again_at = 0.0
        self._client: Any = connect(url, timeout)
        self._commit = self._client.register_script(_COMMIT)
        self._update = self._client.register_script(_UPDATE)
        self._remove = self._client.register_script(_REMOVE)
        self._prefix = f"{{{prefix}}}:"
        self._contents = f"{self._prefix}bytes:"
        self._keys = [self._prefix + name for name in ("used", "costs", "places", "size")]
        self._unfinished = Unfinished(max_size, clock)
        self._discarded: deque[str] = deque(maxlen=_MAX_DISCARDED)
        self._touched: AgeCache[str, bool] = AgeCache(4096, 4096, life=_BETWEEN_TOUCHES)

    def variants(self, key: Key) -> list[Entry]:
        with self._server() as server:
            rows = server.hvals(self._place(key.url))
        found = []
        for text in rows:
            with contextlib.suppress(ValueError, LookupError, TypeError):
                partition, entry = json.loads(text)
                if partition == key.partition:
                    found.append(Entry.from_json(entry))
        return sorted(found, key=lambda entry: entry.received_at)

    def open(self, key: Key, entry: Entry) -> Content:
        if self._touched.get(entry.content) is None:
            self._touched.put(entry.content, True, 1)
            with self._server() as server:
                server.zadd(self._keys[0], {entry.content: self._now()}, xx=True)
        return _Pieces(self, entry.content, self.read(entry.content, 0))

    def read(self, content: str, start: int) -> bytes:
        """Return the piece of a content that begins at byte `start`.

        Raises:
            StorageError: the content is gone (ENOENT), or the server refuses.
            StorageAwayError: the server does not answer.
        """
        with self._server() as server:
            data: bytes | None = server.hget(self._contents + content, str(start))
        if data is None:
            raise StorageError(errno.ENOENT, "cache: the content is gone", str(self))
        return data

    def start_of_piece(self, content: str, at: int) -> int:
        """Return where the piece begins that has byte `at` of a content.

        Raises:
            StorageError: the content is gone (ENOENT), or the server refuses.
            StorageAwayError: the server does not answer.
        """
        with self._server() as server:
            names = server.hkeys(self._contents + content)
        starts = [start for start in map(int, names) if start <= at]
        if not starts:
            raise StorageError(errno.ENOENT, "cache: the content is gone", str(self))
        return max(starts)

    def append(self, content: str, start: int, pieces: Pieces) -> None:
        data = b"".join(pieces)
        self._unfinished.note(content, start + len(data))
        with self._server() as server, server.pipeline() as step:
            step.hset(self._contents + content, str(start), data)
            step.expire(self._contents + content, int(UNFINISHED))
            self._remove_discarded(step)
            step.execute()

    def commit(self, key: Key, entry: Entry, start: int, pieces: Pieces) -> None:
        there = self.variants(key)
        kept = [old for old in there if not replaces(entry, old)]
        excess = max(0, len(kept) + 1 - MAX_VARIANTS)
        gone = [old.content for old in (*(old for old in there if old not in kept), *kept[:excess])]
        text = json.dumps([key.partition, entry.to_json()])
        place = self._place(key.url)
        last, cost = b"".join(pieces), cost_of(entry)
        new = (place, entry.content, text, last, cost, self._now(), self.max_size, start)
        self._run(self._commit, *new, *gone)
        self._unfinished.end(entry.content)

    def update(self, key: Key, entry: Entry) -> None:
        text = json.dumps([key.partition, entry.to_json()])
        self._run(self._update, self._place(key.url), entry.content, text, cost_of(entry))

    def discard(self, content: str) -> None:
        # The server is told with the next pieces, since nothing is waited for here.
        if self._unfinished.end(content):
            self._discarded.append(content)

    def remove(self, urls: Sequence[str]) -> None:
        self._run(self._remove, *map(self._place, urls))

    def close(self) -> None:
        self._client.close()

    def _remove_discarded(self, step: Any) -> None:
        """Add to a step that the pieces of discarded contents are removed."""
        names = [self._discarded.popleft() for _ in range(len(self._discarded))]
        if names:
            step.unlink(*(self._contents + name for name in names))

    def __str__(self) -> str:
        """Return the server and the prefix, without a password."""
        return f"{url_without_password(self.url)} {self._prefix}"

    def _place(self, url: str) -> str:
        digest = hashlib.sha256(url.encode("utf-8", "surrogateescape"))
        return f"{self._prefix}url:{digest.hexdigest()}"

    def _run(self, script: Any, *arguments: Any) -> None:
        with self._server():
            script(keys=self._keys, args=[self._contents, int(GRACE), *arguments])

    @contextlib.contextmanager
    def _server(self) -> Iterator[Any]:
        """Return a context with the client; the server's errors become ours.

        Raises:
            StorageAwayError: the server does not answer, or did not a moment ago.
            StorageError: the server refuses.
        """
        if self._clock() < self._asked_again_at:
            raise StorageAwayError(
                errno.ETIMEDOUT, "cache: its server was away a moment ago", str(self)
            )
        try:
            yield self._client
        except NOT_ALLOWED as error:
            raise StorageError(errno.EACCES, f"cache: {error}", str(self)) from error
        except AWAY as error:
            self._asked_again_at = self._clock() + _AWAY_PAUSE
            raise StorageAwayError(
                errno.ETIMEDOUT, f"cache: its server is away ({error})", str(self)
            ) from error
        except ServerError as error:
            raise StorageError(errno_of(error), f"cache: {error}", str(self)) from error
