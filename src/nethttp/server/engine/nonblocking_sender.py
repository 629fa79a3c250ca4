"""`NonblockingSender`: sends the bytes of responses on a socket that does not block.

It sends at once what the socket has room for. What the socket has no room for waits: in the middle
of a response in this thread, at its end in an `Outbox`, from which the loop sends it.
"""

from __future__ import annotations

import io
import os
import socket
import time
from math import inf
from typing import TYPE_CHECKING

from ...net.allowance import Allowance
from ...net.nonblocking import can_go_on, must_read, none_sent
from .framed_response import MAX_JOINED, FramedResponse
from .outbox import MAX_KEPT, FilePart, Outbox

if TYPE_CHECKING:
    from ...net.nonblocking import Timeouts
    from .connection import Connection

__all__ = ["NonblockingSender"]

#: Has the kernel hold a head until the beginning of the file that follows, so that one packet has
#: both.
MORE_FOLLOWS = getattr(socket, "MSG_MORE", 0)


class NonblockingSender(FramedResponse):
    """Sends responses on `_sock`, and bounds the waits for room by `_timeouts`.

    If the socket has no room for the end of a response, the loop of `_connection` sends it; if that
    is None, this thread does. Classes that inherit this one define the slots.
    """

    __slots__ = ()

    _sock: socket.socket
    _connection: Connection | None
    _timeouts: Timeouts

    def _send(self, data: bytes) -> None:
        self._send_rest(data, 0)

    def _send_last(self, data: bytes) -> None:
        try:
            sent = self._sock.send(data)
        except OSError as error:
            sent = none_sent(error)
        if sent == len(data):
            self._given += sent
        else:
            self._leave_rest(data, sent)

    def _send_rest(self, data: bytes, sent: int) -> None:
        """Send what follows the first `sent` bytes.

        Raises:
            TimeoutError: the peer receives it too slowly.
            ConnectionError: the peer has closed the connection.
        """
        with memoryview(data).cast("B") as view:
            self._given += self._send_until(view, sent, len(view))

    def _leave_rest(self, data: bytes, sent: int) -> None:
        """Leave what follows the first `sent` bytes to the loop, at most `MAX_KEPT` bytes of it.

        Raises:
            TimeoutError: the peer receives it too slowly.
            ConnectionError: the peer has closed the connection.
        """
        if self._connection is None:
            self._send_rest(data, sent)
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

    def _send_file(
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
            self._send_rest(head, begun)
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
