"""Which bytes of an archive are sent: those behind its beginning, in pieces of about one size."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing

__all__ = ["PIECE", "Beginning", "gathered"]

PIECE = 256 * 1024
"""Bytes that are read, and sent, at once."""


class Beginning:
    """Leaves out the first `left` bytes of what is made.

    >>> beginning = Beginning(3)
    >>> beginning.rest(b"ab"), beginning.rest(b"cd"), beginning.rest(b"ef")
    (b'', b'd', b'ef')
    """

    def __init__(self, left: int) -> None:
        self.left = left
        """The bytes that are still to be left out."""

    def covers(self, size: int) -> bool:
        """Return whether the next `size` bytes are all left out; then they need not be made."""
        if self.left < size:
            return False
        self.left -= size
        return True

    def part_of(self, size: int) -> int:
        """Return how many of the next `size` bytes are left out."""
        part = min(self.left, size)
        self.left -= part
        return part

    def rest(self, piece: bytes) -> bytes:
        """Return what is left of the next piece."""
        return piece[self.part_of(len(piece)) :] if self.left else piece


def gathered(pieces: Generator[bytes, None, None], length: int) -> Generator[bytes, None, None]:
    """Yield the first `length` bytes of `pieces`, many small ones as one.

    An empty piece says that the next one takes time. It stays, and what waits is sent before it.

    >>> list(gathered((piece for piece in (b"ab", b"c", b"", b"de", b"f")), 5))
    [b'abc', b'', b'de']
    """
    waiting = bytearray()
    with closing(pieces):
        for piece in pieces:
            size = len(waiting) + len(piece)
            if size >= length:
                yield bytes(waiting) + piece[: length - len(waiting)]
                return
            if not piece:
                if waiting:
                    length -= len(waiting)
                    yield bytes(waiting)
                    waiting.clear()
                yield b""
            elif size < PIECE:
                waiting += piece
            else:
                length -= size
                yield bytes(waiting) + piece if waiting else piece
                waiting.clear()
