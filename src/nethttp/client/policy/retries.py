"""Whether and when a failed request is tried again.

A client tries again only what can do no harm: a request of an idempotent method, one with an
Idempotency-Key, or one of which the server has seen nothing, since no connection was made. The
waits grow, and each is a random share of its bound, so that clients which failed together do not
return together. A budget for the whole client keeps retries a small part of all requests: servers
that fail because of their load do not get a multiple of it.
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Callable
from random import random as evenly
from typing import Any, Final

from ...errors import (
    AddressRefused,
    BodyNotReplayable,
    CertificateError,
    ConnectError,
    ConnectTimeout,
    IncompleteRead,
    InvalidResponse,
    ReadError,
    ReadTimeout,
    RequestError,
    WriteError,
    WriteTimeout,
)
from ...wire.values import parse_http_date

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..messages.request import Request

__all__ = ["Budget", "Retries", "as_retries"]

IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "QUERY"})
"""The methods whose requests have one effect when they arrive twice: RFC 9110 section 9.2.2."""

STATUSES: Final = frozenset({429, 502, 503, 504})
"""The statuses that say "not now": of too many requests, and of servers and gateways in trouble."""

IDEMPOTENCY_KEY: Final = "idempotency-key"
"""The header by which a program says that the server tells a repeated request by its key."""

#: Errors before a connection was made: the server has seen nothing, so any method may be repeated.
_NOTHING_SENT: Final = (ConnectError, ConnectTimeout)
#: Errors that will not go away by waiting.
_FOR_GOOD: Final = (AddressRefused, CertificateError)
#: Errors after which it is not known whether the server has acted.
_PERHAPS_SENT: Final = (ReadError, ReadTimeout, WriteError, WriteTimeout)


class Budget:
    """How many retries all requests of a client may have together.

    Each request earns `ratio` of a retry, at most `reserve` of them are kept, and as many are there
    at the start. Any thread may use it.

    Raises:
        ValueError: `ratio` or `reserve` is negative or NaN.

    >>> budget = Budget(ratio=0.5, reserve=1)
    >>> budget.spend(), budget.spend()
    (True, False)
    >>> budget.earn()
    >>> budget.earn()
    >>> budget.spend()
    True
    """

    def __init__(self, *, ratio: float = 0.1, reserve: float = 10) -> None:
        if not ratio >= 0 or not reserve >= 0:
            raise ValueError(
                f"expected a ratio and a reserve of at least 0, got {ratio}, {reserve}"
            )
        self.ratio = ratio
        self.reserve = reserve
        self._left = reserve
        self._lock = threading.Lock()

    @property
    def left(self) -> float:
        """The number of retries that are left, between 0 and `reserve`."""
        return self._left

    def earn(self) -> None:
        """Count a request, not a retry."""
        with self._lock:
            self._left = min(self._left + self.ratio, self.reserve)

    def spend(self) -> bool:
        """Take one retry; return False if none is left."""
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True

    def __reduce__(self) -> tuple[Any, ...]:
        return _budget, (self.ratio, self.reserve)

    def __repr__(self) -> str:
        return f"Budget(ratio={self.ratio}, reserve={self.reserve})"


def _budget(ratio: float, reserve: float) -> Budget:
    """Return a full budget: what a copy in another process begins with."""
    return Budget(ratio=ratio, reserve=reserve)


class Retries:
    """When a client tries again: ``retries=Retries(max=5, statuses={503})``.

    >>> policy = Retries(max=2, first_wait=1.0, random=lambda: 1.0)
    >>> from types import SimpleNamespace
    >>> request = SimpleNamespace(method="GET", headers={}, body=None)
    >>> [policy.delay(tries, request, ConnectError("refused"), now=0.0) for tries in (1, 2, 3)]
    [1.0, 2.0, None]
    """

    __slots__ = (
        "budget",
        "first_wait",
        "max",
        "max_retry_after",
        "max_wait",
        "methods",
        "random",
        "statuses",
        "wall_clock",
    )

    def __init__(
        self,
        max: int = 3,
        *,
        statuses: frozenset[int] | set[int] = STATUSES,
        methods: frozenset[str] | set[str] = IDEMPOTENT,
        first_wait: float = 0.5,
        max_wait: float = 30.0,
        max_retry_after: float = 120.0,
        budget: Budget | None = None,
        random: Callable[[], float] = evenly,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Make a policy of at most `max` retries of one request.

        `statuses` are those of responses to try again after; `methods` are taken for idempotent.
        The wait before the n-th retry is random between 0 and `first_wait` times 2 to the power of
        n-1 seconds, at most `max_wait`. A server may ask by Retry-After for up to `max_retry_after`
        seconds; if it asks for more, its response is returned. `random` returns a number from 0
        to 1, `wall_clock` the seconds since the epoch; both are for tests.

        Raises:
            ValueError: a number is negative.
        """
        numbers = {"max": max, "first_wait": first_wait, "max_wait": max_wait}
        for name, number in {**numbers, "max_retry_after": max_retry_after}.items():
            if not number >= 0:
                raise ValueError(f"expected {name} of at least 0, got {number!r}")
        self.max = max
        self.statuses = frozenset(statuses)
        self.methods = frozenset(methods)
        self.first_wait = first_wait
        self.max_wait = max_wait
        self.max_retry_after = max_retry_after
        self.budget = budget if budget is not None else Budget()
        self.random = random
        self.wall_clock = wall_clock

    def delay(
        self,
        tries: int,
        request: Request,
        outcome: Any,
        *,
        now: float,
        deadline: float = math.inf,
    ) -> float | None:
        """Return how many seconds to wait before `request` is tried again; None: it is not.

        `tries` counts the attempts so far, and `outcome` is what the last one gave: a response or
        an error. A wait that would not end before `deadline`, a time of the clock that `now` is of,
        is not begun. A body is rewound; one that can be read only once is not sent again.
        """
        if tries > self.max or not self._may_repeat(request, outcome):
            return None
        wait = self.random() * min(self.first_wait * 2.0 ** min(tries - 1, 60), self.max_wait)
        if not isinstance(outcome, Exception):
            asked = retry_after(outcome.headers, self.wall_clock())
            if asked is not None:
                if asked > self.max_retry_after:
                    return None
                # The random share is added: all clients were told the same moment.
                wait += asked
        if now + wait >= deadline or not _rewound(request, outcome) or not self.budget.spend():
            return None
        return wait

    def _may_repeat(self, request: Request, outcome: Any) -> bool:
        harmless = request.method in self.methods or IDEMPOTENCY_KEY in request.headers
        if isinstance(outcome, Exception):
            if isinstance(outcome, _FOR_GOOD):
                return False
            return isinstance(outcome, _NOTHING_SENT) or (
                harmless and (isinstance(outcome, _PERHAPS_SENT) or _was_cut(outcome))
            )
        return harmless and outcome.status_code in self.statuses


