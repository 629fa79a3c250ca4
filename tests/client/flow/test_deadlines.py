"""Every wait ends with its phase, or with the request."""

from __future__ import annotations

from math import inf

import pytest

from nethttp.client.flow.deadlines import Deadlines
from nethttp.client.policy.timeouts import Timeout


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("phase", ["queue", "connect", "write", "read"])
def test_a_phase_ends_at_its_own_bound_or_with_the_total(phase):
    clock = Clock()
    deadlines = Deadlines(Timeout(10, **{phase: 3}), clock)
    wait = getattr(deadlines, phase)
    assert wait() == 103
    clock.now = 108.0
    assert wait() == 110
    others = {"queue", "connect", "write", "read"} - {phase}
    assert {getattr(deadlines, other)() for other in others} == {110}


def test_without_bounds_nothing_ends():
    deadlines = Deadlines(Timeout(), Clock())
    assert (deadlines.total, deadlines.read(), deadlines.queue()) == (inf, inf, inf)


def test_a_wait_of_some_seconds_ends_with_the_request_too():
    deadlines = Deadlines(Timeout(10), Clock())
    assert (deadlines.within(1), deadlines.within(100)) == (101, 110)
