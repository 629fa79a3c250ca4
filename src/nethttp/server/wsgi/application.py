"""WSGI applications on the engine: all of PEP 3333.

The engine answers a usual request without a handler object: it makes the environ from the head in
one step. `WSGIHandler` reads every other request, as any handler does, so one place decides which
requests are refused, and how.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from io import BytesIO
from typing import Any

from ...errors import RemoteProtocolError
from ...overrides import Bypassed
from ...wire.environ import Environ, environ_of
from ...wire.fields import FieldFinder
from ...wire.h1.framing import CHUNKED
from ...wire.h1.repeats import usual_environ
from ..engine.application import Answered
from ..engine.exchange import Exchange
from ..handlers.application import HandlerApplication
from ..handlers.handler import BaseHTTPRequestHandler
from ..handlers.writer import ResponseWriter
from ..logs.lines import write_stderr
from .response import ENDED, Response

__all__ = ["WSGIApplication", "WSGIHandler"]


class WSGIHandler(BaseHTTPRequestHandler):
    """Answers requests of every method with the server's WSGI application.

    It reads the requests that are not usual; usual ones are answered without a handler.
    """

    protocol_version = "HTTP/1.1"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.run_application
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    # `WSGIApplication` answers without a handler.
    _APPLICATION_STEPS = Bypassed("__init__", "__getattr__", "run_application")

    def run_application(self) -> None:
        """Answer the request with the server's application."""
        server: Any = self.server
        environ = environ_of(
            server.base_environ, self.command, self.path, self._version, self._known_fields()
        )
        _add_connection(environ, self.client_address, self.rfile)
        if self._framing == CHUNKED:
            environ["wsgi.input_terminated"] = True
        exchange = server._exchange_on(self._engaged, self._socket)
        exchange.method, exchange.version = self.command, self._version
        exchange.open(self._timeouts(), not self.close_connection)
        response = Response(exchange)
        try:
            response.run(server.application, environ)
        except (RemoteProtocolError, OSError):
            raise
        except Exception:
            _crash(server, self._socket, self.client_address, response)
        finally:
            self._status = response.status
            if isinstance(self.wfile, ResponseWriter):
                self.wfile.begun, self.wfile.sent = exchange.begun, exchange.sent
            server.answered(environ, response)
            self._on_answered()
            response.exchange = ENDED
        self.close_connection = not exchange.keep

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing: the server's `answered` is called after every response."""

    def _on_answered(self) -> None:
        """Called after every response; replaced where nothing else writes an access log."""


def _add_connection(environ: Environ, address: Any, content: Any) -> None:
    environ["wsgi.input"] = content
    if type(address) is tuple:
        environ["REMOTE_ADDR"] = address[0]
        environ["REMOTE_PORT"] = str(address[1])
    else:
        # The peer of a Unix socket has no address.
        environ["REMOTE_ADDR"] = environ["REMOTE_PORT"] = ""


def _crash(server: Any, sock: Any, address: Any, response: Response) -> None:
    """Have the server log the exception that is handled, then answer 500.

    In this order the log has the error when the client has the answer.
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
        """Call the application of `server`, and `answered(environ, response)` afterwards."""
        super().__init__(server.RequestHandlerClass, server)
        self._base = dict(server.base_environ)
        self._answered = answered

    def read_head(self, exchange: Exchange, block: bytes) -> bool:
        """Parse a usual head into an environ; return whether the loop is to collect its content."""
        head = usual_environ(block, self._base, self._limits)
        if head is None or head[0] > self._most:
            return False
        exchange.block = block
        exchange.length, exchange.persistent, exchange.environ = head
        return True

    def pacing_key(self, exchange: Exchange) -> Hashable:
        """Return the method, and the path without the query."""
        environ = exchange.environ
        return environ["REQUEST_METHOD"], environ["PATH_INFO"]

    def respond(self, exchange: Exchange) -> bool:
        """Call the application for a complete request; return whether the connection stays open."""
        connection, environ = exchange.connection, exchange.environ
        address = connection.address
        if type(address) is tuple:
            # `_add_connection`, without the call.
            environ["wsgi.input"] = BytesIO(exchange.content)
            environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = address[0], str(address[1])
        else:
            _add_connection(environ, address, BytesIO(exchange.content))
        exchange.method = environ["REQUEST_METHOD"]
        exchange.version = 11 if environ["SERVER_PROTOCOL"] == "HTTP/1.1" else 10
        exchange.open(self.timeouts, exchange.persistent and not self.closing)
        response = Response(exchange)
        try:
            response.run(self._server.application, environ)
        except (TimeoutError, ConnectionError) as error:
            if exchange.begun:
                write_stderr(f"{connection.address}: connection lost: {error}\n")
                return False
            _crash(self._server, connection.sock, connection.address, response)
        except Exception:
            _crash(self._server, connection.sock, connection.address, response)
        finally:
            if self._answered is not None:
                self._answered(environ, response)
            response.exchange = ENDED
        return exchange.keep

    def answered(self, exchange: Exchange, fields: FieldFinder | None) -> Answered | None:
        """Return what the application has just answered."""
        block = exchange.block
        return Answered(
            # Of the environ, because a middleware for proxies may have changed it.
            exchange.environ.get("REMOTE_ADDR") or "-",
            block[: block.find(b"\r\n")].decode("latin-1"),
            exchange.status,
            exchange.sent,
            {} if fields is None else fields.in_head(block),
        )
