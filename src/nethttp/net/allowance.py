"""`Allowance`: how long a peer may be waited for, by how much it has moved.

A bound on each single wait alone lets a peer hold its other end for ever, a byte at a time. Only
waiting counts here: a program may take as long as it likes between two waits.
"""

from __future__ import annotations

from math import inf

__all__ = ["Allowance"]


class Allowance:
    """`grace` seconds, and one more for every `rate` bytes that have moved; rate 0: no bound."""

    __slots__ = ("grace", "moved", "rate", "waited")

    def __init__(self, rate: float, grace: float) -> None:
        self.rate = rate
        self.grace = grace
        self.moved = 0
        """Bytes that have come, or gone."""
        self.waited = 0.0
        """Seconds that it took, waiting."""

    def left(self) -> float:
        """Return how many seconds the peer may still be waited for.

        Raises:
            TimeoutError: none.
        """
        if not self.rate:
            return inf
        left = self.grace + self.moved / self.rate - self.waited
        if left <= 0:
            raise TimeoutError(
                f"expected {self.rate:g} bytes a second or more, got {self.moved} in "
                f"{self.waited:.1f} s"
            )
        return left
