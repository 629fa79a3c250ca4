"""A file's parts as one stream: the content of a 206 with several. RFC 9110 section 15.3.7."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence

from ...wire.values import ByteRange
from .representations import Representation

__all__ = ["FileParts", "content_range", "multipart"]


class FileParts(io.RawIOBase):
    """Reads several files one after the other, and closes them.

    `length` is the length of all of them in bytes, for a Content-Length. It is not found out here,
    since a piece may be the part of a file.
    """

    def __init__(self, pieces: Sequence[io.IOBase], length: int) -> None:
        self.length = length
        self._pieces = list(pieces)
        self._place = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Return how many bytes of the current piece were put into `buffer`; 0 at the end."""
        while self._place < len(self._pieces):
            count: int = self._pieces[self._place].readinto(buffer)  # type: ignore[attr-defined]
            if count:
                return count
            self._place += 1
        return 0

    def close(self) -> None:
        for piece in self._pieces:
            piece.close()
        super().close()


def content_range(part: ByteRange, size: int) -> str:
    """Return the Content-Range value of one part of `size` bytes. RFC 9110 section 14.4.

    >>> content_range(ByteRange(0, 5), 10)
    'bytes 0-4/10'
    """
    return f"bytes {part.start}-{part.stop - 1}/{size}"


def multipart(
    whole: Representation, parts: Sequence[ByteRange], media_type: str
) -> tuple[FileParts, str]:
    """Return parts of `whole` as multipart/byteranges, and the boundary. RFC 9110 section 14.6."""
    boundary = os.urandom(16).hex()
    pieces: list[io.IOBase] = []
    length = 0
    for part in parts:
        head = (
            f"\r\n--{boundary}\r\nContent-Type: {media_type}\r\n"
            f"Content-Range: {content_range(part, whole.size)}\r\n\r\n"
        ).encode("latin-1")
        pieces += [io.BytesIO(head), whole.open(part.start, part.stop)]
        length += len(head) + part.stop - part.start
    end = f"\r\n--{boundary}--\r\n".encode("latin-1")
    return FileParts([*pieces, io.BytesIO(end)], length + len(end)), boundary
