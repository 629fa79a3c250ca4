"""`BaseHTTPRequestHandler`: reads requests from one connection and answers them.

The documented seams are the standard library's: subclasses define `do_GET` and its kin, read
`rfile`, write `wfile`, and may override any of the methods below. Parsing, framing and serialising
are `wire`'s; what is decided here is only what a handler may do between a request and its response.
"""

from __future__ import annotations

import io
import re
import socket
import socketserver
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .._version import __version__
from ..errors import IncompleteRead, LineTooLong, RemoteProtocolError, excerpt
from ..net.stream import SocketReader
from ..status import HTTPMethod, HTTPStatus, phrase_of
from ..wire import grammar
from ..wire.block import read_field_block
from ..wire.body import LengthDecoder, body_decoder
from ..wire.fields import FieldFinder, FieldLines, select_fields
from ..wire.framing import (
    CHUNKED,
    FRAMING_FIELDS,
    expects_continue,
    keeps_alive,
    request_framing,
)
from ..wire.head import (
    parse_field_section,
    parse_request_head,
    parse_request_line,
)
from ..wire.limits import DEFAULT_LIMITS, SERVER_LIMITS, Limits
from ..wire.reader import BodyReader
from ..wire.target import check_host, check_target, target_form
from ..wire.values import format_http_date, has_list_member
from .accesslog import escape, format_log_date
from .connection import Connection
from .dates import MONTHS, WEEKDAYS, http_date_now
from .heads import FINAL, INTERIM, Head, ending_of, field_line, head_of, opening, status_line
from .loglines import LineLog, write_stderr
from .undecoded import UndecodedIfLineFirst
from .writer import PatientWriter, ResponseWriter

if TYPE_CHECKING:
    from email.message import Message

__all__ = ["DEFAULT_ERROR_CONTENT_TYPE", "DEFAULT_ERROR_MESSAGE", "BaseHTTPRequestHandler"]

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

#: How long a connection that is being closed goes on reading what the peer still sends, so that the
#: peer gets to read the last response rather than a reset. RFC 9112 section 9.6.
LINGER_SECONDS = 1.0


#: What says that content follows a request's head.
_CONTENT_FIELDS = frozenset({"content-length", "transfer-encoding"})

_METHOD_NAMES = {method.value: sys.intern("do_" + method.value) for method in HTTPMethod}

_OBS_TEXT = re.compile(rb"[\x80-\xff]")


class _MessageClass:
    """`MessageClass` until a program sets its own: `HTTPMessage`, imported when asked for."""

    def __get__(self, handler: object, owner: type) -> type[Message]:
        from ..message import HTTPMessage  # start-up: it loads email

        return HTTPMessage


class _HeadersBuffer:
    """`_headers_buffer` until there is one: programs look into it, with or without `setup`."""

    def __get__(self, handler: Any, owner: type) -> Any:
        if handler is None:
            return self
        lines: list[bytes] = []
        handler._headers_buffer = lines
        return lines


