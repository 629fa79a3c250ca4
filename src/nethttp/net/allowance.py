"""`Allowance`: how long a peer may be waited for, by how many bytes it has moved.

A bound on each single wait alone lets a peer hold its other end for ever, a byte at a time. Only
waiting counts here: a program may take as long as it likes between two waits.
"""

from __future__ import annotations

from math import inf

__all__ = ["Allowance", "seconds_allowed"]


def seconds_allowed(rate: float, grace: float, moved: int) -> float:
    """Return how many seconds a peer may take to move `moved` bytes.

    That is `grace` seconds, and one more for every `rate` bytes; without end if the rate is 0.

    >>> seconds_allowed(rate=240, grace=10.0, moved=2400)
    20.0
    """
    return grace + moved / rate if rate else inf


class Allowance:
    """The wait for one peer: the seconds that `seconds_allowed` grants, less those already waited.

    `grace` is in seconds, `rate` in bytes that buy one second more.
    """

    __slots__ = ("grace", "moved", "rate", "waited")

    def __init__(self, rate: float, grace: float) -> None:
        self.rate = rate
        self.grace = grace
        self.moved = 0
        """Bytes that were received, or sent."""
        self.waited = 0.0
        """Seconds spent waiting so far."""

    def next_wait(self, pause: float | None) -> float:
        """Return how many seconds the next wait may take: no longer than `pause` (None: any time).

        Raises:
            TimeoutError: none.
        """
        left = self.left()
        return left if pause is None else min(left, pause)

    def left(self) -> float:
        """Return how many seconds the peer may still be waited for.

        Raises:
            TimeoutError: none.
        """
        left = seconds_allowed(self.rate, self.grace, self.moved) - self.waited
        if left <= 0:
            raise TimeoutError(
                f"expected {self.rate:g} bytes a second or more, got {self.moved} in "
                f"{self.waited:.1f} s"
            )
        return left
