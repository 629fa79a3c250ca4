"""`ValkeyCookieJar`: the same cookies on many machines, kept by a Valkey or Redis server.

Every exchange is one script, which the server runs atomically: it returns what others changed since
the last exchange, and makes this jar's changes. So a request takes one round trip, however many
cookies there are, and a response that sets cookies two.

With the prefix ``P`` the server has these keys: ``{P}:cookie:KEY``, one for each cookie, which
expires with it; ``{P}:changes``, every KEY with the number of the exchange that last changed it;
``{P}:expiries`` and ``{P}:removed``, by which the script deletes KEYs from ``changes`` in time; and
``{P}:state``, the last number, and a random name that is new when the server has lost the jar. The
braces put all of them on one node of a cluster.
"""

from __future__ import annotations

import errno
import random
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ...errors import StorageAwayError, StorageError
from ...valkey_server import (
    AWAY,
    NOT_ALLOWED,
    ServerError,
    connect,
    errno_of,
    url_without_password,
)
from ..cookie import Cookie
from ..locks import acquired
from ..policy import CookiePolicy
from .jar import SharedCookieJar
from .storage import MAX_REMEMBERED_REMOVALS, News, cookie_in, text_of

__all__ = ["ValkeyCookieJar", "ValkeyStorage"]

DEFAULT_PREFIX = "nethttp:cookies"
"""The default prefix of a jar's keys."""

WhenAway = Literal["raise", "serve-last-known"]

# ARGV: the prefix of cookies, a name for a new life, the life and number last seen, how many
# removals to remember, milliseconds a session lasts ("" for ever); then for each change its key,
# its text ("" if removed) and when it expires ("" with the session).
_EXCHANGE = """
local state, changes, expiries, removed = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local prefix, writes = ARGV[1], #ARGV > 6
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local known = redis.call('HMGET', state, 'life', 'number', 'forgotten')
local life, number, forgotten = known[1], tonumber(known[2] or 0), tonumber(known[3] or 0)
-- The empty key is in `changes` from its beginning: without it the server has evicted the rest.
if not life or not redis.call('ZSCORE', changes, '') then
  life, number, forgotten = '', 0, 0
  if writes then
    redis.call('DEL', state, changes, expiries, removed)
    redis.call('ZADD', changes, 0, '')
    life = ARGV[2]
  end
end

local seen, whole = tonumber(ARGV[4]), 0
if ARGV[3] ~= life or seen < forgotten or seen > number then
  seen, whole = 0, 1
end
local news = {}
if seen < number then
  local keys = redis.call('ZRANGEBYSCORE', changes, '(' .. seen, '+inf')
  for first = 1, #keys, 1000 do
    local names = {}
    for place = first, math.min(first + 999, #keys) do
      names[#names + 1] = prefix .. keys[place]
    end
    for place, text in ipairs(redis.call('MGET', unpack(names))) do
      news[#news + 1] = keys[first + place - 1]
      news[#news + 1] = text
    end
  end
end
if not writes then
  return {life, number, whole, news}
end

number = number + 1
for place = 7, #ARGV, 3 do
  local key, text, expires = ARGV[place], ARGV[place + 1], ARGV[place + 2]
  redis.call('ZADD', changes, number, key)
  redis.call('ZREM', expiries, key)
  if text == '' then
    redis.call('DEL', prefix .. key)
    redis.call('ZADD', removed, number, key)
  else
    redis.call('ZREM', removed, key)
    if expires == '' and ARGV[6] ~= '' then
      expires = string.format('%.0f', now + ARGV[6])
    end
    if expires == '' then
      redis.call('SET', prefix .. key, text)
    else
      redis.call('SET', prefix .. key, text, 'PXAT', expires)
      redis.call('ZADD', expiries, expires, key)
    end
  end
end

for _, key in ipairs(redis.call('ZRANGEBYSCORE', expiries, '-inf', now, 'LIMIT', 0, 1000)) do
  redis.call('ZREM', expiries, key)
  redis.call('ZREM', changes, key)
end
local excess = redis.call('ZCARD', removed) - ARGV[5]
while excess > 0 do
  local oldest = redis.call('ZPOPMIN', removed, math.min(excess, 1000))
  for place = 1, #oldest, 2 do
    redis.call('ZREM', changes, oldest[place])
    forgotten = tonumber(oldest[place + 1])
  end
  excess = excess - #oldest / 2
end
redis.call('HSET', state, 'life', life, 'number', number, 'forgotten', forgotten)

-- What belongs to all lasts as long as the last cookie, and a day at least.
local count = redis.call('ZCARD', changes) - redis.call('ZCARD', removed) - 1
local last = redis.call('ZREVRANGE', expiries, 0, 0, 'WITHSCORES')[2]
local until_ms = string.format('%.0f', math.max(tonumber(last or 0), now + 86400000))
for _, name in ipairs(KEYS) do
  if count > redis.call('ZCARD', expiries) then
    redis.call('PERSIST', name)
  else
    redis.call('PEXPIREAT', name, until_ms)
  end
end
return {life, number, whole, news}
"""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0
"""Seconds between two attempts to reach a server; each pause is double the one before."""

