"""A body's framing on the wire: by length, in chunks, until the connection closes.

A *decoder* knows where a body ends and does no reading. It asks for what may come next: up to
`remaining` bytes of content, or, when `wants_line`, one line. Whoever has the bytes (a file-like
`reader.BodyReader` that pulls, a connection that is fed) hands them over, so framing is written
once. Writing takes three lines.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from ..errors import IncompleteRead, LineTooLong, RemoteProtocolError, excerpt
from .fields import FieldLines
from .framing import CHUNKED, UNTIL_CLOSE
from .head import parse_chunk_line, parse_chunks, parse_field_section, serialise_fields
from .limits import DEFAULT_LIMITS, Limits

__all__ = [
    "LAST_CHUNK",
    "ChunkedDecoder",
    "CloseDecoder",
    "Decoder",
    "LengthDecoder",
    "body_decoder",
    "encode_chunk",
    "encode_last_chunk",
]

#: Bytes taken from a source at once: a huge declared length must not reserve its memory up front
#: (CVE-2025-13836).
MAX_PIECE: Final = 1 << 20

_REFUSED_TRAILERS = frozenset({"content-length", "transfer-encoding"})
"""Fields that frame the message: who sends them behind it hopes that somebody obeys them."""

_DROPPED_TRAILERS = frozenset(
    {"host", "trailer", "content-encoding", "content-type", "content-range", "authorization"}
    | {"set-cookie", "connection", "te", "expect"}
)
"""Fields that route or authorise: never taken from a trailer. RFC 9110 section 6.5.1."""


class Decoder(Protocol):
    """What `BodyReader` and the connection ask of the three decoders."""

    remaining: int
    """Bytes of content that may come now; 0 when complete or when a line must come first."""
    complete: bool

    @property
    def trailers(self) -> FieldLines: ...
    @property
    def content_complete(self) -> bool:
        """All content has come; a chunked body's trailer section may still be on its way."""

    @property
    def wants_line(self) -> bool: ...
    @property
    def max_line(self) -> int: ...
    def take(self, count: int) -> None: ...
    def take_line(self, line: bytes) -> None: ...
    def take_chunks(self, data: bytes | bytearray, room: int) -> tuple[bytes, int]: ...
    def eof(self) -> None: ...


class LengthDecoder:
    """A body of `length` bytes."""

    __slots__ = ("complete", "remaining")
    trailers: FieldLines = []
    wants_line = False
    max_line = 0

    def __init__(self, length: int) -> None:
        self.remaining = length
        self.complete = length == 0

    @property
    def content_complete(self) -> bool:
        return self.complete

    def take(self, count: int) -> None:
        """`count` bytes of content have come."""
        self.remaining -= count
        self.complete = self.remaining == 0

    def take_line(self, line: bytes) -> None:
        raise AssertionError("a body with a length has no lines")

    def take_chunks(self, data: bytes | bytearray, room: int) -> tuple[bytes, int]:
        raise AssertionError("a body with a length has no chunks")

    def eof(self) -> None:
        """The connection has ended: raises `IncompleteRead` unless the body is complete."""
        if not self.complete:
            raise IncompleteRead(b"", self.remaining)


class CloseDecoder:
    """A body that ends with the connection."""

    __slots__ = ("complete", "remaining")
    trailers: FieldLines = []
    wants_line = False
    max_line = 0

    def __init__(self) -> None:
        self.remaining = MAX_PIECE
        self.complete = False

    @property
    def content_complete(self) -> bool:
        return self.complete

    def take(self, count: int) -> None:
        """`count` bytes of content have come; more may."""

    def take_line(self, line: bytes) -> None:
        raise AssertionError("a body until close has no lines")

    def take_chunks(self, data: bytes | bytearray, room: int) -> tuple[bytes, int]:
        raise AssertionError("a body until close has no chunks")

    def eof(self) -> None:
        """The connection has ended, and the body with it."""
        self.remaining = 0
        self.complete = True


