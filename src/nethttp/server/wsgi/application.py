"""WSGI applications on the engine: PEP 3333, whole.

A request that is received whole is answered without a handler object: the environ is made from the
head in one step. Every other is read by `WSGIHandler`, as any handler reads it, so what is refused
and how is decided in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from io import BytesIO
from typing import Any

from ...errors import RemoteProtocolError
from ...overrides import Bypassed
from ...wire.environ import Environ, environ_of
from ...wire.h1.framing import CHUNKED
from ...wire.h1.repeats import usual_environ
from ..engine.exchange import Exchange
from ..handlers.application import HandlerApplication
from ..handlers.handler import BaseHTTPRequestHandler
from ..handlers.writer import ResponseWriter
from ..logs.lines import write_stderr
from .response import Response

__all__ = ["WSGIApplication", "WSGIHandler"]


class WSGIHandler(BaseHTTPRequestHandler):
    """Answers every request with the server's WSGI application, whatever its method.

    It reads the requests that are not usual; all others are answered without a handler.
    """

    protocol_version = "HTTP/1.1"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.run_application
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    # `WSGIApplication` answers without a handler.
    _APPLICATION_STEPS = Bypassed("__init__", "__getattr__", "run_application")

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
            self._timeouts(),
            self.command,
            self._version,
            not self.close_connection,
            self._engaged,
        )
        try:
            response.run(server.application, environ)
        except (RemoteProtocolError, OSError):
            raise
        except Exception:
            _crash(server, self._socket, self.client_address, response)
        finally:
            if isinstance(self.wfile, ResponseWriter):
                self.wfile.begun = response.started
            server.answered(environ, response)
        self.close_connection = not response.keep

    def handle_expect_100(self) -> bool:
        """Let the client send its content; return True, since no application can be asked yet."""
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


def _crash(server: Any, sock: Any, address: Any, response: Response) -> None:
    """Tell the server of the error that is being handled, then answer 500.

    In this order a client that has the answer finds the error in the log.
    """
    try:
        server.handle_error(sock, address)
    finally:
        response.crash()


class WSGIApplication(HandlerApplication):
    """A WSGI application as the engine's: usual requests are answered without a handler."""

    def __init__(
        self, server: Any, answered: Callable[[Environ, Response], None] | None = None
    ) -> None:
        """Answer for `server`, and tell `answered` of every response."""
        super().__init__(server.RequestHandlerClass, server)
        self._base = dict(server.base_environ)
        self._answered = answered

    def read_head(self, exchange: Exchange, block: bytes) -> bool:
        """Read a usual head as an environ; return whether the loop may wait for its content."""
        head = usual_environ(block, self._base, self._limits)
        if head is None or head[0] > self._most:
            return False
        exchange.block = block
        exchange.length, exchange.persistent, exchange.environ = head
        return True

    def pacing_key(self, exchange: Exchange) -> Hashable:
        """Return method and path."""
        environ = exchange.environ
        return environ["REQUEST_METHOD"], environ["PATH_INFO"]

    def respond(self, exchange: Exchange) -> bool:
        """Call the application for a complete request; return whether the connection stays open."""
        connection, environ = exchange.connection, exchange.environ
        _add_connection(environ, connection.address, BytesIO(exchange.content))
        response = Response(
            connection.sock,
            self.timeouts,
            environ["REQUEST_METHOD"],
            11 if environ["SERVER_PROTOCOL"] == "HTTP/1.1" else 10,
            exchange.persistent and not self.closing,
            connection,
        )
        try:
            response.run(self._server.application, environ)
        except (TimeoutError, ConnectionError) as error:
            if response.started:
                write_stderr(f"{connection.address}: connection lost: {error}\n")
                return False
            _crash(self._server, connection.sock, connection.address, response)
        except Exception:
            _crash(self._server, connection.sock, connection.address, response)
        finally:
            if self._answered is not None:
                self._answered(environ, response)
        return response.keep
