"""The current date as responses and logs show it, formatted once a second."""

from __future__ import annotations

import time
from functools import lru_cache

from ..wire.values import DAY_NAMES, MONTH_NAMES, format_http_date

__all__ = ["MONTHS", "WEEKDAYS", "http_date_now"]

WEEKDAYS = list(DAY_NAMES)
MONTHS = [None, *MONTH_NAMES]
"""Months from 1 on, as the handler's documented `monthname`."""

_format_second = lru_cache(maxsize=2)(format_http_date)


def http_date_now() -> str:
    """Return the current date as an IMF-fixdate. RFC 9110 section 6.6.1."""
    return _format_second(int(time.time()))
