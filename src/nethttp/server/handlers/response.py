"""`Responder`: the part of a handler that sends responses, and writes the log.

A handler buffers the lines of a response's head, as programs expect; `response_head` decides what
the head means. This part knows of the request only what decides how to respond.
"""

from __future__ import annotations

import socketserver
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from ..._version import __version__
from ...overrides import Bypassed
from ...status import HTTPStatus, phrase_of
from ...wire import grammar
from ...wire.h1.rules import FINAL, INTERIM, connection_option
from ...wire.values import format_http_date
from ..engine.connection import Connection
from ..logs.clock import (
    MONTHS,
    WEEKDAYS,
    http_date_now,
    line_start,
    log_date,
    log_date_in,
)
from ..logs.colours import coloured_line, stderr_has_colours
from ..logs.lines import LOG_ESCAPES, LineLog, escape, host_of, write_stderr
from ..seams import current
from .response_head import (
    MAX_KEPT_LINE,
    Head,
    ending_of,
    field_line,
    head_of,
    kept_field_line,
    opening,
    status_line,
)
from .writer import NonblockingWriter, ResponseWriter

if TYPE_CHECKING:
    import io

__all__ = [
    "DEFAULT_ERROR_CONTENT_TYPE",
    "DEFAULT_ERROR_MESSAGE",
    "Responder",
]

DEFAULT_ERROR_MESSAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>%(code)d %(message)s</title>
<style>
:root { color-scheme: light dark; font: 100%%/1.5 system-ui, sans-serif }
body { margin: 4rem auto; max-width: 40rem; padding: 0 1rem }
</style>
</head>
<body>
<h1>%(code)d</h1>
<p><strong>%(message)s</strong></p>
<p>%(explain)s</p>
</body>
</html>
"""
"""The page of an error response, with ``%(code)d``, ``%(message)s`` and ``%(explain)s``."""

DEFAULT_ERROR_CONTENT_TYPE = "text/html;charset=utf-8"

#: Error codes that have no content, or must have none. RFC 9110 sections 15.3.5, 15.3.6, 15.4.5.
_NO_ERROR_PAGE = frozenset({204, 205, 304})


def _as_reason(message: str, phrase: str) -> str:
    """Return an error's message as a valid reason; `phrase` if it has characters that cannot be."""
    reason = grammar.FORBIDDEN_IN_VALUE.sub(" ", message)
    return reason if grammar.FIELD_VALUE.fullmatch(reason) else phrase


NO_COMMAND: Any = None
"""A handler's `command` while there is no request. It is None, but programs expect a `str`."""


