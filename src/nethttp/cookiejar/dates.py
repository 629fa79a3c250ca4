"""Dates of cookies: Netscape's, HTTP's with its common errors, and ISO 8601's.

Every pattern is possessive where white space may repeat, so a hostile date takes linear time
(bpo-38804).
"""

from __future__ import annotations

import re
import time
from calendar import timegm
from collections.abc import Sequence
from functools import lru_cache

from ..wire.values import DAY_NAMES, MONTH_NAMES, parse_http_date

__all__ = ["http2time", "iso2time", "time2isoz", "time2netscape"]

EPOCH_YEAR = 1970
DAYS = list(DAY_NAMES)
MONTHS = list(MONTH_NAMES)
MONTHS_LOWER = [name.lower() for name in MONTHS]
#: Names of UTC; a mapping, each name with None, since programs use it as one.
UTC_ZONES = dict.fromkeys(("GMT", "UTC", "UT", "Z"))

ZONE_OFFSET = re.compile(r"\A([-+])?(\d\d?):?(\d\d)?\Z", re.ASCII)
WEEKDAY = re.compile(r"\A(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat)[a-z]*+,?\s*+", re.ASCII | re.IGNORECASE)
LOOSE_DATE = re.compile(
    r"""
    \A \s*+ (\d\d?)                                # day
    (?: \s++ | [-/] ) (\w++)                        # month: a name or a number
    (?: \s++ | [-/] ) (\d++)                        # year
    (?: (?: \s++ | : ) (\d\d?) : (\d\d) (?: : (\d\d) )?+ )?+   # time
    \s*+ (?: ( [-+]? \d{2,4} | (?!APM) [A-Za-z]++ ) \s*+ )?+   # zone
    (?: \( \w++ \) \s*+ )?+                         # the zone's name in parentheses
    \Z
    """,
    re.ASCII | re.VERBOSE,
)
ISO_DATE = re.compile(
    r"""
    \A \s*+ (\d{4}) [-/]?+ (\d\d?) [-/]?+ (\d\d?)   # year, month, day
    (?: (?: \s++ | [-:Tt] ) (\d\d?) :?+ (\d\d)      # hour and minute
        (?: :?+ (\d\d (?: \.\d*+ )?+ ) )?+ )?+      # second
    \s*+ (?: ( [-+]? \d\d? :? (:?\d\d)? | [Zz] ) \s*+ )?+     # zone, and its minutes
    \Z
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
        f"{DAYS[weekday]}, {day:02d}-{MONTHS[month - 1]}-{year:04d} "
        f"{hour:02d}:{minute:02d}:{second:02d} GMT"
    )


# A server sends one date with many cookies, and to many clients.
@lru_cache(maxsize=256)
def http2time(text: str) -> int | None:
    """Return the seconds since 1970 of a date as servers write it; None if it is not a date.

    The weekday, the time and the zone may be missing; the month may be a number; separators may be
    spaces, dashes or slashes; a two-digit year is one of the fifty before or after now.

    >>> http2time("Thursday, 03-Feb-1994 00:00:00 GMT")
    760233600
    """
    exact = parse_http_date(text)
    if exact is not None:
        return exact
    m = LOOSE_DATE.search(WEEKDAY.sub("", text.lstrip(), count=1))
    return None if m is None else seconds_of(*m.groups())


def iso2time(text: str) -> int | None:
    """Return the seconds since 1970 of an ISO 8601 date; None if it is not one.

    >>> iso2time("1994-02-03 19:45:29 +0530")
    760284929
    """
    m = ISO_DATE.search(text)
    if m is None:
        return None
    year, month, day, hour, minute, second, zone, _ = m.groups()
    return seconds_of(day, month, year, hour, minute, second, zone)


def seconds_of(
    day: str,
    mon: str,
    yr: str,
    hr: str | None,
    min: str | None,
    sec: str | None,
    tz: str | None,
) -> int | None:
    """Return the seconds since 1970 of a date in parts; None if a part is out of bounds."""
    yr, mon = str(yr), str(mon)
    if len(yr) > 4 or len(mon) > 9:
        return None
    lower = mon[:3].lower()
    if lower in MONTHS_LOWER:
        month = MONTHS_LOWER.index(lower) + 1
    else:
        month = int(mon) if mon.isdecimal() else 0
    parts = (_full_year(int(yr)), month, int(day))
    seconds = timegm_or_none((*parts, int(hr or 0), int(min or 0), int(float(sec or 0))))
    offset = offset_from_tz_string((tz or "UTC").upper())
    return None if seconds is None or offset is None else seconds - offset


def timegm_or_none(tt: Sequence[int]) -> int | None:
    """Return the seconds since 1970 of a time in UTC; None if a part is out of bounds."""
    year, month, day, hour, minute, second = tt[:6]
    if (
        year >= EPOCH_YEAR
        and 1 <= month <= 12
        and 1 <= day <= 31
        and 0 <= hour <= 24
        and 0 <= minute <= 59
        and 0 <= second <= 61
    ):
        return timegm(tuple(tt))
    return None


def _full_year(year: int) -> int:
    if year >= 1000:
        return year
    now = time.localtime(time.time()).tm_year
    full = year + now - now % 100
    if abs(full - now) > 50:
        full += 100 if full < now else -100
    return full


def offset_from_tz_string(tz: str) -> int | None:
    """Return how many seconds a time zone is ahead of UTC; None if it is unknown."""
    if tz in UTC_ZONES:
        return 0
    m = ZONE_OFFSET.search(tz)
    if m is None:
        return None
    sign, hours, minutes = m.groups()
    seconds = 3600 * int(hours) + 60 * int(minutes or 0)
    return -seconds if sign == "-" else seconds
