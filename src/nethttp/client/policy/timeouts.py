"""`Timeout`: how long a request may take, in all and in each phase."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DEFAULT_TIMEOUT", "Timeout", "as_timeout"]


class Timeout(NamedTuple):
    """The bounds of a request in seconds; None: no bound.

    `total` covers everything from the call to the end of the content: the queue for a connection,
    DNS, connecting, TLS, upload, head, content, redirects and retries. A phase lasts at most its
    own bound and what is left of the total.

    >>> Timeout(10).total, Timeout(connect=3).total
    (10, None)
    """

    total: float | None = None
    """The whole request."""

    queue: float | None = None
    """Waiting for a connection of the pool."""

    connect: float | None = None
    """DNS, connecting, the proxy's tunnel and TLS together."""

    write: float | None = None
    """Each wait until the peer takes more of the request."""

    read: float | None = None
    """Each wait until the peer sends more of the response."""

    def checked(self) -> Timeout:
        """Return these bounds.

        Raises:
            TypeError: a bound is no number: a text, for instance.
            ValueError: a bound is negative or NaN.
        """
        for name, bound in zip(self._fields, self, strict=True):
            if isinstance(bound, bool) or not isinstance(bound, int | float | None):
                raise TypeError(
                    f"expected the timeout {name} in seconds or None, got {bound!r:.80}; "
                    "Timeout(total=60, connect=3, read=10) has bounds by phase"
                )
            if bound is not None and not bound >= 0:
                raise ValueError(f"expected the timeout {name} in seconds or None, got {bound!r}")
        return self


DEFAULT_TIMEOUT = Timeout(total=None, queue=60.0, connect=15.0, write=60.0, read=60.0)
"""The bounds of a request, unless a program sets others: no wait is endless, and a long download
that makes progress is not cut."""


def as_timeout(value: Timeout | float | None) -> Timeout:
    """Return a program's `timeout` argument as `Timeout`: a number is the total, None: no bound.

    >>> as_timeout(5).total, as_timeout(None) == Timeout()
    (5, True)
    """
    if value is None:
        return NO_TIMEOUT
    if isinstance(value, Timeout):
        return value.checked()
    return Timeout(value).checked()


NO_TIMEOUT = Timeout()
"""No bound at all: for a request that may last for ever."""
