"""`Pace`: how often a client sends to one origin, by its own limit and by the server's word.

All threads and tasks of a client share it. A request's moment is reserved when it asks, so requests
go out in the order in which they asked.
"""

from __future__ import annotations

import re
import threading
from typing import Any, Final

from ...wire.values import parse_http_date
from ..messages.url import Origin
from .retries import retry_after

__all__ = ["Pace"]

MAX_ORIGINS: Final = 1024
"""The most origins whose moments are kept; those that may be sent to at once are dropped first."""

#: One policy of a RateLimit field: ``"default";r=0;t=30`` (draft-ietf-httpapi-ratelimit-headers).
_ITEM: Final = re.compile(r"[^,]++")
_LEFT: Final = re.compile(r";\s*r\s*=\s*([0-9]{1,15})")
_SECONDS: Final = re.compile(r";\s*t\s*=\s*([0-9]{1,15})")
#: The names that services used before, each for what is left and for when there is more.
_OLDER: Final = (
    ("ratelimit-remaining", "ratelimit-reset"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
)
#: A reset is in seconds from now, or, from this number on, a moment in seconds since the epoch.
_EPOCH: Final = 1_000_000_000


class Pace:
    """At most `per_second` requests a second to each origin, `burst` of them at once.

    `per_second` None sets no limit of the client's own. In either case, after a 429 or 503 with
    Retry-After, or when RateLimit says that nothing is left, nothing more is sent to that origin
    until then, for at most `max_pause` seconds.

    Raises:
        ValueError: a number is not positive.

    >>> pace, origin = Pace(per_second=2, burst=2), Origin("https", "example.com", 443)
    >>> [pace.reserve(origin, now=100.0) for _ in range(4)]
    [100.0, 100.0, 100.5, 101.0]
    """

    def __init__(
        self, per_second: float | None = None, *, burst: int = 1, max_pause: float = 3600.0
    ) -> None:
        if per_second is not None and not per_second > 0:
            raise ValueError(f"expected a positive number of requests a second, got {per_second}")
        if burst < 1 or not max_pause > 0:
            raise ValueError(f"expected a positive burst and pause, got {burst} and {max_pause}")
        self.per_second = per_second
        self.burst = burst
        self.max_pause = max_pause
        self._interval = 0.0 if per_second is None else 1.0 / per_second
        #: When the next request would be due if all were sent evenly, by origin.
        self._due: dict[Origin, float] = {}
        self._paused: dict[Origin, float] = {}
        self._lock = threading.Lock()

    def reserve(self, origin: Origin, now: float) -> float:
        """Return when a request to `origin` may be sent: `now`, a time in seconds, or later."""
        with self._lock:
            due = self._due.get(origin, 0.0)
            start = max(now, due - (self.burst - 1) * self._interval)
            paused = self._paused.get(origin, 0.0)
            if paused > start:
                start = paused
                due = paused + (self.burst - 1) * self._interval  # no burst when the pause ends
            if self._interval:
                self._keep_few(self._due, now)
                self._due[origin] = max(due, start) + self._interval
            return start

    def learn(self, origin: Origin, response: Any, now: float, wall_clock: float) -> None:
        """Read in a response until when its server wants no more requests.

        `now` is of the clock that `reserve` has, `wall_clock` in seconds since the epoch.
        """
        seconds = _pause_of(response, wall_clock)
        if seconds > 0:
            with self._lock:
                self._keep_few(self._paused, now)
                end = now + min(seconds, self.max_pause)
                self._paused[origin] = max(end, self._paused.get(origin, 0.0))

    def __reduce__(self) -> tuple[Any, ...]:
        return _pace, (self.per_second, self.burst, self.max_pause)

    def _keep_few(self, moments: dict[Origin, float], now: float) -> None:
        if len(moments) >= MAX_ORIGINS:
            for origin in [origin for origin, moment in moments.items() if moment <= now]:
                del moments[origin]
            while len(moments) >= MAX_ORIGINS:
                del moments[next(iter(moments))]


def _pace(per_second: float | None, burst: int, max_pause: float) -> Pace:
    return Pace(per_second, burst=burst, max_pause=max_pause)


def _pause_of(response: Any, wall_clock: float) -> float:
    """Return for how many seconds the server wants no more requests; 0: it has said nothing."""
    headers = response.headers
    pause = 0.0
    if response.status_code in (429, 503):
        pause = retry_after(headers, wall_clock) or 0.0
    for item in _ITEM.findall(headers.get("ratelimit") or ""):
        left, seconds = _LEFT.search(item), _SECONDS.search(item)
        if left and seconds and int(left[1]) == 0:
            pause = max(pause, float(seconds[1]))
    for left_name, reset_name in _OLDER:
        if (headers.get(left_name) or "").strip() == "0":
            reset = (headers.get(reset_name) or "").strip()
            if re.fullmatch("[0-9]{1,15}", reset):
                pause = max(pause, _until(float(reset), headers, wall_clock))
    return pause


def _until(reset: float, headers: Any, wall_clock: float) -> float:
    if reset < _EPOCH:
        return reset
    sent = parse_http_date(headers.get("date") or "")
    return reset - (wall_clock if sent is None else sent)
