"""`RequestParser`: the part of a handler that reads a request, and refuses an invalid one.

It parses a request from `rfile`. For a usual request the engine leaves the bytes of the head, whose
fields are parsed when the program first reads them.
"""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, Any, Self

from ...errors import IncompleteRead, LineTooLong, RemoteProtocolError, excerpt
from ...overrides import Bypassed
from ...status import HTTPStatus
from ...wire import grammar
from ...wire.fields import FieldFinder, FieldLines
from ...wire.h1.block import read_field_block, read_request_fields
from ...wire.h1.head import (
    parse_field_section,
    parse_lenient_field_section,
    parse_request_head,
    parse_request_line,
)
from ...wire.h1.rules import RequestVerdict, announces_content, judge_request, judge_text_request
from ...wire.limits import DEFAULT_LIMITS, MAX_EMPTY_LINES, SERVER_LIMITS, Limits
from ...wire.target import target_form
from .response import NO_COMMAND, Responder
from .writer import ResponseWriter

if TYPE_CHECKING:
    import io
    from email.message import Message

__all__ = ["RequestParser"]

_VERSION_OF_TEXT = re.compile(r"HTTP/([0-9]{1,10}+)\.([0-9]{1,10}+)")
"""A version as the standard library's server reads it."""

_TLS_HANDSHAKE = b"\x16\x03"
"""The first bytes of a client that connects with TLS."""


class _MessageClass:
    """The default of `MessageClass`: `HTTPMessage`, imported when first read."""

    def __get__(self, handler: object, owner: type) -> type[Message]:
        from ...message import HTTPMessage  # start-up: it loads email

        return HTTPMessage


