"""Dates as user agents read them in a cookie: RFC 6265bis section 5.1.1.

It is an algorithm, not a format: the date is split into tokens, and the first token that looks like
a time, a day, a month or a year counts as that, in any order.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["parse_cookie_date"]

#: delimiter = %x09 / %x20-2F / %x3B-40 / %x5B-60 / %x7B-7E; tokens are of all other characters.
_TOKEN = re.compile(r"[^\t\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]++")

#: After each of them, anything but a digit may follow: [ non-digit *OCTET ].
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])")
_DAY = re.compile(r"([0-9]{1,2})(?![0-9])")
_YEAR = re.compile(r"([0-9]{2,4})(?![0-9])")

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}


# A server sends one date with many cookies, and to many clients; parsing one takes 4 us.
@lru_cache(maxsize=256)
def parse_cookie_date(text: str) -> int | None:
    """Return the seconds since 1970 (negative: before) of a cookie's date, None if it is no date.

    It counts as UTC, even if it names another zone. A year of two digits is one from 1970 to 2069;
    the earliest year is 1601. The time is linear in the length of `text`.
    RFC 6265bis section 5.1.1.

    >>> parse_cookie_date("Sun, 06 Nov 1994 08:49:37 GMT") == parse_cookie_date("8:49:37-Nov 6,94")
    True
    """
    time = day = month = year = None
    for token in _TOKEN.findall(text):
        if time is None and (time := _TIME.match(token)):
            continue
        if day is None and (day := _DAY.match(token)):
            continue
        if month is None and (month := _MONTHS.get(token[:3].lower())):
            continue
        if year is None:
            year = _YEAR.match(token)
    if time is None or day is None or month is None or year is None:
        return None
    hour, minute, second = map(int, time.groups())
    full_year = _full_year(int(year[1]))
    if full_year < 1601 or hour > 23 or minute > 59 or second > 59:
        return None
    from calendar import monthrange, timegm  # start-up: it loads datetime and locale

    if not 1 <= int(day[1]) <= monthrange(full_year, month)[1]:
        return None
    return timegm((full_year, month, int(day[1]), hour, minute, second))


def _full_year(year: int) -> int:
    if 70 <= year <= 99:
        return year + 1900
    return year + 2000 if year <= 69 else year
