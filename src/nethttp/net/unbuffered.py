"""A socket as a file that takes no byte more off it than was asked for (`rbufsize` 0).

What follows a request belongs to the program: it reads it off the socket itself.
"""

from __future__ import annotations

import io
import socket

from .stream import SocketReader

__all__ = ["PeekingReader", "UnbufferedReader"]


class UnbufferedReader(SocketReader):
    """Reads as a buffered file does, and takes no byte more off the socket than was asked for.

    A handler with `rbufsize` 0 reads so, since its program hands the socket to others.
    """

    __slots__ = ()

    def read1(self, size: int = -1, /) -> bytes:
        """Return what one read gives, at most `size` bytes."""
        return super().read(io.DEFAULT_BUFFER_SIZE if size < 0 else size) or b""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return `size` bytes, fewer only at the end; all that comes if `size` is negative."""
        pieces: list[bytes] = []
        left = -1 if size is None or size < 0 else size
        while left and (data := self.read1(left)):
            pieces.append(data)
            if left > 0:
                left -= len(data)
        return b"".join(pieces)


class PeekingReader(UnbufferedReader):
    """Reads lines without taking a byte more off the socket, in two calls of the system for each.

    For sockets without TLS, which cannot be peeked at.
    """

    __slots__ = ()

    def peek(self, _size: int = 0, /) -> bytes:
        """Return what was received, at least a byte unless the connection ends there."""
        if self._ahead or self._stopped:
            return bytes(self._ahead)
        buffer = bytearray(io.DEFAULT_BUFFER_SIZE)
        return bytes(buffer[: self._wait(memoryview(buffer), socket.MSG_PEEK)])
