"""`BaseHTTPRequestHandler`: reads requests from one connection and answers them.

The documented seams are the standard library's: subclasses define `do_GET` and its kin, read
`rfile`, write `wfile`, and may override any of the methods. `RequestParser` has the methods of a
request, `Responder` those of a response; this class has those of the connection.
"""

from __future__ import annotations

import io
import socket
import sys
from contextlib import suppress
from typing import Any, ClassVar, Self

from ...errors import RemoteProtocolError, excerpt
from ...net.nonblocking import NonblockingReader, Timeouts, discard_input
from ...net.stream import SocketReader
from ...overrides import Bypassed
from ...status import HTTPMethod, HTTPStatus
from ...wire.fields import select_fields
from ...wire.h1.block import is_hopeless
from ...wire.h1.body import LengthDecoder, body_decoder
from ...wire.h1.framing import CHUNKED, UNTIL_CLOSE
from ...wire.h1.reader import BodyReader
from ..engine.application import LINGER_SECONDS
from ..engine.connection import NEVER, Connection, EngineSocket
from ..engine.exchange import Exchange
from .blocking_connections import BlockingConnections
from .content import Content, OfferedProtocol
from .raw_chunks import RawChunksReader
from .request import RequestParser
from .writer import NonblockingWriter, ResponseWriter

__all__ = ["BaseHTTPRequestHandler"]

_UPGRADE = frozenset({"upgrade"})

_METHOD_NAMES = {method.value: sys.intern("do_" + method.value) for method in HTTPMethod}


