"""`Index`: what finds a jar's cookies without a walk over the tree that they are in.

Which cookies there are, when they expire, which was used longest ago, which hosts belong to one
site. It can be built from the tree at any time.
"""

from __future__ import annotations

import heapq
import itertools
from typing import Any

from .cookie import Cookie
from .watched_dict import Changes, Watched

__all__ = ["NEVER", "Index", "least_wanted"]

_Entry = tuple[float, int, Cookie]

NEVER = float("inf")
"""The time of the next expiry if no cookie expires."""


class Index:
    """The cookies in one tree of dicts, by `id`, by expiry, by last access and by site.

    It is made from the tree when a jar first needs it, and again when a program has changed the
    tree.
    """

    def __init__(self) -> None:
        self.root: dict[str, Any] | None = None
        self.changes = Changes()
        self.serial = itertools.count()
        self.forget_all()

    def forget_all(self) -> None:
        """Drop all entries."""
        self.held: dict[int, Cookie] = {}
        # Cookies are appended to `expiring`; `over` moves them to the heap `expiries`.
        self.expiring: list[Cookie] = []
        self.expiries: list[_Entry] = []
        self.next_expiry = NEVER
        # Only some policies need these two: they are built at the first use.
        self.accesses: list[_Entry] | None = None
        self.sites: dict[str, dict[str, None]] | None = None
        self.partitioned = False

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickled as an empty dict: a program that reads the pickle may not have this class.
        return dict, ()

    def level(self) -> Watched:
        """Return a new, empty dict for the tree, watched by this index."""
        watched = Watched()
        watched.changes = self.changes
        return watched

    def watched(self, level: Any) -> Watched:
        """Return `level` if this index watches it already, else a copy that it watches."""
        if isinstance(level, Watched) and level.changes is self.changes:
            return level
        return Watched.over(self.changes, level)

    def watch_levels(self, tree: Watched) -> dict[int, Cookie]:
        """Watch every dict below `tree`, and return the cookies in them by their `id`.

        A cookie of another class is replaced by one of ours.
        """
        found: dict[int, Cookie] = {}
        for domain, by_path in list(tree.items()):
            by_path = self.watched(by_path)
            dict.__setitem__(tree, domain, by_path)
            for path, by_name in list(by_path.items()):
                by_name = self.watched(by_name)
                dict.__setitem__(by_path, path, by_name)
                for name, there in list(by_name.items()):
                    cookie = Cookie.like(there)
                    dict.__setitem__(by_name, name, cookie)
                    found[id(cookie)] = cookie
        return found

    def holds(self, cookie: Cookie) -> bool:
        """Return whether this very object is in the tree."""
        return self.held.get(id(cookie)) is cookie

    def note(self, cookie: Cookie) -> None:
        """Add a cookie that has been put into the tree."""
        self.held[id(cookie)] = cookie
        expires = cookie.expires
        if expires is not None:
            self.expiring.append(cookie)
            if expires < self.next_expiry:
                self.next_expiry = expires
        if cookie.partition_key is not None:
            self.partitioned = True
        if self.accesses is not None:
            entry = (cookie.last_access_time or 0.0, next(self.serial), cookie)
            heapq.heappush(self.accesses, entry)

    def drop(self, cookie: Cookie) -> None:
        """Remove a cookie that has been deleted from the tree.

        Its entries in the lists stay until they are reached, or until most entries are stale.
        """
        held = self.held
        held.pop(id(cookie), None)
        bound = 2 * len(held) + 64
        if len(self.expiring) > bound:
            self.expiring = [known for known in self.expiring if held.get(id(known)) is known]
        for heap in (self.expiries, self.accesses):
            if heap is not None and len(heap) > bound:
                heap[:] = [entry for entry in heap if self.holds(entry[2])]
                heapq.heapify(heap)

    def over(self, now: float) -> list[Cookie]:
        """Return the cookies that had expired at `now`, and drop their entries."""
        over: dict[int, Cookie] = {}
        heap = self.expiries
        new = [cookie for cookie in self.expiring if self.holds(cookie)]
        self.expiring = []
        heap += [
            (cookie.expires, next(self.serial), cookie)
            for cookie in new
            if cookie.expires is not None
        ]
        heapq.heapify(heap)
        while heap and heap[0][0] <= now:
            cookie = heapq.heappop(heap)[2]
            if not self.holds(cookie) or cookie.expires is None:
                continue
            if cookie.expires <= now:
                over[id(cookie)] = cookie
            else:
                # A program set a later `expires` after the cookie was noted.
                heapq.heappush(heap, (cookie.expires, next(self.serial), cookie))
        self.next_expiry = heap[0][0] if heap else NEVER
        return list(over.values())

    def least_used(self) -> Cookie:
        """Return the cookie whose last access is the oldest; there must be one."""
        if self.accesses is None:
            self.accesses = [
                (cookie.last_access_time or 0.0, next(self.serial), cookie)
                for cookie in self.held.values()
            ]
            heapq.heapify(self.accesses)
        heap = self.accesses
        while True:
            when, _, cookie = heapq.heappop(heap)
            if not self.holds(cookie):
                continue
            if (cookie.last_access_time or 0.0) <= when:
                return cookie
            # Used since its entry was made: sending a cookie does not touch the heap, to be fast.
            heapq.heappush(heap, (cookie.last_access_time or 0.0, next(self.serial), cookie))


def least_wanted(by_path: dict[str, dict[str, Cookie]], count: int, now: float) -> list[Cookie]:
    """Return the `count` cookies of a domain to remove first: RFC 6265bis section 5.7, its end.

    They are those that had expired at `now`, then those that are not Secure, then the others; among
    equals, those whose last access is the oldest.
    """
    cookies = [cookie for by_name in by_path.values() for cookie in by_name.values()]
    cookies.sort(
        key=lambda cookie: (
            not cookie.is_expired(now),
            bool(cookie.secure),
            cookie.last_access_time or 0.0,
        )
    )
    return cookies[:count]
