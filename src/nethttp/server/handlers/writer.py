"""`ResponseWriter`: the `wfile` of a handler, which knows where its response ends.

It sends what a handler writes at once, as the standard library's `wfile` does, with one exception:
it holds the head back until the first bytes of content, so that one send has both. Two sends cost
40 ms when Nagle's algorithm meets a delayed ACK (gh-108736).
"""

from __future__ import annotations

import io
import os
import socket
import time
from math import inf
from typing import TYPE_CHECKING

from ...net.allowance import Allowance
from ...net.nonblocking import Timeouts, can_go_on, must_read, none_sent
from ...wire.h1.encoder import CountsContent
from ..engine.outbox import MAX_KEPT, FilePart, Outbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..engine.connection import Connection

__all__ = ["MAX_JOINED", "NonblockingWriter", "ResponseWriter"]

#: Has the kernel hold a head until the beginning of the file that follows, so that one packet has
#: both.
MORE_FOLLOWS = getattr(socket, "MSG_MORE", 0)

#: Up to this many bytes a head and the first content are joined; copying more costs more than a
#: second send.
MAX_JOINED = 256 * 1024

#: Bytes at most for one `sendall`, because the socket's timeout bounds a whole `sendall`.
MAX_PIECE = 1 << 20


class ResponseWriter(CountsContent, io.BufferedIOBase):
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
        self.left = None
        self.in_chunks = False  # A program that declares chunks writes them itself.
        self.overrun = self.sent = 0
        self._silent = False
        self.begun = False
        """Whether this writer has received anything of the current response."""
        #: For waits until the socket has room: how many bytes of the response the system has
        #: received, and how much longer the waits may take.
        self._given = 0
        self._allowance: Allowance | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        self.flush()
        if self._lend is not None:
            # It may be for another process, which does not wait at a socket with a timeout.
            self._lend(None)
        return self._sock.fileno()

    def next_response(self) -> None:
        """Prepare for the next response."""
        if self._held:
            self.flush()
        self.left = None
        self._silent = self.begun = False
        self.overrun = self.sent = self._given = 0
        self._allowance = None

    def begin(self, head: bytes, length: int | None, has_body: bool, hold: bool) -> None:
        """Begin a response with `head`; its content has `length` bytes (None: until it is closed).

        Without `has_body` (HEAD, 204, 304) what the handler writes is dropped. With `hold` the head
        is held back until the first bytes of content.
        """
        self.begun = True
        self._held += head
        self.left = length
        self._silent = not has_body
        if not hold:
            self.flush()

    def end_response(self) -> bool:
        """Send a head that is held back; return whether the response is as long as it declared."""
        if self._held:
            self.flush()
        return not (self.overrun or (self.left and self.missing))

    def interim(self, head: bytes) -> None:
        """Send the head of an interim response, which the final response follows."""
        self.flush()
        self._send(head)

    @property
    def held(self) -> bytes:
        """The head that is held back, empty if none is."""
        return self._held

    @property
    def missing(self) -> int:
        """How many bytes of the declared length have not been written."""
        return 0 if self._silent else self.left or 0

    def write(self, data: bytes, /) -> int:  # type: ignore[override]  # or any buffer
        """Send all of `data`, and return its length in bytes.

        Bytes beyond the declared length are counted in `overrun` and not sent, because the peer
        would read them as the next response.
        """
        if type(data) is not bytes:
            data = memoryview(data).cast("B")  # type: ignore[assignment]  # as good to send
        size = len(data)
        held = self._held
        if held and size == self.left and size <= MAX_JOINED:
            # In nearly every response `data` is all of the content.
            self._held = b""
            self.left, self.sent = 0, size
            self._send_last(held + data)
            return size
        self.begun = True
        if self._silent:
            return size
        data = self.encode(data)
        send = self._send_last if self.left == 0 else self._send
        if not held:
            if data:
                send(data)
        elif size <= MAX_JOINED:
            self._held = b""
            send(held + data)
        else:
            self.flush()
            send(data)
        return size

    def sendfile(self, file: io.BufferedIOBase | io.RawIOBase, offset: int, count: int) -> int:
        """Send `count` bytes of `file` from `offset` on; return how many were sent.

        It sends fewer if the file is shorter. Where possible the kernel sends the file.
        """
        self.begun = True
        count = self.room(count)
        if self._silent or not count:
            self.flush()
            return 0
        held, self._held = self._held, b""
        sent = self._sendfile(held, file, offset, count)
        self.passed(sent)
        return sent

    def _send_last(self, data: bytes) -> None:
        """Send the last bytes of a response."""
        self._send(data)

    def _send(self, data: bytes) -> None:
        if len(data) <= MAX_PIECE:
            self._sock.sendall(data)
            return
        with memoryview(data).cast("B") as view:
            for start in range(0, len(view), MAX_PIECE):
                self._sock.sendall(view[start : start + MAX_PIECE])

    def _sendfile(
        self, head: bytes, file: io.BufferedIOBase | io.RawIOBase, offset: int, count: int
    ) -> int:
        """Send `head`, which may be empty, and a part of a file; return the bytes of the file."""
        if head:
            self._send(head)
        return self._sock.sendfile(file, offset, count)

    def flush(self) -> None:
        """Send a head that is held back."""
        if self._held:
            held, self._held = self._held, b""
            self._send(held)

    def close(self) -> None:
        if not self.closed:
            try:
                self.flush()
            finally:
                super().close()


