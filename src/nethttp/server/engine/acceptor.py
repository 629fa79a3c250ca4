"""`Acceptor`: accepts connections, or turns them away with a 503 response.

It never waits: the engine's loop reports when the next bytes of a TLS handshake can be read, and a
handshake has a deadline. Only the thread that leads calls anything here.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ...net.nonblocking import set_accept_nonblocking, wants_more
from ..logs.lines import write_stderr
from .application import LAST_CALL
from .connection import AWAITING, CLOSED, HANDSHAKING, NEVER, Connection
from .connections import ConnectionTable
from .handshake import NOT_TLS_RESPONSE, report_failed_handshake, report_unspoken

if TYPE_CHECKING:
    import ssl

__all__ = ["Acceptor"]

#: Connections accepted before other sockets get their turn.
ACCEPT_BURST = 64

#: Connections beyond the bound that may linger until the peer has read the 503 response.
MAX_TURNED_AWAY = 64

#: Seconds without accepting after the system had no descriptor left.
ACCEPT_PAUSE = 0.5

#: Seconds between two log lines that report it.
REPEAT = 60.0

#: Bytes of content that a TLS record has at most. RFC 8446 section 5.1.
MAX_RECORD = 1 << 14

_SHAKES_HANDS = (socket.AF_INET, socket.AF_INET6)

#: Errors of `accept` that concern one connection, lost before it was accepted. accept(2) of Linux.
LOST = frozenset(
    {errno.ECONNABORTED, errno.EPROTO, errno.ENETDOWN, errno.ENOPROTOOPT, errno.EHOSTDOWN}
    | {errno.EHOSTUNREACH, errno.EOPNOTSUPP, errno.ENETUNREACH}
)


class Acceptor:
    """Accepts connections from `listeners` into `table`, at most `most` of them at once.

    A connection for which `verify(socket, address)` returns False is closed. `on_error(socket,
    address)` is called while an exception of a connection is handled. `accept_instead` is called
    before each `accept`; a function that it returns is called in place of the `accept`, and handles
    the connection itself. A connection may be silent for `idle` seconds, and a TLS handshake may
    take `handshake_timeout` seconds.
    """

    def __init__(
        self,
        table: ConnectionTable,
        listeners: Iterable[socket.socket],
        *,
        most: int | None,
        tls: ssl.SSLContext | None,
        handshake_timeout: float,
        idle: float,
        busy_response: bytes,
        verify: Callable[[Any, Any], bool] | None,
        on_error: Callable[[Any, Any], None],
        accept_instead: Callable[[], Callable[[], None] | None] | None,
    ) -> None:
        self.tls = tls
        """The TLS context of new connections; it may be replaced at any time."""
        self.retry_at = NEVER
        """When to call `reopen` after a pause, by `time.monotonic`."""
        self.accept_until = NEVER
        """Until when a drain still accepts connections, by `time.monotonic`."""
        self._table = table
        self._listeners = {listener.fileno(): listener for listener in listeners}
        self._most = most
        self._handshake_timeout = handshake_timeout
        self._idle = idle
        self._busy_response = busy_response
        self._verify = verify
        self._on_error = on_error
        self._accept_instead = accept_instead
        self._silent_until = 0.0
        #: The buffer for TLS records, used by one thread at a time.
        self._record = memoryview(bytearray(MAX_RECORD))
        #: Lingering connections, which do not count against `most`.
        self._turned_away: list[Connection] = []

    # --- the listeners ---

    def open(self) -> None:
        """Begin to accept: register the listeners with the poller."""
        for fd, listener in self._listeners.items():
            set_accept_nonblocking(listener)
            self._table.poller.register(fd, shared=True)

    def reopen(self) -> None:
        """Accept again after a pause."""
        self.retry_at = NEVER
        for fd in self._listeners:
            self._table.forget_fd(fd)
            self._table.poller.register(fd, shared=True)

    def drain(self, now: float) -> bool:
        """Accept connections that wait or are on their way; return whether no more can arrive.

        `now` is the time by `time.monotonic`, here and below.
        """
        if not self._listeners:
            return True
        self.accept_until = min(self.accept_until, now + LAST_CALL)
        for fd, listener in self._listeners.items():
            while self._accept_burst(listener, now):
                pass
            if listener.family not in _SHAKES_HANDS:
                # Once it is shut down, the poller would report it for ever.
                self._table.forget_fd(fd)
        if now < self.accept_until:
            return False
        self.close()
        return True

    def close(self) -> None:
        """Accept no more. The listeners stay open: their owner closes them."""
        for fd in self._listeners:
            self._table.forget_fd(fd)
        self._listeners = {}
        self.retry_at = self.accept_until = NEVER

    # --- accepting ---

    def accept(self, fd: int, now: float) -> None:
        """Accept what waits at a listener at the time `now`, if `fd` is the descriptor of one."""
        listener = self._listeners.get(fd)
        if listener is not None:
            self._accept_burst(listener, now)

    def _accept_burst(self, listener: socket.socket, now: float) -> bool:
        """Accept what waits; return whether there may be more."""
        for _ in range(ACCEPT_BURST):
            if self._accept_instead is not None and (handle := self._accept_instead()) is not None:
                handle()
                return False
            try:
                # The plain method for a TLS listener too: its own would wait for the handshake.
                sock, address = socket.socket.accept(listener)
            except BlockingIOError:
                return False
            except OSError as error:
                if error.errno in LOST:
                    continue
                self._pause(listener, now, error)
                return False
            try:
                self._admit(sock, address, now)
            except Exception:
                self._on_error(sock, address)
                sock.close()
        return True

    def _pause(self, listener: socket.socket, now: float, error: OSError) -> None:
        """Stop accepting for a while: no descriptor or memory is left. The backlog waits."""
        self._table.forget_fd(listener.fileno())
        self.retry_at = now + ACCEPT_PAUSE
        if now >= self._silent_until:
            self._silent_until = now + REPEAT
            write_stderr(f"nethttp: cannot accept connections, trying again: {error}\n")

    def _admit(self, sock: socket.socket, address: Any, now: float) -> None:
        if self._verify is not None and not self._verify(sock, address):
            sock.close()
            return
        sock.setblocking(False)
        if self._is_full():
            self._turn_away(sock, address, now)
            return
        if sock.family in _SHAKES_HANDS:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        tls = self.tls
        if tls is None:
            self._table.add(Connection(sock, address, self._idle), now + self._idle)
            return
        wrapped = tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        connection = Connection(wrapped, address, self._idle)
        connection.recv = self._by_records(wrapped)
        connection.stage = HANDSHAKING
        try:
            self._table.add(connection, now + self._handshake_timeout)
        except BaseException:
            wrapped.close()  # It owns the descriptor that `sock` had.
            raise

    def _by_records(self, tls_socket: ssl.SSLSocket) -> Callable[[int], bytes]:
        """Return a `recv` that reads a whole TLS record: no poller reports a part left over."""
        recv_into, record = tls_socket.recv_into, self._record

        def receive(_size: int) -> bytes:
            return bytes(record[: recv_into(record)])

        return receive

    def shake_hands(self, connection: Connection, now: float) -> None:
        """Continue a TLS handshake at the time `now`; then the connection awaits its first request.

        A client that sends HTTP without TLS is answered 400 without TLS, and its connection closed.
        """
        tls_socket: Any = connection.sock
        try:
            tls_socket.do_handshake()
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and wants_more(error):
                return
            if report_failed_handshake(connection.address, error):
                self._answer_in_plain(connection, now)
            else:
                self._table.close(connection)
        else:
            if report_unspoken(connection.address, tls_socket.selected_alpn_protocol()):
                self._table.close(connection)
                return
            connection.stage = AWAITING
            self._table.wheel.put(connection, now + self._idle)

    def _answer_in_plain(self, connection: Connection, now: float) -> None:
        """Answer 400, without TLS, a client that has sent plain HTTP to a TLS port."""
        connection.sock = plain = socket.socket(fileno=connection.sock.detach())
        plain.setblocking(False)
        connection.recv = plain.recv
        with suppress(OSError):  # The client may have closed the connection.
            plain.send(NOT_TLS_RESPONSE)
        self._table.linger(connection, now)

    # --- turning away ---

    def reject(self, connection: Connection) -> None:
        """Answer 503: no thread is free for the request, and the queue is full."""
        with suppress(OSError):  # The connection is closed whether the peer reads this or not.
            connection.sock.send(self._busy_response)

    def _is_full(self) -> bool:
        count = len(self._table.connections)
        if self._most is None or count < self._most:
            return False
        self._turned_away = [
            connection for connection in self._turned_away if connection.stage != CLOSED
        ]
        return count - len(self._turned_away) >= self._most

    def _turn_away(self, sock: socket.socket, address: Any, now: float) -> None:
        """Answer 503: `most` connections are open."""
        connection = Connection(sock, address)
        self.reject(connection)
        if not self._busy_response or len(self._turned_away) >= MAX_TURNED_AWAY:
            sock.close()
            return
        # The request is on its way: closing before it arrives would reset the connection.
        self._table.add(connection, now)
        self._table.linger(connection, now)
        self._turned_away.append(connection)
