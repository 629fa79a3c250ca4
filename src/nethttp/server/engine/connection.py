"""`Connection`: what the engine remembers of one client between its requests.

It is all that an idle connection costs, so it has slots and no more of them than are needed.
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
"""A request, or the rest of its head, is to come. The loop reads."""
COLLECTING: Final = 1
"""The head is complete; its content is not, and is short enough to wait for. The loop reads."""
HANDSHAKING: Final = 2
"""TLS is not set up yet. The loop goes on with it."""
LINGERING: Final = 3
"""The last response is sent; what the peer still sends is dropped, for a moment."""
SENDING: Final = 6
"""The response is complete, and the peer has not taken all of it yet. The loop sends."""
BUSY: Final = 4
"""A handler has the connection. The loop leaves it alone."""
CLOSED: Final = 5


NEVER = float("inf")
"""The deadline of a connection that waits as long as it takes."""


class Loop(Protocol):
    """What a connection asks of its loop. Any thread may call."""

    def on_outbox(self, connection: Connection, /) -> None:
        """Send the outbox of `connection` from now on, also while its application runs."""

    def give_back(self, connection: Connection, left: bytes | None, /) -> None:
        """Wait for the next request of `connection`, of which `left` was received already.

        None: the connection ends.
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
        """What the peer has not taken yet of a response that is complete."""
        self.loop: Loop | None = None
        """The loop that watches it."""
        self.idle = idle
        """Seconds that it may be silent between requests."""
        self.deadline = 0.0
        self.timer_slot = 0
        """Where it lies in the wheel; 0: nowhere."""
        self.watched = True
        """Whether the poller reports when something is received."""
        self.state: Any = None
        """What the application keeps with the connection: a handler, for one."""

    def leave(self, outbox: Outbox) -> None:
        """Leave the end of a response to the loop."""
        self.outbox = outbox
        if self.loop is not None:
            self.loop.on_outbox(self)

    def has_input(self) -> bool:
        """Return whether the peer has sent something that is not read yet, in TLS or not."""
        try:
            # A TLS socket's own `recv` cannot peek.
            return bool(socket.socket.recv(self.sock, 1, socket.MSG_PEEK))
        except OSError:
            return False

    def __repr__(self) -> str:
        return f"<Connection {self.fd} of {self.address}, stage {self.stage}>"


class EngineSocket:
    """The socket of an engine's connection, as the `__init__` of a handler is given it.

    It is an object of its own: a class that has `__getattr__` has no quick way to any attribute,
    and a connection's are asked for a dozen times a request.
    """

    __slots__ = ("connection",)

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection.sock, name)
