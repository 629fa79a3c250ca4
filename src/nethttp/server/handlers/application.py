"""`HandlerApplication`: a handler class as the engine's application.

A handler object is made for a connection's first request, and stays with the connection, so what a
program stores on `self` is there for the next request. For a usual request the engine has parsed
the head. Every other request the handler reads itself, as if there were no engine.
"""

from __future__ import annotations

import functools
import socketserver
from collections.abc import Callable, Hashable
from typing import Any

from ...net.nonblocking import Timeouts
from ...wire.fields import FieldFinder
from ...wire.h1.repeats import usual_request
from ..engine.application import Answered
from ..engine.connection import NEVER, Connection, EngineSocket
from ..engine.exchange import Exchange
from ..logs.lines import LineLog, host_of, write_stderr
from .handler import BaseHTTPRequestHandler

__all__ = ["HandlerApplication", "is_engine_compatible"]

#: Content up to this size is received before the handler runs, so that no thread waits for it.
MAX_COLLECTED = 65536

_BYPASSED = BaseHTTPRequestHandler._CONNECTION_STEPS


def is_engine_compatible(factory: Any) -> bool:
    """Return whether the engine can run the handlers that `factory` makes.

    It can run a class, or a `functools.partial` of one, that does not override how a connection is
    read, or how much is read ahead (`rbufsize`).

    >>> is_engine_compatible(BaseHTTPRequestHandler)
    True
    >>> is_engine_compatible(type("Own", (BaseHTTPRequestHandler,), {"rbufsize": 0}))
    False
    """
    given = 0
    while isinstance(factory, functools.partial):
        given += len(factory.args)
        factory = factory.func
    return (
        isinstance(factory, type)
        and issubclass(factory, BaseHTTPRequestHandler)
        and _BYPASSED.left_alone_by(factory)
        and not _handles_the_connection(factory, given)
    )


def _handles_the_connection(handler_class: type, given: int) -> bool:
    """Whether a program's `__init__` may do more than store some arguments.

    One that has a parameter for the request, after `given` arguments, may use the request, or do
    something after `super().__init__` has handled the connection. One whose code has the name of a
    method that the engine does not call sets that method on the object, or calls it.
    """
    for cls in handler_class.__mro__:
        if cls is BaseHTTPRequestHandler:
            break
        init = cls.__dict__.get("__init__")
        if init is not None:
            code = getattr(init, "__code__", None)
            if code is None or code.co_argcount - 1 > given:
                return True
            if not _BYPASSED.names.isdisjoint(code.co_names):
                return True
    return False


def _finish(handler: Any) -> None:
    """Call a `finish` that the program has set on the object: the connection ends."""
    if "finish" in handler._set_here:
        handler.finish()


