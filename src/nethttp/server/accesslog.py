"""A line for every request, without a control character in it (gh-100001), and never a torn one."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from ..wire.fields import FieldFinder
from .colours import coloured_line, stderr_has_colours
from .dates import MONTHS
from .loglines import LineLog, write_stderr

if TYPE_CHECKING:
    from .contract import Application

__all__ = [
    "FORMATS",
    "LOG_ESCAPES",
    "AccessLog",
    "Exchange",
    "LoggedApplication",
    "escape",
    "format_log_date",
    "line_start",
    "log_date",
]

#: A peer chooses what a request line holds: it must not move a terminal's cursor or begin a line.
LOG_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
LOG_ESCAPES[ord("\\")] = r"\\"

#: In a log whose values stand in quotes, a quote would end one.
_QUOTED_ESCAPES = {**LOG_ESCAPES, ord('"'): r"\x22"}

MAX_VALUE = 1024
"""Characters that a peer's value may have in a line; the rest is cut. A whole line then fits into
what one write leaves in one piece, even in a pipe."""

_LOGGED_FIELDS = FieldFinder("referer", "user-agent")
_NOTHING: dict[str, str] = {}


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
    return log_date(timestamp, MONTHS)


@lru_cache(maxsize=256)
def line_start(host: object, second: int) -> str:
    """Return what a handler's log line begins with. Many lines of a second begin alike."""
    return f"{host} - - [{format_log_date(second)}] "


class Exchange(NamedTuple):
    """A request and how it was answered."""

    address: str
    """The client's address, "-" if it has none."""
    when: float
    """When it began, in seconds since 1970."""
    request_line: str
    status: int | None
    """None: nothing was answered."""
    size: int
    """Bytes of content that were sent."""
    seconds: float
    referer: str = ""
    user_agent: str = ""


@lru_cache(maxsize=2)
def _common_date(second: int) -> str:
    local = time.localtime(second)
    zone = time.strftime("%z", local)
    return f"{format_log_date(second).replace(' ', ':')} {zone}"


def _quoted(text: str) -> str:
    return (text[:MAX_VALUE] or "-").translate(_QUOTED_ESCAPES)


def _answered(exchange: Exchange) -> str:
    """Return what was asked and answered, without who and when."""
    return f'"{_quoted(exchange.request_line)}" {exchange.status or "-"} {exchange.size or "-"}'


def plain(exchange: Exchange) -> str:
    """Return a line as http.server writes it, with the size."""
    start = line_start(exchange.address, int(exchange.when))
    return start + _answered(exchange)


def common(exchange: Exchange) -> str:
    """Return a line of the Common Log Format.

    >>> common(Exchange("::1", 0, "GET / HTTP/1.1", 200, 5, 0.1)).partition("]")[2]
    ' "GET / HTTP/1.1" 200 5'
    """
    return f"{exchange.address} - - [{_common_date(int(exchange.when))}] {_answered(exchange)}"


def combined(exchange: Exchange) -> str:
    """Return a line of the combined format: common, referer and user agent."""
    return f'{common(exchange)} "{_quoted(exchange.referer)}" "{_quoted(exchange.user_agent)}"'


def as_json(exchange: Exchange) -> str:
    """Return a line with one JSON object; `seconds` is what the answer took."""
    import json  # start-up: only this form of the log needs it

    method, _, rest = exchange.request_line.partition(" ")
    target, _, version = rest.rpartition(" ")
    whole, fraction = divmod(exchange.when, 1)
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
    return json.dumps(
        {
            "time": f"{moment}.{int(fraction * 1000):03d}Z",
            "address": exchange.address,
            "method": method[:MAX_VALUE],
            "target": target[:MAX_VALUE],
            "version": version[:MAX_VALUE],
            "status": exchange.status,
            "size": exchange.size,
            "seconds": round(exchange.seconds, 6),
            "referer": exchange.referer[:MAX_VALUE],
            "user_agent": exchange.user_agent[:MAX_VALUE],
        }
    )


def coloured_plain(exchange: Exchange) -> str:
    """Return the line of `plain`, in colours."""
    return coloured_line(line_start(exchange.address, int(exchange.when)), _answered(exchange))


