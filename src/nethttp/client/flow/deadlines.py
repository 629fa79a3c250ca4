"""`Deadlines`: the moments at which the waits of one request end."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import inf

from ..policy.timeouts import Timeout

__all__ = ["Deadlines"]


class Deadlines:
    """The deadlines of one request, by the clock of the runner that runs it.

    Each method gives the deadline of a wait that begins now: the end of its phase or of the whole
    request, whichever is first.

    >>> deadlines = Deadlines(Timeout(10, read=3), clock=lambda: 100.0)
    >>> deadlines.total, deadlines.read(), deadlines.write()
    (110.0, 103.0, 110.0)
    """

    __slots__ = ("began", "clock", "timeout", "total")

    def __init__(self, timeout: Timeout, clock: Callable[[], float] = time.monotonic) -> None:
        self.timeout = timeout
        self.clock = clock
        self.began = clock()
        self.total = inf if timeout.total is None else self.began + timeout.total

    def queue(self) -> float:
        """Return the end of a wait for a connection of the pool, in the clock's seconds."""
        return self._end(self.timeout.queue)

    def connect(self) -> float:
        """Return the end of connecting, TLS included, in the clock's seconds."""
        return self._end(self.timeout.connect)

    def write(self) -> float:
        """Return the end of a wait until the peer takes more, in the clock's seconds."""
        return self._end(self.timeout.write)

    def read(self) -> float:
        """Return the end of a wait until the peer sends more, in the clock's seconds."""
        bound = self.timeout.read  # as `_end`, since every request has such a wait
        if bound is None:
            return self.total
        end = self.clock() + bound
        return min(self.total, end)

    def passed(self, phase: str) -> str:
        """Return in words the bound of a wait that has ended in vain: in all, or of the phase.

        >>> Deadlines(Timeout(10, read=3), clock=lambda: 100.0).passed("wait")
        'within 3 s'
        """
        total, timeout = self.timeout.total, self.timeout
        bound = timeout.write if phase == "send" else timeout.read
        if bound is None or (total is not None and self.clock() >= self.total):
            return "in time" if total is None else f"within the {total:g} s of the call"
        return f"within {bound:g} s"

    def within(self, seconds: float) -> float:
        """Return the end of a wait of so many seconds, or of the request if that is first."""
        return self._end(seconds)

    def ending_in(self, seconds: float) -> Deadlines:
        """Return deadlines of the same phases, all of which end in so many seconds or before."""
        sooner = Deadlines(self.timeout, self.clock)
        sooner.began, sooner.total = self.began, self.within(seconds)
        return sooner

    def _end(self, bound: float | None) -> float:
        if bound is None:
            return self.total
        end = self.clock() + bound
        return min(self.total, end)
