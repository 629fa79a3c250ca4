"""The pool: which connection a request uses, and which request waits.

The pool is a state machine under one lock; it does no I/O but close links. A *slot* is one
permission to have an open connection: the request that holds it dials, uses and returns it. A slot
is always in one of three states, and `Pool.open` counts all of them::

    (none) ──acquire──> HELD (dialling or in use) ──release──> IDLE ──acquire──> HELD
                          └──────discard──────> (none) <──expiry, eviction──┘

A returned slot is given to the oldest waiter that can use it, so it never has two holders:

* An idle connection of the waiter's own origin serves it.
* Otherwise a free place in both bounds does; if only the bound of all is reached, the oldest idle
  connection of another origin is closed to make a place.
* A waiter whose origin has reached its own bound lets younger waiters for other origins pass.

Nothing walks over all connections or all waiters: origins are found by their key, idle connections
lie in the order of their release, and a heap has the first waiter of each origin that has room.
"""

from __future__ import annotations

import os
import time
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from heapq import heappop, heappush
from itertools import count
from math import inf
from threading import Lock
from typing import Final, NamedTuple

from ...errors import PoolTimeout
from ...net.effects import Flow, Park, Waiter
from ...net.link import Link
from ..policy.limits import DEFAULT_POOL_LIMITS, PoolLimits

__all__ = ["Pool", "PoolCounts", "Slot", "Turn"]

MAX_HOLDERS_SHOWN: Final = 10
"""The most holders that the message of a `PoolTimeout` lists, the oldest first."""


class _Origin:
    """The slots and the waiters of one origin."""

    __slots__ = ("idle", "key", "open", "waiters")

    def __init__(self, key: Hashable) -> None:
        self.key = key
        self.open = 0
        self.idle: deque[Slot] = deque()  # the newest is last
        self.waiters: OrderedDict[int, Turn] = OrderedDict()  # the oldest is first


class Slot:
    """A place in the pool: one connection, from before it is dialled until it is closed.

    `epoch` is how many forks the pool had seen when the slot was made.
    """

    __slots__ = ("epoch", "holder", "link", "origin", "since", "uses")

    def __init__(self, origin: _Origin, epoch: int) -> None:
        self.origin = origin
        self.epoch = epoch
        self.link: Link | None = None
        """The connection; None: the holder must dial it."""
        self.holder: object = None
        """The request that holds the slot, shown in `PoolTimeout`; None while idle."""
        self.since = 0.0
        """When the slot was acquired or released, in the pool's seconds."""
        self.uses = 0
        """How many requests have used the connection before."""

    def renew(self) -> None:
        """Forget the connection, so that the holder dials a new one."""
        self.link = None
        self.uses = 0


class Turn(Waiter):
    """A request in the queue; its place is its number."""

    __slots__ = ("holder", "number", "origin", "slot")

    def __init__(self, origin: _Origin, number: int, holder: object) -> None:
        super().__init__()
        self.origin = origin
        self.number = number
        self.holder = holder
        self.slot: Slot | None = None
        """The slot that it has received: set with the pool's lock, before it is woken."""


class PoolCounts(NamedTuple):
    """How many slots a pool has, and how many requests wait for one.

    >>> Pool().counts()
    PoolCounts(held=0, idle=0, waiting=0)
    """

    held: int
    idle: int
    waiting: int