class Responder(socketserver.StreamRequestHandler):
    """Sends responses, each with its log line."""

    sys_version = "Python/" + sys.version.split(maxsplit=1)[0]
    server_version = "nethttp/" + __version__
    error_message_format = DEFAULT_ERROR_MESSAGE
    error_content_type = DEFAULT_ERROR_CONTENT_TYPE
    protocol_version = "HTTP/1.0"
    responses = {status: (status.phrase, status.description) for status in HTTPStatus}
    weekdayname: Sequence[str] = WEEKDAYS
    monthname: Sequence[str | None] = MONTHS

    # Attributes of the request and the response, and private ones, are slots, so `__dict__` has
    # only what a program adds: one look at it tells whether a method was set on this object.
    # CPython shares the attribute names of a class's objects up to about thirty; with one more,
    # each handler has its own dictionary of 1.5 KB.
    __slots__ = (
        "_awaits_continue",
        "_engaged",
        "_error_ends_connection",
        "_headers_buffer",
        "_log",
        "_plain_head",
        "_plain_log",
        "_repeats",
        "_sent_lines",
        "_set_here",
        "_status",
        "_user_name",
        "_version",
        "client_address",
        "close_connection",
        "command",
        "request_version",
        "requestline",
        "server",
        "wfile",
    )
    client_address: tuple[str, int]
    command: str
    request_version: str
    requestline: str
    close_connection: bool
    wfile: io.BufferedIOBase
    _headers_buffer: list[bytes]
    _sent_lines: Sequence[bytes] | None
    """The lines of a head that were sent before its end; () once it is sent; None before that."""
    _plain_head: bool
    _plain_log: bool
    """Whether the class overrides no method that makes a head, or that logs, so that they need not
    be called. The object itself is checked each time. See `HandlerApplication`."""
    _repeats: bool
    """Whether the class allows cached responses: see `_caches_answers`."""
    _set_here: dict[str, Any]
    """The `__dict__`, which is slower to read: 0.05 us, three times a response."""
    _version: int
    _status: int | None
    _user_name: str | None
    """The user who has signed in, for the log."""
    _awaits_continue: bool
    _error_ends_connection: bool
    _log: LineLog | None
    _engaged: Connection | None
    """The engine's connection."""

    def __new__(cls, *_args: Any, **_named: Any) -> Self:
        """Return a handler that can respond, even if a program's `__init__` does not call ours."""
        self = super().__new__(cls)
        self._set_here = self.__dict__
        self.command = NO_COMMAND
        self._sent_lines = None
        self.requestline = ""
        self.close_connection = True
        self._headers_buffer = []
        self._version = 9
        self._status = self._user_name = self._log = self._engaged = None
        self._awaits_continue = self._plain_head = self._plain_log = self._repeats = False
        self._error_ends_connection = True
        return self

    # --- the response ---

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Send a complete error response with the page `error_message_format`, and log it.

        `message` is the reason, by default the phrase of `code`; `explain` is by default the
        description of `code`. The connection is closed after the response.
        """
        html = current("html")  # start-up: only an error needs it
        phrase, description = self.responses.get(code, ("???", "???"))  # type: ignore[call-overload]
        if message is None:
            message = phrase
        if explain is None:
            explain = description
        self.log_error("code %d, message %s", code, message)
        self.send_response(code, _as_reason(message, phrase))
        if self._error_ends_connection:
            self.send_header("Connection", "close")
        body = b""
        if code >= 200 and code not in _NO_ERROR_PAGE:
            page = self.error_message_format % {
                "code": code,
                "message": html.escape(message, quote=False),
                "explain": html.escape(explain, quote=False),
            }
            body = page.encode("UTF-8", "replace")
            self.send_header("Content-Type", self.error_content_type)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if body and self.command != "HEAD":
            self.wfile.write(body)

    # `send_response` and `end_headers` do what these do, without calling them.
    _HEAD_STEPS = Bypassed(
        *("send_response_only", "send_header", "version_string", "date_time_string"),
        "flush_headers",
    )
    _LOG_STEPS = Bypassed(
        *("log_request", "log_message", "address_string", "log_date_time_string", "monthname")
    )

    def send_response(self, code: int, message: str | None = None) -> None:
        """Begin a response: log it, and buffer its status line, Server and Date.

        Raises:
            ValueError: a `message` with control characters; nothing is sent.
        """
        status = int(code)
        second = int(time.time())
        set_here = self._set_here
        if self._plain_log and (not set_here or self._LOG_STEPS.names.isdisjoint(set_here)):
            self._write_log(
                line_start(host_of(self.client_address), second, self._user_name),
                f'"{self.requestline}" {status} -',
            )
        else:
            self.log_request(code)
        if self._plain_head and (not set_here or self._HEAD_STEPS.names.isdisjoint(set_here)):
            self._status = status
            if self.request_version != "HTTP/0.9":
                self._headers_buffer += opening(
                    self.protocol_version,
                    status,
                    self._reason_of(status) if message is None else message,
                    self.server_version,
                    self.sys_version,
                    second,
                )
            return
        self.send_response_only(code, message)
        self.send_header("Server", self.version_string())
        self.send_header("Date", self.date_time_string())

    def send_response_only(self, code: int, message: str | None = None) -> None:
        """Begin a response: buffer its status line alone. `message` defaults to the phrase.

        Raises:
            ValueError: a `message` with control characters; nothing is sent.
        """
        self._status = status = int(code)
        if self.request_version != "HTTP/0.9":
            reason = self._reason_of(status) if message is None else message
            self._headers_buffer.append(status_line(self.protocol_version, status, reason))

    def _reason_of(self, status: int) -> str:
        try:
            return self.responses[status][0]  # type: ignore[index]
        except KeyError:
            return phrase_of(status)

    def send_header(self, keyword: str, value: str) -> None:
        """Buffer one field of the response.

        Raises:
            ValueError: a name that is no token, a value with control characters or outside
                ISO-8859-1; nothing is sent.
        """
        if type(value) is not str:
            value = str(value)
        if self.request_version != "HTTP/0.9":
            self._headers_buffer.append(
                kept_field_line(keyword, value)
                if len(value) <= MAX_KEPT_LINE
                else field_line(keyword, value)
            )
        if len(keyword) == 10 and keyword.lower() == "connection":
            persistent = connection_option(value)
            if persistent is not None:
                self.close_connection = not persistent

    def end_headers(self) -> None:
        """End the head of the response; it is sent with the first bytes of the content.

        A Connection field is added if there is none and the client must know what becomes of the
        connection. A response without a declared length closes the connection. A Content-Length is
        left out if there is a Transfer-Encoding.

        Raises:
            ValueError: an invalid Content-Length or Transfer-Encoding.
        """
        if self.request_version == "HTTP/0.9":
            return
        if self._sent_lines is not None:
            self._end_more_lines(self._sent_lines)
            return
        ending = ending_of(
            self._headers_buffer,
            self.command,
            self._version,
            self.protocol_version,
            self.close_connection or (self._engaged is None and self._server_drains()),
        )
        self.close_connection = ending.close
        if self._plain_head and "flush_headers" not in self._set_here:
            self._headers_buffer = []
            head, writer = ending.head, self.wfile
            if head.overridden:
                self._log_overridden()
            if head.kind == FINAL and type(writer) is NonblockingWriter:
                self._sent_lines = ()
                writer.begin_with(head.data, head.length, head.has_body, head.waits)
            else:
                self._hand_over(head, head.data)
            return
        if ending.line:
            self._headers_buffer.append(ending.line)
        self._headers_buffer.append(b"\r\n")
        self.flush_headers()

    def _end_more_lines(self, sent: Sequence[bytes]) -> None:
        """End lines that were buffered after a head, or the beginning of one, was sent."""
        if sent:
            ending = ending_of(
                [*sent, *self._headers_buffer],
                self.command,
                self._version,
                self.protocol_version,
                self.close_connection,
            )
            self.close_connection = ending.close
            if ending.line:
                self._headers_buffer.append(ending.line)
        self._headers_buffer.append(b"\r\n")
        self.flush_headers()

    def flush_headers(self) -> None:
        """Give the buffered lines to `wfile`; lines after the response's head are content.

        So a program can write the heads of a multipart's parts by `send_header` too.
        """
        lines, self._headers_buffer = self._headers_buffer, []
        if not lines:
            return
        data = b"".join(lines)
        sent = self._sent_lines
        if sent is not None:
            if not sent:
                self.wfile.write(data)
                return
            lines = [*sent, *lines]
        # The lines themselves are parsed, because programs edit them.
        if lines[-1].endswith(b"\r\n\r\n") or lines[-1] == b"\r\n":
            head = head_of(lines, self.command)
            if head.overridden:
                self._log_overridden()
                begun = b"".join(sent or ())
                if not head.data.startswith(begun):
                    self.close_connection = True  # The Content-Length is sent already.
                else:
                    data = head.data[len(begun) :]
            self._hand_over(head, data)
        else:
            # More lines may follow, or the program writes the rest of the head itself.
            self._sent_lines = lines
            if isinstance(self.wfile, ResponseWriter):
                self.wfile.begin_with(data, None, True, True)
            else:
                self.wfile.write(data)

    def _log_overridden(self) -> None:
        self.log_error("Content-Length is left out of a response that has Transfer-Encoding")

    def _hand_over(self, head: Head, data: bytes) -> None:
        """Give `wfile` the rest of a head."""
        writer = self.wfile
        self._sent_lines = None if head.kind == INTERIM else ()
        if not isinstance(writer, ResponseWriter):
            writer.write(data)
        elif head.kind == FINAL:
            writer.begin_with(data, head.length, head.has_body, head.waits)
        elif head.kind == INTERIM:
            self._awaits_continue = self._awaits_continue and self._status != HTTPStatus.CONTINUE
            writer.interim(data)
        else:
            writer.begin_with(data, None, True, False)
            self._release()

    # --- what `BaseHTTPRequestHandler` defines ---

    def _server_drains(self) -> bool:
        """Return whether the connection is to end with the response, because the server drains."""
        raise NotImplementedError

    def _release(self) -> None:
        """Leave the connection to the protocol that follows."""
        raise NotImplementedError

    # --- the log, and what responses tell about the server ---

    # For programs whose `log_message` escapes a line as the standard library's does.
    _control_char_table = LOG_ESCAPES

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log a request that is answered: its line, the status `code`, and `size` in bytes."""
        if isinstance(code, HTTPStatus):
            code = code.value
        self.log_message('"%s" %s %s', self.requestline, str(code), str(size))

    def log_error(self, format: str, *args: Any) -> None:
        """Log an error: ``format % args``."""
        self.log_message(format, *args)

    def log_message(self, format: str, *args: Any) -> None:
        """Write one line to standard error: address, user, time, ``format % args`` escaped."""
        user = escape(self._user_name or "-")
        start = f"{self.address_string()} - {user} [{self.log_date_time_string()}] "
        self._write_log(start, format % args)

    def _write_log(self, start: str, message: str) -> None:
        message = escape(message)
        if stderr_has_colours():
            line = f"{coloured_line(start, message)}\n"
        else:
            line = f"{start}{message}\n"
        if self._log is None:
            write_stderr(line)
        else:
            self._log.write(line)

    def version_string(self) -> str:
        """Return the value of the Server field."""
        return f"{self.server_version} {self.sys_version}"

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return `timestamp` (seconds since 1970, default now) as an HTTP date."""
        return http_date_now() if timestamp is None else format_http_date(timestamp)

    def log_date_time_string(self) -> str:
        """Return the current local time as the log shows it, with the month from `monthname`."""
        now = int(time.time())
        return log_date(now) if self.monthname is MONTHS else log_date_in(now, self.monthname)

    def address_string(self) -> str:
        """Return the client's address as the log shows it."""
        return host_of(self.client_address)
