"""A socket as a file that receives no byte more than the program reads (`rbufsize` 0).

The program may receive what follows a request from the socket itself.
"""

from __future__ import annotations

import io
import socket

from .stream import SocketReader

__all__ = ["PeekingReader", "UnbufferedReader"]


class UnbufferedReader(SocketReader):
    """Has a buffered file's methods, and receives no byte more than they return.

    For a handler with `rbufsize` 0, whose program gives the socket to other code.
    """

    __slots__ = ()

    def read1(self, size: int = -1, /) -> bytes:
        """Return what one read of the socket returns, at most `size` bytes."""
        return super().read(io.DEFAULT_BUFFER_SIZE if size < 0 else size) or b""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return `size` bytes, fewer only at the end; everything if `size` is negative."""
        pieces: list[bytes] = []
        left = -1 if size is None or size < 0 else size
        while left and (data := self.read1(left)):
            pieces.append(data)
            if left > 0:
                left -= len(data)
        return b"".join(pieces)


class PeekingReader(UnbufferedReader):
    """Reads a line by peeking at the socket first, so in two system calls instead of one a byte.

    For sockets without TLS: TLS cannot peek.
    """

    __slots__ = ()

    def peek(self, _size: int = 0, /) -> bytes:
        """Return what was received, at least a byte unless the connection ends there."""
        if self._ahead or self._stopped:
            return bytes(self._ahead)
        buffer = bytearray(io.DEFAULT_BUFFER_SIZE)
        return bytes(buffer[: self._wait(memoryview(buffer), socket.MSG_PEEK)])