class HandlerApplication:
    """Answers with the handlers that `factory` makes, on behalf of `server`.

    `factory` is a handler class or a partial of one; a server may replace it while it serves.
    """

    def __init__(self, factory: Callable[..., Any], server: socketserver.BaseServer) -> None:
        self.log = LineLog()
        self.closing = False
        """Whether every response is to end its connection."""
        # What the class does not override; which class; and the turn in which it was examined.
        self._plain_head = self._plain_log = self._repeats = False
        self._asked_of: type | None = None
        self._asked_in: float | None = None
        self._server: Any = server
        self._use(factory)

    def _use(self, factory: Callable[..., Any]) -> None:
        """Make handlers by `factory` from now on, and take over its bounds."""
        self._factory = factory
        handler_class: Any = factory
        while isinstance(handler_class, functools.partial):
            handler_class = handler_class.func
        self._limits = limits = handler_class.limits
        timeout = handler_class.timeout
        self.idle_timeout = handler_class.idle_timeout if timeout is None else timeout
        self.head_timeout = handler_class.head_timeout
        self.body_timeout = handler_class.body_timeout if timeout is None else timeout
        self.min_body_rate = handler_class.min_body_rate
        self.body_grace = handler_class.body_grace
        self.timeouts = Timeouts(self.body_timeout, self.min_body_rate, self.body_grace)
        self._paced_by_method = handler_class._PACED_BY_METHOD
        self.max_head = limits.max_start_line + limits.max_field_section
        # Content that is too long to drain is received only when the handler reads it.
        self._most = min(MAX_COLLECTED, limits.max_drain)
        if limits.max_body is not None:
            self._most = min(self._most, limits.max_body)

    def read_head(self, exchange: Exchange, block: bytes) -> bool:
        """Parse a usual head into `exchange`; return whether the loop is to collect its content."""
        head = usual_request(block, self._limits)
        if head is None or head[0] > self._most:
            return False
        exchange.block = block
        (
            exchange.length,
            exchange.persistent,
            exchange.method,
            exchange.target,
            exchange.version,
            exchange.line,
        ) = head
        return True

    def pacing_key(self, exchange: Exchange) -> Hashable:
        """Return the method, and the path without the query if that decides how long it takes."""
        if exchange.method in self._paced_by_method:
            return exchange.method
        return exchange.method, exchange.target.partition("?")[0]

    def _handler_of(self, connection: Connection) -> Any:
        handler = connection.state
        if handler is None:
            factory = self._current_factory()
            handler = factory(EngineSocket(connection), connection.address, self._server)
            handler._log = self.log
            handler._keep_time_out(connection)
            connection.state = handler
        return handler

    def _current_factory(self) -> Callable[..., Any]:
        """Return the factory of handlers: a program may set another one while the server serves."""
        factory: Any = getattr(self._server, "RequestHandlerClass", self._factory)
        if factory is not self._factory and is_engine_compatible(factory):
            self._use(factory)
        return self._factory

    def respond(self, exchange: Exchange) -> bool:
        """Run the handler's method for a request; return whether the connection stays open."""
        connection = exchange.connection
        handler = connection.state
        if handler is None:
            handler = self._handler_of(connection)
        if handler._set_here and not _BYPASSED.names.isdisjoint(handler._set_here):
            # The program has set a method on the object, which must be called from then on.
            return self.respond_blocking(connection, exchange.block + exchange.content) == b""
        if connection.readable_since is not self._asked_in or type(handler) is not self._asked_of:
            self._look_at_class(type(handler), connection.readable_since)
        handler._plain_head, handler._plain_log = self._plain_head, self._plain_log
        handler._repeats = self._repeats
        handler._answer(exchange, self.closing)
        if handler.close_connection:
            _finish(handler)
            return False
        return True

    def _look_at_class(self, handler_class: Any, turn: float) -> None:
        """Find out which methods need not be called, once in a turn of the loop.

        A program may patch a class while its handlers serve. To examine the class for each response
        would cost 0.35 us of 11.
        """
        self._plain_head = handler_class._HEAD_STEPS.left_alone_by(handler_class)
        self._plain_log = handler_class._LOG_STEPS.left_alone_by(handler_class)
        self._repeats = handler_class._caches_answers()
        self._asked_of = handler_class
        self._asked_in = None if turn == NEVER else turn

    def respond_blocking(self, connection: Connection, data: bytes) -> bytes | None:
        """Have the handler read and answer a request; return what it has read beyond the request.

        The request begins with `data`. None: the connection is to be closed.
        """
        handler = self._handler_of(connection)
        left: bytes | None = handler._respond_blocking(data, self.closing)
        if left is None:
            _finish(handler)
        return left

    def answered(self, exchange: Exchange, fields: FieldFinder | None) -> Answered | None:
        """Return what the connection's handler has just answered."""
        return self.answered_blocking(exchange.connection, fields)

    def answered_blocking(
        self, connection: Connection, fields: FieldFinder | None
    ) -> Answered | None:
        """Return what the connection's handler has just answered."""
        handler = connection.state
        if handler is None or handler._status is None:
            return None
        return Answered(
            handler.address_string(),
            handler.requestline,
            handler._status,
            handler.wfile.sent,
            {} if fields is None else handler._asked(fields),
            handler._user_name,
        )

    def request_timed_out(self, connection: Connection) -> None:
        """Answer 408."""
        self._handler_of(connection)._request_timed_out()

    def response_cut_off(self, connection: Connection, error: OSError) -> None:
        """Log that the peer did not receive all of a response."""
        handler = connection.state
        if handler is None:
            write_stderr(f"{host_of(connection.address)}: connection lost: {error}\n")
        elif isinstance(error, TimeoutError):
            handler._on_timeout(error)
        else:
            handler._on_lost(error)

    def has_unread_content(self, connection: Connection) -> bool:
        """Return whether the last request has content that the handler has not read."""
        handler = connection.state
        return handler is not None and handler._content_left
