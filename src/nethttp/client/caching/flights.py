"""One request to the origin for many that want the same: the others wait for its answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Final

from ...net.effects import Flow, Park, Waiter

__all__ = ["LONGEST_WAIT", "Flight", "Flights"]

LONGEST_WAIT: Final = 10.0
"""The most seconds that a request waits for another one's answer, before it asks by itself."""


class Flight:
    """A request to the origin. Those that wait for it go on when it lands."""

    def __init__(self, flights: Flights, key: Hashable) -> None:
        self._flights = flights
        self._key = key
        self._waiters: list[Waiter] | None = []

    def land(self) -> None:
        """Wake those that wait; calls after the first do nothing."""
        waiters = self._flights.take_off(self._key, self)
        for waiter in waiters:
            waiter.wake()

    def joined(self, waiter: Waiter) -> bool:
        """Return whether the waiter was added: False, if the flight has landed.

        Called under the lock of its `Flights`.
        """
        if self._waiters is None:
            return False
        self._waiters.append(waiter)
        return True

    def landed(self) -> list[Waiter]:
        """Return the waiters, once. Called under the lock of its `Flights`."""
        waiters, self._waiters = self._waiters, None
        return waiters or []


class Flights:
    """The requests that are on their way to the origin, for all threads and tasks of a cache.

    >>> flights = Flights()
    >>> flight = flights.lead("http://a.com/")
    >>> flights.lead("http://a.com/") is None
    True
    >>> flight.land()
    >>> flights.lead("http://a.com/") is None
    False
    """

    def __init__(self) -> None:
        self._by_key: dict[Hashable, Flight] = {}
        # A response that is garbage collected lands its flight, at any moment in any thread.
        self._lock = threading.RLock()

    def lead(self, key: Hashable) -> Flight | None:
        """Return a new flight, which the caller lands in the end; None if there is one already."""
        with self._lock:
            if key in self._by_key:
                return None
            flight = self._by_key[key] = Flight(self, key)
            return flight

    def wait(
        self, key: Hashable, deadline: float, clock: Callable[[], float] = time.monotonic
    ) -> Flow[None]:
        """Return when the flight of `key` has landed, after `LONGEST_WAIT` seconds at most.

        Raises:
            TimeoutError: the `deadline`, in seconds of the runner's `clock`, came first.
        """
        waiter = Waiter()
        with self._lock:
            flight = self._by_key.get(key)
            if flight is None or not flight.joined(waiter):
                return
        patience = clock() + LONGEST_WAIT
        try:
            yield Park(waiter, min(deadline, patience))
        except TimeoutError:
            if deadline <= patience:
                raise
        finally:
            waiter.give_up()

    def take_off(self, key: Hashable, flight: Flight) -> list[Waiter]:
        """Remove a flight and return its waiters; empty from the second call on."""
        with self._lock:
            if self._by_key.get(key) is flight:
                del self._by_key[key]
            return flight.landed()
