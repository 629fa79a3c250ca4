"""`Index`: what a jar knows of its cookies beside the tree that they are in.

Which there are, when they expire, which was used longest ago, which hosts are of one site. All of
it can be made anew from the tree at any time.
"""

from __future__ import annotations

import heapq
import itertools
from typing import Any

from .cookie import Cookie
from .watched_dict import Changes, Watched

__all__ = ["NEVER", "Index"]

_Entry = tuple[float, int, Cookie]

NEVER = float("inf")
"""When the next cookie expires if none does."""


class Index:
    """What is known of the cookies in one tree of dicts."""

    def __init__(self) -> None:
        self.root: dict[str, Any] | None = None
        self.changes = Changes()
        self.serial = itertools.count()
        self.forget_all()

    def forget_all(self) -> None:
        """Begin anew."""
        self.held: dict[int, Cookie] = {}
        # Entries of `expiring` are made, and put in order, when the first cookie is over.
        self.expiring: list[Cookie] = []
        self.expiries: list[_Entry] = []
        self.next_expiry = NEVER
        # The two that only some policies need are made when first asked for.
        self.accesses: list[_Entry] | None = None
        self.sites: dict[str, dict[str, None]] | None = None
        self.partitioned = False

    def __reduce__(self) -> tuple[Any, ...]:
        # Nothing: a pickle is read by programs that do not know this class.
        return dict, ()

    def level(self) -> Watched:
        """Return a new, empty dict for the tree."""
        watched = Watched()
        watched.changes = self.changes
        return watched

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
        """Leave out a cookie that was taken out of the tree.

        Its entries elsewhere are found stale when their turn comes; once most entries are stale,
        all of those are left out.
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
        """Return the cookies whose time was over at `now`; their entries are gone then."""
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
                # A program gave it more time.
                heapq.heappush(heap, (cookie.expires, next(self.serial), cookie))
        self.next_expiry = heap[0][0] if heap else NEVER
        return list(over.values())

    def least_used(self) -> Cookie:
        """Return the cookie that was last used longest ago."""
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
            # It was used since; giving a cookie out costs nothing here for that.
            heapq.heappush(heap, (cookie.last_access_time or 0.0, next(self.serial), cookie))