class Pool:
    """The connections of one client, for any number of threads or tasks.

    >>> pool = Pool()
    >>> slot = pool.take("origin", "GET /")
    >>> pool.counts()
    PoolCounts(held=1, idle=0, waiting=0)
    >>> pool.discard(slot)
    >>> pool.counts()
    PoolCounts(held=0, idle=0, waiting=0)
    """

    def __init__(
        self,
        limits: PoolLimits = DEFAULT_POOL_LIMITS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits.checked()
        self._max_idle = limits.max_idle
        self._clock = clock
        self._numbers = count()
        #: Slots of responses that were collected as garbage. A finaliser may run while this thread
        #: holds the lock, so it only appends here.
        self._lost: deque[Slot] = deque()
        self._begin(0)
        _pools.add(self)

    def _begin(self, epoch: int) -> None:
        self._lock = Lock()
        self._epoch = epoch
        self._closed = False
        self._open = 0
        self._origins: dict[Hashable, _Origin] = {}
        self._held: dict[Slot, None] = {}
        self._idle: OrderedDict[Slot, None] = OrderedDict()  # the oldest is first
        self._expires = inf  # no idle connection expires before
        self._waiting = 0
        self._ready: list[tuple[int, _Origin]] = []  # a heap: origins by their first waiter

    # --- what a request calls ---

    def take(self, key: Hashable, holder: object) -> Slot | Turn:
        """Return a slot, without a connection if it is new; or a turn in the queue if all are held.

        `holder` is shown in the error of a request that waits in vain, as ``str`` gives it.

        Raises:
            RuntimeError: the pool is closed.
        """
        while True:
            doomed: list[Slot] = []
            with self._lock:
                if self._closed:
                    raise RuntimeError("expected an open client, got one that is closed")
                now = self._clock()
                if now > self._expires:
                    self._expire_locked(now, doomed)  # first, since it forgets unused origins
                origin = self._origins.get(key)
                if origin is None:
                    origin = self._origins[key] = _Origin(key)
                slot: Slot | Turn
                if origin.idle:  # then no request of this origin waits
                    slot = origin.idle.pop()
                    del self._idle[slot]
                elif not origin.waiters and self._make_room_locked(origin, doomed):
                    slot = self._open_locked(origin)
                else:
                    slot = self._enqueue_locked(holder, origin)
                if isinstance(slot, Slot):
                    slot.holder = holder
                    slot.since = now
                    self._held[slot] = None
            if doomed or self._lost:
                self._finish([], doomed)
            # Outside of the lock, since it is a system call.
            if isinstance(slot, Turn) or slot.link is None or not slot.link.is_stale():
                return slot
            self.discard(slot)

    def wait(self, turn: Turn, deadline: float) -> Flow[Slot]:
        """Return the slot of a `turn` in the queue, after waiting for it until `deadline`.

        Raises:
            PoolTimeout: no slot was free in time; its message lists the holders.
            RuntimeError: the pool was closed meanwhile.
        """
        began = self._clock()
        try:
            yield Park(turn, deadline)
        except BaseException as error:
            slot = self._leave(turn)
            if isinstance(error, TimeoutError):
                if slot is None:
                    raise self._timeout(turn.origin.key, self._clock() - began) from None
            else:
                if slot is not None:
                    self.give_back(slot)
                raise
        if turn.slot is None:
            raise RuntimeError("expected an open client, got one that was closed meanwhile")
        return turn.slot

    def release(self, slot: Slot) -> None:
        """Take back a slot whose connection can carry another request."""
        slot.uses += 1
        self.give_back(slot)

    def give_back(self, slot: Slot) -> None:
        """Take back a slot unused: its connection goes to the next waiter, or becomes idle."""
        if slot.link is None or slot.epoch != self._epoch or self._closed:
            self.discard(slot)
            return
        served: list[Turn] = []
        doomed: list[Slot] = []
        with self._lock:
            if self._held.pop(slot, self) is self:
                return  # it was taken back before
            origin, idle = slot.origin, self._idle
            slot.holder = None
            slot.since = now = self._clock()
            if self._waiting and self._waiting == len(origin.waiters):
                self._hand_over_locked(slot, served)
            else:
                origin.idle.append(slot)
                if not idle:
                    self._expires = now + self.limits.idle_expiry
                idle[slot] = None
                if self._waiting:
                    self._serve_locked(origin, served, doomed)
            if now > self._expires or self._max_idle is not None:
                self._expire_locked(now, doomed)
        if served or doomed or self._lost:
            self._finish(served, doomed)

    def discard(self, slot: Slot) -> None:
        """Close a slot's connection, and give its place to the next waiter."""
        if slot.epoch != self._epoch:  # of the process from which this one was forked
            if slot.link is not None:
                slot.link.forget()
            return
        served: list[Turn] = []
        doomed = [slot]
        with self._lock:
            if self._held.pop(slot, self) is None:
                self._count_closed_locked(slot.origin)
                self._serve_locked(slot.origin, served, doomed)
        self._finish(served, doomed)

    def lose(self, slot: Slot) -> None:
        """Discard a slot from a finaliser, which may run at any moment, in any thread."""
        self._lost.append(slot)
        if self._lock.acquire(blocking=False):
            self._lock.release()
            self._find_lost()

    def counts(self) -> PoolCounts:
        """Return how many slots are held and idle, and how many requests wait."""
        self._find_lost()
        with self._lock:
            return PoolCounts(len(self._held), len(self._idle), self._waiting)

    def close(self) -> None:
        """Close all idle connections now, and each held one when it is returned."""
        with self._lock:
            self._closed = True
            doomed = list(self._idle)
            self._idle.clear()
            waiters = [waiter for one in self._origins.values() for waiter in one.waiters.values()]
            for origin in self._origins.values():
                origin.waiters.clear()
            for slot in doomed:
                slot.origin.idle.clear()
                self._count_closed_locked(slot.origin)
            self._waiting = 0
        self._finish(waiters, doomed)

    # --- with the lock ---

    def _make_room_locked(self, origin: _Origin, doomed: list[Slot]) -> bool:
        """Return whether a connection to `origin` may be opened; evict an idle one if that helps.

        It is added to `doomed`, for the caller to close without the lock.
        """
        limits = self.limits
        if limits.max_per_origin is not None and origin.open >= limits.max_per_origin:
            return False
        if limits.max_connections is None or self._open < limits.max_connections:
            return True
        if not self._idle:
            return False
        self._evict_locked(doomed)
        return True

    def _open_locked(self, origin: _Origin) -> Slot:
        origin.open += 1
        self._open += 1
        return Slot(origin, self._epoch)

    def _count_closed_locked(self, origin: _Origin) -> None:
        origin.open -= 1
        self._open -= 1
        self._drop_unused_locked(origin)

    def _drop_unused_locked(self, origin: _Origin) -> None:
        if not origin.open and not origin.waiters and self._origins.get(origin.key) is origin:
            del self._origins[origin.key]

    def _evict_locked(self, doomed: list[Slot]) -> None:
        """Remove the oldest idle slot, which is the oldest of its origin too."""
        slot, _ = self._idle.popitem(last=False)
        slot.origin.idle.popleft()
        self._count_closed_locked(slot.origin)
        doomed.append(slot)

    def _expire_locked(self, now: float, doomed: list[Slot]) -> None:
        idle, limits = self._idle, self.limits
        while self._max_idle is not None and len(idle) > self._max_idle:
            self._evict_locked(doomed)
        while idle and now - next(iter(idle)).since > limits.idle_expiry:
            self._evict_locked(doomed)
        self._expires = next(iter(idle)).since + limits.idle_expiry if idle else inf

    def _enqueue_locked(self, holder: object, origin: _Origin) -> Turn:
        waiter = Turn(origin, next(self._numbers), holder)
        origin.waiters[waiter.number] = waiter
        self._waiting += 1
        if len(origin.waiters) == 1:
            heappush(self._ready, (waiter.number, origin))
        return waiter

    def _hand_over_locked(self, slot: Slot, served: list[Turn]) -> None:
        """Give a returned slot to the oldest waiter, if none waits for another origin.

        It does what `_serve_locked` does, in a third of the time: the heap has nothing to say.
        """
        _, waiter = slot.origin.waiters.popitem(last=False)
        self._waiting -= 1
        slot.holder = waiter.holder
        self._held[slot] = None
        waiter.slot = slot
        served.append(waiter)
        if not self._waiting:
            self._ready.clear()  # what it has are waiters that were served here

    def _serve_locked(self, changed: _Origin, served: list[Turn], doomed: list[Slot]) -> None:
        """Give slots to waiters, the oldest first, after one of the origin `changed` was returned.

        Waiters with a slot are added to `served`, for the caller to wake without the lock.
        """
        ready = self._ready
        if changed.waiters:
            heappush(ready, (next(iter(changed.waiters)), changed))
        while ready:
            number, origin = ready[0]
            first = next(iter(origin.waiters), None)
            if number != first:
                heappop(ready)
                if first is not None:  # the one before was handed a slot, or has gone
                    heappush(ready, (first, origin))
                continue
            if origin.idle:
                slot = origin.idle.pop()
                del self._idle[slot]
            elif origin.open == self.limits.max_per_origin:
                heappop(ready)  # a slot of this origin that is returned adds it again
                continue
            elif self._make_room_locked(origin, doomed):
                slot = self._open_locked(origin)
            else:
                return
            heappop(ready)
            waiter = origin.waiters.pop(number)
            self._waiting -= 1
            slot.holder = waiter.holder
            slot.since = self._clock()
            self._held[slot] = None
            waiter.slot = slot
            served.append(waiter)
            if origin.waiters:
                heappush(ready, (next(iter(origin.waiters)), origin))

    # --- without the lock ---

    def _leave(self, waiter: Turn) -> Slot | None:
        """Remove a waiter that has stopped waiting; return the slot it has received meanwhile."""
        with self._lock:
            origin = waiter.origin
            if origin.waiters.pop(waiter.number, None) is not None:
                self._waiting -= 1
                if origin.waiters:
                    heappush(self._ready, (next(iter(origin.waiters)), origin))
                self._drop_unused_locked(origin)
            return waiter.slot

    def _finish(self, served: list[Turn], doomed: list[Slot]) -> None:
        """Wake the waiters that were served, and close the links of removed slots."""
        for waiter in served:
            waiter.wake()
        for slot in doomed:
            if slot.link is not None:
                slot.link.close()
        if self._lost:
            self._find_lost()

    def _find_lost(self) -> None:
        while True:
            try:
                slot = self._lost.popleft()
            except IndexError:
                return
            self.discard(slot)

    def _timeout(self, key: Hashable, waited: float) -> PoolTimeout:
        """Return the error of a request that waited in vain, with the oldest holders."""
        with self._lock:
            now = self._clock()
            held = sorted(self._held, key=lambda slot: slot.since)
            holders = tuple(f"{slot.holder} for {now - slot.since:.1f} s" for slot in held)
        more = len(holders) - MAX_HOLDERS_SHOWN
        error = PoolTimeout(
            f"expected a free connection to {key} within {waited:.1f} s; all are held: "
            f"{'; '.join(holders[:MAX_HOLDERS_SHOWN])}{f'; and {more} more' if more > 0 else ''}",
            phase="queue",
        )
        error.holders = holders
        return error

    def after_fork(self) -> None:
        """Begin anew in a forked child: the parent goes on with the connections."""
        idle = list(self._idle)
        self._begin(self._epoch + 1)
        for slot in idle:
            if slot.link is not None:
                slot.link.forget()


_pools: weakref.WeakSet[Pool] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for pool in list(_pools):
        pool.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