class BaseHTTPRequestHandler(RequestParser):
    """Handles the requests of one connection, one after the other.

    A subclass has a method ``do_METHOD`` for each method that it serves. While it runs, `command`,
    `path`, `request_version` and `headers` describe the request, `rfile` reads its content (decoded
    from chunks; it ends where the content ends) and `wfile` writes the response.

    `protocol_version` is "HTTP/1.0" as in the standard library; "HTTP/1.1" turns persistent
    connections on. Deadlines, in seconds: `idle_timeout` between requests, `head_timeout` for a
    whole head from its first byte on, `body_timeout` for each wait until content arrives, or until
    the client receives more of the response; `timeout`, if set, replaces the first and the third.
    All waits for the content of a request together, or all waits to send a response, may take
    `body_grace` seconds plus 1 second for every `min_body_rate` bytes (0: no such bound).

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

    timeout: float | None = None  # type: ignore[misc]  # a class variable to typeshed alone
    idle_timeout: float | None = 75.0
    head_timeout: float | None = 10.0
    body_timeout: float | None = 75.0
    min_body_rate: int = 240
    body_grace: float = 10.0
    disable_nagle_algorithm = True

    # Turned off by `nethttp.compat`, for programs that decode chunks themselves.
    _decodes_chunks = True

    _PACED_BY_METHOD: ClassVar[frozenset[str]] = frozenset()
    """Methods that take about the same time for every path, so that the engine learns of one path
    whether another one will block."""

    __slots__ = ("_content", "_rfile", "_stream", "_taken")
    _content: bytes
    """The request's content, from which `rfile` is made when the program first reads `rfile`."""
    _rfile: Any
    _stream: SocketReader | None
    """The socket as a file, from which `rfile` reads; None for the engine's usual requests."""
    _taken: bool
    """Whether the program has taken the engine's socket."""

    # --- the connection ---

    def __new__(cls, *args: Any, **named: Any) -> Self:
        """Return a handler that has no connection yet."""
        self = super().__new__(cls, *args, **named)
        self._stream = self._rfile = None
        self._content = b""
        self._taken = False
        return self

    def __init__(self, request: Any, client_address: Any, server: Any) -> None:
        """Handle the connection of the socket `request`; on the engine, only prepare to."""
        if type(request) is not EngineSocket:
            super().__init__(request, client_address, server)
            return
        connection = request.connection
        self._socket = connection.sock
        self.client_address = client_address
        self.server = server
        self._engaged = connection
        self.wfile = NonblockingWriter(connection.sock, self._timeouts(), connection=connection)

    def _timeouts(self) -> Timeouts:
        """Return how long this handler waits until the client receives a response."""
        timeout = self.body_timeout if self.timeout is None else self.timeout
        return Timeouts(timeout, self.min_body_rate, self.body_grace)

    def setup(self) -> None:
        """Make `rfile` and `wfile` for the connection."""
        sock = self._socket
        if not isinstance(sock, socket.socket):
            self._set_up_double(sock)
        else:
            if self.timeout is None and (own := sock.gettimeout()) is not None:
                self.timeout = own  # the program's
            timeout = self.idle_timeout if self.timeout is None else self.timeout
            if self.disable_nagle_algorithm and sock.family in (socket.AF_INET, socket.AF_INET6):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.rbufsize:
                self._stream = SocketReader(sock, timeout, before_wait=self._flush_head)
                size = self.rbufsize if self.rbufsize > 0 else io.DEFAULT_BUFFER_SIZE
                self.rfile = io.BufferedReader(self._stream, size)
            else:
                # start-up: few programs read without a buffer
                from ...net.unbuffered import PeekingReader, UnbufferedReader

                reader = PeekingReader if type(sock) is socket.socket else UnbufferedReader
                unbuffered: Any = reader(sock, timeout, before_wait=self._flush_head)
                self.rfile = self._stream = unbuffered
            if self.wbufsize:
                buffered: Any = sock.makefile("wb", self.wbufsize)
                self.wfile = buffered
        if not self.wbufsize:
            self.wfile = ResponseWriter(sock, self._stream.lend if self._stream else None)

    def _set_up_double(self, sock: Any) -> None:
        """Make `rfile` and `wfile` for an object in a socket's place, with few of its methods."""
        if self.timeout is not None:
            sock.settimeout(self.timeout)
        if self.disable_nagle_algorithm and hasattr(sock, "setsockopt"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        self.rfile = sock.makefile("rb", self.rbufsize)
        if self.wbufsize:
            self.wfile = sock.makefile("wb", self.wbufsize)

    def _settle(self) -> None:
        """Send what was left to the loop, because the program takes the socket."""
        if type(self.wfile) is NonblockingWriter:
            self.wfile.settle()

    def _flush_head(self) -> None:
        if isinstance(self.wfile, ResponseWriter):
            self.wfile.flush()

    @property
    def connection(self) -> Any:
        """The connection's socket. Reading this property sends a head that was held back."""
        if hasattr(self, "wfile"):
            self._flush_head()
            # Programs expect a socket that blocks, until the next request at least.
            if self._stream is not None:
                self._stream.lend(self.timeout)
            elif self._engaged is not None and not self._taken:
                self._settle()
                self._socket.settimeout(self.timeout)
            self._taken = True
        return self._socket

    @connection.setter
    def connection(self, sock: Any) -> None:
        self._socket = sock

    request = connection

    @property
    def rfile(self) -> io.BufferedIOBase:
        """What the request's content is read from: a buffered binary file."""
        # Made when first read, because few requests have content.
        if self._rfile is None:
            self._rfile = Content(self._content)
            self._rfile.handler = self
        file: io.BufferedIOBase = self._rfile
        return file

    @rfile.setter
    def rfile(self, file: io.BufferedIOBase) -> None:
        self._rfile = file

    def handle(self) -> None:
        """Handle requests until one of the two sides ends the connection."""
        self.close_connection = True
        self.handle_one_request()
        while not self.close_connection:
            self.handle_one_request()

    def handle_one_request(self) -> None:
        """Read one request, call its ``do_METHOD``, and read or drop the rest of its content."""
        stream = self._stream
        self._taken = False
        try:
            if stream is not None:
                self._wait_at_most(self.idle_timeout)
                stream.begin(self.head_timeout)
            if isinstance(self.wfile, ResponseWriter):
                self.wfile.next_response()
            if not self._await_request():
                return
            if not self.parse_request():
                self._flush_head()  # The program's `parse_request` may have sent a head alone.
                return
            if stream is not None:
                stream.end()
                # A tunnel may be silent for any time.
                self._wait_at_most(self.body_timeout if self.command != "CONNECT" else None)
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

    # The engine does not call these. `HandlerApplication` checks that a class overrides none.
    _CONNECTION_STEPS = Bypassed(
        *("setup", "handle", "finish", "handle_one_request", "parse_request"),
        *("rbufsize", "wbufsize", "disable_nagle_algorithm"),
    )

    @classmethod
    def _caches_answers(cls) -> bool:
        """Return whether the class allows cached responses to be sent again.

        The engine calls this once in a turn, and sets `_repeats` of each handler.
        """
        return False

    def _answer(self, exchange: Exchange, closing: bool) -> None:
        """Answer the complete request `exchange`, whose head is a usual one."""
        command, version, content = exchange.method, exchange.version, exchange.content
        persistent = exchange.persistent
        self.path, self.requestline = exchange.target, exchange.line
        self.command, self._version = command, version
        self.request_version = "HTTP/1.1" if version == 11 else "HTTP/1.0"
        # A copy, because the block keeps the memory of a whole read.
        self._block = b"%b" % exchange.block
        self._message = self._status = self._sent_lines = self._raw_requestline = None
        self._user_name = None
        self.close_connection = closing or not (persistent and self.protocol_version >= "HTTP/1.1")
        writer: Any = self.wfile
        nonblocking = type(writer) is NonblockingWriter
        if nonblocking:
            writer.next_response()
        self._content = content
        # `_method_for`, without the call.
        method = getattr(self, _METHOD_NAMES.get(command) or "do_" + command, None)
        fits = True
        try:
            if method is None:
                self._refuse_method()
            else:
                method()
            if nonblocking:
                fits = writer.end_response()
                if not writer.begun:
                    self._log_missing_response(writer)
            else:
                writer.flush()
        except TimeoutError as error:
            # Logged first, so that the log has the error when the client has the answer.
            self._on_timeout(error)
            self._answer_crash()
        except (BrokenPipeError, ConnectionResetError) as error:
            self._on_lost(error)
        except Exception:
            try:
                self.server.handle_error(self._socket, self.client_address)
            finally:
                self._answer_crash()
        finally:
            if self._taken or (nonblocking and writer.lent):
                self._give_socket_back()
            if content or self._rfile is not None:
                self._drop_reader()
        if not fits:
            self._end_exchange(None)

    def _log_missing_response(self, writer: NonblockingWriter) -> None:
        """Log that a method has sent nothing, unless it has taken the socket.

        As in the standard library the connection stays open, and the client waits: a program may
        answer later, from another thread.
        """
        if not (writer.begun or writer.lent or self._taken):
            self.log_error("No response was sent")

    def _method_for(self, command: str) -> Any:
        # The interpreter caches attributes by the name's object, so a stored name is found faster.
        return getattr(self, _METHOD_NAMES.get(command) or "do_" + command, None)

    def _respond_blocking(self, data: bytes, closing: bool) -> bytes | None:
        """Read one request from `data` and the socket, answer it, return what was read beyond it.

        It returns None if the connection is to be closed.
        """
        hopeless = b"\r\n\r\n" not in data and is_hopeless(data)
        if hopeless:
            # It is refused at once, without a wait for the end of the line, or of the head.
            self.rfile = io.BytesIO(data)
        else:
            self._read_on(data)
        try:
            self.close_connection = True
            self.handle_one_request()
            if hopeless:
                self._content_left = True
                return None
            if self.close_connection or closing:
                self._content_left = self._content_left or bool(self._unread())
                return None
            return self._unread()
        finally:
            self._drop_reader()
            self._give_socket_back()

    def _read_on(self, data: bytes) -> None:
        """Make `rfile` read `data` first, then the socket."""
        timeout = self.idle_timeout if self.timeout is None else self.timeout
        self._stream = NonblockingReader(
            self._socket, timeout, before_wait=self._flush_head, ahead=data
        )
        self.rfile = io.BufferedReader(self._stream)

    def _drop_reader(self) -> None:
        """Drop a request's content, and break the reference cycle of `rfile` and `before_wait`."""
        self._stream = self._rfile = None
        self._content = b""

    def _unread(self) -> bytes:
        """Return what `rfile` has received beyond what the program has read."""
        stream, whole = self._stream, self.rfile
        if stream is None or not isinstance(whole, io.BufferedReader):
            return b""
        ahead = stream.stop()
        return whole.peek() + ahead

    def _give_socket_back(self) -> None:
        """Give the socket back to the loop."""
        self._taken = False
        if type(self.wfile) is NonblockingWriter:
            self.wfile.lent = False
        if self._engaged is not None:
            self._keep_time_out(self._engaged)

    def _keep_time_out(self, connection: Connection) -> None:
        """Use the timeout that the program has set on the engine's socket, if any, as `timeout`."""
        with suppress(OSError):
            own = self._socket.gettimeout()
            if own != 0:
                if own is not None and own != self.timeout:
                    self.timeout = own
                    if type(self.wfile) is NonblockingWriter:
                        self.wfile.set_timeouts(self._timeouts())
                self._socket.settimeout(0)
        timeout = self.idle_timeout if self.timeout is None else self.timeout
        connection.idle = NEVER if timeout is None else timeout

    def _request_timed_out(self) -> None:
        """Answer 408: a request was not received whole in time."""
        self._forget_request()
        self.close_connection = True
        if isinstance(self.wfile, ResponseWriter):
            self.wfile.next_response()
        self._report(HTTPStatus.REQUEST_TIMEOUT)

    def _release(self) -> None:
        """Leave the connection to the protocol that follows."""
        self.close_connection = True
        if isinstance(self.rfile, BodyReader):
            beneath: Any = self.rfile.source
            self.rfile = beneath
        elif self._engaged is not None and self._stream is None:
            self._read_on(bytes(self._engaged.buffer))
            self._engaged.buffer = b""
        if self._stream is not None:
            self._stream.end()
            self._stream.timeout = self.timeout

    # --- requests that this handler reads from `rfile` ---

    def _wait_at_most(self, seconds: float | None) -> None:
        """Bound each wait from now on to `seconds`, unless `timeout` is set."""
        stream = self._stream
        if self.timeout is None and stream is not None and stream.timeout != seconds:
            stream.timeout = seconds

    def _await_request(self) -> bool:
        """Read `raw_requestline`; meanwhile the server counts the connection as idle."""
        connections = self._blocking
        if connections is None:
            return self._read_request_line()
        with connections.idle(self._socket):
            return self._read_request_line()

    @property
    def _blocking(self) -> BlockingConnections | None:
        """The server's table of connections; None on the engine, which has its own."""
        if self._engaged is not None:
            return None
        connections = getattr(getattr(self, "server", None), "_blocking", None)
        # A `Mock` as the server has every attribute.
        return connections if isinstance(connections, BlockingConnections) else None

    def _server_drains(self) -> bool:
        """Return whether the connection is to end with the response, because the server drains."""
        connections = self._blocking
        return connections is not None and connections.draining

    def _on_timeout(self, error: TimeoutError) -> None:
        self.close_connection = True
        if self._stream is None or not self._stream.begun:
            self.log_error("Request timed out: %r", error)
            return
        # Part of a head was received, so the client may wait for an answer.
        self._forget_request()
        with suppress(OSError):
            self._report(HTTPStatus.REQUEST_TIMEOUT)

    def _run(self, method: Any) -> None:
        """Call `method`, with an `rfile` that ends where the request's content ends."""
        whole = self.rfile
        body = self._begin_body(whole)
        self.rfile = body
        try:
            method()
            self.wfile.flush()
            if type(self.wfile) is NonblockingWriter:
                self._log_missing_response(self.wfile)
        except Exception as error:
            if isinstance(error, RemoteProtocolError) and getattr(body, "failure", None):
                # The client's content is malformed: that is no error of the method.
                self._refuse(error)
            else:
                self._answer_crash()
                self.close_connection = True
                raise
        finally:
            self.rfile = whole
        self._end_exchange(body)

    def _has_switched_protocol(self) -> bool:
        """Return whether the program has answered without `send_response`, so in another protocol.

        If so, the connection has no timeout from then on, and serves no other request.
        """
        if self._sent_lines is not None or not (
            self._taken or (isinstance(self.wfile, ResponseWriter) and self.wfile.begun)
        ):
            return False
        self.close_connection = True
        if self.timeout is None and self._stream is not None:
            self._stream.wait_at_most(None)
        return True

    def _answer_crash(self) -> None:
        """Answer 500 or 408 if the method that raised has sent nothing; else end the connection.

        After the answer the connection stays open if the whole request was received.
        """
        if not isinstance(self.wfile, ResponseWriter) or self.wfile.begun:
            self.close_connection = True
            return
        stalled = self._stream is not None and self._stream.timed_out
        goes_on = self._stream is None and not self.close_connection
        self._headers_buffer = []
        self._error_ends_connection = not goes_on
        try:
            self._report(
                HTTPStatus.REQUEST_TIMEOUT if stalled else HTTPStatus.INTERNAL_SERVER_ERROR
            )
        except OSError:
            self.close_connection = True
        finally:
            self._error_ends_connection = True

    def _content_length(self) -> int | None:
        """Return how many bytes of content the request has; None if the client has not said it."""
        if self._stream is None:
            return len(self._content)
        return None if self._framing in (CHUNKED, UNTIL_CLOSE) else self._framing

    def _begin_body(self, whole: Any) -> Any:
        if self.command == "CONNECT" or self._framing == UNTIL_CLOSE:
            return whole
        if self._framing == 0:
            if not select_fields(self._known_fields(), _UPGRADE):
                return BodyReader(whole, LengthDecoder(0))
            return OfferedProtocol(whole, self._has_switched_protocol)
        if self._stream is not None:
            self._stream.allow(self.min_body_rate, self.body_grace)
        decodes = self._framing != CHUNKED or self._decodes_chunks
        reader = BodyReader if decodes else RawChunksReader
        return reader(whole, body_decoder(self._framing, self.limits))

    def _end_exchange(self, body: Any) -> None:
        """Drop the content that was not read, or have the connection closed."""
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
            # A client that waits for 100 Continue and receives an error sends no content.
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
        """Read the rest of the input, else the kernel resets and the client loses the response."""
        stream = self._stream
        if stream is None or not isinstance(self.wfile, ResponseWriter) or not self.wfile.begun:
            return
        with suppress(OSError, ValueError):
            self.wfile.flush()
            if not (self._content_left or self._has_unread_input(stream)):
                return
            self._socket.shutdown(socket.SHUT_WR)
            self._socket.settimeout(LINGER_SECONDS)
            stream.begin(LINGER_SECONDS)
            discard_input(getattr(self.rfile, "read1", self.rfile.read), self.limits.max_drain)

    def _has_unread_input(self, stream: SocketReader) -> bool:
        """Return whether bytes were received that the handler has not read."""
        stream.end()
        self._socket.settimeout(0)
        try:
            # With TLS an unbuffered file cannot peek.
            return bool(getattr(self.rfile, "peek", self.rfile.read)(1))
        except OSError:
            return False
