"""One line of a log, without a control character in it (gh-100001)."""

from __future__ import annotations

import time
from functools import lru_cache

from .dates import MONTHS

__all__ = ["escape", "format_log_date"]

#: A peer chooses what a request line holds: it must not move a terminal's cursor or begin a line.
_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
_ESCAPES[ord("\\")] = r"\\"


def escape(text: str) -> str:
    r"""Return `text` with control characters and backslashes escaped.

    >>> print(escape("GET /\x1b[2J"))
    GET /\x1b[2J
    """
    # Nothing that is escaped is printable, but for the backslash.
    if "\\" not in text and text.isprintable():
        return text
    return text.translate(_ESCAPES)


@lru_cache(maxsize=2)
def format_log_date(timestamp: int) -> str:
    """Return the local time of `timestamp` (seconds since 1970) as ``24/Nov/2026 09:54:00``."""
    year, month, day, hour, minute, second, *_ = time.localtime(timestamp)
    return f"{day:02d}/{MONTHS[month]}/{year:04d} {hour:02d}:{minute:02d}:{second:02d}"
