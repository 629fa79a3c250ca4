"""What a peer sent is searched and collected in linear time, so no input stalls server or client.

Each case makes an input of a size and works on it. An input eight times as long may cost a little
more than eight times as much: where work grows with the square it is 64 times as much.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from nethttp.server.paths import is_inside, local_path

SMALL = 16_000
TIMES = 8
"""How many times as long the second input is."""

ALLOWED = 4
"""How many times more than its share the longer input may cost: clocks, caches, other processes."""


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of the quickest of several runs; those of cheap work are many."""
    best = float("inf")
    spent = 0.0
    for _ in range(50):
        before = time.process_time()
        work()
        took = time.process_time() - before
        best = min(best, took)
        spent += took
        if spent > 0.1:
            break
    return best


#: A name, and a function that returns the work on an input of so many bytes.
CASES: dict[str, Callable[[int], Callable[[], object]]] = {
    "a path of one long name": lambda size: lambda: local_path("/srv", "/" + "a" * size),
    "a path of many names": lambda size: lambda: local_path("/srv", "/a" * (size // 2)),
    "a path of many parents": lambda size: lambda: local_path("/srv", "/a/.." * (size // 5)),
    "a query": lambda size: lambda: local_path("/srv", "/?" + "a" * size),
    "a scheme without an end": lambda size: lambda: local_path("/srv", "a" * size),
    "many colons": lambda size: lambda: local_path("/srv", "a:/" * (size // 3)),
    "escapes": lambda size: lambda: local_path("/srv", "/" + "%41" * (size // 3)),
    "escapes that are no text": lambda size: lambda: local_path("/srv", "/" + "%ff" * (size // 3)),
    "names that are not there": lambda size: lambda: is_inside("/usr" + "/a" * (size // 2), "/usr"),
}


@pytest.mark.parametrize("make", CASES.values(), ids=CASES)
def test_the_time_grows_with_the_length(make: Callable[[int], Callable[[], object]]) -> None:
    small = cpu_seconds(make(SMALL))
    large = cpu_seconds(make(SMALL * TIMES))
    # Work of less than 50 us is measured as such: the clock and a first call cost as much.
    assert large <= ALLOWED * TIMES * max(small, 50e-6)