class NonblockingWriter(ResponseWriter):
    """Writes to a non-blocking socket.

    `given` is how many bytes of the first response are sent already. If the socket has no room for
    the end of a response, the loop of `connection` sends it; without one, this thread does.
    """

    __slots__ = ("_connection", "_timeouts", "lent")

    def __init__(
        self,
        sock: socket.socket,
        timeouts: Timeouts,
        given: int = 0,
        connection: Connection | None = None,
    ) -> None:
        super().__init__(sock)
        self._timeouts = timeouts
        self._connection = connection
        self._given = given
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

    def send(self, data: bytes) -> None:
        """Send all of `data`, without counting it as content."""
        self.send_rest(data, 0)

    _send = send

    def send_last(self, data: bytes) -> None:
        """Send the last bytes of a response; the loop sends what the socket has no room for."""
        try:
            sent = self._sock.send(data)
        except OSError as error:
            sent = none_sent(error)
        if sent == len(data):
            self._given += sent
        else:
            self.leave_rest(data, sent)

    _send_last = send_last

    def send_rest(self, data: bytes, sent: int) -> None:
        """Send what follows the first `sent` bytes.

        Raises:
            TimeoutError: the peer receives it too slowly.
            ConnectionError: the peer has closed the connection.
        """
        with memoryview(data).cast("B") as view:
            self._given += self._send_until(view, sent, len(view))

    def leave_rest(self, data: bytes, sent: int) -> None:
        """Leave what follows the first `sent` bytes to the loop, at most `MAX_KEPT` bytes of it.

        Raises:
            TimeoutError: the peer receives it too slowly.
            ConnectionError: the peer has closed the connection.
        """
        if self._connection is None:
            self.send_rest(data, sent)
            return
        with memoryview(data).cast("B") as view:
            sent = self._send_until(view, sent, len(view) - MAX_KEPT)
            self._given += sent
            if sent < len(view):
                outbox = self._new_outbox()
                outbox.add(view[sent:])
                self._connection.leave(outbox)

    def _send_until(self, view: memoryview, sent: int, least: int) -> int:
        """Send what follows the first `sent` bytes until `least` are sent; return how many are."""
        while sent < least:
            try:
                sent += self._sock.send(view[sent:])
            except OSError as error:
                none_sent(error)
                self._wait(error, sent)
        return sent

    def _new_outbox(self) -> Outbox:
        allowance = self._allowance or Allowance(self._timeouts.rate, self._timeouts.grace)
        allowance.moved = self._given
        return Outbox(self._sock, self._timeouts, allowance)

    def settle(self) -> None:
        """Send, in this thread, what was left to the loop.

        Raises:
            OSError: the peer has closed the connection, or is too slow.
        """
        outbox = None if self._connection is None else self._connection.outbox
        if outbox is not None:
            outbox.send_all()

    def _wait(self, error: OSError, sent: int) -> None:
        """Wait for room in the socket; `sent` bytes more than `_given` are sent.

        Raises:
            TimeoutError: the socket had no room in time.
        """
        allowance = self._allowance
        if allowance is None:
            allowance = self._allowance = Allowance(self._timeouts.rate, self._timeouts.grace)
        allowance.moved = self._given + sent
        longest = allowance.next_wait(self._timeouts.timeout)
        began = time.monotonic()
        ready = can_go_on(self._sock, must_read(error), None if longest == inf else longest)
        allowance.waited += time.monotonic() - began
        if not ready:
            raise TimeoutError(f"expected room to send within {longest:g} s")

    def _sendfile(
        self, head: bytes, file: io.BufferedIOBase | io.RawIOBase, offset: int, count: int
    ) -> int:
        try:
            source = file.fileno()
        except (OSError, AttributeError):
            source = -1
        if source < 0:
            return self._copy(head, file, offset, count)
        if type(self._sock) is not socket.socket or not hasattr(os, "sendfile"):
            if count == self.left and self._leave_file(source, offset, count, head):
                return count
            return self._copy(head, file, offset, count)
        if head:
            try:
                begun = self._sock.send(head, MORE_FOLLOWS)
            except OSError as error:
                begun = none_sent(error)
            self.send_rest(head, begun)
        target, sent = self._sock.fileno(), 0
        while sent < count:
            try:
                size = os.sendfile(target, source, offset + sent, min(count - sent, 1 << 30))
            except OSError as error:
                none_sent(error)
                self._given += sent
                if count == self.left and self._leave_file(source, offset + sent, count - sent):
                    sent = count
                    break
                self._given -= sent
                self._wait(error, sent)
            else:
                if not size:
                    break
                sent += size
        self._given += sent
        file.seek(offset + sent)
        return sent

    def _leave_file(self, descriptor: int, offset: int, count: int, head: bytes = b"") -> bool:
        """Leave `head` and a part of a file to the loop; return whether the loop can send it."""
        if self._connection is None:
            return False
        try:
            part = FilePart(descriptor, offset, count)
        except OSError:
            return False  # No descriptor is left: this thread sends the file.
        outbox = self._new_outbox()
        if head:
            outbox.add(head)
        outbox.add_file(part)
        if not outbox.send():
            self._connection.leave(outbox)
        return True

    def _copy(
        self, head: bytes, file: io.BufferedIOBase | io.RawIOBase, offset: int, count: int
    ) -> int:
        """Send a file piece by piece, where the kernel cannot send it."""
        file.seek(offset)
        sent = 0
        while sent < count and (piece := file.read(min(count - sent, MAX_JOINED))):
            self._send(head + piece)
            head = b""
            sent += len(piece)
        if head:
            self._send(head)
        return sent
