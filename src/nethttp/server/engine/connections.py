"""`Roster`: the open connections, which of them are heard, and when each is due.

Only the holder of the engine's lead touches it. It says nothing to a peer, and knows no request.
"""

from __future__ import annotations

from contextlib import suppress

from ...net.nonblocking import end_sending
from .application import LINGER_SECONDS
from .connection import CLOSED, LINGERING, Connection
from .poller import readiness
from .timers import Wheel

__all__ = ["Roster"]

#: What a lingering connection reads at most, in bytes.
MAX_LINGER = 256 * 1024

#: Read at once of what is thrown away.
READ_SIZE = 16384


class Roster:
    """Connections from `enter` to `close`."""

    def __init__(self) -> None:
        self.connections: dict[int, Connection] = {}
        """By descriptor."""
        self.wheel = Wheel()
        self.readiness = readiness()

    def enter(self, connection: Connection, deadline: float) -> None:
        """Hear a new connection, until `deadline`.

        Raises:
            OSError: the system watches no more descriptors.
        """
        fd = connection.fd
        stale = self.connections.pop(fd, None)
        if stale is not None:
            # A handler has closed its socket itself, and the number has come back.
            self.ignore(fd)
            stale.listening = False
        self.readiness.watch(fd)
        self.connections[fd] = connection
        self.wheel.put(connection, deadline)

    def hear(self, connection: Connection) -> bool:
        """Be told again when something comes; return False if that cannot be: it is closed."""
        if not connection.listening:
            try:
                if self.connections.get(connection.fd) is not connection:
                    raise OSError("a handler has closed its socket")
                self.readiness.watch(connection.fd)
            except OSError:
                self.close(connection)
                return False
            connection.listening = True
        return True

    def leave_unheard(self, connection: Connection) -> None:
        """Be told nothing of a connection that somebody else reads from."""
        self.ignore(connection.fd)
        connection.listening = False

    def ignore(self, fd: int) -> None:
        """Watch a descriptor no more."""
        with suppress(OSError, ValueError, KeyError):  # A handler may have closed it.
            self.readiness.ignore(fd)

    def linger(self, connection: Connection, now: float) -> None:
        """Close a connection in a way that the peer can read its last response first."""
        try:
            end_sending(connection.sock)
        except OSError:
            self.close(connection)
            return
        connection.buffer = b""
        connection.state = None
        connection.stage = LINGERING
        connection.room = MAX_LINGER
        self.wheel.put(connection, now + LINGER_SECONDS)
        self.hear(connection)

    def drop(self, connection: Connection) -> None:
        """Throw away what a lingering peer sends."""
        data = connection.recv(READ_SIZE)
        connection.room -= len(data)
        if not data or connection.room <= 0:
            self.close(connection)

    def close(self, connection: Connection) -> None:
        """Close a connection at once."""
        if connection.stage == CLOSED:
            return
        connection.stage = CLOSED
        connection.state = connection.head = None
        connection.buffer = b""
        self.wheel.remove(connection)
        if self.connections.get(connection.fd) is connection:
            del self.connections[connection.fd]
            if connection.listening:
                self.ignore(connection.fd)
        # A child process may have the socket too: without this the peer would not learn.
        with suppress(OSError):
            end_sending(connection.sock)
        with suppress(OSError):
            connection.sock.close()
