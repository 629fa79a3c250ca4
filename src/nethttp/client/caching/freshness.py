"""How old a stored response is, and how long it is fresh. RFC 9111 section 4.2."""

from __future__ import annotations

from math import inf
from typing import Final

from ...wire.values import parse_http_date
from .entry import Entry
from .fields import values_of

__all__ = [
    "HEURISTIC_STATUSES",
    "MAX_HEURISTIC_LIFETIME",
    "current_age",
    "explicit_lifetime",
    "lifetime",
    "may_be_stale",
    "staleness",
]

HEURISTIC_STATUSES: Final = frozenset({200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501})
"""Statuses whose responses may be fresh by a heuristic. RFC 9110 section 15.1."""

HEURISTIC_FRACTION: Final = 0.1
"""How much of the time since its last modification a response is fresh: RFC 9111's example."""

MAX_HEURISTIC_LIFETIME: Final = 86400.0
"""The most seconds that a response is fresh by the heuristic."""


def current_age(entry: Entry, now: float) -> float:
    """Return the seconds since the origin made or last confirmed the response, as known at `now`.

    RFC 9111 section 4.2.3, with the delay of request and response. Infinite: its Age is no number.
    """
    apparent = max(0.0, entry.received_at - entry.date)
    delay = max(0.0, entry.received_at - entry.requested_at)
    initial = max(apparent, _age_value(entry) + delay)
    # A clock that was set back makes nothing younger.
    return initial + max(0.0, now - entry.received_at)


def _age_value(entry: Entry) -> float:
    """Return the value of Age in seconds, 0 without it, infinite if it is not one number.

    RFC 9111 section 5.1 would ignore an invalid one. A response of unknown age counts as stale
    here: that costs a round trip, an old response may cost more.
    """
    values = values_of(entry.fields, "age")
    if not values:
        return 0.0
    (value, *more) = values
    if more or not (value.isascii() and value.isdigit()):
        return inf
    return float(int(value)) if len(value) <= 10 else inf


def lifetime(entry: Entry) -> float:
    """Return the seconds that the response is fresh, from the moment that the origin made it.

    max-age comes before Expires, and both before the heuristic; s-maxage is for shared caches.
    RFC 9111 section 4.2.1.
    """
    explicit = explicit_lifetime(entry)
    if explicit is not None:
        return explicit
    if entry.status in HEURISTIC_STATUSES or "public" in entry.control:
        return _heuristic_lifetime(entry)
    return 0.0


def explicit_lifetime(entry: Entry) -> float | None:
    """Return the seconds that the response itself declares to be fresh; None: it does not.

    RFC 9111 section 4.2.1.
    """
    seconds = entry.control.seconds("max-age")
    if seconds is not None:
        return float(seconds)
    expires = values_of(entry.fields, "expires")
    if not expires:
        return None
    # RFC 9111 section 5.3: an invalid date, and especially 0, is in the past.
    end = parse_http_date(expires[0])
    return 0.0 if end is None else max(0.0, end - entry.date)


def _heuristic_lifetime(entry: Entry) -> float:
    for value in values_of(entry.fields, "last-modified"):
        modified = parse_http_date(value)
        if modified is not None and modified < entry.date:
            return min((entry.date - modified) * HEURISTIC_FRACTION, MAX_HEURISTIC_LIFETIME)
    return 0.0


def staleness(entry: Entry, now: float) -> float:
    """Return the seconds from the end of its freshness until `now`, seconds since 1970.

    Negative while the response is fresh. RFC 9111 section 4.2.
    """
    return current_age(entry, now) - lifetime(entry)


#: Directives that forbid a stale response. RFC 9111 section 4.2.4; sections 5.2.2.8 and 5.2.2.10
#: let shared caches alone obey two of them, but a response that names them is worth a question.
_NEVER_STALE = ("must-revalidate", "proxy-revalidate", "s-maxage")


def may_be_stale(entry: Entry) -> bool:
    """Return whether a stale copy may be used at all. RFC 9111 section 4.2.4."""
    control = entry.control
    return not (control.of_all("no-cache") or any(name in control for name in _NEVER_STALE))
