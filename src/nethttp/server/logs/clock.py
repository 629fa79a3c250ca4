"""A second as text: the dates of responses and of log lines, each formatted once.

Every function takes a second since 1970. Nearly all calls are for the current one, so each keeps
its last results: formatting takes 1 us.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache

from ...wire.values import DAY_NAMES, MONTH_NAMES, format_http_date
from .lines import escape

__all__ = [
    "MONTHS",
    "WEEKDAYS",
    "common_log_date",
    "http_date",
    "http_date_now",
    "line_start",
    "log_date",
    "log_date_in",
]

WEEKDAYS = list(DAY_NAMES)
"""Names of the days from Monday on, as the handler's documented `weekdayname`."""

MONTHS = [None, *MONTH_NAMES]
"""Names of the months from 1 on, as the handler's documented `monthname`."""

http_date = lru_cache(maxsize=2)(format_http_date)
"""Return a second as an IMF-fixdate: RFC 9110 section 5.6.7."""


def http_date_now() -> str:
    """Return the current second as an IMF-fixdate, as a Date field has it. RFC 9110 section 6.6.1.

    >>> http_date_now().endswith(" GMT")
    True
    """
    return http_date(int(time.time()))


def log_date_in(second: int, months: Sequence[str | None]) -> str:
    """Return a second in local time, with a name out of `months`, which begin at 1.

    >>> log_date_in(86400 * 40, [None, "January", "Fevereiro"])[:14]
    '10/Fevereiro/1'
    """
    year, month, day, hour, minute, seconds, *_ = time.localtime(second)
    return f"{day:02d}/{months[month]:>3}/{year:04d} {hour:02d}:{minute:02d}:{seconds:02d}"


@lru_cache(maxsize=2)
def log_date(second: int) -> str:
    """Return a second in local time as a handler's log shows it: ``24/Nov/2026 09:54:00``.

    It is local time, as http.server has it.
    """
    return log_date_in(second, MONTHS)


@lru_cache(maxsize=2)
def common_log_date(second: int) -> str:
    """Return a second in local time as the Common Log Format shows it, with the time zone.

    >>> import re
    >>> bool(re.fullmatch(r"../.../....:..:..:.. [+-]....", common_log_date(1_795_513_000)))
    True
    """
    zone = time.strftime("%z", time.localtime(second))
    return f"{log_date(second).replace(' ', ':')} {zone}"


@lru_cache(maxsize=256)
def line_start(host: str, second: int, user: str | None = None) -> str:
    """Return the beginning of a handler's log line: the client's host, the user, and the time.

    >>> line_start("127.0.0.1", 0)[:15], line_start("::1", 0, "ann")[:11]
    ('127.0.0.1 - - [', '::1 - ann [')
    """
    return f"{host} - {escape(user or '-')} [{log_date(second)}] "