class RequestParser(Responder):
    """Reads one request after the other from `rfile`, and refuses invalid ones."""

    default_request_version = "HTTP/0.9"
    MessageClass: type = _MessageClass()  # type: ignore[assignment]  # it gives a class
    limits: Limits = SERVER_LIMITS

    # Turned on by `nethttp.compat`, for programs whose clients send invalid targets.
    _takes_any_target = False

    __slots__ = (
        "_block",
        "_content_left",
        "_field_lines",
        "_framing",
        "_message",
        "_raw_requestline",
        "_socket",
        "path",
        "rfile",
    )
    path: str
    rfile: io.BufferedIOBase
    _field_lines: FieldLines
    _message: Message | None
    _block: bytes
    """The head as it was received, until its fields are parsed; then b""."""
    _raw_requestline: bytes | None
    _socket: Any

    def __new__(cls, *args: Any, **named: Any) -> Self:
        """Return a handler that has no request yet."""
        self = super().__new__(cls, *args, **named)
        self._field_lines = []
        self._framing = 0
        self._content_left = False
        self._block = b""
        self._message = self._raw_requestline = self._socket = None
        return self

    def _read_request_line(self) -> bool:
        """Read `raw_requestline`; return whether there is one to parse."""
        longest = self.limits.max_start_line
        for _ in range(MAX_EMPTY_LINES + 1):
            line = self.rfile.readline(longest + 1)
            if line != b"\r\n":
                break
            # RFC 9112 section 2.2: an empty line before the request line is ignored.
        self.raw_requestline = line
        if len(line) > longest:
            self._forget_request()
            self.close_connection = True
            self._report(HTTPStatus.URI_TOO_LONG)
            return False
        if not line:
            self.close_connection = True
        return bool(line)

    def _forget_request(self) -> None:
        """Clear the request, so that no response or log line is about the last one."""
        self._sent_lines = self._user_name = None
        self.requestline = self.request_version = self.command = ""

    @property
    def raw_requestline(self) -> bytes:
        """The request line as it was received, with its line end."""
        if self._raw_requestline is None:
            return f"{self.requestline}\r\n".encode("latin-1")
        return self._raw_requestline

    @raw_requestline.setter
    def raw_requestline(self, line: bytes) -> None:
        self._raw_requestline = line

    def _known_fields(self) -> FieldLines:
        """Return the request's field lines."""
        if self._block:
            # Parsed only now, because few handlers read the fields.
            self._field_lines, self._block = parse_request_head(self._block, self.limits)[3], b""
        return self._field_lines

    def _asked(self, fields: FieldFinder) -> dict[str, str]:
        """Return the values of some fields, without parsing all of the head."""
        if self._message is not None:
            return fields.in_pairs(self._message.items())
        # The engine has not parsed the fields of a usual head.
        return fields.in_head(self._block) if self._block else fields.in_pairs(self._field_lines)

    @property
    def headers(self) -> Message[str, str]:
        """The request's fields as a `MessageClass`, made when first read."""
        if self._message is None:
            from ...message import message_from_fields  # start-up: it loads email

            self._message = message_from_fields(self._known_fields(), self.MessageClass)
        return self._message

    @headers.setter
    def headers(self, message: Message[str, str]) -> None:
        self._message = message

    def parse_request(self) -> bool:
        """Parse `raw_requestline` and the fields in `rfile`; return whether the request is valid.

        If it is not, this method has sent the error response. It sets `command`, `path`,
        `request_version`, `headers` and `close_connection`.
        """
        self.command = NO_COMMAND
        self.path = ""
        self.request_version = self.default_request_version
        self.close_connection = True
        self._field_lines, self._message, self._block = [], None, b""
        self._status = self._sent_lines = self._user_name = None
        self._framing = 0
        self._awaits_continue = self._content_left = False
        self._plain_head = self._plain_log = self._repeats = False
        self.requestline = str(self.raw_requestline, "iso-8859-1").rstrip("\r\n")
        words = self.requestline.split()
        if not self._has_peer:
            return self._parse_text(words)
        if self.raw_requestline.startswith(_TLS_HANDSHAKE):
            self.requestline, self.request_version = "TLS", "HTTP/1.0"
            self.send_error(HTTPStatus.BAD_REQUEST, "Expected an HTTP request, got TLS (https://)")
            return False
        if not words:
            self.request_version = "HTTP/1.0"
            self.send_error(HTTPStatus.BAD_REQUEST, "Bad request syntax (an empty line)")
            return False
        if self._is_simple(words):
            return self._parse_simple_request(words[0], words[1])
        try:
            self.command, self.path, self._version = parse_request_line(
                self.raw_requestline, self.limits
            )
        except RemoteProtocolError as error:
            self._refuse_request_line(words, error)
            return False
        self.request_version = words[-1]
        return self._read_fields() and self._judge_request()

    @property
    def _has_peer(self) -> bool:
        """Whether the handler has a socket, with a client: without one it parses a text."""
        sock = self._socket
        if isinstance(sock, socket.socket):
            return True
        try:
            # A test's object in a socket's place has no descriptor, or an invented one.
            return type(sock.fileno()) is int
        except Exception:
            return False

    def _is_simple(self, words: list[str]) -> bool:
        """Whether a request line is one of HTTP/0.9: a method and a path, without a version."""
        return (
            len(words) == 2
            and target_form(words[1]) == "origin"
            and self.raw_requestline.endswith(b"\r\n")
        )

    def _parse_simple_request(self, command: str, path: str) -> bool:
        """Parse ``GET path``, whose response is content without a head."""
        if command != "GET":
            self.request_version = "HTTP/1.0"
            self.send_error(
                HTTPStatus.BAD_REQUEST, f"Bad HTTP/0.9 request type ({excerpt(command)})"
            )
            return False
        self.command, self.path, self._version = command, self._collapse(path), 9
        # HTTP/0.9 has no fields, unless the handler's `default_request_version` is another.
        return self.request_version == "HTTP/0.9" or self._read_fields()

    def _refuse_request_line(self, words: list[str], error: RemoteProtocolError) -> None:
        # The client sent more than HTTP/0.9 has, so it can read a status line.
        self.request_version = "HTTP/1.0"
        version = words[-1]
        message = f"Bad request syntax ({excerpt(self.requestline)})"
        if error.status_hint == HTTPStatus.HTTP_VERSION_NOT_SUPPORTED:
            message = f"Invalid HTTP version ({version[5:]})"
        elif len(words) >= 3 and not grammar.VERSION.fullmatch(version):
            message = f"Bad request version ({excerpt(version)})"
        self._report(error.status_hint, message, str(error))

    _SEND_ERROR = Bypassed("send_error")

    def _report(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Call `send_error` with arguments that a program's override accepts.

        An override may accept only the code and a message, as the standard library passes them.
        """
        if self._SEND_ERROR.left_alone(self):
            self.send_error(code, message, explain)
        else:
            self.send_error(code, self._reason_of(code) if message is None else message)

    def _read_fields(self) -> bool:
        """Read the field section; return whether it is valid."""
        try:
            block = read_request_fields(self.rfile.readline, self.limits)
            self._field_lines = parse_field_section(block, self.limits)
        except IncompleteRead:
            return False
        except RemoteProtocolError as error:
            self._refuse_fields(error)
            return False
        return True

    def _refuse_fields(self, error: RemoteProtocolError) -> None:
        message = None
        if isinstance(error, LineTooLong):
            message = "Line too long"
        elif error.status_hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
            message = "Too many headers"
        self._report(error.status_hint, message, str(error))

    def _judge_request(self) -> bool:
        """Decide framing, persistence and 100 Continue; return whether there is a valid request."""
        target = self.path
        if self._takes_any_target and target_form(target) is None:
            # The stdlib reads a target in none of the four forms ("dir/", "/a#b") as a path.
            target = "/"
        try:
            verdict = judge_request(
                self.command, target, self._version, self._field_lines, self.limits
            )
        except RemoteProtocolError as error:
            self._content_left = announces_content(self._field_lines)
            self._refuse(error)
            return False
        self._content_left = verdict.framing != 0
        self.path = self._collapse(self.path)
        return self._prepare_for(verdict)

    def _prepare_for(self, verdict: RequestVerdict) -> bool:
        """Prepare for the request as `verdict` says; return whether it is to be handled."""
        self._framing = verdict.framing
        persistent = self.protocol_version >= "HTTP/1.1"
        self.close_connection = not (persistent and verdict.persistent)
        if verdict.expects_continue and persistent:
            self._awaits_continue = True
            if not self.handle_expect_100():
                # The client may send the content all the same.
                self.close_connection = True
                return False
        return True

    @staticmethod
    def _collapse(path: str) -> str:
        # "//evil/.." in a redirect would name another host (CVE-2021-28861).
        return "/" + path.lstrip("/") if path.startswith("//") else path

    def _refuse(self, error: RemoteProtocolError) -> None:
        """Answer a request that broke the protocol, and end the connection."""
        self.close_connection = True
        if isinstance(self.wfile, ResponseWriter) and self.wfile.begun:
            self.log_error("Bad content: %s", error)
            return
        self._report(error.status_hint, None, str(error))

    # --- a text: without a socket there is no peer that could exploit a lenient reading ---

    def _parse_text(self, words: list[str]) -> bool:
        """Parse what a program has put into `rfile`, as leniently as the standard library does."""
        if not words:
            return False
        version = (0, 9)
        if len(words) > 2:
            m = _VERSION_OF_TEXT.fullmatch(words[-1])
            if m is None:
                return self._refuse_text(
                    HTTPStatus.BAD_REQUEST, f"Bad request version ({words[-1]!r})"
                )
            version = int(m[1]), int(m[2])
            if version >= (2, 0):
                return self._refuse_text(
                    HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, f"Invalid HTTP version ({words[-1][5:]})"
                )
            self.request_version = words[-1]
        if not 2 <= len(words) <= 3:
            return self._refuse_text(
                HTTPStatus.BAD_REQUEST, f"Bad request syntax ({self.requestline!r})"
            )
        if len(words) == 2 and words[0] != "GET":
            return self._refuse_text(
                HTTPStatus.BAD_REQUEST, f"Bad HTTP/0.9 request type ({words[0]!r})"
            )
        self.command, self.path = words[0], self._collapse(words[1])
        self._version = 9 if version < (1, 0) else 11 if version >= (1, 1) else 10
        return self._read_text_fields() and self._judge_text()

    def _refuse_text(self, status: int, message: str) -> bool:
        self.request_version = ""  # The error has a status line.
        self.send_error(status, message)
        return False

    def _read_text_fields(self) -> bool:
        """Read the fields; return False if there are too many. No line is refused."""
        # A program that parses a text expects the stdlib's hundred fields.
        limits = DEFAULT_LIMITS if self.limits is SERVER_LIMITS else self.limits
        try:
            try:
                block = read_field_block(self.rfile.readline, limits)
            except IncompleteRead as error:
                block = error.partial
            self._field_lines, unread = parse_lenient_field_section(
                block.rstrip(b"\r\n") + b"\r\n\r\n", limits
            )
        except RemoteProtocolError as error:
            if error.status_hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
                self._refuse_fields(error)
                return False
            unread = block.decode("latin-1").splitlines()
        if unread:
            from ...message import message_from_fields  # start-up: it loads email

            self._message = message_from_fields(
                self._field_lines, self.MessageClass, unread=[line for line in unread if line]
            )
        return True

    def _judge_text(self) -> bool:
        """Decide framing and persistence; invalid fields are ignored."""
        fields = self._field_lines
        return self._prepare_for(
            judge_text_request(str(self.command), self._version, fields, self.limits)
        )

    def handle_expect_100(self) -> bool:
        """Answer ``Expect: 100-continue`` and return whether the request goes on.

        A subclass may send another status and return False; the content is then never sent.
        """
        self.send_response_only(HTTPStatus.CONTINUE)
        self.end_headers()
        return True
