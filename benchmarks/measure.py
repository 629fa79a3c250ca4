"""How a figure is measured: alternately, repeatedly, and as a ratio of medians.

Two things measured one after the other differ by whatever else the machine did in between; taken in
turns, both meet the same noise.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

REPEATS = 9
"""How often each side of a row is measured."""


class Row(NamedTuple):
    """One line of the table: what a peer and nethttp need, in `unit`.

    `better` says whether "less" or "more" of the unit is better; `aim` is the ratio asked for, read
    as "so many times better than the peer" (0 where a row has no aim). A row that compares nethttp
    with itself is not plotted.
    """

    name: str
    theirs: float
    nethttp: float
    unit: str = "us"
    better: str = "less"
    aim: float = 0.0
    plotted: bool = True
    peer: str = "stdlib"

    @property
    def ratio(self) -> float:
        """How many times better than the peer nethttp is."""
        if self.better == "less":
            return self.theirs / self.nethttp
        return self.nethttp / self.theirs


def _calls_for(action: Callable[[], object], seconds: float) -> int:
    """Return how many calls of `action` take about `seconds`."""
    calls = 1
    while True:
        began = time.perf_counter()
        for _ in range(calls):
            action()
        took = time.perf_counter() - began
        if took >= seconds / 4:
            return max(1, int(calls * seconds / took))
        calls *= 4


def interleaved(
    first: Callable[[], object], second: Callable[[], object], *, seconds: float = 0.05
) -> tuple[float, float]:
    """Return the median microseconds of one call of each, measured in turns.

    >>> fast, slow = interleaved(lambda: None, lambda: sum(range(1000)), seconds=0.001)
    >>> fast < slow
    True
    """
    actions = (first, second)
    calls = [_calls_for(action, seconds) for action in actions]
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(REPEATS):
        for action, count, times in zip(actions, calls, taken, strict=True):
            began = time.perf_counter()
            for _ in range(count):
                action()
            times.append((time.perf_counter() - began) / count)
    return statistics.median(taken[0]) * 1e6, statistics.median(taken[1]) * 1e6


def import_times(*modules: str, repeats: int = 15) -> list[float]:
    """Return for each module the median milliseconds of importing it in a fresh interpreter."""
    taken: list[list[float]] = [[] for _ in modules]
    code = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
    for _ in range(repeats):
        for module, times in zip(modules, taken, strict=True):
            # -I: no site customisation that would import half of the modules beforehand.
            done = subprocess.run(
                [sys.executable, "-I", "-c", code.format(module)],
                capture_output=True,
                text=True,
                check=True,
            )
            times.append(float(done.stdout) * 1e3)
    return [statistics.median(times) for times in taken]
