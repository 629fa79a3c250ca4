"""`ConnectionTable`: the open connections, which of them the poller watches, and when each is due.

Only the thread that leads touches it. It sends nothing to a peer, and knows nothing of requests.
"""

from __future__ import annotations

from contextlib import suppress

from ...net.nonblocking import end_sending
from ...wire.limits import SERVER_LIMITS
from .application import LINGER_SECONDS
from .connection import CLOSED, LINGERING, Connection, Loop
from .poller import make_poller
from .timers import TimerWheel

__all__ = ["ConnectionTable"]

#: Bytes to read at once of input that is dropped.
READ_SIZE = 16384


class ConnectionTable:
    """The open connections, with the poller and the timer wheel that watch them.

    Only the thread that leads the loop calls its methods. Times are seconds by `time.monotonic`.
    """

    def __init__(self) -> None:
        self.connections: dict[int, Connection] = {}
        """The open connections, by descriptor."""
        self.wheel = TimerWheel()
        self.poller = make_poller()
        self.loop: Loop | None = None
        """The loop that the connections belong to."""

    def add(self, connection: Connection, deadline: float) -> None:
        """Add a new connection, which must send something before `deadline`.

        Raises:
            OSError: the poller cannot watch another descriptor.
        """
        fd = connection.fd
        stale = self.connections.pop(fd, None)
        if stale is not None:
            # A handler closed its socket itself, and the system reused the descriptor's number.
            self.forget_fd(fd)
            stale.watched = False
        self.poller.register(fd)
        self.connections[fd] = connection
        connection.loop = self.loop
        self.wheel.put(connection, deadline)

    def watch(self, connection: Connection) -> bool:
        """Register a connection with the poller; return False if its socket is gone.

        In that case the connection is closed.
        """
        if not connection.watched:
            try:
                if self.connections.get(connection.fd) is not connection:
                    raise OSError("a handler has closed its socket")
                self.poller.register(connection.fd)
            except OSError:
                self.close(connection)
                return False
            connection.watched = True
        return True

    def watch_room(self, connection: Connection, room: bool = True) -> bool:
        """Have the poller report room to send; return False if the socket is gone.

        In that case the connection is closed. With `room` False the poller reports bytes to read.
        """
        if not self.watch(connection):
            return False
        try:
            self.poller.watch_room(connection.fd, room)
        except (OSError, ValueError, KeyError):
            self.close(connection)
            return False
        return True

    def unwatch(self, connection: Connection) -> None:
        """Take a connection from the poller: its application reads from it."""
        self.forget_fd(connection.fd)
        connection.watched = False

    def forget_fd(self, fd: int) -> None:
        """Take the descriptor `fd` from the poller; one that is not registered is ignored."""
        with suppress(OSError, ValueError, KeyError):  # A handler may have closed it.
            self.poller.unregister(fd)

    def linger(self, connection: Connection, now: float) -> None:
        """Close a connection at `now` in a way that lets the peer read its last response first.

        To close it at once, while the peer is still sending, would reset it (RFC 9112 section 9.6).
        """
        try:
            end_sending(connection.sock)
        except OSError:
            self.close(connection)
            return
        connection.buffer = b""
        connection.state = None
        connection.stage = LINGERING
        connection.bytes_left = SERVER_LIMITS.max_drain
        self.wheel.put(connection, now + LINGER_SECONDS)
        self.watch(connection)

    def discard_input(self, connection: Connection) -> None:
        """Drop what a lingering peer sends, and close the connection once it is enough."""
        data = connection.recv(READ_SIZE)
        connection.bytes_left -= len(data)
        if not data or connection.bytes_left <= 0:
            self.close(connection)

    def close(self, connection: Connection) -> None:
        """Close a connection at once."""
        if connection.stage == CLOSED:
            return
        connection.stage = CLOSED
        connection.state = connection.exchange = connection.outbox = None
        connection.buffer = b""
        self.wheel.remove(connection)
        if self.connections.get(connection.fd) is connection:
            del self.connections[connection.fd]
            if connection.watched:
                self.forget_fd(connection.fd)
        # A child process may hold the socket open: without this the peer would see no end.
        with suppress(OSError):
            end_sending(connection.sock)
        with suppress(OSError):
            connection.sock.close()
