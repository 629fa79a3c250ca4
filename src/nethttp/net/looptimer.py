"""The deadlines of many waits of an event loop, by one timer.

A timer for each wait costs 5 us with 500 requests in a queue, more than the rest of the wait.
"""

from __future__ import annotations

import asyncio
import time
from math import inf
from weakref import WeakKeyDictionary

__all__ = ["LoopTimer", "timer_of"]


class LoopTimer:
    """Ends waits of one event loop at their deadlines.

    The timer is armed for the earliest deadline. Most waits end before theirs, and later deadlines
    come later, so it is armed once for many.
    """

    # The event loop itself is not kept: it is the key under which `timer_of` keeps this object.
    __slots__ = ("_at", "_deadlines", "_handle")

    def __init__(self) -> None:
        self._deadlines: dict[asyncio.Future[bool], float] = {}
        self._handle: asyncio.TimerHandle | None = None
        self._at = inf

    def watch(self, signal: asyncio.Future[bool], deadline: float) -> None:
        """Have `signal` say False at `deadline`, in seconds of `time.monotonic`."""
        self._deadlines[signal] = deadline
        if deadline < self._at:
            self._arm(deadline)

    def forget(self, signal: asyncio.Future[bool]) -> None:
        """Leave `signal` alone: its wait is over. The timer of the last one is given up."""
        self._deadlines.pop(signal, None)
        if not self._deadlines:
            self._disarm()

    def _arm(self, deadline: float) -> None:
        self._disarm()
        self._at = deadline
        seconds = max(0.0, deadline - time.monotonic())
        self._handle = asyncio.get_running_loop().call_later(seconds, self._look)

    def _disarm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
            self._at = inf

    def _look(self) -> None:
        """End the waits whose deadlines have passed, and arm the timer for the next one."""
        self._disarm()
        now = time.monotonic()
        for signal, deadline in list(self._deadlines.items()):
            if deadline <= now:
                del self._deadlines[signal]
                if not signal.done():
                    signal.set_result(False)
        if self._deadlines:
            self._arm(min(self._deadlines.values()))


_timers: WeakKeyDictionary[asyncio.AbstractEventLoop, LoopTimer] = WeakKeyDictionary()


def timer_of(loop: asyncio.AbstractEventLoop) -> LoopTimer:
    """Return the timer of an event loop, made when it is first needed."""
    timer = _timers.get(loop)
    if timer is None:
        timer = _timers[loop] = LoopTimer()
    return timer
