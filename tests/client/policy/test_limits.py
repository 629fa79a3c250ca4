"""The bounds of a pool let something through."""

from __future__ import annotations

import pytest

from nethttp.client.policy.limits import DEFAULT_POOL_LIMITS, PoolLimits


def test_the_defaults_are_sound():
    assert DEFAULT_POOL_LIMITS.checked() is DEFAULT_POOL_LIMITS
    assert PoolLimits(None, None, 0, 0).checked()


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (PoolLimits(max_connections=0), "max_connections to be at least 1, got 0"),
        (PoolLimits(max_per_origin=-1), "max_per_origin to be at least 1, got -1"),
        (PoolLimits(max_idle=-1), "max_idle to be at least 0, got -1"),
        (PoolLimits(idle_expiry=-0.5), "idle_expiry to be at least 0, got -0.5"),
    ],
)
def test_a_bound_that_lets_nothing_through_is_refused(limits, message):
    with pytest.raises(ValueError, match=message):
        limits.checked()
