"""`ResponseWriter`: the `wfile` of a handler, which knows where its response ends.

It sends what a handler writes at once, as the standard library's `wfile` does; only the head waits
for the first bytes of content (see `framed_response`).
"""

from __future__ import annotations

import io
import socket
from typing import TYPE_CHECKING

from ..engine.framed_response import FramedResponse
from ..engine.nonblocking_sender import NonblockingSender

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...net.nonblocking import Timeouts
    from ..engine.connection import Connection

__all__ = ["NonblockingWriter", "ResponseWriter"]

#: Bytes at most for one `sendall`, because the socket's timeout bounds a whole `sendall`.
MAX_PIECE = 1 << 20


class ResponseWriter(FramedResponse, io.BufferedIOBase):  # type: ignore[misc]  # `write`: or any buffer
    """Writes one response after the other to a socket.

    `lend(seconds)` sets the socket's timeout for a program that takes the descriptor. `flush` sends
    a head that is held back; so does every way to take the socket.
    """

    # `io.BufferedIOBase` is written in C: only slots are fast to read.
    __slots__ = (
        "_allowance",
        "_given",
        "_held",
        "_lend",
        "_silent",
        "_sock",
        "begun",
        "in_chunks",
        "left",
        "overrun",
        "sent",
    )

    def __init__(
        self, sock: socket.socket, lend: Callable[[float | None], None] | None = None
    ) -> None:
        self._sock = sock
        self._lend = lend
        self._held = b""
        self.in_chunks = False  # A program that declares chunks writes them itself.
        self.next_response()

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        self.flush()
        if self._lend is not None:
            # It may be for another process, which does not wait at a socket with a timeout.
            self._lend(None)
        return self._sock.fileno()

    def interim(self, head: bytes) -> None:
        """Send the head of an interim response, which the final response follows."""
        self.flush()
        self._send(head)

    def end_response(self) -> bool:
        """Send a head that is held back; return whether the response is as long as it declared."""
        if self._held:
            self.flush()
        return self.fits

    def _send(self, data: bytes) -> None:
        if len(data) <= MAX_PIECE:
            self._sock.sendall(data)
            return
        with memoryview(data).cast("B") as view:
            for start in range(0, len(view), MAX_PIECE):
                self._sock.sendall(view[start : start + MAX_PIECE])

    _send_last = _send

    def _send_file(
        self, head: bytes, file: io.BufferedIOBase | io.RawIOBase, offset: int, count: int
    ) -> int:
        if head:
            self._send(head)
        return self._sock.sendfile(file, offset, count)

    def close(self) -> None:
        if not self.closed:
            try:
                self.flush()
            finally:
                super().close()


class NonblockingWriter(NonblockingSender, ResponseWriter):  # type: ignore[misc]  # as above
    """Writes to the non-blocking socket of `connection`."""

    __slots__ = ("_connection", "_timeouts", "lent")

    def __init__(
        self, sock: socket.socket, timeouts: Timeouts, connection: Connection | None = None
    ) -> None:
        super().__init__(sock)
        self._timeouts = timeouts
        self._connection = connection
        self.lent = False
        """Whether the program has the socket's descriptor, and the socket blocks."""

    def set_timeouts(self, timeouts: Timeouts) -> None:
        """Use `timeouts` from now on."""
        self._timeouts = timeouts

    def fileno(self) -> int:
        self.settle()
        # It may be for another process, which does not wait for room at a non-blocking socket.
        self.lent = True
        self._sock.settimeout(None)
        return super().fileno()
