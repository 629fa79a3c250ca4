"""Log lines for standard error, which may be closed, full or missing.

`write_stderr` writes to the current `sys.stderr`. A program may have closed it, its other end may
be closed, the disk full, and a program without a console has none: then the line is lost, and no
thread ends with an exception.

A handler's log line is written before its response is sent, unless more requests wait in the same
turn of the engine's loop: then `LineLog` keeps the lines of the turn and writes them together, at
its end.
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

#: A peer chooses the request line: it must not move a terminal's cursor or begin another line.
LOG_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
LOG_ESCAPES[ord("\\")] = r"\\"


def write_stderr(text: str) -> None:
    """Write whole lines to standard error, in one piece; they are lost if that fails."""
    try:
        # It may be None, which has no `write`.
        sys.stderr.write(text)
    except Exception:
        pass  # There is no other place to report it.


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
    # The backslash is the only printable character that is escaped.
    if "\\" not in text and text.isprintable():
        return text
    return text.translate(LOG_ESCAPES)


class ErrorStream:
    """A text file for errors that never raises, for `wsgi.errors` (PEP 3333)."""

    def write(self, text: str) -> int:
        """Return the length of `text` in characters, written to standard error or lost."""
        write_stderr(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write `lines`, which have their line ends."""
        write_stderr("".join(lines))

    def flush(self) -> None:
        """Do nothing: lines are not buffered."""


class LineLog:
    """Lines for standard error, gathered for one turn of the loop. Any thread may write.

    A turn with many requests would otherwise cost one write each.
    """

    def __init__(self) -> None:
        self._lines: deque[str] = deque()
        self._gathers = False

    def gather(self) -> None:
        """Keep lines until `release`."""
        self._gathers = True

    def release(self) -> None:
        """Write the kept lines, and from now on each line at once."""
        self._gathers = False
        if self._lines:
            self._flush()

    def write(self, line: str) -> None:
        """Write a line, or keep it."""
        # Append before testing the flag, so that either this call or `release` flushes the line.
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