class ChunkedDecoder:
    """A chunked body: which bytes are content, and which lines come between. RFC 9112 section 7.1.

    >>> decoder = ChunkedDecoder()
    >>> decoder.take_line(b"5\\r\\n")
    >>> decoder.remaining
    5
    >>> decoder.take(5)
    >>> for line in (b"\\r\\n", b"0\\r\\n", b"\\r\\n"):
    ...     decoder.take_line(line)
    >>> decoder.complete
    True
    """

    __slots__ = (
        "_extensions",
        "_limits",
        "_next",
        "_trailer_lines",
        "_trailer_size",
        "complete",
        "content_complete",
        "max_line",
        "remaining",
        "size",
        "trailers",
    )

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        # A function, not a method: that would hold the decoder that holds it.
        self._next: Callable[[ChunkedDecoder, bytes], None] = ChunkedDecoder._size_line
        self._extensions = 0
        self._trailer_lines: list[bytes] = []
        self._trailer_size = 0
        self.size = 0
        """Content announced so far, in bytes."""
        self.remaining = 0
        self.max_line = limits.max_chunk_line
        """Bytes of the line that must come next, at most: no more need be read to refuse it."""
        self.complete = False
        self.content_complete = False
        self.trailers: FieldLines = []

    @property
    def wants_line(self) -> bool:
        return self.remaining == 0 and not self.complete

    def take(self, count: int) -> None:
        """`count` bytes of the current chunk have come."""
        self.remaining -= count

    def take_line(self, line: bytes) -> None:
        """The line that was wanted has come, its line end included.

        Raises:
            RemoteProtocolError: not the line that must come here; a bound is passed.
            LineTooLong: `line` has no line end within `max_line` bytes.
            IncompleteRead: `line` has no line end since the connection ended.
        """
        if not line.endswith(b"\r\n"):
            self._refuse_line_end(line)
        self._next(self, line)

    def take_chunks(self, data: bytes | bytearray, room: int) -> tuple[bytes, int]:
        """Take the whole chunks that `data` begins with, the end of the one before included.

        Returns their content, at most `room` bytes, and how much of `data` they are; (b"", 0) says
        that the line that is wanted must be taken by itself. Small chunks cost a tenth this way.
        """
        if self._next is ChunkedDecoder._size_line:
            start = 0
        elif self._next is ChunkedDecoder._chunk_end and data[:2] == b"\r\n":
            start = 2
        else:
            return b"", 0
        if self._limits.max_body is not None:
            room = min(room, self._limits.max_body - self.size)
        content, end = parse_chunks(data, start, room)
        if not content:
            return b"", 0
        self.size += len(content)
        self.max_line = self._limits.max_chunk_line
        self._next = ChunkedDecoder._size_line
        return content, end

    def eof(self) -> None:
        """The connection has ended: raises `IncompleteRead` unless the body is complete."""
        if not self.complete:
            raise IncompleteRead(b"", self.remaining or None)

    def _refuse_line_end(self, line: bytes) -> None:
        if self._next is ChunkedDecoder._chunk_end and len(line) == self.max_line:
            self._chunk_end(line)
        if line.endswith(b"\n"):
            raise RemoteProtocolError(
                f"expected CRLF at the end of a chunk line, got a bare LF: {excerpt(line)} "
                "(RFC 9112 section 7.1)"
            )
        if len(line) >= self.max_line:
            name = "trailer line" if self.content_complete else "chunk size"
            raise LineTooLong(
                name, self.max_line, status_hint=431 if self.content_complete else 400
            )
        raise IncompleteRead(b"")

    def _size_line(self, line: bytes) -> None:
        if len(line) > self._limits.max_chunk_line:
            raise LineTooLong("chunk size", self._limits.max_chunk_line, status_hint=400)
        size, extensions = parse_chunk_line(line)
        self._extensions += extensions
        if self._extensions > self._limits.max_chunk_extensions:
            raise RemoteProtocolError(
                f"expected at most {self._limits.max_chunk_extensions} bytes of chunk extensions "
                "(RFC 9112 section 7.1.1)"
            )
        self.size += size
        if self._limits.max_body is not None and self.size > self._limits.max_body:
            raise RemoteProtocolError(
                f"expected at most {self._limits.max_body} bytes of content, got chunks of "
                f"{self.size} (RFC 9110 section 15.5.14)",
                status_hint=413,
            )
        if size:
            self.remaining = size
            self.max_line = 2
            self._next = ChunkedDecoder._chunk_end
        else:
            self.content_complete = True
            self.max_line = self._limits.max_trailer_section
            self._next = ChunkedDecoder._trailer_line

    def _chunk_end(self, line: bytes) -> None:
        if line != b"\r\n":
            raise RemoteProtocolError(
                f"expected CRLF after the chunk, got {excerpt(line)} (RFC 9112 section 7.1)"
            )
        self.max_line = self._limits.max_chunk_line
        self._next = ChunkedDecoder._size_line

    def _trailer_line(self, line: bytes) -> None:
        self._trailer_size += len(line)
        if self._trailer_size > self._limits.max_trailer_section:
            raise LineTooLong("trailer section", self._limits.max_trailer_section)
        if line != b"\r\n":
            self._trailer_lines.append(line)
            if len(self._trailer_lines) > self._limits.max_trailers:
                raise RemoteProtocolError(
                    f"got more than {self._limits.max_trailers} trailers", status_hint=431
                )
            return
        if self._trailer_lines:
            self.trailers = _take_trailers(b"".join([*self._trailer_lines, line]))
        self.complete = True


def _take_trailers(block: bytes) -> FieldLines:
    trailers = []
    for name, value in parse_field_section(block):
        key = name.lower()
        if key in _REFUSED_TRAILERS:
            raise RemoteProtocolError(
                f"expected no field that frames the message among its trailers, got {name} "
                "(RFC 9110 section 6.5.1)"
            )
        if key not in _DROPPED_TRAILERS:
            trailers.append((name, value))
    return trailers


def body_decoder(framing: int, limits: Limits = DEFAULT_LIMITS) -> Decoder:
    """Return the decoder for a body of this framing (see `framing`).

    >>> body_decoder(3).remaining
    3
    """
    if framing == CHUNKED:
        return ChunkedDecoder(limits)
    return CloseDecoder() if framing == UNTIL_CLOSE else LengthDecoder(framing)


LAST_CHUNK: Final = b"0\r\n\r\n"


def encode_chunk(data: bytes) -> bytes:
    """Return `data` as one chunk; empty data as nothing, for an empty chunk would end the body.

    >>> encode_chunk(b"hello")
    b'5\\r\\nhello\\r\\n'
    """
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def encode_last_chunk(trailers: FieldLines) -> bytes:
    """Return the end of a chunked body, with its trailer section.

    Raises:
        LocalProtocolError: a trailer that is no valid field.

    >>> encode_last_chunk([("Digest", "x")])
    b'0\\r\\nDigest: x\\r\\n\\r\\n'
    """
    return b"0\r\n%b\r\n" % serialise_fields(trailers)
