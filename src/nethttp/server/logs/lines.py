"""Lines for standard error, which is not always there to take them.

`write_stderr` writes to what `sys.stderr` is at the time. A program may have closed it, its other
end may be gone, the disk full, and a program without a console has none: that costs the line, and
never a server its thread.

A handler's log line is on its way before the response that it speaks of is sent, unless more
requests wait in the same turn of the engine's loop: then `LineLog` keeps the lines of a turn and
writes them in one go, at its end.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from ...wire.values import MONTH_NAMES

__all__ = [
    "LOG_ESCAPES",
    "ErrorStream",
    "LineLog",
    "escape",
    "format_log_date",
    "host_of",
    "line_start",
    "log_date",
    "write_stderr",
]

#: Months from 1 on.
_MONTHS = (None, *MONTH_NAMES)

#: A peer chooses what a request line holds: it must not move a terminal's cursor or begin a line.
LOG_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
LOG_ESCAPES[ord("\\")] = r"\\"


def write_stderr(text: str) -> None:
    """Write whole lines to standard error, in one piece, if that can be."""
    try:
        # It may be None, which has no `write`.
        sys.stderr.write(text)
    except Exception:
        pass  # There is nowhere to say it.


def host_of(address: Any) -> str:
    """Return the host of a client's address as the log shows it, "-" for a Unix socket's.

    >>> host_of(("127.0.0.1", 51234)), host_of("")
    ('127.0.0.1', '-')
    """
    return str(address[0]) if address and isinstance(address, tuple) else "-"


def escape(text: str) -> str:
    r"""Return `text` with control characters and backslashes escaped.

    >>> print(escape("GET /\x1b[2J"))
    GET /\x1b[2J
    """
    # Nothing that is escaped is printable, but for the backslash.
    if "\\" not in text and text.isprintable():
        return text
    return text.translate(LOG_ESCAPES)


def log_date(timestamp: int, months: Sequence[str | None]) -> str:
    """Return the local time of `timestamp` (seconds since 1970), with one of `months` from 1 on."""
    year, month, day, hour, minute, second, *_ = time.localtime(timestamp)
    return f"{day:02d}/{months[month]:>3}/{year:04d} {hour:02d}:{minute:02d}:{second:02d}"


@lru_cache(maxsize=2)
def format_log_date(timestamp: int) -> str:
    """Return the local time of `timestamp` (seconds since 1970) as ``24/Nov/2026 09:54:00``."""
    return log_date(timestamp, _MONTHS)


@lru_cache(maxsize=256)
def line_start(host: object, second: int) -> str:
    """Return what a handler's log line begins with. Many lines of a second begin alike."""
    return f"{host} - - [{format_log_date(second)}] "


class ErrorStream:
    """A text file for programs to write errors to, which always works: `wsgi.errors`, for one."""

    def write(self, text: str) -> int:
        """Write `text` to standard error if that can be, and return its length."""
        write_stderr(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write `lines`, which bring their line ends with them."""
        write_stderr("".join(lines))

    def flush(self) -> None:
        """Do nothing: what was written is on its way."""


class LineLog:
    """Lines for standard error; any thread may write."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque()
        self._gathers = False

    def gather(self) -> None:
        """Keep what is written until `release`."""
        self._gathers = True

    def release(self) -> None:
        """Write what was kept, and from now on at once."""
        self._gathers = False
        if self._lines:
            self._flush()

    def write(self, line: str) -> None:
        """Write a line, or keep it."""
        # It is kept first and asked about then: of several threads the last to ask flushes it.
        self._lines.append(line)
        if not self._gathers:
            self._flush()

    def _flush(self) -> None:
        lines = []
        while self._lines:
            try:
                lines.append(self._lines.popleft())
            except IndexError:
                break  # Another thread has taken it.
        if lines:
            write_stderr("".join(lines))
