"""`Responder`: the half of a handler that answers, and writes the log.

A response's head is buffered line by line, as programs expect; what the lines come to is worked out
in `heads`. This half knows of the request only what decides how it is answered.
"""

from __future__ import annotations

import socketserver
import sys
import time
from collections.abc import Sequence
from typing import Any, Self

from .._version import __version__
from ..status import HTTPStatus, phrase_of
from ..wire import grammar
from ..wire.values import format_http_date, has_list_member
from .accesslog import escape, format_log_date, line_start
from .colours import coloured_line, stderr_has_colours
from .connection import Connection
from .dates import MONTHS, WEEKDAYS, http_date_now
from .heads import FINAL, INTERIM, Head, ending_of, field_line, head_of, opening, status_line
from .loglines import LineLog, write_stderr
from .patience import PatientWriter
from .writer import ResponseWriter

__all__ = ["DEFAULT_ERROR_CONTENT_TYPE", "DEFAULT_ERROR_MESSAGE", "Responder"]

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
    """Return an error's message fit for a status line, which programs make of anything."""
    reason = grammar.FORBIDDEN_IN_VALUE.sub(" ", message)
    return reason if grammar.FIELD_VALUE.fullmatch(reason) else phrase


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

    # What is answered.
    command: Any = None
    request_version: str
    requestline: str = ""
    close_connection: bool = True
    wfile: Any

    # What is private lies in slots. CPython has the names of some thirty attributes once for a
    # class; one more, and each handler is given a dictionary of 1.5 KB. They are for programs.
    __slots__ = (
        "_awaits_continue",
        "_engaged",
        "_error_ends_connection",
        "_headers_buffer",
        "_log",
        "_plain_flush",
        "_plain_log",
        "_plain_opening",
        "_status",
        "_version",
    )
    _headers_buffer: list[bytes]
    _version: int
    _status: int | None
    _awaits_continue: bool
    _error_ends_connection: bool
    _log: LineLog | None
    _engaged: Connection | None
    """The engine's connection."""

    def __new__(cls, *_args: Any, **_named: Any) -> Self:
        """Return a handler that can answer, whatever a program's `__init__` leaves out."""
        self = super().__new__(cls)
        self._headers_buffer = []
        self._version = 9
        self._status = self._log = self._engaged = None
        self._awaits_continue = False
        self._error_ends_connection = True
        # Which methods do what they do here, so that they need not be called.
        self._plain_opening = self._plain_flush = self._plain_log = False
        return self

    def _look_at_class(self) -> None:
        """Find out what need not be called, once for an object: a class may be patched."""
        self._plain_opening = self._inherits(
            "send_response_only", "send_header", "version_string", "date_time_string"
        )
        self._plain_flush = self._inherits("flush_headers")
        self._plain_log = self._inherits(
            "log_request", "log_message", "address_string", "log_date_time_string"
        )

    def _inherits(self, *names: str) -> bool:
        """Return whether this object's class leaves some methods as they are here."""
        return all(getattr(type(self), name) is getattr(Responder, name) for name in names)

    # --- the response ---

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Send a whole error response with the page `error_message_format`, and log it.

        `message` is the reason and defaults to the code's phrase, `explain` to its description.
        The connection ends with it.
        """
        import html  # start-up: only an error needs it

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

    def send_response(self, code: int, message: str | None = None) -> None:
        """Begin a response: log it, and buffer its status line, Server and Date.

        Raises:
            ValueError: a `message` with control characters; nothing is sent.
        """
        status = int(code)
        second = int(time.time())
        if self._plain_log:
            self._log_line(f'"{self.requestline}" {status} -', second)
        else:
            self.log_request(code)
        if not self._plain_opening:
            self.send_response_only(code, message)
            self.send_header("Server", self.version_string())
            self.send_header("Date", self.date_time_string())
            return
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
            self._headers_buffer.append(field_line(keyword, value))
        if len(keyword) == 10 and keyword.lower() == "connection":
            if has_list_member(value, "close"):
                self.close_connection = True
            elif has_list_member(value, "keep-alive"):
                self.close_connection = False

    def end_headers(self) -> None:
        """End the head of the response; it leaves with the first bytes of the body.

        Where the fields say nothing of it, the Connection field is added, and a response that
        nothing but the end of the connection can end closes it.

        Raises:
            ValueError: Content-Length together with Transfer-Encoding, or an invalid one.
        """
        if self.request_version == "HTTP/0.9":
            return
        ending = ending_of(
            self._headers_buffer,
            self.command,
            self._status,
            self._version,
            self.protocol_version,
            self.close_connection or (self._engaged is None and self._has_to_leave()),
        )
        self.close_connection = ending.close
        if self._plain_flush:
            self._headers_buffer = []
            self._hand_over(ending.head)
            return
        if ending.line:
            self._headers_buffer.append(ending.line)
        self._headers_buffer.append(b"\r\n")
        self.flush_headers()

    def flush_headers(self) -> None:
        """Hand the buffered head to `wfile`."""
        lines, self._headers_buffer = self._headers_buffer, []
        if lines:
            # Read off the lines as they are: programs edit them.
            self._hand_over(head_of(lines, self.command, self._status))

    def _hand_over(self, head: Head) -> None:
        writer = self.wfile
        if type(writer) is not PatientWriter and not isinstance(writer, ResponseWriter):
            writer.write(head.data)
        elif head.kind == FINAL:
            writer.begin(head.data, head.length, head.has_body, head.waits)
        elif head.kind == INTERIM:
            self._awaits_continue = self._awaits_continue and self._status != HTTPStatus.CONTINUE
            writer.interim(head.data)
        else:
            writer.begin(head.data, None, True, False)
            self._release()

    # --- what only the whole handler knows ---

    def _has_to_leave(self) -> bool:
        """Return whether the response is to end the connection, because the server ends."""
        raise NotImplementedError

    def _release(self) -> None:
        """Leave the connection to whatever protocol follows."""
        raise NotImplementedError

    # --- the log and what responses say of the server ---

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log an answered request."""
        if isinstance(code, HTTPStatus):
            code = code.value
        self.log_message('"%s" %s %s', self.requestline, str(code), str(size))

    def log_error(self, format: str, *args: Any) -> None:
        """Log an error."""
        self.log_message(format, *args)

    def log_message(self, format: str, *args: Any) -> None:
        """Write one line to standard error: address, time, and ``format % args`` escaped."""
        self._log_line(format % args, int(time.time()))

    def _log_line(self, message: str, second: int) -> None:
        address = self.client_address
        if self._plain_log and address and type(address) is tuple:
            start = line_start(address[0], second)
        else:
            start = f"{self.address_string()} - - [{self.log_date_time_string()}] "
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
        """Return what the Server field says."""
        return f"{self.server_version} {self.sys_version}"

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return `timestamp` (seconds since 1970, default now) as an HTTP date."""
        return http_date_now() if timestamp is None else format_http_date(timestamp)

    def log_date_time_string(self) -> str:
        """Return the current local time as the log shows it."""
        return format_log_date(int(time.time()))

    def address_string(self) -> str:
        """Return the client's address as the log shows it."""
        address = self.client_address
        # A Unix socket's peer has none.
        return str(address[0]) if address and isinstance(address, tuple) else "-"
