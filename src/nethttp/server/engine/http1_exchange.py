"""`Http1Exchange`: how an exchange is answered in HTTP/1.1 and HTTP/1.0."""

from __future__ import annotations

import io
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from ...caching import SecondTimeCache
from ...net.nonblocking import none_sent
from ...wire.h1.encoder import LAST_CHUNK
from ...wire.h1.framing import CHUNKED
from ...wire.h1.rules import FINAL
from .connection import Connection
from .exchange import Exchange
from .framed_response import MAX_JOINED
from .http1_head import ANY_LENGTH, Http1Head
from .nonblocking_sender import NonblockingSender

if TYPE_CHECKING:
    from collections.abc import Hashable

    from ...net.allowance import Allowance
    from ...net.nonblocking import Timeouts

__all__ = ["Http1Exchange", "exchange_on"]


class Http1Exchange(NonblockingSender, Exchange):
    """A request of HTTP/1, and its response."""

    __slots__ = (
        "_allowance",
        "_given",
        "_held",
        "_silent",
        "_sock",
        "_timeouts",
        "begun",
        "in_chunks",
        "left",
        "overrun",
    )

    _allowance: Allowance | None
    _sock: socket.socket
    _timeouts: Timeouts

    heads: ClassVar[SecondTimeCache[Hashable, Http1Head]] = SecondTimeCache(512)

    def __init__(self) -> None:
        super().__init__()
        self._held = b""

    @property
    def _connection(self) -> Connection | None:  # type: ignore[override]  # read only here
        # A connection without a loop has nothing that would send an outbox.
        return None if self.connection.loop is None else self.connection

    def open(self, timeouts: Timeouts, persistent: bool) -> None:
        """Prepare for the response to this request."""
        self._sock = self.connection.sock
        self._timeouts = timeouts
        self.keep = persistent
        # What `begin` sets is not set here: most responses are sent without it.
        self._allowance = None
        self.begun = False
        self.status = self.sent = self._given = 0

    def prepare(self, status: int, reason: str, fields: Sequence[tuple[str, str]]) -> Http1Head:
        """Return a head for `begin` or `send`, for any number of responses.

        Raises:
            LocalProtocolError: a field of the connection, or one that cannot be sent.
        """
        return Http1Head(status, reason, fields)

    def begin(self, head: Http1Head, length: int | None) -> None:
        """Begin the response; `length` bytes of content follow (None: not known yet)."""
        lines = head.begun.now()
        asked = self.method, self.version, self.keep, length is not None
        known, plan = head.known
        if known != asked:
            plan = head.plan(*asked)
        framing, more = plan.framing, plan.lines
        if length is not None and plan.measured:
            framing, more = plan.with_length(length)
        self.status = head.status
        # After an interim status, or a response to CONNECT, no final one can be sent.
        self.keep = plan.persistent and plan.kind == FINAL
        self._held = b""
        self.overrun = 0
        data = lines + more + b"\r\n" if more else lines + b"\r\n"
        if plan.has_body:
            self.in_chunks = framing == CHUNKED
            self.begin_with(data, framing if framing >= 0 else None, True, True)
        else:
            # Nothing follows, so nothing is waited for.
            self.in_chunks = False
            self.left = None
            self.begun = self._silent = True
            self._send_last(data)

    def end(self) -> None:
        """End the response. If it is not as long as declared, the connection does not stay open."""
        if self._held:
            held, self._held = self._held, b""
            if self.in_chunks:
                held += LAST_CHUNK
            self._send_last(held)
        elif self.in_chunks:
            self._send_last(LAST_CHUNK)
        if not self.fits:
            self.keep = False

    def send(self, head: Http1Head, content: bytes) -> None:
        """Send a whole response."""
        size, whole = len(content), head.whole
        if (
            (whole != size and whole != ANY_LENGTH)
            or not self.keep
            or self.version < 11
            or self.method == "HEAD"
            or self.method == "CONNECT"
            or size > MAX_JOINED
        ):
            self.begin(head, size)
            self.write(content)
            self.end()
            return
        # The everyday case, without the plan.
        self.begun = True
        self.status = head.status
        self.sent = size
        lines = head.begun.now()
        if whole == ANY_LENGTH:
            lines += head.everyday.with_length(size)[1]
        data = lines + b"\r\n" + content
        # `_send_last`, without the call.
        try:
            sent = self._sock.send(data)
        except OSError as error:
            sent = none_sent(error)
        if sent != len(data):
            self._leave_rest(data, sent)

    def send_file(self, file: io.BufferedIOBase | io.RawIOBase, offset: int, count: int) -> int:
        """Send `count` bytes of `file` from `offset` on; return how many were sent."""
        return self.sendfile(file, offset, count)


def exchange_on(connection: Connection | None, sock: socket.socket) -> Http1Exchange:
    """Return an exchange on `connection`, or, where no engine runs, on a connection of `sock`."""
    exchange = Http1Exchange()
    exchange.connection = connection or Connection(sock, None)
    return exchange
