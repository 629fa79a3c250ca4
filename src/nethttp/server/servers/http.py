"""`HTTPServer` and its subclasses: they listen, and serve on the engine or in `socketserver`'s way.

Nothing here reads HTTP: handlers read and answer requests.
"""

from __future__ import annotations

import _thread
import selectors
import socket
import socketserver
import sys
import threading
import time
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from ...caching import drop_old
from ...net.nonblocking import discard_input, end_sending, set_accept_nonblocking
from ...net.tls import server_context
from ...overrides import Bypassed
from ...wire.limits import SERVER_LIMITS
from ..engine.application import (
    BUSY_RESPONSE,
    DRAIN_SECONDS,
    FAREWELL,
    LAST_CALL,
    LINGER_SECONDS,
    EngineLimits,
)
from ..engine.handshake import NOT_TLS_RESPONSE, report_failed_handshake
from ..handlers.blocking_connections import BlockingConnections
from ..logs.lines import host_of, write_stderr
from .greenlets import are_greenlets

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable
    from os import PathLike

    from ..engine.connection import Connection
    from ..engine.exchange import Exchange
    from ..engine.loop import Engine

__all__ = [
    "HTTPSServer",
    "HTTPServer",
    "ThreadingHTTPSServer",
    "ThreadingHTTPServer",
]


#: Waits for connections when no engine runs. Unlike epoll, `poll` and `select` share no state with
#: a forked process.
_Selector: Any = getattr(selectors, "PollSelector", selectors.SelectSelector)


@cache  # it is called for every connection
def _handling() -> Any:
    from ..handlers import application as handling  # start-up: only programs that serve need it

    return handling


_LIMITS = EngineLimits()


