"""A number is the total; a bound is a number of seconds that is not negative."""

from __future__ import annotations

import pytest

from nethttp.client.policy.timeouts import NO_TIMEOUT, Timeout, as_timeout


def test_a_number_is_the_total():
    assert as_timeout(2.5) == Timeout(2.5, None, None, None, None)
    assert as_timeout(0) == Timeout(0)


def test_none_is_no_bound_at_all():
    assert as_timeout(None) is NO_TIMEOUT
    assert set(NO_TIMEOUT) == {None}


def test_a_timeout_stays_as_it_is():
    timeout = Timeout(connect=3)
    assert as_timeout(timeout) is timeout


@pytest.mark.parametrize("name", Timeout._fields)
@pytest.mark.parametrize("bound", [-1, float("nan")])
def test_a_bound_that_is_no_time_is_refused(name, bound):
    with pytest.raises(ValueError, match=f"expected the timeout {name} in seconds or None"):
        as_timeout(Timeout(**{name: bound}))
