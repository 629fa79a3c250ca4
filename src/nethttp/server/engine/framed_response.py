"""`FramedResponse`: a response of HTTP/1 from its head to its last byte, and how long it may be.

The head is held back until the first bytes of content, so that one send has both. Two sends cost
40 ms when Nagle's algorithm meets a delayed ACK (gh-108736).
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from ...wire.h1.encoder import CountsContent

if TYPE_CHECKING:
    from ...net.allowance import Allowance

__all__ = ["MAX_JOINED", "FramedResponse"]

MAX_JOINED = 256 * 1024
"""Up to this many bytes a head and the first content are joined; copying more costs more than a
second send."""

#: Has a name so that type checkers do not require the slots in the class that uses it.
_NO_SLOTS: Final = ()


class FramedResponse(CountsContent):
    """Sends one response after the other: a head, and content that is counted against its length.

    Classes that send responses inherit this one, and define the slots below, for the reason that
    `CountsContent` gives. They define `_send`, `_send_last` and `_send_file` too.
    """

    __slots__ = _NO_SLOTS

    _held: bytes
    """The head that is held back, empty if none is."""
    _silent: bool
    """Whether the response has no content, as to HEAD; what the application writes is dropped."""
    begun: bool
    """Whether anything of the current response was given to this object."""
    _given: int
    """How many bytes of the response the system has received, where this class waits for room."""
    _allowance: Allowance | None
    """How much longer its waits for room may take; None before the first."""

    def next_response(self) -> None:
        """Prepare for the next response."""
        if self._held:
            self.flush()
        self.left = self._allowance = None
        self._silent = self.begun = False
        self.overrun = self.sent = self._given = 0

    def begin_with(self, head: bytes, length: int | None, has_body: bool, hold: bool) -> None:
        """Begin a response with `head`; its content has `length` bytes (None: not declared).

        Without `has_body` (HEAD, 204, 304) what the application writes is dropped. With `hold` the
        head is held back until the first bytes of content.
        """
        self.begun = True
        self._held += head
        self.left = length
        self._silent = not has_body
        if not hold:
            self.flush()

    @property
    def held(self) -> bytes:
        """The head that is held back, empty if none is."""
        return self._held

    @property
    def missing(self) -> int:
        """How many bytes of the declared length have not been written."""
        return 0 if self._silent else self.left or 0

    @property
    def fits(self) -> bool:
        """Whether the content written so far is as long as declared."""
        return not (self.overrun or (self.left and not self._silent))

    def write(self, data: bytes, /) -> int:
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
        sent = self._send_file(held, file, offset, count)
        self.passed(sent)
        return sent

    def flush(self) -> None:
        """Send a head that is held back."""
        if self._held:
            held, self._held = self._held, b""
            self._send(held)

    def _send(self, data: bytes) -> None:
        """Send all of `data`, without counting it as content."""
        raise NotImplementedError

    def _send_last(self, data: bytes) -> None:
        """Send the last bytes of a response."""
        raise NotImplementedError

    def _send_file(
        self, head: bytes, file: io.BufferedIOBase | io.RawIOBase, offset: int, count: int
    ) -> int:
        """Send `head`, which may be empty, and a part of a file; return the bytes of the file."""
        raise NotImplementedError
