"""The access log: a whole line for each request, without control characters (gh-100001)."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from .clock import common_log_date, line_start
from .colours import coloured_line, stderr_has_colours
from .lines import LOG_ESCAPES, LineLog, write_stderr

__all__ = [
    "FORMATS",
    "AccessLog",
    "AccessRecord",
]

#: Values are in quotes, so a quote in a value would end it.
_QUOTED_ESCAPES = {**LOG_ESCAPES, ord('"'): r"\x22"}

#: A name stands between blanks.
_NAME_ESCAPES = {**_QUOTED_ESCAPES, ord(" "): r"\x20"}

MAX_VALUE = 1024
"""Characters of a peer's value that a line has at most; the rest is cut. A whole line is then small
enough for a write that is not divided, even to a pipe."""


class AccessRecord(NamedTuple):
    """A request and how it was answered."""

    address: str
    """The client's address, "-" if it has none."""
    when: float
    """When the request began, in seconds since 1970."""
    request_line: str
    status: int | None
    """None if there was no response."""
    size: int
    """Bytes of content that were sent."""
    seconds: float
    """How long the response took."""
    referer: str = ""
    user_agent: str = ""
    user: str | None = None
    """The name of the user who has signed in; None: no one has."""


def _quoted(text: str) -> str:
    return (text[:MAX_VALUE] or "-").translate(_QUOTED_ESCAPES)


def _named(user: str | None) -> str:
    return (user or "-")[:MAX_VALUE].translate(_NAME_ESCAPES)


def _answered(record: AccessRecord) -> str:
    """Return request line, status and size, as every format but JSON has them."""
    return f'"{_quoted(record.request_line)}" {record.status or "-"} {record.size or "-"}'


def plain(record: AccessRecord) -> str:
    """Return a line as http.server writes it, with the size in bytes."""
    start = line_start(record.address, int(record.when), record.user)
    return start + _answered(record)


def common(record: AccessRecord) -> str:
    """Return a line of the Common Log Format.

    >>> common(AccessRecord("::1", 0, "GET / HTTP/1.1", 200, 5, 0.1)).partition("]")[2]
    ' "GET / HTTP/1.1" 200 5'
    """
    date = common_log_date(int(record.when))
    return f"{record.address} - {_named(record.user)} [{date}] {_answered(record)}"


def combined(record: AccessRecord) -> str:
    """Return a line of the combined format: common, referer and user agent."""
    return f'{common(record)} "{_quoted(record.referer)}" "{_quoted(record.user_agent)}"'


def as_json(record: AccessRecord) -> str:
    """Return a line with one JSON object: the names of `AccessRecord`, and ISO 8601's time."""
    import json  # start-up: only this form of the log needs it

    method, _, rest = record.request_line.partition(" ")
    target, _, version = rest.rpartition(" ")
    whole, fraction = divmod(record.when, 1)
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
    return json.dumps(
        {
            "time": f"{moment}.{int(fraction * 1000):03d}Z",
            "address": record.address,
            "user": record.user,
            "method": method[:MAX_VALUE],
            "target": target[:MAX_VALUE],
            "version": version[:MAX_VALUE],
            "status": record.status,
            "size": record.size,
            "seconds": round(record.seconds, 6),
            "referer": record.referer[:MAX_VALUE],
            "user_agent": record.user_agent[:MAX_VALUE],
        }
    )


def coloured_plain(record: AccessRecord) -> str:
    """Return the line of `plain`, in colours."""
    start = line_start(record.address, int(record.when), record.user)
    return coloured_line(start, _answered(record))


FORMATS: dict[str, Callable[[AccessRecord], str]] = {
    "plain": plain,
    "common": common,
    "combined": combined,
    "json": as_json,
}


class AccessLog:
    """Writes lines of one of `FORMATS` to the end of the file at `path`, or to standard error.

    A line is one `write` to a file that every writer opened for appending: lines of several
    processes do not mix.

    Raises:
        OSError: the file cannot be opened.
    """

    def __init__(self, format: str, path: str | None = None) -> None:
        self._format = FORMATS[format]
        self.looks_at_fields = format in ("combined", "json")
        """Whether its lines show fields of the request, which then have to be looked up."""
        if format == "plain" and path is None and stderr_has_colours():
            self._format = coloured_plain
        self._path = path
        self._changing = threading.Lock()
        self._lines: LineLog | None = None
        #: None for a standard error that is no file.
        self._descriptor = _open_stderr() if path is None else _open(path)

    def write(self, record: AccessRecord) -> None:
        """Add a line. If it cannot be written, as on a full disk, it is lost."""
        line = self._format(record) + "\n"
        if self._lines is not None:
            self._lines.write(line)
            return
        descriptor = self._descriptor
        if descriptor is None:
            write_stderr(line)
            return
        try:
            os.write(descriptor, line.encode("utf-8", "backslashreplace"))
        except OSError:
            pass

    def gather_in(self, lines: LineLog) -> None:
        """Pass lines for standard error to `lines`, which writes those of a turn together."""
        if self._path is None:
            self._lines = lines

    def reopen(self) -> None:
        """Open the file at the path anew, for a program that has moved the old one away.

        Raises:
            OSError: it cannot be opened; lines are still written to the old one.
        """
        if self._path is None or self._descriptor is None:
            return  # Standard error cannot be moved away.
        new = _open(self._path)
        with self._changing:
            # The descriptor keeps its number, which other threads may be about to use.
            os.dup2(new, self._descriptor)
            os.close(new)

    def close(self) -> None:
        """Close the file."""
        with self._changing:
            descriptor, self._descriptor = self._descriptor, -1
        if descriptor is not None and descriptor >= 0:
            os.close(descriptor)


def _open(path: str) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
    return os.open(path, flags, 0o640)


def _open_stderr() -> int | None:
    try:
        return os.dup(sys.stderr.fileno())
    except (AttributeError, OSError, ValueError):
        return None
