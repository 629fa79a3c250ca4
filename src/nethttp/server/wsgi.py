"""WSGI applications on the engine: PEP 3333, whole.

A request that has come whole is answered without a handler object: the environ is made from the
head in one step. Every other is read by `WSGIHandler`, as any handler reads it, so what is refused
and how is decided in one place.

>>> from nethttp.server.wsgi import WSGIServer
>>> def hello(environ, start_response):
...     start_response("200 OK", [("Content-Type", "text/plain")])
...     return [b"Hello, World!"]
>>> with WSGIServer(("127.0.0.1", 0), hello) as server:
...     server.application is hello
True
"""

from __future__ import annotations

import io
import os
import socket
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from ..errors import LocalProtocolError, RemoteProtocolError, excerpt
from ..wire import grammar
from ..wire.body import LAST_CHUNK, encode_chunk
from ..wire.environ import environ_of
from ..wire.framing import CHUNKED, declared_framing, response_has_body
from ..wire.head import serialise_fields
from ..wire.usual import usual_environ
from ..wire.values import format_http_date, has_list_member
from .connection import Connection
from .handler import BaseHTTPRequestHandler
from .handling import HandlerApplication
from .loglines import ErrorStream, write_stderr
from .patience import Patience, PatientWriter, send_now
from .servers import HTTPSServer, ThreadingHTTPServer

__all__ = ["FileWrapper", "WSGIApplication", "WSGIHandler", "WSGISServer", "WSGIServer"]

Environ = dict[str, Any]
App = Callable[..., Iterable[bytes]]

#: Fields that belong to one connection; they are the server's to send.
_HOP_BY_HOP = frozenset(
    {"keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailers"}
    | {"transfer-encoding", "upgrade"}
)

#: Up to this size a head and the first piece of a body are joined.
_MAX_JOINED = 256 * 1024

_CRASHED = b"Internal Server Error\n"


class FileWrapper:
    """`wsgi.file_wrapper`: a file as an iterable of blocks, which the kernel sends where it can."""

    def __init__(self, filelike: Any, block_size: int = 65536) -> None:
        self.filelike = filelike
        self.block_size = block_size
        if hasattr(filelike, "close"):
            self.close = filelike.close

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.filelike.read(self.block_size), b"")


class _Head:
    """What a response's status and fields come to; the same ones come again and again."""

    __slots__ = ("_lines", "_now", "close", "has_body", "length", "status")

    def __init__(self, status: str, fields: Iterable[tuple[str, str]]) -> None:
        if len(status) < 4 or not status[:3].isdecimal() or not "1" <= status[0] <= "9":
            raise LocalProtocolError(f"expected a status as '200 OK', got {excerpt(status)}")
        if status[3] != " " or not grammar.FIELD_VALUE.fullmatch(status):
            raise LocalProtocolError(f"expected a status as '200 OK', got {excerpt(status)}")
        pairs = list(fields)
        names = {name.lower() for name, _ in pairs}
        if refused := names & _HOP_BY_HOP:
            raise LocalProtocolError(
                f"expected no field of the connection, got {', '.join(sorted(refused))} (PEP 3333)"
            )
        self.status = int(status[:3])
        self.has_body = response_has_body(None, self.status)
        lengths = [value for name, value in pairs if name.lower() == "content-length"]
        self.length = declared_framing({"content-length": lengths} if lengths else {})
        told = ",".join(value for name, value in pairs if name.lower() == "connection")
        self.close = has_list_member(told, "close")
        kept = [pair for pair in pairs if pair[0].lower() != "connection"]
        own = ""
        if "server" not in names:
            own = f"Server: {BaseHTTPRequestHandler.server_version}\r\n"
        if "date" not in names:
            own += "Date: "  # the last line: its value is put behind it
        lines = f"HTTP/1.1 {status}\r\n".encode("latin-1") + serialise_fields(kept)
        self._lines = lines + own.encode("latin-1")
        self._now = (0, b"")

    def begin(self) -> bytes:
        """Return the head so far, with the current date, ready for more lines."""
        second, lines = self._now
        now = int(time.time())
        if second != now:
            lines = self._lines
            if lines.endswith(b"\nDate: "):
                lines += f"{format_http_date(now)}\r\n".encode("ascii")
            self._now = now, lines  # at once, for other threads
        return lines