class HTTPServer(socketserver.TCPServer):
    """Serves HTTP in the thread that calls `serve_forever`, one request at a time.

    Idle connections do not delay others. A program that overrides how connections are handled
    (`setup`, `handle`, `process_request`, ...) has them served one after the other, as by the
    standard library's server.

    `server_name` is the host's name (looked up when first asked for), `server_port` the port.

    >>> from nethttp.server import BaseHTTPRequestHandler
    >>> with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
    ...     server.server_port == server.server_address[1]
    True
    """

    allow_reuse_address = True
    request_queue_size = 128
    max_connections: int | None = _LIMITS.max_connections
    """Most open connections; None: no limit. One more is answered 503."""
    max_threads = _LIMITS.max_threads
    """Most handlers that block at the same time, each in a thread of its own."""
    max_waiting = _LIMITS.max_waiting
    """Most requests that wait for such a thread; one more is answered 503."""
    busy_response = BUSY_RESPONSE
    """The bytes that are sent to a connection beyond `max_connections`."""
    handshake_timeout = _LIMITS.handshake_timeout
    """Longest time for a TLS handshake, in seconds."""
    _server_name: str | None = None
    _engine: Engine | None = None
    """The engine that serves, or that served last; None: `socketserver`'s way."""
    _drain_until: float | None = None
    _stop_asked: threading.Event
    _stopped: threading.Event
    _blocking: BlockingConnections

    # The TLS context of new connections; None: plain HTTP.
    _tls: Any = None

    if not TYPE_CHECKING:  # for type checkers `__init__` alone says what is accepted

        def __new__(cls, *_args: Any, **_named: Any) -> Self:
            """Return a server that can serve, even if an `__init__` does not call this class's."""
            self = super().__new__(cls)
            self._stop_asked = threading.Event()
            self._stopped = threading.Event()
            self._blocking = BlockingConnections()
            return self

    @classmethod
    def _on_listener(cls, listener: socket.socket, *arguments: Any, **options: Any) -> Self:
        """Return a server of this class for a socket that is bound and listening already.

        The other arguments are the constructor's, without the address.
        """
        address = listener.getsockname()
        make: Any = cls  # subclasses' constructors differ
        server: Self = make(address, *arguments, bind_and_activate=False, **options)
        server.socket.close()  # `socketserver` makes one for every server
        server.socket = listener
        if isinstance(address, tuple):
            server.server_port = address[1]
        else:  # of a Unix socket
            server.server_name, server.server_port = "localhost", 80
        return server

    def server_bind(self) -> None:
        """Bind, and remember the port."""
        super().server_bind()
        self.server_port = self.server_address[1]

    @property
    def server_name(self) -> str:
        """The host's fully qualified name: the first read looks it up, which may take long."""
        if self._server_name is None:
            self._server_name = socket.getfqdn(str(self.server_address[0]))
        return self._server_name

    @server_name.setter
    def server_name(self, name: str) -> None:
        self._server_name = name

    # A handler of a server without threads cannot wait for `shutdown`, so programs set these, which
    # are private to `socketserver`.

    @property
    def _BaseServer__shutdown_request(self) -> bool:
        return self._stop_asked.is_set()

    @_BaseServer__shutdown_request.setter
    def _BaseServer__shutdown_request(self, asked: bool) -> None:
        if asked:
            self._ask_to_stop()
        else:
            self._stop_asked.clear()

    @property
    def _BaseServer__is_shut_down(self) -> threading.Event:
        return self._stopped

    @_BaseServer__is_shut_down.setter
    def _BaseServer__is_shut_down(self, event: threading.Event) -> None:
        self._stopped = event

    @property
    def _has_threads(self) -> bool:
        """Whether handlers run in threads of their own: `ThreadingMixIn` is mixed in."""
        return type(self).process_request is not socketserver.BaseServer.process_request

    # The engine does not call these.
    _ACCEPT_STEPS = Bypassed(
        *("process_request", "finish_request", "get_request", "shutdown_request"),
        *("close_request", "_handle_request_noblock", "fileno"),
    )

    def _runs_on_the_engine(self) -> bool:
        """Return whether the engine can serve: the program overrides nothing that it bypasses."""
        return (
            self._ACCEPT_STEPS.left_alone(self)
            and (not self._has_threads or BoundedThreadingMixIn._THREAD_STEPS.left_alone(self))
            and not are_greenlets()
            and _accepts_as_any_socket(self.socket)
            and _handling().is_engine_compatible(self.RequestHandlerClass)
        )

    def serve_forever(self, poll_interval: float = 0.5) -> None:
        """Serve until `shutdown`, on the engine where that is possible.

        `service_actions` is called every `poll_interval` seconds. If a program changes the server
        or its handler class while it serves, so that the engine cannot run them, connections that
        are accepted from then on are handled in `socketserver`'s way.
        """
        self._stopped.clear()
        listener = self.socket
        timeout = listener.gettimeout()
        try:
            set_accept_nonblocking(listener)
            self._blocking.begin()
            if self._runs_on_the_engine():
                self._serve_on_the_engine(poll_interval)
            else:
                self._engine = None
                self._serve_connections(poll_interval)
        finally:
            with suppress(OSError):  # The socket may be closed by now.
                if listener.gettimeout() != timeout:
                    listener.settimeout(timeout)
            self._stop_asked.clear()
            self._stopped.set()

    def _serve_on_the_engine(self, poll_interval: float) -> None:
        engine = self._engine = self._make_engine()
        if self._stop_asked.is_set():
            # `shutdown` was called before there was an engine: it closes its connections and ends.
            engine.stop()
        engine.run(poll_interval, self._housekeep)

    def _housekeep(self) -> None:
        drop_old()
        self.service_actions()

    def _serve_connections(self, poll_interval: float) -> None:
        """Serve in `socketserver`'s way: with its methods, one connection after the other."""
        with _Selector() as selector:
            selector.register(self, selectors.EVENT_READ)
            while not self._stop_asked.is_set():
                ready = selector.select(poll_interval)
                if ready and not self._stop_asked.is_set():
                    self._handle_request_noblock()
                self._housekeep()
        self._finish_drain()

    def _handle_request_noblock(self) -> None:
        """Handle one connection, in a context of its own (`contextvars`) as a thread's is."""
        from contextvars import copy_context  # start-up: the engine has its own

        copy_context().run(super()._handle_request_noblock)  # type: ignore[misc]  # not in typeshed

    def _make_engine(self) -> Engine:
        from ..engine.loop import Engine  # start-up: only programs that serve need it

        listener = self.socket

        def accept_instead() -> Callable[[], None] | None:
            if self.socket is listener and self._runs_on_the_engine():
                return None
            return self._handle_request_noblock

        return Engine(
            [listener],
            self._make_application(),
            limits=EngineLimits(*[getattr(self, name) for name in EngineLimits._fields]),
            threads=self._has_threads,
            # A program may have wrapped the listening socket itself.
            tls=self._tls or getattr(listener, "context", None),
            # Looked up when they are called: a program may set its own at any time.
            verify=lambda request, address: self.verify_request(request, address),
            on_error=lambda request, address: self.handle_error(request, address),
            accept_instead=accept_instead,
            busy_response=self.busy_response,
            daemon=getattr(self, "daemon_threads", True),
        )

    def _make_application(self) -> Any:
        return _handling().HandlerApplication(self.RequestHandlerClass, self)

    def _exchange_on(self, connection: Connection | None, sock: socket.socket) -> Exchange:
        """Return an exchange for a request that a handler has read from `sock` itself.

        `connection` is the engine's; None where no engine runs.
        """
        from ..engine.http1_exchange import exchange_on  # start-up: few handlers ask for one

        return exchange_on(connection, sock)

    def shutdown(self) -> None:
        """Stop `serve_forever` and wait until it has returned.

        Call it from another thread than that of `serve_forever`, because it would wait for itself.
        """
        self._ask_to_stop()
        self._stopped.wait()

    def _ask_to_stop(self) -> None:
        self._stop_asked.set()
        self._blocking.abort_waits()
        if self._engine is not None:
            self._engine.stop()

    def drain(self, timeout: float = DRAIN_SECONDS) -> None:
        """Stop accepting, and let `serve_forever` return once all accepted requests are answered.

        Idle connections are closed, and each response ends its connection. `serve_forever` returns
        after `timeout` seconds at the latest, and leaves requests running that still do. This
        method returns at once, because a signal handler may call it.
        """
        if self._engine is not None:
            self._engine.drain(timeout)
        else:
            self._drain_until = time.monotonic() + timeout
            self._stop_asked.set()
            self._blocking.draining = True
            # `drain` waits, so it needs a thread: this may be a signal handler that has interrupted
            # the loop. `Thread.start` would wait for the thread to begin, which a greenlet in a
            # signal handler cannot.
            _thread.start_new_thread(self._blocking.drain, (FAREWELL,))

    def _finish_drain(self) -> None:
        """Handle connections made before a drain began, and wait until all have ended."""
        until, self._drain_until = self._drain_until, None
        if until is None:
            return
        last_call = min(until, time.monotonic() + LAST_CALL)
        with _Selector() as selector:
            selector.register(self, selectors.EVENT_READ)
            while selector.select(max(0.0, last_call - time.monotonic())):
                self._handle_request_noblock()
        self._blocking.wait(until)

    def server_close(self) -> None:
        """Close the listening socket, and wait for handlers whose threads are not daemons."""
        super().server_close()
        # Both attributes are those of `ThreadingMixIn`.
        waits = not getattr(self, "daemon_threads", True) and getattr(self, "block_on_close", True)
        if waits and self._engine is not None:
            self._engine.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print an error that a handler did not catch; for a lost connection, one line."""
        error = sys.exc_info()[1]
        if isinstance(error, ConnectionError | TimeoutError):
            write_stderr(f"{host_of(client_address)}: connection lost: {error}\n")
        else:
            import traceback  # start-up: it loads what reads source files

            rule = "-" * 40
            write_stderr(
                f"{rule}\nException occurred during processing of request from {client_address}\n"
                f"{traceback.format_exc()}{rule}\n"
            )


class BoundedThreadingMixIn(socketserver.ThreadingMixIn):
    """A thread for each connection, and a limit on the number of connections.

    A connection beyond `max_connections` (None: no limit) is answered 503 and closed.
    """

    daemon_threads = True
    busy_response: bytes
    max_connections: int | None

    _blocking: BlockingConnections

    # The engine has threads of its own.
    _THREAD_STEPS = Bypassed("process_request_thread")

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start the connection's thread; beyond `max_connections`, answer 503 instead."""
        if not self._blocking.add(self.max_connections):
            self._turn_away(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._blocking.remove()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Handle the connection, in its thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._blocking.remove()

    def _turn_away(self, request: Any) -> None:
        try:
            request.settimeout(0)
            request.send(self.busy_response)
        except OSError:
            pass  # The connection is closed whether the client reads this or not.
        finally:
            self.shutdown_request(request)  # type: ignore[attr-defined]  # the server's


# Programs mix in the standard library's too.
HTTPServer._ACCEPT_STEPS.also(socketserver.ThreadingMixIn)
BoundedThreadingMixIn._THREAD_STEPS.also(socketserver.ThreadingMixIn)


@HTTPServer._ACCEPT_STEPS.also
class ThreadingHTTPServer(BoundedThreadingMixIn, HTTPServer):
    """`HTTPServer` that answers many requests at a time: one that blocks has a thread of its own.

    At most `max_threads` requests block at a time, `max_waiting` more wait for a thread, and
    `max_connections` are open; beyond that the answer is 503.
    """


@HTTPServer._ACCEPT_STEPS.also
class HTTPSServer(HTTPServer):
    """`HTTPServer` over TLS 1.2 and later.

    `certfile` and `keyfile` are PEM files (`keyfile` None: the key is in `certfile`), `password`
    decrypts the key, `alpn_protocols` are offered in that order (default: http/1.1). A handshake
    may take `handshake_timeout` seconds and delays no other connection.

    Raises:
        OSError: a file cannot be read; `ssl.SSLError`: it has no valid certificate or key.
        RuntimeError: this Python was built without TLS.
    """

    def __init__(
        self,
        server_address: tuple[str | bytes | bytearray, int],
        RequestHandlerClass: Callable[[Any, Any, Self], socketserver.BaseRequestHandler],
        bind_and_activate: bool = True,
        *,
        certfile: str | PathLike[str],
        keyfile: str | PathLike[str] | None = None,
        password: Any = None,
        alpn_protocols: Iterable[str] | None = None,
    ) -> None:
        self.certfile = certfile
        self.keyfile = keyfile
        self.password = password
        self.alpn_protocols = ["http/1.1"] if alpn_protocols is None else list(alpn_protocols)
        try:
            import ssl  # start-up: most servers have no TLS
        except ImportError as error:
            raise RuntimeError("SSL module is missing; HTTPS support is unavailable") from error
        self.ssl = ssl
        super().__init__(server_address, RequestHandlerClass, bind_and_activate)

    def server_activate(self) -> None:
        """Listen, with the context that `_create_context` gives."""
        super().server_activate()
        self._tls = self._create_context()

    def _create_context(self) -> ssl.SSLContext:
        """Return the context of the connections; programs override it."""
        return server_context(self.certfile, self.keyfile, self.password, self.alpn_protocols)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands and handle the connection, in the connection's own thread if it has one."""
        timeout = request.gettimeout()
        request.settimeout(self.handshake_timeout)
        wrapped = self._tls.wrap_socket(
            request, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=True
        )
        try:
            try:
                wrapped.do_handshake()
            except (OSError, ValueError) as error:
                if report_failed_handshake(client_address, error):
                    _answer_in_plain(wrapped)
                return
            wrapped.settimeout(timeout)
            super().finish_request(wrapped, client_address)
        finally:
            # `wrapped` owns the descriptor that `request` had.
            with suppress(OSError):
                end_sending(wrapped)
            super().shutdown_request(wrapped)


def _answer_in_plain(wrapped: ssl.SSLSocket) -> None:
    """Answer 400 to a client that has sent plain HTTP to a TLS port, and close its connection."""
    with socket.socket(fileno=wrapped.detach()) as plain, suppress(OSError):
        plain.settimeout(LINGER_SECONDS)
        plain.sendall(NOT_TLS_RESPONSE)
        plain.shutdown(socket.SHUT_WR)
        discard_input(plain.recv, SERVER_LIMITS.max_drain)


@HTTPServer._ACCEPT_STEPS.also
class ThreadingHTTPSServer(BoundedThreadingMixIn, HTTPSServer):
    """`HTTPSServer` that answers many requests at a time, as `ThreadingHTTPServer` does.

    It takes the options of `HTTPSServer`.
    """

    # Before a handshake no response can be sent.
    busy_response = b""


def _accepts_as_any_socket(listener: Any) -> bool:
    """Return whether a socket, with TLS or not, accepts connections as `socket.socket` does."""
    if type(listener) is socket.socket:
        return True
    # By name: a server without TLS need not load `ssl`.
    return type(listener).__name__ == "SSLSocket" and isinstance(listener, socket.socket)