def as_retries(value: Retries | int | bool | None) -> Retries | None:
    """Return a client's `retries` as a policy: a number is the most retries, False and None: none.

    Raises:
        TypeError: it is no number: a text, for instance.
        ValueError: the number is negative.

    >>> as_retries(5).max, as_retries(True).max, as_retries(False), as_retries(0)
    (5, 3, None, None)
    """
    if isinstance(value, Retries):
        return value if value.max else None
    if value is True:
        return Retries()
    if value is not None and not isinstance(value, int):
        raise TypeError(f"expected retries as a number or Retries, got {value!r:.80}")
    return Retries(value) if value else None


_SECONDS: Final = re.compile(r"[0-9]{1,10}")


def retry_after(headers: Any, wall_clock: float) -> float | None:
    """Return the seconds for which Retry-After asks; None: it is missing or is no time.

    A date counts from the response's own Date, so that the two clocks need not agree; without one
    from `wall_clock`, in seconds since the epoch. RFC 9110 section 10.2.3.

    >>> retry_after({"retry-after": "120"}, 0.0)
    120.0
    """
    value = (headers.get("retry-after") or "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    moment = parse_http_date(value) if value else None
    if moment is None:
        return None
    sent = parse_http_date(headers.get("date") or "")
    return max(moment - (wall_clock if sent is None else sent), 0.0)


def _was_cut(error: Exception) -> bool:
    """Return whether the connection ended within a response's content."""
    return isinstance(error, InvalidResponse) and isinstance(error.__cause__, IncompleteRead)


def _rewound(request: Request, outcome: Any) -> bool:
    """Return whether the body can be sent again, from its beginning."""
    if request.body is None or isinstance(request.body, bytes):
        return True
    try:
        request.body.rewind()
    except BodyNotReplayable as error:
        if isinstance(outcome, RequestError):
            outcome.add_note(f"not tried again: {error}")
        return False
    return True