@lru_cache(maxsize=512)
def _known_head(status: str, fields: tuple[tuple[str, str], ...]) -> _Head:
    return _Head(status, fields)


def _head_of(status: str, fields: list[tuple[str, str]]) -> _Head:
    try:
        return _known_head(status, tuple(fields))
    except TypeError:
        # Pairs that are lists, for one, cannot be looked up.
        return _Head(status, [(name, value) for name, value in fields])


class Response:
    """One response: what `start_response` says of it, and what is sent of it.

    `patience` bounds the waits for room in `sock`.
    """

    __slots__ = (
        "_chunked",
        "_head",
        "_late",
        "_left",
        "_method",
        "_patience",
        "_sock",
        "_version",
        "keep",
        "sent",
        "started",
    )

    def __init__(
        self, sock: socket.socket, patience: Patience, method: str, version: int, keep: bool
    ) -> None:
        self._sock = sock
        self._patience = patience
        self._late: PatientWriter | None = None
        self._method = method
        self._version = version
        self._head: _Head | None = None
        self._left: int | None = None
        self._chunked = False
        self.keep = keep
        """Whether the connection outlives the response."""
        self.started = False
        """Whether anything was sent."""
        self.sent = 0
        """Bytes of content that were sent."""

    def _send(self, data: bytes) -> None:
        if self._late is not None:
            self._late.send(data)
        elif (sent := send_now(self._sock, data)) != len(data):
            # Only a response that there is no room for costs a writer.
            self._late = PatientWriter(self._sock, self._patience, max(0, self.sent - len(data)))
            self._late.send_rest(data, sent)

    @property
    def status(self) -> int:
        """The status code, 0 as long as there is none."""
        return 0 if self._head is None else self._head.status

    def start_response(
        self, status: str, response_headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        """Note status and fields, and return `write`. PEP 3333.

        Raises:
            AssertionError: called again without `exc_info`.
            LocalProtocolError: a status or field that cannot be sent.
        """
        if exc_info:
            try:
                if self.started:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self._head is not None:
            raise AssertionError("start_response was called before; expected exc_info")
        self._head = _head_of(status, response_headers)
        return self.write

    def write(self, data: bytes) -> None:
        """Send content at once, behind the head if that has not been sent."""
        if data:
            self._write(data, None)

    def _open(self, length: int | None) -> bytes:
        """Return the head; the content has `length` bytes if the fields do not say."""
        head = self._head
        if head is None:
            raise AssertionError("expected start_response to be called before the first content")
        self.started = True
        lines = head.begin()
        if head.close:
            self.keep = False
        declared = head.length
        if declared is not None:
            self._left = declared
        elif not head.has_body:
            self._left = 0
        elif length is not None:
            self._left = length
            if self._method != "HEAD" or length:
                lines += b"Content-Length: %d\r\n" % length
        elif self._version < 11:
            self.keep = False
        else:
            self._chunked = True
            lines += b"Transfer-Encoding: chunked\r\n"
        if not head.has_body or self._method == "HEAD":
            self._left, self._chunked = 0, False
        if not self.keep:
            return lines + b"Connection: close\r\n\r\n"
        if self._version < 11:
            return lines + b"Connection: keep-alive\r\n\r\n"
        return lines + b"\r\n"

    def _write(self, data: bytes, length: int | None) -> None:
        head = b"" if self.started else self._open(length)
        left = self._left
        if self._chunked:
            self.sent += len(data)
            data = encode_chunk(data)
        elif left is not None:
            if len(data) > left:
                # More than was declared would be read as the next response.
                if self._method != "HEAD" and self._head is not None and self._head.has_body:
                    self.keep = False
                data = data[:left]
            self._left = left - len(data)
            self.sent += len(data)
        else:
            self.sent += len(data)
        if head and len(data) > _MAX_JOINED:
            self._send(head)
            head = b""
        if head or data:
            self._send(head + data if head else data)

    def run(self, app: App, environ: Environ) -> None:
        """Call `app` and send what it returns; `close` is called whatever happens.

        Raises:
            Exception: what the application raised.
        """
        result = app(environ, self.start_response)
        try:
            if type(result) is list and len(result) == 1:
                body = result[0]
                if self._send_whole(body):
                    return
                self._write(body, len(body))
            elif isinstance(result, FileWrapper) and not self.started:
                self._send_file(result)
            else:
                self._send_each(result)
            if not self.started:
                self._send(self._open(0))
            if self._chunked:
                self._send(LAST_CHUNK)
            elif self._left:
                self.keep = False
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()

    def _send_whole(self, body: bytes) -> bool:
        """Send head and content at once, where neither needs a decision; return whether it was."""
        head, size = self._head, len(body)
        if (
            head is None
            or head.length != size
            or head.close
            or not (head.has_body and self.keep)
            or self.started
            or self._version < 11
            or self._method == "HEAD"
            or size > _MAX_JOINED
        ):
            return False
        self.started = True
        self.sent = size
        self._send(head.begin() + b"\r\n" + body)
        return True

    def _send_each(self, result: Iterable[bytes]) -> None:
        try:
            only = len(result) <= 1  # type: ignore[arg-type]
        except TypeError:
            only = False
        for data in result:
            if data:
                self._write(data, len(data) if only else None)

    def _send_file(self, wrapper: FileWrapper) -> None:
        """Send a file through the kernel, if it is one."""
        file = wrapper.filelike
        try:
            size = os.fstat(file.fileno()).st_size
            offset = file.tell()
        except (AttributeError, OSError, io.UnsupportedOperation):
            self._send_each(wrapper)
            return
        size = max(0, size - offset)
        self._send(self._open(size))
        count = min(size, self._left or 0)
        if count:
            if self._late is None:
                self._late = PatientWriter(self._sock, self._patience)
            sent = self._late.sendfile(file, offset, count)
            self._left = (self._left or 0) - sent
            self.sent += sent

    def crash(self) -> None:
        """Answer 500, if nothing was sent yet."""
        if self.started:
            self.keep = False
            return
        self._head = _head_of("500 Internal Server Error", [("Content-Type", "text/plain")])
        self._write(_CRASHED, len(_CRASHED))


class WSGIHandler(BaseHTTPRequestHandler):
    """Answers every request with the server's WSGI application."""

    protocol_version = "HTTP/1.1"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.run_application
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def run_application(self) -> None:
        """Answer the request."""
        server: Any = self.server
        environ = environ_of(
            server.base_environ, self.command, self.path, self._version, self._known_fields()
        )
        _add_connection(environ, self.client_address, self.rfile)
        if self._framing == CHUNKED:
            environ["wsgi.input_terminated"] = True
        response = Response(
            self._socket,
            self._patience(),
            self.command,
            self._version,
            not self.close_connection,
        )
        try:
            response.run(server.application, environ)
        except (RemoteProtocolError, OSError):
            self.wfile.begun = response.started
            raise
        except Exception:
            response.crash()
            self.close_connection = not response.keep
            server.handle_error(self._socket, self.client_address)
            return
        finally:
            server.answered(environ, response)
        self.close_connection = not response.keep

    def handle_expect_100(self) -> bool:
        """Let the client send its content: an application cannot be asked before it runs."""
        return super().handle_expect_100()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing: `answered` of the server is told of every response."""


def _add_connection(environ: Environ, address: Any, content: Any) -> None:
    environ["wsgi.input"] = content
    if type(address) is tuple:
        environ["REMOTE_ADDR"] = address[0]
        environ["REMOTE_PORT"] = str(address[1])
    else:
        # A Unix socket's peer has no address.
        environ["REMOTE_ADDR"] = environ["REMOTE_PORT"] = ""


class WSGIApplication(HandlerApplication):
    """A WSGI application as the engine's: what has come whole is answered without a handler."""

    def __init__(self, server: Any) -> None:
        super().__init__(server.RequestHandlerClass, server)
        self._app = server.application
        self._base = server.base_environ
        self._answered = server.answered if type(server).answered is not _answered else None

    def read_head(self, block: bytes) -> Any:
        """Return (length, persistent, environ) of a usual head."""
        head = usual_environ(block, self._base, self._limits)
        return None if head is not None and head[0] > self._most else head

    def kind(self, head: Any) -> Hashable:
        """Return method and path."""
        environ = head[2]
        return environ["REQUEST_METHOD"], environ["PATH_INFO"]

    def answer(self, connection: Connection, head: Any, block: bytes, content: bytes) -> bool:
        """Call the application for a request that has come whole."""
        environ = head[2]
        _add_connection(environ, connection.address, io.BytesIO(content))
        response = Response(
            connection.sock,
            self.patience,
            environ["REQUEST_METHOD"],
            11 if environ["SERVER_PROTOCOL"] == "HTTP/1.1" else 10,
            head[1] and not self.closing,
        )
        try:
            response.run(self._app, environ)
        except (TimeoutError, ConnectionError) as error:
            if response.started:
                write_stderr(f"{connection.address}: connection lost: {error}\n")
                return False
            self._crash(connection, response)
        except Exception:
            self._crash(connection, response)
        finally:
            if self._answered is not None:
                self._answered(environ, response)
        return response.keep

    def _crash(self, connection: Connection, response: Response) -> None:
        self._server.handle_error(connection.sock, connection.address)
        response.crash()


class WSGIServer(ThreadingHTTPServer):
    """Serves a WSGI application; `multiprocess` is what its environ says of other processes."""

    multiprocess = False
    url_scheme = "http"

    def __init__(
        self,
        server_address: Any,
        application: App,
        bind_and_activate: bool = True,
        *,
        handler_class: type[WSGIHandler] = WSGIHandler,
        **options: Any,
    ) -> None:
        self.application = application
        self.base_environ: Environ = {}
        super().__init__(server_address, handler_class, bind_and_activate, **options)

    def server_bind(self) -> None:
        """Bind, and write down what every environ begins with."""
        super().server_bind()
        self.set_environ()

    def set_environ(self) -> None:
        """Make `base_environ` from what the server is."""
        address = self.server_address
        host, port = (address[0], address[1]) if isinstance(address, tuple) else (address, "")
        self.base_environ = {
            "GATEWAY_INTERFACE": "CGI/1.1",
            "SERVER_SOFTWARE": BaseHTTPRequestHandler.server_version,
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "SCRIPT_NAME": "",
            "REMOTE_ADDR": "",
            "REMOTE_PORT": "",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self.url_scheme,
            "wsgi.errors": ErrorStream(),
            "wsgi.multithread": self._has_threads,
            "wsgi.multiprocess": self.multiprocess,
            "wsgi.run_once": False,
            "wsgi.file_wrapper": FileWrapper,
        }

    def answered(self, environ: Environ, response: Response) -> None:
        """Told of every response: `response.status` and `response.sent`. For an access log."""

    def _make_application(self) -> WSGIApplication:
        return WSGIApplication(self)


_answered = WSGIServer.answered


class WSGISServer(WSGIServer, HTTPSServer):
    """`WSGIServer` over TLS; takes the options of `HTTPSServer` too."""

    url_scheme = "https"
    busy_response = b""
