"""`CookieStore`: the cookies of a jar, and every change to them.

The cookies are in a tree of dicts, ``_cookies[domain][path][name]``, which programs read and may
change. Beside the tree the store has an index: which cookies there are, when they expire, which was
used longest ago. The jar's own changes go through `_put_locked` and `_take_out_locked`, which call
the two methods that a persistent jar overrides, `_stored_locked` and `_removed_locked`. The jar's
next step detects what a program changed in the tree (`watched_dict`), and calls the same two.

The first key of a partitioned cookie is its domain, "^" and the top-level site: no host has a "^".
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Self

from ..overrides import Bypassed
from .cookie import Cookie
from .domains import matching_paths
from .index import Index, least_wanted
from .json_document import cookies_in, document_of
from .locks import acquired

__all__ = ["CookieStore"]

# The jar's own changes pass by the methods of `Watched`, which note those of programs.
_set = dict.__setitem__
_delete = dict.__delitem__


def _tree_key(cookie: Cookie) -> str:
    """Return the first key under which a cookie is in the tree."""
    if cookie.partition_key is None:
        return cookie.domain
    return f"{cookie.domain}^{cookie.partition_key}"


class CookieStore:
    """A collection of cookies; `CookieJar` adds what reads and writes HTTP's fields.

    Threads may share it. An iterator gives the cookies that the store had when it was made.
    """

    # Class attributes too: a subclass need not call `__init__`.
    _cookies_lock: Any = threading.RLock()
    #: The policy of the jar, whose bounds (`policy.Extensions`) the store keeps.
    _policy: Any = None
    _index: Index | None = None
    _last_stamp = 0.0

    def __init__(self) -> None:
        self._cookies_lock = threading.RLock()
        self._begin_locked()

    def _begin_locked(self) -> None:
        """Start empty, with new dicts: programs may still hold the ones before."""
        self._index = index = Index()
        self._cookies: dict[str, dict[str, dict[str, Cookie]]] = index.level()
        index.root = self._cookies

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        state.pop("_cookies_lock", None)
        state.pop("_index", None)
        lock = acquired(self._cookies_lock)
        try:
            # New dicts: a copy must not share them with its original.
            state["_cookies"] = {
                domain: {path: dict(by_name) for path, by_name in by_path.items()}
                for domain, by_path in self._cookies.items()
            }
        finally:
            lock.release()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._cookies_lock = threading.RLock()

    # --- the seam ---

    def _stored_locked(self, cookie: Cookie) -> None:
        """Called under the lock after `cookie` was stored, new or in the place of another.

        A persistent jar overrides it. While such a jar loads its cookies, the method is called for
        these too, and the jar itself must tell them apart.
        """

    def _removed_locked(self, cookies: Sequence[Cookie]) -> None:
        """Called under the lock after `cookies` were removed: expired, evicted or cleared.

        A persistent jar overrides it.
        """

    # --- the index ---

    def _synced_locked(self) -> Index:
        """Return the index, up to date with what programs changed in ``_cookies``."""
        index = self._index
        if not index:
            # Unpickled, by this `__setstate__` or a program's own, or `__init__` was not called.
            self._index = index = Index()
        if index.root is not self._cookies or index.changes.seen:
            self._resync_locked(index)
        return index

    def _resync_locked(self, index: Index) -> None:
        """Bring the index up to date with a tree that a program has changed, or replaced."""
        self._cookies = index.watched(self._cookies)
        found = index.watch_levels(self._cookies)
        before = index.held
        index.root = self._cookies
        index.changes.seen = False
        index.forget_all()
        new = [cookie for key, cookie in found.items() if key not in before]
        for cookie in new:
            self._stamp_new(cookie)
        for cookie in found.values():
            index.note(cookie)
        gone = [cookie for key, cookie in before.items() if key not in found]
        if gone:
            self._removed_locked(gone)
        for cookie in new:
            self._stored_locked(cookie)

    def _stamp_new(self, cookie: Cookie) -> None:
        """Set the creation and access times that a cookie lacks."""
        if cookie.creation_time is None:
            cookie.creation_time = self.stamp()
        if cookie.last_access_time is None:
            cookie.last_access_time = cookie.creation_time

    def stamp(self) -> float:
        """Return the seconds since 1970, each time more than before: they order the cookies."""
        now = time.time()
        if now <= self._last_stamp:
            now = self._last_stamp + 1e-6
        self._last_stamp = now
        return now

    # --- changes ---

    def _put_locked(self, cookie: Cookie) -> None:
        """Store a cookie in the place of the one with its key, then keep the policy's bounds."""
        # Every cookie passes here: the first test of `_synced_locked`, and `stamp`, are written
        # out, which saves two calls.
        if type(cookie) is not Cookie:
            cookie = Cookie.like(cookie)
        index = self._index
        if not index or index.root is not self._cookies or index.changes.seen:
            index = self._synced_locked()
        key = cookie.domain if cookie.partition_key is None else _tree_key(cookie)
        by_path = self._cookies.get(key)
        if by_path is None:
            by_path = index.level()
            _set(self._cookies, key, by_path)
            if index.sites is not None:
                index.sites.setdefault(self._site_of(key), {})[key] = None
        by_name = by_path.get(cookie.path)
        if by_name is None:
            by_name = index.level()
            _set(by_path, cookie.path, by_name)
        replaced = by_name.get(cookie.name)
        if replaced is not None:
            index.drop(replaced)
            if cookie.creation_time is None:
                # RFC 6265bis section 5.7 step 23.3
                cookie.creation_time = replaced.creation_time
        now = time.time()
        if now <= self._last_stamp:
            now = self._last_stamp + 1e-6
        self._last_stamp = now
        if cookie.creation_time is None:
            cookie.creation_time = now
        if cookie.last_access_time is None:
            cookie.last_access_time = now
        _set(by_name, cookie.name, cookie)
        index.note(cookie)
        self._stored_locked(cookie)
        policy = self._policy
        try:
            each, total = policy.max_cookies_per_domain, policy.max_cookies
        except AttributeError:
            # A program's own kind of policy, without bounds; `getattr` takes 1 % longer.
            return
        if each is not None or total is not None:
            self._hold_bounds_locked(index, by_path, each, total)

    def _take_out_locked(self, cookies: Iterable[Cookie]) -> list[Cookie]:
        """Remove those of `cookies` that the store has, and return them."""
        index = self._synced_locked()
        removed = [cookie for cookie in cookies if index.holds(cookie)]
        for cookie in removed:
            index.drop(cookie)
            self._unlink_locked(index, cookie)
        if removed:
            self._removed_locked(removed)
        return removed

    def _remove_like_locked(self, cookie: Cookie) -> None:
        """Remove the cookie with the domain, path, name and partition of `cookie`."""
        by_path = self._cookies.get(_tree_key(cookie), {})
        there = by_path.get(cookie.path, {}).get(cookie.name)
        if there is not None:
            self._take_out_locked([there])

    # Cookies are taken out without it.
    _CLEAR = Bypassed("clear")

    def _take_back(self, cookie: Cookie) -> None:
        """Remove the cookie that a server removes by sending the expired `cookie`."""
        lock = acquired(self._cookies_lock)
        try:
            if self._CLEAR.left_alone(self):
                self._remove_like_locked(cookie)
            else:
                with suppress(KeyError):
                    self.clear(cookie.domain, cookie.path, cookie.name)
        finally:
            lock.release()

    def _clear_locked(self, cookies: list[Cookie]) -> None:
        """Remove `cookies`, by a program's own `clear` if it has one."""
        if self._CLEAR.left_alone(self):
            self._take_out_locked(cookies)
        else:
            for cookie in cookies:
                self.clear(cookie.domain, cookie.path, cookie.name)

    def _unlink_locked(self, index: Index, cookie: Cookie) -> None:
        """Delete a cookie from the tree, and the dicts that are empty then."""
        key, path, name = _tree_key(cookie), cookie.path, cookie.name
        by_path = self._cookies.get(key, {})
        by_name = by_path.get(path, {})
        if by_name.get(name) is not cookie:
            # A program changed its domain, path or name after it was stored: search for it.
            key, path, name = next(
                place for place, there in self._places_locked() if there is cookie
            )
            by_path = self._cookies[key]
            by_name = by_path[path]
        _delete(by_name, name)
        if not by_name:
            _delete(by_path, path)
        if not by_path:
            _delete(self._cookies, key)
            if index.sites is not None:
                index.sites.get(self._site_of(key), {}).pop(key, None)

    def _places_locked(self) -> Iterator[tuple[tuple[str, str, str], Cookie]]:
        for domain, by_path in self._cookies.items():
            for path, by_name in by_path.items():
                for name, cookie in by_name.items():
                    yield (domain, path, name), cookie

    def _expire_locked(self, now: float) -> None:
        """Remove the cookies that had expired at `now`."""
        index = self._synced_locked()
        if now >= index.next_expiry:
            self._take_out_locked(index.over(now))

    # --- bounds: RFC 6265bis section 5.7, at its end ---

    def _hold_bounds_locked(
        self,
        index: Index,
        by_path: dict[str, dict[str, Cookie]],
        each: int | None,
        total: int | None,
    ) -> None:
        """Remove cookies of one domain until it has `each`, then of all until there are `total`.

        None is no bound. Of all, expired cookies are removed first, then those used longest ago.
        """
        if each is not None and len(index.held) > each:
            excess = sum(map(len, by_path.values())) - each
            if excess > 0:
                self._take_out_locked(least_wanted(by_path, excess, time.time()))
        if total is not None and len(index.held) > total:
            self._expire_locked(time.time())
            while len(index.held) > total:
                self._take_out_locked([index.least_used()])

    # --- look-ups ---

    def cookies_at(self, keys: Iterable[str], partition: str, path: str) -> list[Cookie]:
        """Return the cookies of the domains `keys` whose path is a prefix of `path`.

        They have no partition key, or the key `partition`. The order is that of `keys`.
        """
        found: list[Cookie] = []
        lock = acquired(self._cookies_lock)
        try:
            tree = self._cookies
            if self._synced_locked().partitioned:
                keys = [key for plain in keys for key in (plain, f"{plain}^{partition}")]
            for by_path in [tree[key] for key in keys if key in tree]:
                for known in matching_paths(by_path, path):
                    found += by_path[known].values()
        finally:
            lock.release()
        return found

    def levels_of_site(self, site: str) -> list[dict[str, dict[str, Cookie]]]:
        """Return, for every host of the registrable domain `site`, its cookies by path and name."""
        lock = acquired(self._cookies_lock)
        try:
            index = self._synced_locked()
            if index.sites is None:
                index.sites = {}
                for key in self._cookies:
                    index.sites.setdefault(self._site_of(key), {})[key] = None
            return [self._cookies[key] for key in index.sites.get(site, ())]
        finally:
            lock.release()

    def levels_at(self, keys: Iterable[str]) -> list[dict[str, dict[str, Cookie]]]:
        """Return, for each of the domains `keys` that has cookies, those by path and name."""
        lock = acquired(self._cookies_lock)
        try:
            return [self._cookies[key] for key in keys if key in self._cookies]
        finally:
            lock.release()

    def levels_below(self, domain: str) -> list[dict[str, dict[str, Cookie]]]:
        """Return, for `domain` and every name below it, its cookies by path and name.

        It takes the time of a walk over all domains.
        """
        lock = acquired(self._cookies_lock)
        try:
            return [
                by_path
                for key, by_path in self._cookies.items()
                if f".{key.partition('^')[0]}".endswith(f".{domain}")
            ]
        finally:
            lock.release()

    def _site_of(self, key: str) -> str:
        site: Callable[[str], str] = self._policy.site_of
        return site(key.partition("^")[0].removeprefix("."))

    # --- the collection ---

    def set_cookie(self, cookie: Cookie) -> None:
        """Store a cookie without asking the policy.

        It replaces the one with its domain, path, name and partition. A cookie of another class,
        such as the standard library's, is copied (`Cookie.like`). The policy's bounds are kept.
        """
        lock = acquired(self._cookies_lock)
        try:
            self._put_locked(cookie)
        finally:
            lock.release()

    def clear(
        self, domain: str | None = None, path: str | None = None, name: str | None = None
    ) -> None:
        """Remove all cookies, those of `domain`, those of its `path`, or the one called `name`.

        Cookies in partitions are removed too.

        Raises:
            KeyError: there is no such domain, path or name.
            ValueError: `path` without `domain`, or `name` without `path`.
        """
        if name is not None and (domain is None or path is None):
            raise ValueError("domain and path must be given to remove a cookie by name")
        if path is not None and domain is None:
            raise ValueError("domain must be given to remove cookies by path")
        lock = acquired(self._cookies_lock)
        try:
            index = self._synced_locked()
            if domain is None:
                removed = list(index.held.values())
                self._begin_locked()
                if removed:
                    self._removed_locked(removed)
                return
            self._take_out_locked(self._below_locked(domain, path, name))
        finally:
            lock.release()

    def _below_locked(self, domain: str, path: str | None, name: str | None) -> list[Cookie]:
        """Return the cookies of a domain, of its `path`, or with `name`, in all partitions.

        Raises:
            KeyError: there are none.
        """
        keys = [domain] if domain in self._cookies else []
        keys += [key for key in self._cookies if key.startswith(f"{domain}^")]
        found: list[Cookie] = []
        for key in keys:
            by_path = self._cookies[key]
            for by_name in by_path.values() if path is None else [by_path.get(path, {})]:
                found += by_name.values() if name is None else filter(None, [by_name.get(name)])
        if not found:
            raise KeyError(domain if path is None else path if name is None else name)
        return found

    def clear_session_cookies(self) -> None:
        """Remove the session cookies: those that the server gave no expiry."""
        lock = acquired(self._cookies_lock)
        try:
            self._clear_locked([cookie for cookie in self if cookie.discard])
        finally:
            lock.release()

    def clear_expired_cookies(self) -> None:
        """Remove the expired cookies.

        A jar never sends them, and removes them by itself from time to time.
        """
        lock = acquired(self._cookies_lock)
        try:
            now = time.time()
            # Not by the index: programs set `expires` of cookies that are in the jar.
            self._clear_locked([cookie for cookie in self if cookie.is_expired(now)])
        finally:
            lock.release()

    def __iter__(self) -> Iterator[Cookie]:
        lock = acquired(self._cookies_lock)
        try:
            return iter(
                [
                    cookie
                    for by_path in self._cookies.values()
                    for by_name in by_path.values()
                    for cookie in by_name.values()
                ]
            )
        finally:
            lock.release()

    _ITER = Bypassed("__iter__")

    def __len__(self) -> int:
        if not self._ITER.left_alone_by(type(self)):
            return sum(1 for _ in self)
        lock = acquired(self._cookies_lock)
        try:
            return len(self._synced_locked().held)
        finally:
            lock.release()

    def __repr__(self) -> str:
        return f"<{self.__class__.__name__}[{', '.join(map(repr, self))}]>"

    def __str__(self) -> str:
        return f"<{self.__class__.__name__}[{', '.join(map(str, self))}]>"

    # --- JSON ---

    def to_json(self, *, indent: int | None = None) -> str:
        """Return all cookies as a JSON document: ``{"format", "version", "cookies": [...]}``.

        Each cookie is an object as `Cookie.to_dict` makes it. The values are in plain text: keep
        the document as secret as the jar. `indent` is `json.dumps`'s, in spaces.
        """
        return json.dumps(document_of(self), indent=indent)

    @classmethod
    def from_json(cls, text: str | bytes, **options: Any) -> Self:
        """Return a jar with the cookies of a document that `to_json` wrote.

        `options` are passed to the constructor.

        Raises:
            ValueError: the text is not JSON, or not a document of this form; no jar is made.
        """
        jar = cls(**options)
        for cookie in cookies_in(json.loads(text)):
            jar.set_cookie(cookie)
        return jar
