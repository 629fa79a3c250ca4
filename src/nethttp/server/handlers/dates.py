"""The current date as responses and logs show it, formatted once a second."""

from __future__ import annotations

import time
from functools import lru_cache

from ...wire.values import DAY_NAMES, MONTH_NAMES, format_http_date

__all__ = ["MONTHS", "WEEKDAYS", "DatedHead", "http_date_now"]

WEEKDAYS = list(DAY_NAMES)
MONTHS = [None, *MONTH_NAMES]
"""Months from 1 on, as the handler's documented `monthname`."""

_format_second = lru_cache(maxsize=2)(format_http_date)


def http_date_now() -> str:
    """Return the current date as an IMF-fixdate. RFC 9110 section 6.6.1."""
    return _format_second(int(time.time()))


class DatedHead:
    """The head of a response as it was sent once, to be sent again with the date of the moment."""

    __slots__ = ("_after", "_before", "_dated")

    def __init__(self, head: bytes) -> None:
        """Take a head that has a Date of 29 characters, as `http_date_now` gives it."""
        before, name, after = head.partition(b"\r\nDate: ")
        self._before = before + name
        self._after = after[29:]
        self._dated = (-1, b"")

    def now(self) -> bytes:
        """Return the head with the current date.

        >>> head = b"HTTP/1.1 200 OK\\r\\nDate: Mon, 01 Jan 2001 00:00:00 GMT\\r\\nA: b\\r\\n\\r\\n"
        >>> DatedHead(head).now().endswith(b" GMT\\r\\nA: b\\r\\n\\r\\n")
        True
        """
        second, head = self._dated
        now = int(time.time())
        if second != now:
            head = self._before + _format_second(now).encode("ascii") + self._after
            self._dated = (now, head)  # One store: another thread sees both or neither.
        return head
