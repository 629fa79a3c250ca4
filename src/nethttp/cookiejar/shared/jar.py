"""`SharedCookieJar`: a jar with a storage that other processes or machines use too.

The jar has a copy of the storage in memory. Every method first reads what others changed, then
works on the copy, and last writes its own changes to the storage in one step. Changes that the
storage does not accept are undone in the copy.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

from ...errors import StorageAwayError, StorageError
from ..cookie import Cookie
from ..jar import CookieJar
from ..locks import acquired
from ..messages import Request, Response
from ..policy import CookiePolicy
from ..rfc6265 import RFC6265Policy
from .storage import News, Storage, key_of

__all__ = ["SharedCookieJar"]


# Its methods are a jar's own, each in one step.
@CookieJar._CLEAR.also
@CookieJar._ITER.also
@CookieJar._PUT.also
@CookieJar._SWEEP.also
class SharedCookieJar(CookieJar):
    """A `CookieJar` that keeps its cookies in a storage; a context manager that closes it.

    Every method works on what the storage has at that moment, and has changed the storage when it
    returns. A method that raises `StorageError` has changed nothing. Threads may share a jar, and
    both processes may use it after a fork. The default policy is a `RFC6265Policy`.

    Raises:
        StorageError: the storage cannot be read or written.
    """

    def __init__(self, storage: Storage, policy: CookiePolicy | None = None) -> None:
        super().__init__(RFC6265Policy() if policy is None else policy)
        self._storage = storage
        self._changes: dict[str, Cookie | None] = {}
        self._depth = 0
        self._learning = False
        self._closed = False
        try:
            lock = acquired(self._cookies_lock)
            try:
                self._exchange_locked()
            finally:
                lock.release()
        except BaseException:
            storage.close()
            raise
        _JARS.add(self)

    # --- one step ---

    @contextlib.contextmanager
    def batch(self) -> Iterator[Self]:
        """Return a context whose changes are written to the storage in one step, when it ends.

        If an error leaves the context, none of them is made. Other threads wait until it ends.

        Raises:
            StorageError: the storage cannot be read or written; nothing was changed.
            ValueError: the jar is closed.
        """
        lock = acquired(self._cookies_lock)
        try:
            if self._closed:
                raise ValueError(f"this {type(self).__name__} is closed")
            if self._depth == 0:
                # A program's changes in `_cookies` are part of this step.
                self._synced_locked()
                self._exchange_locked()
            self._depth += 1
            try:
                yield self
            except BaseException:
                if self._depth == 1 and self._changes:
                    self._roll_back_locked()
                raise
            finally:
                self._depth -= 1
            if self._depth == 0 and self._changes:
                self._exchange_locked()
        finally:
            lock.release()

    def _exchange_locked(self) -> None:
        """Write the changes to the storage, and read what others changed."""
        changes, self._changes = self._changes, {}
        try:
            news = self._storage.exchange(changes)
        except StorageError as error:
            if self._tolerates_locked(error, changes):
                return
            if changes:
                self._roll_back_locked(readable=not isinstance(error, StorageAwayError))
            raise
        if news is not None:
            self._learn_locked(news, changes)

    def _tolerates_locked(self, error: StorageError, changes: dict[str, Cookie | None]) -> bool:
        """Return whether the jar works on without its storage; if so, keep `changes` for later."""
        return False

    def _roll_back_locked(self, readable: bool = True) -> None:
        """Undo the changes in the copy: read it from the storage, now if that is `readable`.

        Otherwise the next step reads it.
        """
        self._changes = {}
        self._storage.forget()
        if readable:
            with contextlib.suppress(StorageError):
                news = self._storage.exchange({})
                if news is not None:
                    self._learn_locked(news, {})

    def _learn_locked(self, news: News, mine: Mapping[str, Cookie | None]) -> None:
        """Make the changes of others in the copy, except where this jar's own, later ones count."""
        self._learning = True
        try:
            if news.whole:
                super().clear()
            for key, cookie in {**news.changes, **mine}.items():
                if key in mine and not news.whole:
                    continue
                if cookie is not None:
                    super().set_cookie(cookie)
                elif not news.whole:
                    self._drop_locked(key)
        finally:
            self._learning = False

    def _drop_locked(self, key: str) -> None:
        names = ("domain", "path", "name", "partition_key")
        row = dict(zip(names, json.loads(key), strict=True), value=None)
        self._remove_like_locked(Cookie.from_dict(row))

    # --- what the store reports ---

    def _stored_locked(self, cookie: Cookie) -> None:
        if not self._learning:
            self._changes[key_of(cookie)] = cookie

    def _removed_locked(self, cookies: Sequence[Cookie]) -> None:
        if self._learning:
            return
        now = time.time()
        for cookie in cookies:
            # Expiry needs no message: every process, and the storage, sees it by the clock.
            if not cookie.is_expired(now):
                self._changes[key_of(cookie)] = None

    # --- every method is one step ---

    def add_cookie_header(self, request: Request) -> None:
        """Add a Cookie field with the cookies for `request` that the storage has now."""
        with self.batch():
            super().add_cookie_header(request)

    def extract_cookies(self, response: Response, request: Request) -> None:
        """Store the cookies of a response that the policy agrees to, all in one step."""
        if not _sets_cookies(response):
            return
        with self.batch():
            super().extract_cookies(response, request)

    def set_cookie(self, cookie: Cookie) -> None:
        """Store a cookie without asking the policy, as `CookieJar.set_cookie` does."""
        with self.batch():
            super().set_cookie(cookie)

    def set_cookie_if_ok(self, cookie: Cookie, request: Request) -> None:
        """Store a cookie if the policy agrees, as `CookieJar.set_cookie_if_ok` does."""
        with self.batch():
            super().set_cookie_if_ok(cookie, request)

    def clear(
        self, domain: str | None = None, path: str | None = None, name: str | None = None
    ) -> None:
        """Remove cookies from the storage, as `CookieJar.clear` does from a jar.

        Raises:
            KeyError: there is no such domain, path or name.
        """
        with self.batch():
            super().clear(domain, path, name)

    def clear_session_cookies(self) -> None:
        """Remove the session cookies from the storage."""
        with self.batch():
            super().clear_session_cookies()

    def clear_expired_cookies(self) -> None:
        """Remove the expired cookies from the jar and the storage."""
        with self.batch():
            super().clear_expired_cookies()
            if self._depth == 1:
                # Called by the program, and not as a part of another step.
                self._storage.prune()

    def __iter__(self) -> Iterator[Cookie]:
        with self.batch():
            return super().__iter__()

    def __len__(self) -> int:
        with self.batch():
            return super().__len__()

    # --- closing and copying ---

    def close(self) -> None:
        """Close the storage, which has all cookies. Every other method then raises ValueError."""
        lock = acquired(self._cookies_lock)
        try:
            if not self._closed:
                self._closed = True
                self._storage.close()
        finally:
            lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._storage}>"

    __str__ = __repr__

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process needs to open the same storage: no cookies."""
        return {"storage": copy.copy(self._storage), "policy": self._policy}

    def __setstate__(self, state: dict[str, Any]) -> None:
        SharedCookieJar.__init__(self, state["storage"], state["policy"])


def _sets_cookies(response: Response) -> bool:
    fields = response.info()
    return any(fields.get_all(name) for name in ("Set-Cookie", "Set-Cookie2"))


# --- forks: a child must get neither a connection nor a lock that another thread holds ---

_JARS: weakref.WeakSet[SharedCookieJar] = weakref.WeakSet()
#: Each with the lock that was acquired: a program may replace a jar's lock.
_paused: list[tuple[SharedCookieJar, Any]] = []


def _before_fork() -> None:
    for jar in list(_JARS):
        _paused.append((jar, acquired(jar._cookies_lock)))
        jar._storage.pause()


def _after_fork_in_parent() -> None:
    while _paused:
        _, lock = _paused.pop()
        lock.release()


def _after_fork_in_child() -> None:
    for jar, _ in _paused:
        if jar._changes:
            # The parent's changes: it writes them itself.
            jar._changes = {}
            jar._storage.forget()
    _after_fork_in_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