class BaseHTTPRequestHandler(socketserver.StreamRequestHandler):
    """Handles the requests of one connection, one after the other.

    A subclass has a method ``do_METHOD`` for each method that it serves. While it runs, `command`,
    `path`, `request_version` and `headers` describe the request, `rfile` reads its content (decoded
    from chunks, and ending where the content ends) and `wfile` writes the response.

    `protocol_version` is "HTTP/1.0" as in the standard library; "HTTP/1.1" turns persistent
    connections on. Deadlines, in seconds: `timeout`, if set, for every wait; otherwise
    `idle_timeout` between requests, `head_timeout` for a whole head once its first byte has come,
    `body_timeout` for every wait for content or for room to send.

    >>> class Hello(BaseHTTPRequestHandler):
    ...     protocol_version = "HTTP/1.1"
    ...     def do_GET(self):
    ...         body = b"Hello, World!"
    ...         self.send_response(200)
    ...         self.send_header("Content-Type", "text/plain")
    ...         self.send_header("Content-Length", str(len(body)))
    ...         self.end_headers()
    ...         self.wfile.write(body)
    """

    sys_version = "Python/" + sys.version.split(maxsplit=1)[0]
    server_version = "nethttp/" + __version__
    error_message_format = DEFAULT_ERROR_MESSAGE
    error_content_type = DEFAULT_ERROR_CONTENT_TYPE
    default_request_version = "HTTP/0.9"
    protocol_version = "HTTP/1.0"
    MessageClass: Any = _MessageClass()
    responses = {status: (status.phrase, status.description) for status in HTTPStatus}
    weekdayname: Sequence[str] = WEEKDAYS
    monthname: Sequence[str | None] = MONTHS

    limits: Limits = SERVER_LIMITS
    idle_timeout: float | None = 75.0
    head_timeout: float | None = 10.0
    body_timeout: float | None = 75.0
    disable_nagle_algorithm = True

    # Turned off by `nethttp.compat`, for programs that take chunks apart themselves.
    _decodes_chunks = True

    # What the request says.
    command: Any = None
    path: str
    request_version: str
    requestline: str = ""
    rfile: Any
    wfile: Any
    _headers_buffer: Any = _HeadersBuffer()
    close_connection: bool = True

    # What is known of the exchange; programs that never run `setup` read these defaults.
    _socket: Any = None
    _stream: SocketReader | None = None
    _fields: FieldLines = []
    _message: Message | None = None
    _framing = 0
    _awaits_continue = False
    _content_left = False
    _version = 9
    _status: int | None = None
    _error_ends_connection = True

    # The engine's connection, and whether the program has taken its socket.
    _engaged: Connection | None = None
    _taken = False
    _block: bytes = b""
    _log: LineLog | None = None
    _raw_requestline: bytes | None = None

    # Which methods do what they do here, so that they need not be called; see `__init__`.
    _plain_opening = _plain_flush = _plain_log = False

    # --- the connection ---

    def __init__(self, request: Any, client_address: Any, server: Any) -> None:
        """Handle the connection `request`, a socket; the engine's handlers wait to be called."""
        self._plain_opening = self._inherits(
            "send_response_only", "send_header", "version_string", "date_time_string"
        )
        self._plain_flush = self._inherits("flush_headers")
        self._plain_log = self._inherits("log_message")
        if type(request) is not Connection:
            super().__init__(request, client_address, server)
            return
        self._socket = request.sock
        self.client_address = client_address
        self.server = server
        self._engaged = request
        timeout = self.body_timeout if self.timeout is None else self.timeout
        self.rfile: Any = io.BytesIO()
        self.wfile: Any = PatientWriter(request.sock, timeout)

    def _inherits(self, *names: str) -> bool:
        """Return whether this object's class leaves some methods as they are here."""
        return all(
            getattr(type(self), name) is getattr(BaseHTTPRequestHandler, name) for name in names
        )

    def setup(self) -> None:
        """Make `rfile` and `wfile` for the connection."""
        sock = self._socket
        if not isinstance(sock, socket.socket):
            super().setup()
        else:
            timeout = self.idle_timeout if self.timeout is None else self.timeout
            if self.disable_nagle_algorithm and sock.family in (socket.AF_INET, socket.AF_INET6):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._stream = SocketReader(sock, timeout, before_wait=self._flush_head)
            size = self.rbufsize if self.rbufsize > 0 else io.DEFAULT_BUFFER_SIZE
            self.rfile = io.BufferedReader(self._stream, size)
            if self.wbufsize:
                self.wfile = sock.makefile("wb", self.wbufsize)
        if not self.wbufsize:
            self.wfile = ResponseWriter(sock)

    def _flush_head(self) -> None:
        if isinstance(self.wfile, ResponseWriter):
            self.wfile.flush()

    @property
    def connection(self) -> Any:
        """The connection's socket. Taking it sends a head that was held back."""
        if "wfile" in self.__dict__:
            self._flush_head()
            if self._engaged is not None and not self._taken:
                # Programs expect a socket that blocks, until the next request at least.
                self._taken = True
                self._socket.settimeout(self._stream.timeout if self._stream else self.timeout)
        return self._socket

    @connection.setter
    def connection(self, sock: Any) -> None:
        self._socket = sock

    request = connection

    def handle(self) -> None:
        """Handle requests until one of the two sides ends the connection."""
        self.close_connection = True
        self.handle_one_request()
        while not self.close_connection:
            self.handle_one_request()

    def handle_one_request(self) -> None:
        """Read one request, call its ``do_METHOD`` and see that the connection stays in step."""
        stream = self._stream
        try:
            if stream is not None:
                self._wait_at_most(self.idle_timeout)
                stream.begin(self.head_timeout)
            if isinstance(self.wfile, ResponseWriter):
                self.wfile.next_response()
            if not self._read_request_line() or not self.parse_request():
                return
            if stream is not None:
                stream.end()
                self._wait_at_most(self.body_timeout)
            method = self._method_for(self.command)
            if method is None:
                self._refuse_method()
                return
            self._run(method)
        except TimeoutError as error:
            self._on_timeout(error)
        except (BrokenPipeError, ConnectionResetError) as error:
            self._on_lost(error)

    def _refuse_method(self) -> None:
        self.send_error(HTTPStatus.NOT_IMPLEMENTED, f"Unsupported method ({excerpt(self.command)})")

    def _on_lost(self, error: OSError) -> None:
        self.log_error("Connection lost: %s", error)
        self.close_connection = True

    # --- what the engine calls ---

    def _answer(self, head: Any, content: bytes, block: bytes, closing: bool) -> None:
        """Answer a usual request that has come whole. See `wire.head.usual_request`."""
        _, persistent, self.command, self.path, self._version, self.requestline = head
        self.request_version = "HTTP/1.1" if self._version == 11 else "HTTP/1.0"
        self._block = block
        self._message = self._status = self._raw_requestline = None
        self.close_connection = closing or not (persistent and self.protocol_version >= "HTTP/1.1")
        writer = self.wfile
        if type(writer) is PatientWriter:
            writer.next_response()
        self.rfile = io.BytesIO(content)
        method = self._method_for(self.command)
        fits = True
        try:
            if method is None:
                self._refuse_method()
            else:
                method()
            if type(writer) is PatientWriter:
                fits = writer.end_response()
            else:
                writer.flush()
        except TimeoutError as error:
            self._answer_crash()
            self._on_timeout(error)
        except (BrokenPipeError, ConnectionResetError) as error:
            self._on_lost(error)
        except Exception:
            self._answer_crash()
            self.server.handle_error(self._socket, self.client_address)
        finally:
            if self._taken:
                self._let_go()
        if not fits:
            self._end_exchange(None)

    def _method_for(self, command: str) -> Any:
        # A name that is known, not made anew, is found in the interpreter's cache of attributes.
        return getattr(self, _METHOD_NAMES.get(command) or "do_" + command, None)

    def _attend(self, data: bytes, closing: bool) -> bytes | None:
        """Read one request from `data` and the socket, and answer it.

        Returns what was read beyond it, or None if the connection ends.
        """
        self._read_on(data)
        try:
            self.close_connection = True
            self.handle_one_request()
            if self.close_connection or closing:
                self._content_left = self._content_left or bool(self._unread())
                return None
            return self._unread()
        finally:
            self._stream = None
            self._let_go()

    def _read_on(self, data: bytes) -> None:
        """Let `rfile` read `data`, then the socket, which blocks until `_let_go`."""
        timeout = self.idle_timeout if self.timeout is None else self.timeout
        self._stream = SocketReader(self._socket, timeout, before_wait=self._flush_head, ahead=data)
        self._taken = True
        self.rfile = io.BufferedReader(self._stream)

    def _unread(self) -> bytes:
        """Return what `rfile` has read ahead of what was asked for."""
        stream, whole = self._stream, self.rfile
        if stream is None or not isinstance(whole, io.BufferedReader):
            return b""
        ahead = stream.stop()
        return whole.peek() + ahead

    def _let_go(self) -> None:
        """The socket is the loop's again."""
        self._taken = False
        with suppress(OSError):
            self._socket.settimeout(0)

    def _give_up(self) -> None:
        """A request did not come whole in time."""
        self._forget_request()
        self.close_connection = True
        if isinstance(self.wfile, ResponseWriter):
            self.wfile.next_response()
        self.send_error(HTTPStatus.REQUEST_TIMEOUT)

    # --- one request after the other, read from `rfile` ---

    def _wait_at_most(self, seconds: float | None) -> None:
        """Bound every wait from here on, unless `timeout` bounds them all."""
        stream = self._stream
        if self.timeout is None and stream is not None and stream.timeout != seconds:
            stream.timeout = seconds

    def _read_request_line(self) -> bool:
        """Read `raw_requestline`; return whether there is one to parse."""
        longest = self.limits.max_start_line
        line = self.rfile.readline(longest + 1)
        while line == b"\r\n":
            # RFC 9112 section 2.2: an empty line before the request line is ignored.
            line = self.rfile.readline(longest + 1)
        self.raw_requestline = line
        if len(line) > longest:
            self._forget_request()
            self.close_connection = True
            self.send_error(HTTPStatus.URI_TOO_LONG)
            return False
        if not line:
            self.close_connection = True
        return bool(line)

    def _forget_request(self) -> None:
        """There is no request that a response or a log line could speak of."""
        self.requestline = self.request_version = self.command = ""

    def _on_timeout(self, error: TimeoutError) -> None:
        self.close_connection = True
        if self._stream is None or not self._stream.begun:
            self.log_error("Request timed out: %r", error)
            return
        # Part of a head has come, and the peer may be waiting for an answer to it.
        self._forget_request()
        with suppress(OSError):
            self.send_error(HTTPStatus.REQUEST_TIMEOUT)

    def _run(self, method: Any) -> None:
        """Call a handler's method with `rfile` bounded to the request's content."""
        whole = self.rfile
        body = self._begin_body(whole)
        self.rfile = body
        try:
            method()
            self.wfile.flush()
        except Exception as error:
            if isinstance(error, RemoteProtocolError) and getattr(body, "failure", None):
                # The peer's content was malformed, and the method could do nothing about it.
                self._refuse(error)
            else:
                self._answer_crash()
                self.close_connection = True
                raise
        finally:
            self.rfile = whole
        self._end_exchange(body)

    def _answer_crash(self) -> None:
        """Send an error if the method that raised has sent nothing; else end the connection.

        The connection goes on after an answer where no more of the request can come.
        """
        if not isinstance(self.wfile, ResponseWriter) or self.wfile.begun:
            self.close_connection = True
            return
        stalled = self._stream is not None and self._stream.timed_out
        goes_on = self._stream is None and not self.close_connection
        self._headers_buffer = []
        self._error_ends_connection = not goes_on
        try:
            self.send_error(
                HTTPStatus.REQUEST_TIMEOUT if stalled else HTTPStatus.INTERNAL_SERVER_ERROR
            )
        except OSError:
            self.close_connection = True
        finally:
            self._error_ends_connection = True

    def _begin_body(self, whole: Any) -> Any:
        if self.command == "CONNECT":
            return whole
        if self._framing == 0:
            return BodyReader(whole, LengthDecoder(0))
        decodes = self._framing != CHUNKED or self._decodes_chunks
        reader = BodyReader if decodes else UndecodedIfLineFirst
        return reader(whole, body_decoder(self._framing, self.limits))

    def _end_exchange(self, body: Any) -> None:
        """Bring the connection to where the next request begins, or see that it ends."""
        writer = self.wfile
        if isinstance(writer, ResponseWriter):
            if writer.overrun:
                self.log_error("%d bytes more than the declared Content-Length", writer.overrun)
            if writer.missing:
                self.log_error("%d bytes less than the declared Content-Length", writer.missing)
            if writer.overrun or writer.missing:
                self.close_connection = True
        if not isinstance(body, BodyReader) or body.complete:
            self._content_left = False
            return
        if self.close_connection:
            return
        try:
            # A client that waits for 100 Continue and was refused it sends no content.
            if self._awaits_continue or not body.drain(self.limits.max_drain):
                self.close_connection = True
            self._content_left = not body.complete
        except RemoteProtocolError as error:
            self.log_error("Bad content: %s", error)
            self.close_connection = True

    def finish(self) -> None:
        """Flush and close the connection's files."""
        try:
            self._linger()
        finally:
            super().finish()

    def _linger(self) -> None:
        """Let the peer read the last response before unread input makes the kernel reset."""
        stream = self._stream
        if stream is None or not isinstance(self.wfile, ResponseWriter) or not self.wfile.begun:
            return
        with suppress(OSError, ValueError):
            self.wfile.flush()
            if not (self._content_left or self._has_unread_input(stream)):
                return
            self._socket.shutdown(socket.SHUT_WR)
            stream.timeout = LINGER_SECONDS
            stream.begin(LINGER_SECONDS)
            left = self.limits.max_drain
            while left > 0 and (data := self.rfile.read1(65536)):
                left -= len(data)

    def _has_unread_input(self, stream: SocketReader) -> bool:
        """Return whether bytes have come that nobody has read."""
        stream.end()
        stream.timeout = 0
        try:
            return bool(self.rfile.peek(1))
        except (BlockingIOError, OSError):
            return False

    # --- the request ---

    @property
    def raw_requestline(self) -> bytes:
        """The request line as it came, with its line end."""
        if self._raw_requestline is None:
            return f"{self.requestline}\r\n".encode("latin-1")
        return self._raw_requestline

    @raw_requestline.setter
    def raw_requestline(self, line: bytes) -> None:
        self._raw_requestline = line

    def _known_fields(self) -> FieldLines:
        """Return the request's field lines."""
        if self._block:
            # Only now, field by field: few handlers ask.
            self._fields, self._block = parse_request_head(self._block, self.limits)[3], b""
        return self._fields

    def _asked(self, fields: FieldFinder) -> dict[str, str]:
        """Return what the request has of some fields, without parsing all of them."""
        if self._message is not None:
            return fields.in_pairs(self._message.items())
        # The engine leaves a usual head as it came.
        return fields.in_head(self._block) if self._block else fields.in_pairs(self._fields)

    @property
    def headers(self) -> Any:
        """The request's fields as a `MessageClass`, made when first asked for."""
        if self._message is None:
            from ..message import message_from_fields  # start-up: it loads email

            self._message = message_from_fields(self._known_fields(), self.MessageClass)
        return self._message

    @headers.setter
    def headers(self, message: Any) -> None:
        self._message = message

    def parse_request(self) -> bool:
        """Parse `raw_requestline` and the fields that follow it in `rfile`.

        Returns whether there is a request to handle; if not, an error response was sent where one
        was due. Sets `command`, `path`, `request_version`, `headers` and `close_connection`.
        """
        self.command = None
        self.path = ""
        self.request_version = self.default_request_version
        self.close_connection = True
        self._fields, self._message, self._block = [], None, b""
        self._status, self._framing = None, 0
        self._awaits_continue = self._content_left = False
        self.requestline = str(self.raw_requestline, "iso-8859-1").rstrip("\r\n")
        words = self.requestline.split()
        if not words:
            if self._has_peer:
                self.request_version = "HTTP/1.0"
                self.send_error(HTTPStatus.BAD_REQUEST, "Bad request syntax (an empty line)")
            return False
        if self._is_simple(words):
            return self._parse_simple_request(words[0], words[1])
        line = self.raw_requestline
        if not self._has_peer:
            # A text may have other line ends, and letters that no peer may send in a target.
            line = _OBS_TEXT.sub(b"?", line.rstrip(b"\r\n")) + b"\r\n"
        try:
            self.command, self.path, self._version = parse_request_line(line, self.limits)
        except RemoteProtocolError as error:
            self._refuse_request_line(words, error)
            return False
        self.path = words[1]
        self.request_version = words[-1]
        if not self._read_fields():
            return False
        return self._judge_request()

    @property
    def _has_peer(self) -> bool:
        """Whether a peer is at the other end: a handler without a socket parses text."""
        return isinstance(self._socket, socket.socket)

    def _is_simple(self, words: list[str]) -> bool:
        """Whether a request line is what HTTP/0.9 knows: a method and a path, and no version."""
        if len(words) == 2:
            return words[1].startswith("/") and self.raw_requestline.endswith(b"\r\n")
        return len(words) == 3 and words[2] == "HTTP/0.9" and not self._has_peer

    def _parse_simple_request(self, command: str, path: str) -> bool:
        """Parse ``GET path``, which is answered by the bare content."""
        if command != "GET":
            self.request_version = "HTTP/1.0"
            self.send_error(
                HTTPStatus.BAD_REQUEST, f"Bad HTTP/0.9 request type ({excerpt(command)})"
            )
            return False
        self.command, self.path, self._version = command, self._collapse(path), 9
        # HTTP/0.9 has no fields; only a handler that calls such requests HTTP/1 waits for some.
        return self.request_version == "HTTP/0.9" or self._read_fields()

    def _refuse_request_line(self, words: list[str], error: RemoteProtocolError) -> None:
        # Who sends more than a method and a path knows status lines.
        self.request_version = "HTTP/1.0"
        version = words[-1]
        message = f"Bad request syntax ({excerpt(self.requestline)})"
        if error.status_hint == HTTPStatus.HTTP_VERSION_NOT_SUPPORTED:
            message = f"Invalid HTTP version ({version[5:]})"
        elif len(words) >= 3 and not grammar.VERSION.fullmatch(version):
            message = f"Bad request version ({excerpt(version)})"
        self.send_error(error.status_hint, message, str(error))

    def _read_fields(self) -> bool:
        """Read the field section; return whether it could be."""
        try:
            limits = self.limits
            if limits is SERVER_LIMITS and not self._has_peer:
                limits = DEFAULT_LIMITS  # who parses a text expects the stdlib's hundred fields
            block = read_field_block(self.rfile.readline, limits)
            if not self._has_peer:
                block = block.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            self._fields = parse_field_section(block, limits)
        except LineTooLong as error:
            self.send_error(error.status_hint, "Line too long", str(error))
        except IncompleteRead as error:
            if self._has_peer:
                return False
            # Text that ends with its last field is what a program that only parses may have.
            with suppress(RemoteProtocolError):
                self._fields = parse_field_section(error.partial.rstrip(b"\r\n") + b"\r\n\r\n")
            return True
        except RemoteProtocolError as error:
            too_many = error.status_hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            self.send_error(error.status_hint, "Too many headers" if too_many else None, str(error))
        else:
            return True
        return False

    def _judge_request(self) -> bool:
        """Decide what follows from the head: framing, persistence, 100 Continue."""
        selected = select_fields(self._fields, FRAMING_FIELDS)
        version = self._version
        self._content_left = not selected.keys().isdisjoint(_CONTENT_FIELDS)
        try:
            if self._has_peer:
                check_host(version, selected.get("host", []))
            # A target in none of the four forms ("dir/", "/a#b") is read as the stdlib reads it.
            if self.command == "CONNECT" or target_form(self.path) is not None:
                check_target(self.command, self.path)
            self._framing = request_framing(self.command, version, selected, self.limits)
            expects = expects_continue(version, selected)
        except RemoteProtocolError as error:
            self._refuse(error)
            return False
        self.path = self._collapse(self.path)
        persistent = self.protocol_version >= "HTTP/1.1"
        self.close_connection = not (persistent and keeps_alive(version, selected))
        if expects and persistent:
            self._awaits_continue = True
            if not self.handle_expect_100():
                # Whether the content follows all the same, nobody knows.
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
        self.send_error(error.status_hint, None, str(error))

    def handle_expect_100(self) -> bool:
        """Answer ``Expect: 100-continue`` and return whether the request goes on.

        A subclass may send another status and return False; the content is then never sent.
        """
        self.send_response_only(HTTPStatus.CONTINUE)
        self.end_headers()
        return True

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
        self.log_request(code)
        if not self._plain_opening:
            self.send_response_only(code, message)
            self.send_header("Server", self.version_string())
            self.send_header("Date", self.date_time_string())
            return
        self._status = status = int(code)
        if self.request_version != "HTTP/0.9":
            self._headers_buffer += opening(
                self.protocol_version,
                status,
                self._reason_of(status) if message is None else message,
                self.server_version,
                self.sys_version,
                int(time.time()),
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
            self.close_connection,
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
        data, kind, length, has_body, waits = head
        writer = self.wfile
        if type(writer) is not PatientWriter and not isinstance(writer, ResponseWriter):
            writer.write(data)
        elif kind == FINAL:
            writer.begin(data, length, has_body, waits)
        elif kind == INTERIM:
            self._awaits_continue = self._awaits_continue and self._status != HTTPStatus.CONTINUE
            writer.interim(data)
        else:
            writer.begin(data, None, True, False)
            self._release()

    def _release(self) -> None:
        """Leave the connection to whatever protocol follows."""
        self.close_connection = True
        if isinstance(self.rfile, BodyReader):
            self.rfile = self.rfile.source
        elif self._engaged is not None and self._stream is None:
            self._read_on(bytes(self._engaged.buffer))
            self._engaged.buffer = b""
        if self._stream is not None:
            self._stream.end()
            self._stream.timeout = self.timeout

    # --- the log and what responses say of the server ---

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log an answered request."""
        if isinstance(code, HTTPStatus):
            code = code.value
        if self._plain_log:
            self._log_line(f'"{self.requestline}" {code} {size}')
        else:
            self.log_message('"%s" %s %s', self.requestline, str(code), str(size))

    def log_error(self, format: str, *args: Any) -> None:
        """Log an error."""
        self.log_message(format, *args)

    def log_message(self, format: str, *args: Any) -> None:
        """Write one line to standard error: address, time, and ``format % args`` escaped."""
        self._log_line(format % args)

    def _log_line(self, message: str) -> None:
        line = f"{self.address_string()} - - [{self.log_date_time_string()}] {escape(message)}\n"
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


#: Error codes that have no content, or must have none. RFC 9110 sections 15.3.5, 15.3.6, 15.4.5.
_NO_ERROR_PAGE = frozenset({204, 205, 304})


def _as_reason(message: str, phrase: str) -> str:
    """Return an error's message fit for a status line, which programs make of anything."""
    reason = grammar.FORBIDDEN_IN_VALUE.sub(" ", message)
    return reason if grammar.FIELD_VALUE.fullmatch(reason) else phrase
