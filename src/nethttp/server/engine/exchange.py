"""`Exchange`: one request, which the engine gives to the application, and its response.

Applications and versions of HTTP meet in it: a version derives a class that receives and sends in
its way, and an application uses only what is here.
"""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from .connection import Connection

if TYPE_CHECKING:
    from ...caching import SecondTimeCache
    from ...net.nonblocking import Timeouts

__all__ = ["NOTHING", "Exchange", "PreparedHead", "Switched"]

NOTHING: Any = None
"""The value of attributes between two requests; no application sees it."""


class Switched(NamedTuple):
    """A connection that speaks another protocol, until the application calls `finish`."""

    sock: socket.socket
    """The connection's socket, which does not block."""
    received: bytes
    """The bytes that were received after the request."""


class PreparedHead(Protocol):
    """The status and the fields of a response, in the form of one version of HTTP."""

    status: int
    size: int
    """About how many bytes it has."""


class Exchange:
    """A request whose head is known, and whose content has been received; and its response.

    The application calls `open`, then `send` for a whole response, or `begin`, `write` or
    `send_file` any number of times, and `end`.
    The class of a version defines the methods that raise `NotImplementedError` here.

    The loop uses one exchange for one request after the other, so that a request allocates nothing.
    A request that another thread answers, or whose content is not complete, keeps its exchange, and
    the loop makes another one.
    """

    __slots__ = (
        "begun",
        "block",
        "connection",
        "content",
        "environ",
        "keep",
        "length",
        "line",
        "method",
        "on_finish",
        "persistent",
        "sent",
        "since",
        "status",
        "target",
        "version",
    )

    connection: Connection
    block: bytes
    """The head as it was received."""
    content: bytes
    """The content, `length` bytes."""
    length: int
    """How many bytes of content the head declares."""
    persistent: bool
    """Whether the request allows the connection to stay open after the response."""
    method: str
    target: str
    version: int
    """11 for HTTP/1.1, 10 for HTTP/1.0."""
    line: str
    """The request line."""
    environ: dict[str, Any]
    """The head as a WSGI environ, if the application's `read_head` makes one."""
    since: float
    """When the head was complete, by `time.monotonic`; set only while content is collected."""

    status: int
    """The status of the response; 0 before it begins."""
    sent: int
    """Bytes of content that were sent."""
    begun: bool
    """Whether the response has begun, so that no other can be sent instead."""
    keep: bool
    """Whether the connection stays open after the response."""
    on_finish: Callable[[], None] | None
    """Called by `finish`, for a response that was sent `later`."""

    heads: ClassVar[SecondTimeCache[Hashable, Any]]
    """Prepared heads that applications send again, by keys of their own."""

    def __init__(self) -> None:
        self.connection = self.environ = NOTHING
        self.content = b""
        self.on_finish = None

    def open(self, timeouts: Timeouts, persistent: bool) -> None:
        """Prepare for the response to this request.

        `timeouts` bounds the waits until the client receives it; with `persistent` the connection
        stays open after it, if nothing else ends it.
        """
        raise NotImplementedError

    def prepare(self, status: int, reason: str, fields: Sequence[tuple[str, str]]) -> PreparedHead:
        """Return a head for `begin` or `send`, for any number of responses.

        Server and Date are added to it if they are not among `fields`.

        Raises:
            LocalProtocolError: a field of the connection, or one that cannot be sent.
        """
        raise NotImplementedError

    def begin(self, head: Any, length: int | None) -> None:
        """Begin the response; `length` bytes of content follow (None: not known yet).

        The version decides how the end of the content is told, and may hold the head back until
        the first content.
        """
        raise NotImplementedError

    def write(self, data: bytes, /) -> int:
        """Send content, and return its length in bytes. Content to a HEAD is dropped.

        Raises:
            TimeoutError: the client receives it too slowly.
            ConnectionError: the client has closed the connection.
        """
        raise NotImplementedError

    def send_file(self, file: io.BufferedIOBase | io.RawIOBase, offset: int, count: int) -> int:
        """Send `count` bytes of `file` from `offset` on as content; return how many were sent.

        It sends fewer if the file is shorter. Where possible the kernel sends the file.

        Raises:
            OSError: as `write`, or the file cannot be read.
        """
        raise NotImplementedError

    def end(self) -> None:
        """End the response. If it is not as long as declared, the connection does not stay open."""
        raise NotImplementedError

    def send(self, head: Any, content: bytes) -> None:
        """Send a whole response: `begin`, `write` and `end` in one step."""
        raise NotImplementedError

    def abort(self) -> None:
        """Have the connection closed, because the response cannot be sent to its end."""
        self.keep = False

    def later(self) -> None:
        """Return None, which `Application.respond` returns if it answers later.

        The application keeps the connection and the exchange until it calls `finish`, in any
        thread. No thread of the engine waits for it.
        """

    def finish(self, keep: bool) -> None:
        """End an exchange that is answered `later`; with `keep` the connection stays open."""
        connection = self.connection
        if connection is NOTHING:
            raise RuntimeError("expected finish() to be called once for each later(), got another")
        if self.on_finish is not None:
            self.on_finish()
        self.release()
        if connection.loop is not None:
            connection.loop.give_back(connection, b"" if keep else None)

    def switch(self) -> Switched:
        """Return the connection for another protocol, which begins after this request.

        The application sends the response (101, or 200 to CONNECT), and returns `later()`. When it
        calls `finish(False)`, the loop closes the connection.
        """
        connection = self.connection
        received, connection.buffer = bytes(connection.buffer), b""
        return Switched(connection.sock, received)

    def release(self) -> None:
        """Drop what belongs to a request that was answered."""
        self.connection = self.environ = NOTHING
        self.content = b""
