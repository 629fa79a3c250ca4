"""The dates of cookies: Netscape's, HTTP's in all their spoilt forms, and ISO 8601.

Every pattern is possessive where white space may repeat, so a hostile date takes linear time
(bpo-38804).
"""

from __future__ import annotations

import re
import time
from calendar import timegm
from functools import lru_cache

from ..wire.values import DAY_NAMES, MONTH_NAMES, parse_http_date

__all__ = ["http2time", "iso2time", "time2isoz", "time2netscape"]

_MONTH = {name.lower(): number for number, name in enumerate(MONTH_NAMES, 1)}

_ZONE_OFFSET = re.compile(r"([-+])?(\d\d?):?(\d\d)?", re.ASCII)
_UTC = frozenset({"GMT", "UTC", "UT", "Z"})

_WEEKDAY = re.compile(r"(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat)[a-z]*+,?\s*+", re.ASCII | re.IGNORECASE)
_LOOSE_DATE = re.compile(
    r"""
    \s*+ (\d\d?)                                    # day
    (?: \s++ | [-/] ) (\w++)                        # month: a name or a number
    (?: \s++ | [-/] ) (\d++)                        # year
    (?: (?: \s++ | : ) (\d\d?) : (\d\d) (?: : (\d\d) )?+ )?+   # time
    \s*+ (?: ( [-+]? \d{2,4} | (?!APM) [A-Za-z]++ ) \s*+ )?+   # zone
    (?: \( \w++ \) \s*+ )?+                         # the zone's name in parentheses
    """,
    re.ASCII | re.VERBOSE,
)
_ISO_DATE = re.compile(
    r"""
    \s*+ (\d{4}) [-/]?+ (\d\d?) [-/]?+ (\d\d?)      # year, month, day
    (?: (?: \s++ | [-:Tt] ) (\d\d?) :?+ (\d\d)      # hour and minute
        (?: :?+ (\d\d (?: \.\d*+ )?+ ) )?+ )?+      # second
    \s*+ (?: ( [-+]? \d\d? :? (?:\d\d)? | [Zz] ) \s*+ )?+      # zone
    """,
    re.ASCII | re.VERBOSE,
)


def time2isoz(t: float | None = None) -> str:
    """Return `t` (seconds since 1970, default now) as ``YYYY-MM-DD hh:mm:ssZ``.

    >>> time2isoz(1019227000)
    '2002-04-19 14:36:40Z'
    """
    year, month, day, hour, minute, second, *_ = time.gmtime(t)
    return f"{year:04d}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}:{second:02d}Z"


def time2netscape(t: float | None = None) -> str:
    """Return `t` (seconds since 1970, default now) as ``Wdy, DD-Mon-YYYY hh:mm:ss GMT``.

    >>> time2netscape(1019227000)
    'Fri, 19-Apr-2002 14:36:40 GMT'
    """
    year, month, day, hour, minute, second, weekday, *_ = time.gmtime(t)
    return (
        f"{DAY_NAMES[weekday]}, {day:02d}-{MONTH_NAMES[month - 1]}-{year:04d} "
        f"{hour:02d}:{minute:02d}:{second:02d} GMT"
    )


# A server gives many cookies, and many clients, the same date.
@lru_cache(maxsize=256)
def http2time(text: str) -> int | None:
    """Return the seconds since 1970 of a date as servers write it, or None.

    The weekday, the time and the zone may be missing; the month may be a number; separators may be
    spaces, dashes or slashes; a two-digit year is one of the fifty before or after now.

    >>> http2time("Thursday, 03-Feb-1994 00:00:00 GMT")
    760233600
    """
    exact = parse_http_date(text)
    if exact is not None:
        return exact
    text = text.lstrip()
    weekday = _WEEKDAY.match(text)
    m = _LOOSE_DATE.fullmatch(text, weekday.end() if weekday else 0)
    if m is None:
        return None
    day, month, year, hour, minute, second, zone = m.groups()
    return _to_seconds(year, month, day, hour, minute, second, zone)


def iso2time(text: str) -> int | None:
    """Return the seconds since 1970 of an ISO 8601 date, or None.

    >>> iso2time("1994-02-03 19:45:29 +0530")
    760284929
    """
    m = _ISO_DATE.fullmatch(text)
    if m is None:
        return None
    year, month, day, hour, minute, second, zone = m.groups()
    return _to_seconds(year, month, day, hour, minute, second, zone)


def _to_seconds(
    year: str,
    month: str,
    day: str,
    hour: str | None,
    minute: str | None,
    second: str | None,
    zone: str | None,
) -> int | None:
    """Return the seconds since 1970, None if a part is out of its bounds."""
    if len(year) > 4 or len(month) > 9:
        return None
    number = _MONTH.get(month[:3].lower()) or (int(month) if month.isdecimal() else 0)
    full_year = _full_year(int(year))
    parts = (int(hour or 0), int(minute or 0), int(float(second or 0)))
    if not (
        1 <= number <= 12
        and 1 <= int(day) <= 31
        and full_year >= 1970
        and parts[0] <= 24
        and parts[1] <= 59
        and parts[2] <= 61
    ):
        return None
    offset = _zone_seconds(zone or "UTC")
    if offset is None:
        return None
    return timegm((full_year, number, int(day), *parts)) - offset


def _full_year(year: int) -> int:
    if year >= 1000:
        return year
    now = time.localtime().tm_year
    full = year + now - now % 100
    if abs(full - now) > 50:
        full += 100 if full < now else -100
    return full


def _zone_seconds(zone: str) -> int | None:
    """Return how far a zone is ahead of UTC, in seconds; None for one that is not known."""
    if zone.upper() in _UTC:
        return 0
    m = _ZONE_OFFSET.fullmatch(zone)
    if m is None:
        return None
    sign, hours, minutes = m.groups()
    seconds = 3600 * int(hours) + 60 * int(minutes or 0)
    return -seconds if sign == "-" else seconds
