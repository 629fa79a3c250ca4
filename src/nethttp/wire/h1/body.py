"""A body's framing on the wire: by length, in chunks, until the connection closes.

A *decoder* knows where a body ends and does no reading. It asks for what may come next: up to
`remaining` bytes of content, or, when `wants_line`, one line. `reader.BodyReader` gives it
bytes from a file, a connection from its buffer, so framing is written once. `encoder` writes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from ...errors import IncompleteRead, LineTooLong, RemoteProtocolError, excerpt
from ..fields import FieldLines
from ..grammar import LENIENT_CHUNK_LINE
from ..limits import DEFAULT_LIMITS, Limits
from .framing import CHUNKED, UNTIL_CLOSE
from .head import parse_chunk_line, parse_chunks, parse_field_section

__all__ = [
    "ChunkLines",
    "ChunkedDecoder",
    "CloseDecoder",
    "Decoder",
    "LengthDecoder",
    "LenientChunkLines",
    "body_decoder",
    "response_decoder",
]

#: Bytes read from a source at once: a huge declared length must not reserve that much memory before
#: the bytes arrive (CVE-2025-13836).
MAX_PIECE: Final = 1 << 20

_REFUSED_TRAILERS = frozenset({"content-length", "transfer-encoding"})
"""Fields that frame the message: in a trailer they are an attempt to smuggle, and are refused."""

_DROPPED_TRAILERS = frozenset(
    {"host", "trailer", "content-encoding", "content-type", "content-range", "authorization"}
    | {"set-cookie", "connection", "te", "expect"}
)
"""Fields that route or authorise: never taken from a trailer. RFC 9110 section 6.5.1."""


class Decoder(Protocol):
    """The interface of the three decoders, for `BodyReader` and the sans-I/O connection."""

    remaining: int
    """Bytes of content that may follow now; 0 when complete or when a line must come first."""
    complete: bool

    @property
    def trailers(self) -> FieldLines:
        """The fields behind chunked content; empty for any other body."""

    @property
    def sound(self) -> bool:
        """Whether a next message may follow on the connection, as far as is known."""

    @property
    def content_complete(self) -> bool:
        """Whether all content was taken; the trailers of a chunked body may still be missing."""

    @property
    def wants_line(self) -> bool:
        """Whether the next bytes must be given as a line, by `take_line`."""

    @property
    def max_line(self) -> int:
        """The most bytes that such a line may have, its line end included."""

    def take(self, count: int) -> None:
        """Count `count` bytes as received content; at most `remaining`."""

    def take_line(self, line: bytes) -> None:
        """Parse the wanted line, given with its line end.

        Raises:
            RemoteProtocolError: the line is malformed, or a bound is passed.
            LineTooLong: it has no line end within `max_line` bytes.
            IncompleteRead: it has no line end because the connection ended.
        """

    def take_chunks(self, data: bytes | bytearray, room: int) -> tuple[bytes, int]:
        """Return the content of the whole chunks in `data`, and how many bytes of `data` they are.

        The content has at most `room` bytes. (b"", 0): the next line must be taken by `take_line`.

        Raises:
            RemoteProtocolError: a chunk is malformed, or a bound is passed.
        """

    def eof(self) -> None:
        """Note that the connection has ended.

        Raises:
            IncompleteRead: the body is not complete.
        """


class LengthDecoder:
    """A body of `length` bytes, as Content-Length declares it. RFC 9112 section 6.3."""

    __slots__ = ("complete", "remaining")
    trailers: FieldLines = []
    sound = True
    wants_line = False
    max_line = 0

    def __init__(self, length: int) -> None:
        self.remaining = length
        self.complete = length == 0

    @property
    def content_complete(self) -> bool:
        """Whether all `length` bytes were taken."""
        return self.complete

    def take(self, count: int) -> None:
        """Count `count` bytes of content that were received."""
        self.remaining -= count
        self.complete = self.remaining == 0

    def take_line(self, line: bytes) -> None:
        """Raise AssertionError: `wants_line` is never true."""
        raise AssertionError("a body with a length has no lines")

    def take_chunks(self, data: bytes | bytearray, room: int) -> tuple[bytes, int]:
        """Raise AssertionError, and return nothing: the body has no chunks, so no `room` for
        any.
        """
        raise AssertionError("a body with a length has no chunks")

    def eof(self) -> None:
        """Note that the connection has ended.

        Raises:
            IncompleteRead: bytes of the body are missing.
        """
        if not self.complete:
            raise IncompleteRead(b"", self.remaining)


class CloseDecoder:
    """A body that ends with the connection. RFC 9112 section 6.3."""

    __slots__ = ("complete", "remaining")
    trailers: FieldLines = []
    sound = False
    wants_line = False
    max_line = 0

    def __init__(self) -> None:
        self.remaining = MAX_PIECE
        self.complete = False

    @property
    def content_complete(self) -> bool:
        """Whether the connection has ended."""
        return self.complete

    def take(self, count: int) -> None:
        """Count `count` bytes of content that were received."""

    def take_line(self, line: bytes) -> None:
        """Raise AssertionError: `wants_line` is never true."""
        raise AssertionError("a body until close has no lines")

    def take_chunks(self, data: bytes | bytearray, room: int) -> tuple[bytes, int]:
        """Raise AssertionError, and return nothing: the body has no chunks, so no `room` for
        any.
        """
        raise AssertionError("a body until close has no chunks")

    def eof(self) -> None:
        """Note that the connection has ended, and the body with it."""
        self.remaining = 0
        self.complete = True


class ChunkLines:
    """Parses and bounds the lines of one chunked body, strictly. RFC 9112 section 7.1."""

    __slots__ = ("_extensions", "_lines", "_section", "limits", "size", "sound", "trailers")

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self.limits = limits
        self._extensions = 0
        self._lines: list[bytes] = []
        self._section = 0
        self.size = 0
        """Content announced so far, in bytes."""
        self.sound = True
        """Whether all lines were strictly valid, so that another message may follow."""
        self.trailers: FieldLines = []
        """The trailer fields, once the last line was taken."""

    def take_size(self, line: bytes) -> int:
        """Return the bytes of content that a size line announces; 0 is the last chunk.

        Raises:
            RemoteProtocolError: not a size line; a bound is exceeded.
            LineTooLong: more than `max_chunk_line` bytes.
            IncompleteRead: `line` has no line end since the connection ended.
        """
        if line[-2:] != b"\r\n" or len(line) > self.limits.max_chunk_line:
            self._check_end(line, self.limits.max_chunk_line, "chunk size", 400)
        size, extensions = self._parse_size(line)
        self._extensions += extensions
        if self._extensions > self.limits.max_chunk_extensions:
            raise RemoteProtocolError(
                f"expected at most {self.limits.max_chunk_extensions} bytes of chunk extensions "
                "(RFC 9112 section 7.1.1)"
            )
        self.size += size
        if self.limits.max_body is not None and self.size > self.limits.max_body:
            raise RemoteProtocolError(
                f"expected at most {self.limits.max_body} bytes of content, got chunks of "
                f"{self.size} (RFC 9110 section 15.5.14)",
                status_hint=413,
            )
        return size

    def take_chunks(self, data: bytes | bytearray, start: int, room: int) -> tuple[bytes, int]:
        """Return the content of the whole chunks in `data` from `start` on, and where they end.

        At most `room` bytes of content. (b"", 0): the next line must be passed by itself.
        """
        if self.limits.max_body is not None:
            room = min(room, self.limits.max_body - self.size)
        content, end = parse_chunks(data, start, room)
        if not content:
            return b"", 0
        self.size += len(content)
        return content, end

    def take_end(self, line: bytes) -> None:
        """Check the line of two bytes that ends a chunk.

        Raises:
            RemoteProtocolError: it is another line.
            IncompleteRead: the connection ended in it.
        """
        if line != b"\r\n":
            self._refuse_end(line)

    def take_trailer(self, line: bytes) -> bool:
        """Read a line of the trailer section; return whether it is the last, which is empty.

        Raises:
            RemoteProtocolError: a field that no trailer may have; a bound is exceeded.
            LineTooLong: more than `max_trailer_section` bytes.
            IncompleteRead: `line` has no line end since the connection ended.
        """
        self._check_end(line, self.limits.max_trailer_section, "trailer line", 431)
        self._section += len(line)
        if self._section > self.limits.max_trailer_section:
            raise LineTooLong("trailer section", self.limits.max_trailer_section)
        if line in (b"\r\n", b"\n"):
            if self._lines:
                self._take_fields(self._lines)
            return True
        self._lines.append(line)
        if len(self._lines) > self.limits.max_trailers:
            raise RemoteProtocolError(
                f"got more than {self.limits.max_trailers} trailers", status_hint=431
            )
        return False

    def _check_end(self, line: bytes, longest: int, name: str, status: int) -> None:
        """Return nothing if `line` came whole and is not too long."""
        if not line.endswith(b"\r\n"):
            if line.endswith(b"\n"):
                self._take_bare_line_end(line)
            elif len(line) < longest:
                raise IncompleteRead(b"")
        if len(line) > longest or not line.endswith(b"\n"):
            raise LineTooLong(name, longest, status_hint=status)

    def _take_bare_line_end(self, line: bytes) -> None:
        raise RemoteProtocolError(
            f"expected CRLF at the end of a chunk line, got a bare LF: {excerpt(line)} "
            "(RFC 9112 section 7.1)"
        )

    def _parse_size(self, line: bytes) -> tuple[int, int]:
        return parse_chunk_line(line)

    def _refuse_end(self, line: bytes) -> None:
        if len(line) < 2 and line != b"\n":
            raise IncompleteRead(b"")
        raise RemoteProtocolError(
            f"expected CRLF after the chunk, got {excerpt(line)} (RFC 9112 section 7.1)"
        )

    def _take_fields(self, lines: list[bytes]) -> None:
        for name, value in parse_field_section(b"".join([*lines, b"\r\n"])):
            key = name.lower()
            if key in _REFUSED_TRAILERS:
                raise RemoteProtocolError(
                    f"expected no field that frames the message among its trailers, got {name} "
                    "(RFC 9110 section 6.5.1)"
                )
            if key not in _DROPPED_TRAILERS:
                self.trailers.append((name, value))


class LenientChunkLines(ChunkLines):
    """Parses the lines of a response's chunked body; accepts invalid lines that are unambiguous.

    No other message shares a client's buffer, so a bare LF may end a line, blanks may surround a
    size, extensions are not checked, and an invalid trailer is dropped (RFC 9112 section 7.1.2).
    `sound` is False after such a line.
    """

    __slots__ = ()

    def _take_bare_line_end(self, line: bytes) -> None:
        self.sound = False

    def _parse_size(self, line: bytes) -> tuple[int, int]:
        try:
            return parse_chunk_line(line)
        except RemoteProtocolError:
            m = LENIENT_CHUNK_LINE.fullmatch(line)
            if m is None:
                raise
        self.sound = False
        return int(m[1], 16), len(m[2] or b"")

    def _refuse_end(self, line: bytes) -> None:
        if line != b"\n":
            super()._refuse_end(line)
        self.sound = False

    def _take_fields(self, lines: list[bytes]) -> None:
        for line in lines:
            try:
                super()._take_fields([line])
            except RemoteProtocolError:
                self.sound = False


class ChunkedDecoder:
    """A chunked body: which bytes are content, and which lines stand between. RFC 9112 section 7.1.

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
        "_limits",
        "_lines",
        "_next",
        "complete",
        "content_complete",
        "max_line",
        "remaining",
    )

    def __init__(self, limits: Limits = DEFAULT_LIMITS, lines: ChunkLines | None = None) -> None:
        self._limits = limits
        self._lines = ChunkLines(limits) if lines is None else lines
        # A function, since a bound method would make a reference cycle.
        self._next: Callable[[ChunkedDecoder, bytes], None] = ChunkedDecoder._size_line
        self.remaining = 0
        self.max_line = limits.max_chunk_line
        """The most bytes of the next line: reading more is not needed to refuse it."""
        self.complete = False
        self.content_complete = False

    @property
    def wants_line(self) -> bool:
        """Whether the next bytes are a line: a chunk's size, its end, or a trailer."""
        return self.remaining == 0 and not self.complete

    @property
    def size(self) -> int:
        """Content announced so far, in bytes."""
        return self._lines.size

    @property
    def sound(self) -> bool:
        """Whether every line so far was formed strictly: if not, the connection should be
        closed.
        """
        return self._lines.sound

    @property
    def trailers(self) -> FieldLines:
        """The fields behind the last chunk."""
        return self._lines.trailers

    def take(self, count: int) -> None:
        """Count `count` bytes of the current chunk that were received."""
        self.remaining -= count

    def take_line(self, line: bytes) -> None:
        """Parse the wanted line, given with its line end.

        Raises:
            RemoteProtocolError: it is not the line that must follow; a bound is exceeded.
            LineTooLong: `line` has no line end within `max_line` bytes.
            IncompleteRead: `line` has no line end because the connection ended.
        """
        self._next(self, line)

    def take_chunks(self, data: bytes | bytearray, room: int) -> tuple[bytes, int]:
        """Return the content of the whole chunks at the start of `data`, and their size in bytes.

        The end of the previous chunk may precede them. The content has at most `room` bytes;
        (b"", 0): pass the wanted line to `take_line`. Small chunks take a tenth of the time this
        way.
        """
        if self._next is ChunkedDecoder._size_line:
            start = 0
        elif self._next is ChunkedDecoder._chunk_end and data[:2] == b"\r\n":
            start = 2
        else:
            return b"", 0
        content, end = self._lines.take_chunks(data, start, room)
        if content:
            self.max_line = self._limits.max_chunk_line
            self._next = ChunkedDecoder._size_line
        return content, end

    def eof(self) -> None:
        """Note that the connection has ended.

        Raises:
            IncompleteRead: the body is not complete.
        """
        if not self.complete:
            raise IncompleteRead(b"", self.remaining or None)

    def _size_line(self, line: bytes) -> None:
        size = self._lines.take_size(line)
        if size:
            self.remaining = size
            self.max_line = 2
            self._next = ChunkedDecoder._chunk_end
        else:
            self.content_complete = True
            self.max_line = self._limits.max_trailer_section
            self._next = ChunkedDecoder._trailer_line

    def _chunk_end(self, line: bytes) -> None:
        self._lines.take_end(line)
        self.max_line = self._limits.max_chunk_line
        self._next = ChunkedDecoder._size_line

    def _trailer_line(self, line: bytes) -> None:
        self.complete = self._lines.take_trailer(line)


def body_decoder(framing: int, limits: Limits = DEFAULT_LIMITS) -> Decoder:
    """Return the decoder for a request's body of this framing (see `framing`).

    >>> body_decoder(3).remaining
    3
    """
    if framing == CHUNKED:
        return ChunkedDecoder(limits)
    return CloseDecoder() if framing == UNTIL_CLOSE else LengthDecoder(framing)


def response_decoder(framing: int, limits: Limits = DEFAULT_LIMITS) -> Decoder:
    """Return the decoder for a response's body of this framing; it parses chunks leniently.

    That is safe because no other message shares a client's buffer. `sound` says whether all lines
    were strictly valid.
    """
    if framing == CHUNKED:
        return ChunkedDecoder(limits, LenientChunkLines(limits))
    return body_decoder(framing, limits)
