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
from collections import deque
from collections.abc import Iterable
from typing import Any

__all__ = [
    "LOG_ESCAPES",
    "ErrorStream",
    "LineLog",
    "escape",
    "host_of",
    "write_stderr",
]

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
    """Lines for standard error; any thread may write.

    In a turn of the loop with many requests the lines are gathered, and written together.
    """

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