FORMATS: dict[str, Callable[[Exchange], str]] = {
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
        """Whether its lines have what the request's fields say."""
        if format == "plain" and path is None and stderr_has_colours():
            self._format = coloured_plain
        self._path = path
        self._changing = threading.Lock()
        self._lines: LineLog | None = None
        #: None for a standard error that is no file.
        self._descriptor = _open_stderr() if path is None else _open(path)

    def write(self, exchange: Exchange) -> None:
        """Add a line. A full disk costs the line, and nothing else."""
        line = self._format(exchange) + "\n"
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
        """Leave what is for standard error to `lines`, which writes those of a turn in one go."""
        if self._path is None:
            self._lines = lines

    def reopen(self) -> None:
        """Go on in a new file, if the old one was moved away.

        Raises:
            OSError: it cannot be opened; the old one is still written to.
        """
        if self._path is None or self._descriptor is None:
            return  # Nobody moves standard error away.
        new = _open(self._path)
        with self._changing:
            # The number stays what other threads know.
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


_BEGAN = "nethttp.began"


def timed_wsgi(app: Any) -> Any:
    """Return a WSGI application that does what `app` does, and notes when it began."""

    def timed(environ: dict[str, Any], start_response: Any) -> Any:
        environ[_BEGAN] = time.perf_counter()
        return app(environ, start_response)

    return timed


def exchange_of_wsgi(environ: dict[str, Any], status: int, size: int) -> Exchange:
    """Return what was exchanged over WSGI, by a `timed_wsgi` application."""
    target = quote(environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"], encoding="latin-1")
    if environ.get("QUERY_STRING"):
        target += f"?{environ['QUERY_STRING']}"
    now = time.perf_counter()
    took = now - environ.get(_BEGAN, now)
    return Exchange(
        environ.get("REMOTE_ADDR") or "-",
        time.time() - took,
        f"{environ['REQUEST_METHOD']} {target} {environ['SERVER_PROTOCOL']}",
        status or None,
        size,
        took,
        environ.get("HTTP_REFERER", ""),
        environ.get("HTTP_USER_AGENT", ""),
    )


def exchange_that_begins(handler: Any, code: Any) -> Exchange:
    """Return what a handler exchanges as its response begins: without its size and time."""
    asked = handler._asked(_LOGGED_FIELDS)
    return Exchange(
        handler.address_string(),
        time.time(),
        handler.requestline,
        int(code) if str(code).isdecimal() else None,
        0,
        0.0,
        asked.get("referer", ""),
        asked.get("user-agent", ""),
    )


class LoggedApplication:
    """An application whose every request is written to `log`."""

    def __init__(self, application: Any, log: AccessLog) -> None:
        self._application: Application = application
        self._log = log
        self.read_head = application.read_head

    def __getattr__(self, name: str) -> Any:
        return getattr(self._application, name)

    @property
    def closing(self) -> bool:
        """Whether every response is to end its connection."""
        return self._application.closing

    @closing.setter
    def closing(self, value: bool) -> None:
        self._application.closing = value

    def kind(self, head: Any, /) -> Hashable:
        return self._application.kind(head)

    def answer(self, connection: Any, head: Any, block: bytes, content: bytes, /) -> bool:
        began = time.perf_counter()
        try:
            return self._application.answer(connection, head, block, content)
        finally:
            self._write(connection, began)

    def attend(self, connection: Any, data: bytes, /) -> bytes | None:
        began = time.perf_counter()
        try:
            return self._application.attend(connection, data)
        finally:
            self._write(connection, began)

    def _write(self, connection: Any, began: float) -> None:
        handler = connection.state
        if handler is None or handler._status is None:
            return
        took = time.perf_counter() - began
        asked = handler._asked(_LOGGED_FIELDS) if self._log.looks_at_fields else _NOTHING
        self._log.write(
            Exchange(
                handler.address_string(),
                time.time() - took,
                handler.requestline,
                handler._status,
                handler.wfile.sent,
                took,
                asked.get("referer", ""),
                asked.get("user-agent", ""),
            )
        )
