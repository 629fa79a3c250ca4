"""A file's parts as one stream: the content of a 206. RFC 9110 section 15.3.7."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from typing import BinaryIO

from ..wire.values import ByteRange

__all__ = ["FileParts", "multipart", "single_part"]

Segment = bytes | ByteRange


class FileParts(io.RawIOBase):
    """Reads the segments of `file` one after the other: bytes as they are, ranges from the file.

    It owns the file and closes it. `length` is the length of all of it in bytes.
    """

    def __init__(self, file: BinaryIO, segments: Sequence[Segment]) -> None:
        self.file = file
        self.segments = list(segments)
        self.length = sum(_length(segment) for segment in segments)
        self._place = 0
        self._taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Fill what the current segment has of `buffer`; 0 at the end, or where the file ends."""
        while self._place < len(self.segments):
            segment = self.segments[self._place]
            wanted = min(len(buffer), _length(segment) - self._taken)
            if wanted:
                data = self._piece(segment, wanted)
                buffer[: len(data)] = data
                self._taken += len(data)
                return len(data)
            self._place, self._taken = self._place + 1, 0
        return 0

    def _piece(self, segment: Segment, wanted: int) -> bytes:
        if isinstance(segment, bytes):
            return segment[self._taken : self._taken + wanted]
        self.file.seek(segment.start + self._taken)
        return self.file.read(wanted)

    def close(self) -> None:
        self.file.close()
        super().close()


def _length(segment: Segment) -> int:
    return len(segment) if isinstance(segment, bytes) else segment.stop - segment.start


def content_range(part: ByteRange, size: int) -> str:
    """Return the Content-Range value of one part. RFC 9110 section 14.4.

    >>> content_range(ByteRange(0, 5), 10)
    'bytes 0-4/10'
    """
    return f"bytes {part.start}-{part.stop - 1}/{size}"


def single_part(file: BinaryIO, part: ByteRange) -> FileParts:
    """Return one range of `file` as a stream."""
    return FileParts(file, [part])


def multipart(
    file: BinaryIO, parts: Sequence[ByteRange], size: int, media_type: str
) -> tuple[FileParts, str]:
    """Return several ranges as multipart/byteranges, and the boundary. RFC 9110 section 14.6."""
    boundary = os.urandom(16).hex()
    segments: list[Segment] = []
    for part in parts:
        head = (
            f"\r\n--{boundary}\r\nContent-Type: {media_type}\r\n"
            f"Content-Range: {content_range(part, size)}\r\n\r\n"
        )
        segments += [head.encode("latin-1"), part]
    segments.append(f"\r\n--{boundary}--\r\n".encode("latin-1"))
    return FileParts(file, segments), boundary
