"""`LineLog`: the handlers' log lines, written together where many come at once.

A line is on its way to standard error before the response that it speaks of is sent, unless more
requests wait in the same turn of the engine's loop: then the lines of a turn are written in one go,
at its end.
"""

from __future__ import annotations

import sys
from collections import deque

__all__ = ["LineLog"]


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
        # It lies there before the question whether to keep it: whoever asks last sees to it.
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
            sys.stderr.write("".join(lines))
