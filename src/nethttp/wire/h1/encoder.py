"""Writes a message: joins the lines of its head, and frames its content.

The counterpart of `body`, which reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..fields import FieldLines
from .framing import CHUNKED
from .head import serialise_fields

__all__ = [
    "LAST_CHUNK",
    "BodyEncoder",
    "CountsContent",
    "encode_chunk",
    "encode_last_chunk",
    "join_head",
    "without_length",
]

#: Has a name so that type checkers do not require the slots in the class that uses it.
_NO_SLOTS: Final = ()

LAST_CHUNK: Final = b"0\r\n\r\n"


def join_head(lines: Iterable[bytes]) -> bytes:
    """Return the head that consists of these checked lines, given without line ends.

    >>> join_head([b"GET / HTTP/1.1", b"Host: a"])
    b'GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n'
    """
    return b"\r\n".join([*lines, b"", b""])


def without_length(lines: Iterable[bytes]) -> list[bytes]:
    """Return the lines of a head except those of Content-Length.

    >>> without_length([b"HTTP/1.1 200 OK\\r\\n", b"content-length: 5\\r\\n"])
    [b'HTTP/1.1 200 OK\\r\\n']
    """
    return [line for line in lines if line.partition(b":")[0].lower() != b"content-length"]


def encode_chunk(data: bytes) -> bytes:
    """Return `data` as one chunk; b"" for empty data, since an empty chunk would end the body.

    >>> encode_chunk(b"hello")
    b'5\\r\\nhello\\r\\n'
    """
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def encode_last_chunk(trailers: FieldLines) -> bytes:
    """Return the end of a chunked body, with its trailer section.

    Raises:
        LocalProtocolError: a trailer is not a valid field.

    >>> encode_last_chunk([("Digest", "x")])
    b'0\\r\\nDigest: x\\r\\n\\r\\n'
    """
    return b"0\r\n%b\r\n" % serialise_fields(trailers)


class CountsContent:
    """Frames the content of one message, and counts it against the declared length.

    Content beyond the declared length is never sent: the peer would read it as its next message.
    Classes that send content inherit this one, since a separate object for each message took 2 us
    of a response's 20. Such a class defines the slots below.
    """

    __slots__ = _NO_SLOTS

    left: int | None
    """Bytes of the declared length that have not been sent; None without a declared length."""
    in_chunks: bool
    """Whether the content is sent in chunks."""
    sent: int
    """Bytes of content that have been sent."""
    overrun: int
    """Bytes of content that were not sent, because they are beyond the declared length."""

    def encode(self, content: bytes) -> bytes:
        """Return the bytes that carry a piece of content."""
        size, left = len(content), self.left
        if left is not None:
            if size > left:
                self.overrun += size - left
                content, size = content[:left], left
            self.left = left - size
        self.sent += size
        return encode_chunk(content) if self.in_chunks else content

    def room(self, count: int) -> int:
        """Return how many of `count` bytes the declared length has room for."""
        return count if self.left is None else min(count, self.left)

    def passed(self, count: int) -> None:
        """Count `count` bytes that were sent without `encode`; there must have been `room`."""
        if self.left is not None:
            self.left -= count
        self.sent += count


class BodyEncoder(CountsContent):
    """Frames the content of successive messages; `framing` is a length in bytes or `CHUNKED`.

    >>> body = BodyEncoder(5)
    >>> body.encode(b"hello, world"), body.overrun, body.left
    (b'hello', 7, 0)
    """

    __slots__ = ("in_chunks", "left", "overrun", "sent")

    def __init__(self, framing: int) -> None:
        self.begin(framing)

    def begin(self, framing: int) -> None:
        """Begin a message's content; `framing`: a length in bytes, `CHUNKED`, or `UNTIL_CLOSE`."""
        self.left = framing if framing >= 0 else None
        self.in_chunks = framing == CHUNKED
        self.sent = self.overrun = 0

    @property
    def ends_with_connection(self) -> bool:
        """Whether only the end of the connection ends the content."""
        return self.left is None and not self.in_chunks

    def end(self, trailers: FieldLines) -> bytes:
        """Return the bytes that end the content."""
        return encode_last_chunk(trailers) if self.in_chunks else b""
