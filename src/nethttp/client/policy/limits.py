"""`PoolLimits`: how many connections a client keeps, and for how long."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DEFAULT_POOL_LIMITS", "PoolLimits"]


class PoolLimits(NamedTuple):
    """The bounds of a client's pool of connections.

    >>> PoolLimits(max_per_origin=4).max_connections
    100
    """

    max_connections: int | None = 100
    """Connections in all, idle ones included; None: no bound. A request beyond waits its turn."""

    max_per_origin: int | None = None
    """Connections to one origin; None: no bound but `max_connections`."""

    max_idle: int | None = None
    """Idle connections in all; None: no bound but `max_connections`. The oldest is closed first."""

    idle_expiry: float = 60.0
    """Seconds after which an idle connection is closed instead of used."""

    def checked(self) -> PoolLimits:
        """Return these limits.

        Raises:
            ValueError: a bound that lets no request through, or a negative one.
        """
        for name in ("max_connections", "max_per_origin"):
            bound = getattr(self, name)
            if bound is not None and bound < 1:
                raise ValueError(f"expected {name} to be at least 1, got {bound}")
        for name in ("max_idle", "idle_expiry"):
            bound = getattr(self, name)
            if bound is not None and bound < 0:
                raise ValueError(f"expected {name} to be at least 0, got {bound}")
        return self


DEFAULT_POOL_LIMITS = PoolLimits()
"""The bounds of a client's pool, unless a program sets others."""
