"""`Connection`: what the engine keeps of one client between its requests.

An idle connection costs one such object, so it has slots, and no more of them than are needed.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from .exchange import Exchange
    from .outbox import Outbox

__all__ = [
    "AWAITING",
    "BUSY",
    "CLOSED",
    "COLLECTING",
    "HANDSHAKING",
    "LINGERING",
    "NEVER",
    "SENDING",
    "Connection",
    "EngineSocket",
    "Loop",
]

AWAITING: Final = 0
"""The connection waits for a request, or for the rest of its head. The loop reads."""
COLLECTING: Final = 1
"""The head is complete, and the loop collects the content, which is short. The loop reads."""
HANDSHAKING: Final = 2
"""The TLS handshake is not complete. The loop continues it."""
LINGERING: Final = 3
"""The last response is sent; the loop drops what the peer still sends, for `LINGER_SECONDS`."""
SENDING: Final = 6
"""The response is complete, and some of it is not sent yet. The loop sends."""
BUSY: Final = 4
"""The application has the connection. The loop reads nothing from it."""
CLOSED: Final = 5
"""The socket is closed."""

NEVER = float("inf")
"""The deadline of a connection that may wait for ever, in seconds."""


class Loop(Protocol):
    """What a connection needs of its loop. Any thread may call these methods."""

    def on_outbox(self, connection: Connection, /) -> None:
        """Send the outbox of `connection` from now on, even while its application still runs."""

    def give_back(self, connection: Connection, left: bytes | None, /) -> None:
        """Wait for the next request of `connection`; `left` was already received of it.

        With `left` None the connection is closed.
        """


class Connection:
    """One accepted connection; `stage` says what it waits for, and so which thread may touch it.

    `idle` is how many seconds it may be silent between requests.
    """

    __slots__ = (
        "address",
        "buffer",
        "bytes_left",
        "deadline",
        "exchange",
        "fd",
        "idle",
        "loop",
        "outbox",
        "readable_since",
        "recv",
        "sock",
        "stage",
        "state",
        "timer_slot",
        "watched",
    )

    def __init__(self, sock: socket.socket, address: Any, idle: float = NEVER) -> None:
        self.sock = sock
        self.recv: Callable[[int], bytes] = sock.recv
        self.fd = sock.fileno()
        self.address = address
        self.stage = AWAITING
        self.readable_since = NEVER
        """When, by `time.monotonic`, this request became readable, if no earlier request of the
        connection was running; else NEVER."""
        self.buffer: bytes | bytearray = b""
        """What was received of the next request, or of the content that is being collected."""
        self.exchange: Exchange | None = None
        """The request whose content is being collected."""
        self.bytes_left = 0
        """How many bytes a lingering peer may still send before it is cut off."""
        self.outbox: Outbox | None = None
        """What is not sent yet of a response that is complete."""
        self.loop: Loop | None = None
        """The loop that the connection belongs to."""
        self.idle = idle
        """Seconds that the connection may be silent between requests."""
        self.deadline = 0.0
        """When the loop must act on the connection, by `time.monotonic`."""
        self.timer_slot = 0
        """The number of its slot in the timer wheel; 0: in no slot."""
        self.watched = True
        """Whether the connection is registered with the poller."""
        self.state: Any = None
        """What the application keeps with the connection, as a handler."""

    def leave(self, outbox: Outbox) -> None:
        """Leave the end of a response to the loop."""
        self.outbox = outbox
        if self.loop is not None:
            self.loop.on_outbox(self)

    def has_input(self) -> bool:
        """Return whether bytes of the peer are not read yet, with TLS or without."""
        try:
            # A TLS socket's own `recv` cannot peek.
            return bool(socket.socket.recv(self.sock, 1, socket.MSG_PEEK))
        except OSError:
            return False

    def has_ended(self) -> bool:
        """Return whether the peer sends nothing more, and all that it has sent is read."""
        try:
            return not socket.socket.recv(self.sock, 1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            return True

    def __repr__(self) -> str:
        return f"<Connection {self.fd} of {self.address}, stage {self.stage}>"


class EngineSocket:
    """The socket of an engine's connection, as the `__init__` of a handler receives it.

    `Connection` has no `__getattr__` of its own, because a class with one finds every attribute
    more slowly, and a request reads a dozen attributes of its connection.
    """

    __slots__ = ("connection",)

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection.sock, name)
