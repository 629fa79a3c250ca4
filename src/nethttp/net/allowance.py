"""`Allowance`: how long a connection may wait for its peer, by how many bytes the peer has moved.

A bound on each single wait lets a peer hold a connection for ever, one byte at a time. Only waiting
counts here: a program may take as long as it likes between two waits.
"""

from __future__ import annotations

from math import inf

__all__ = ["Allowance", "seconds_allowed"]


def seconds_allowed(rate: float, grace: float, moved: int) -> float:
    """Return how many seconds a peer may take to move `moved` bytes.

    That is `grace` seconds, and 1 second for every `rate` bytes; infinity if the rate is 0.

    >>> seconds_allowed(rate=240, grace=10.0, moved=2400)
    20.0
    """
    return grace + moved / rate if rate else inf


class Allowance:
    """The wait for one peer: the seconds that `seconds_allowed` grants, less those already waited.

    `grace` is in seconds, `rate` in bytes a second.
    """

    __slots__ = ("grace", "moved", "rate", "waited")

    def __init__(self, rate: float, grace: float) -> None:
        self.rate = rate
        self.grace = grace
        self.moved = 0
        """Bytes received, or sent, so far."""
        self.waited = 0.0
        """Seconds spent waiting so far."""

    def next_wait(self, pause: float | None) -> float:
        """Return how many seconds the next wait may take, at most `pause` (None: any number).

        Raises:
            TimeoutError: the allowance is used up.
        """
        left = self.left()
        return left if pause is None else min(left, pause)

    def left(self) -> float:
        """Return how many more seconds may be spent waiting for the peer.

        Raises:
            TimeoutError: the allowance is used up.
        """
        left = seconds_allowed(self.rate, self.grace, self.moved) - self.waited
        if left <= 0:
            raise self.exceeded()
        return left

    def exceeded(self) -> TimeoutError:
        """Return the error that says how slow the peer was."""
        return TimeoutError(
            f"expected {self.rate:g} bytes a second or more, got {self.moved} in "
            f"{self.waited:.1f} s"
        )