_FURTHEST = 10**15
"""The latest expiry that is written, in milliseconds since 1970: the server's numbers are exact
up to 2**53."""


class ValkeyStorage:
    """The storage of a `ValkeyCookieJar`: one client of the server, and the script.

    Each wait takes `timeout` seconds at most, and all attempts of a step `patience` seconds. The
    key of a session cookie expires after `session_lifetime` seconds; None: never.

    Raises:
        ValueError: a `prefix` with braces, an unknown `when_away`.
    """

    def __init__(
        self,
        url: str,
        prefix: str,
        timeout: float,
        patience: float,
        session_lifetime: float | None,
        when_away: WhenAway,
    ) -> None:
        if not prefix or set("{}") & set(prefix):
            raise ValueError(f"expected a prefix without braces, got {prefix!r}")
        if when_away not in ("raise", "serve-last-known"):
            raise ValueError(
                f'expected when_away to be "raise" or "serve-last-known", got {when_away!r}'
            )
        self.url = url
        self.prefix = prefix
        self.timeout = timeout
        self.patience = patience
        self.session_lifetime = session_lifetime
        self.when_away = when_away
        self.away = False
        self._attempts = 0
        self._next_attempt = 0.0
        # `_ask` tries again, and knows how much time is left.
        self._client: Any = connect(url, timeout)
        self._script = self._client.register_script(_EXCHANGE)
        self._keys = [
            f"{{{prefix}}}:{name}" for name in ("state", "changes", "expiries", "removed")
        ]
        self.forget()

    def __getstate__(self) -> dict[str, Any]:
        names = ("url", "prefix", "timeout", "patience", "session_lifetime", "when_away")
        return {name: getattr(self, name) for name in names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        ValkeyStorage.__init__(self, **state)

    def __str__(self) -> str:
        """Return the server and the prefix, without a password."""
        return f"{url_without_password(self.url)} {self.prefix}"

    def forget(self) -> None:
        """See `Storage.forget`."""
        self._life, self._number = "?", 0

    def pause(self) -> None:
        """See `Storage.pause`."""
        self._client.connection_pool.disconnect()

    def close(self) -> None:
        """See `Storage.close`."""
        self._client.close()

    def retry_now(self) -> None:
        """Let the next exchange try to reach the server, without a pause since the last attempt."""
        self._next_attempt = 0.0

    def prune(self) -> None:
        """See `Storage.prune`. The server expires keys by itself."""

    def exchange(self, changes: Mapping[str, Cookie | None]) -> News | None:
        """Make `changes` by one run of the script, and return what others changed before it; None:
        nothing.

        Raises:
            StorageError: nothing was changed, or that is unknown; the next exchange returns all.
        """
        session = self.session_lifetime
        arguments: list[Any] = [
            f"{{{self.prefix}}}:cookie:",
            secrets.token_hex(8),
            self._life,
            self._number,
            MAX_REMEMBERED_REMOVALS,
            "" if session is None else int(session * 1000),
        ]
        for key, cookie in changes.items():
            if cookie is None:
                arguments += [key, "", ""]
            else:
                arguments += [key, text_of(cookie), _milliseconds(cookie.expires)]
        life, number, whole, rows = self._ask(arguments)
        self._life, self._number = life.decode(), int(number)
        if not whole and not rows:
            return None
        found = {
            key.decode(): None if text is None else cookie_in(text)
            for key, text in zip(rows[::2], rows[1::2], strict=True)
        }
        return News(bool(whole), found)

    def _ask(self, arguments: Sequence[Any]) -> Any:
        """Run the script, with retries while the server is away and time is left."""
        deadline = time.monotonic() + self.patience
        if self.when_away == "serve-last-known" and time.monotonic() < self._next_attempt:
            raise self._away_error("it was away a moment ago")
        while True:
            try:
                reply = self._script(keys=self._keys, args=arguments)
            except NOT_ALLOWED as error:
                raise self._refusal(errno.EACCES, error) from error
            except AWAY as error:
                pause = self._next_pause()
                self._next_attempt = time.monotonic() + pause
                if self.when_away == "serve-last-known" or self._next_attempt >= deadline:
                    raise self._away_error(str(error)) from error
            except ServerError as error:
                self.forget()
                raise self._refusal(errno_of(error), error) from error
            else:
                self.away, self._attempts = False, 0
                return reply
            time.sleep(pause)

    def _next_pause(self) -> float:
        """Return the seconds until the next attempt: doubled each time, and random within a half.

        Random, so that many jars do not return to the server at the same moment.
        """
        longest = min(_FIRST_PAUSE * 2**self._attempts, _LONGEST_PAUSE)
        self._attempts = min(self._attempts + 1, 16)
        return random.uniform(longest / 2, longest)

    def _refusal(self, number: int, error: Exception) -> StorageError:
        return StorageError(number, f"cookie jar: {error}", str(self))

    def _away_error(self, why: str) -> StorageAwayError:
        self.away = True
        return StorageAwayError(
            errno.ETIMEDOUT, f"cookie jar: its server is away ({why})", str(self)
        )


def _milliseconds(expires: int | None) -> int | str:
    return "" if expires is None else min(max(expires * 1000, 1), _FURTHEST)


class ValkeyCookieJar(SharedCookieJar):
    """A jar on the Valkey or Redis server at `url`, shared by all jars with the same `prefix`.

    `url` is ``valkey://[user:password@]host[:port][/database]``, ``valkeys://`` over TLS, ``redis``
    and ``rediss`` likewise, or ``unix://path``. Every method asks the server what others changed;
    its own changes are one atomic step there.

    `timeout` is the most seconds of one wait for the server. While the server is away, `when_away`
    decides. With "raise", a method tries again for `patience` seconds, then raises
    `StorageAwayError`; as far as can be known, nothing was changed. With "serve-last-known", a
    method works at once on the cookies that the jar last read, keeps its changes (`unsaved` is
    their number), and writes them when the server is back; the jar tries to reach the server at
    least once a second when it is used.

    The key of a cookie expires with the cookie; that of a session cookie `session_lifetime` seconds
    after it was last set (None: never). A cookie that the server evicts is lost to all jars, at the
    latest when they next read everything. A server without persistence loses all cookies when it
    restarts, and so do the jars. Unpickling a jar opens the same keys.

    Raises:
        ImportError: the library redis is missing.
        StorageAwayError: see above.
        StorageError: the server is full (ENOSPC), asks for a password (EACCES), or refuses for
            another reason (EIO).
        ValueError: `url`, `prefix` or `when_away` is invalid.
    """

    _storage: ValkeyStorage

    def __init__(
        self,
        url: str = "valkey://localhost:6379/0",
        policy: CookiePolicy | None = None,
        *,
        prefix: str = DEFAULT_PREFIX,
        timeout: float = 2.0,
        patience: float = 5.0,
        session_lifetime: float | None = 14 * 86400.0,
        when_away: WhenAway = "raise",
    ) -> None:
        storage = ValkeyStorage(url, prefix, timeout, patience, session_lifetime, when_away)
        super().__init__(storage, policy)

    @property
    def away(self) -> bool:
        """Whether the server did not answer the last attempt."""
        return self._storage.away

    @property
    def unsaved(self) -> int:
        """The number of changes that are not yet written, because the server is away."""
        lock = acquired(self._cookies_lock)
        try:
            return len(self._changes)
        finally:
            lock.release()

    def _tolerates_locked(self, error: StorageError, changes: dict[str, Cookie | None]) -> bool:
        if self._storage.when_away == "raise" or not isinstance(error, StorageAwayError):
            return False
        self._changes = {**changes, **self._changes}
        return True

    def close(self) -> None:
        """Write the changes that are unsaved, and close the connection.

        Raises:
            StorageAwayError: the server is still away: these changes are lost.
        """
        lock = acquired(self._cookies_lock)
        try:
            lost = 0
            if not self._closed and self._changes:
                self._storage.retry_now()
                self._exchange_locked()
                lost = len(self._changes)
            super().close()
            if lost:
                raise StorageAwayError(
                    errno.ETIMEDOUT,
                    f"cookie jar: its server is away; {lost} changes are lost",
                    str(self._storage),
                )
        finally:
            lock.release()
