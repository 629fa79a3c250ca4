"""Readers and writers of a body: by length, in chunks, until the connection closes.

A *decoder* knows where a body ends and does no reading. It asks for what may come next: up to
`remaining` bytes of content, or, when `wants_line`, one line. Whoever has the bytes (a file-like
`BodyReader` that pulls, a connection that is fed) hands them over, so framing is written once.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Final, Protocol

from ..errors import IncompleteRead, LineTooLong, RemoteProtocolError, excerpt
from .fields import FieldLines
from .framing import CHUNKED, UNTIL_CLOSE
from .head import parse_chunk_line, parse_chunks, parse_field_section, serialise_fields
from .limits import DEFAULT_LIMITS, Limits

__all__ = [
    "LAST_CHUNK",
    "BodyReader",
    "ChunkedDecoder",
    "CloseDecoder",
    "Decoder",
    "LengthDecoder",
    "Source",
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
        self._next: Callable[[bytes], None] = self._size_line
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
        self._next(line)

    def take_chunks(self, data: bytes | bytearray, room: int) -> tuple[bytes, int]:
        """Take the whole chunks that `data` begins with, the end of the one before included.

        Returns their content, at most `room` bytes, and how much of `data` they are; (b"", 0) says
        that the line that is wanted must be taken by itself. Small chunks cost a tenth this way.
        """
        if self._next == self._size_line:
            start = 0
        elif self._next == self._chunk_end and data[:2] == b"\r\n":
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
        self._next = self._size_line
        return content, end

    def eof(self) -> None:
        """The connection has ended: raises `IncompleteRead` unless the body is complete."""
        if not self.complete:
            raise IncompleteRead(b"", self.remaining or None)

    def _refuse_line_end(self, line: bytes) -> None:
        if self._next == self._chunk_end and len(line) == self.max_line:
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
            self._next = self._chunk_end
        else:
            self.content_complete = True
            self.max_line = self._limits.max_trailer_section
            self._next = self._trailer_line

    def _chunk_end(self, line: bytes) -> None:
        if line != b"\r\n":
            raise RemoteProtocolError(
                f"expected CRLF after the chunk, got {excerpt(line)} (RFC 9112 section 7.1)"
            )
        self.max_line = self._limits.max_chunk_line
        self._next = self._size_line

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


# --- pull: a body as a file ----------------------------------------------------------------------


class Source(Protocol):
    """What a `BodyReader` reads from: a buffered binary file."""

    def read(self, size: int, /) -> bytes: ...
    def readline(self, limit: int, /) -> bytes: ...
    def readinto(self, buffer: memoryview, /) -> int | None: ...
    def fileno(self) -> int: ...


class BodyReader(io.BufferedIOBase):
    """A body as a readable file that ends where the body does.

    Bytes behind the body stay in the source. Reading raises `IncompleteRead` when the connection
    ends too early, with what came in `partial`.

    >>> reader = BodyReader(io.BytesIO(b"3\\r\\nabc\\r\\n0\\r\\n\\r\\nnext"), ChunkedDecoder())
    >>> reader.read()
    b'abc'
    """

    def __init__(self, source: Source, decoder: Decoder) -> None:
        self.source = source
        self.decoder = decoder
        self._peek: Callable[[int], bytes] | None = getattr(source, "peek", None)
        self.failure: RemoteProtocolError | None = None
        """What was wrong with the body, once reading it has raised that."""

    def fileno(self) -> int:
        return self.source.fileno()

    def readable(self) -> bool:
        return True

    @property
    def complete(self) -> bool:
        """Whether the whole body was read, its trailer section included."""
        return self.decoder.complete

    @property
    def trailers(self) -> FieldLines:
        """The trailer fields of a chunked body, once it is complete."""
        return self.decoder.trailers

    def _advance(self) -> int:
        """Return how many bytes of content may be read now, 0 at the end of the body.

        Reads the lines between chunks.
        """
        decoder = self.decoder
        while not decoder.remaining and not decoder.complete:
            if self.failure is not None:
                raise self.failure
            line = self.source.readline(decoder.max_line)
            if line:
                self._take_line(line)
            else:
                self._ended()
        return decoder.remaining

    def _take_chunks(self, room: int) -> bytes:
        """Return the content of whole chunks that the source holds, at most `room` bytes.

        b"" says that what comes next must be read in its parts.
        """
        if self._peek is None or not self.decoder.wants_line or self.failure is not None:
            return b""
        content, size = self.decoder.take_chunks(self._peek(1), room)
        if size:
            self.source.read(size)
        return content

    def _take_line(self, line: bytes) -> None:
        try:
            self.decoder.take_line(line)
        except RemoteProtocolError as error:
            self.failure = error
            raise

    def _ended(self) -> None:
        """The source has ended where more was expected."""
        try:
            self.decoder.eof()
        except RemoteProtocolError as error:
            self.failure = error
            raise

    def read1(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes with at most one read of content; b"" at the end."""
        self._check_open()
        if size == 0:
            return b""
        room = MAX_PIECE if size < 0 else size
        if content := self._take_chunks(room):
            return content
        available = self._advance()
        if not available:
            return b""
        wanted = min(available, room)
        read1 = getattr(self.source, "read1", self.source.read)
        data: bytes = read1(wanted)
        if data:
            self.decoder.take(len(data))
        else:
            self._ended()
        return data

    def read(self, size: int | None = -1, /) -> bytes:
        """Return `size` bytes, fewer only at the end of the body; all of it if `size` is negative.

        Raises:
            IncompleteRead: the connection ended first; what came is in `partial`.
        """
        self._check_open()
        left = -1 if size is None or size < 0 else size
        pieces: list[bytes] = []
        try:
            while left:
                room = MAX_PIECE if left < 0 else min(left, MAX_PIECE)
                data = self._take_chunks(room)
                if not data:
                    wanted = min(self._advance(), room)
                    if not wanted:
                        break
                    data = self.source.read(wanted)
                    self.decoder.take(len(data))
                    if len(data) < wanted:
                        pieces.append(data)
                        self._ended()
                        continue
                pieces.append(data)
                if left > 0:
                    left -= len(data)
        except IncompleteRead as error:
            raise IncompleteRead(b"".join(pieces), error.expected) from error.__cause__
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Fill `buffer` and return how many bytes came; fewer only at the end of the body.

        Raises:
            IncompleteRead: the connection ended first; what came is in `partial` and in `buffer`.
        """
        self._check_open()
        view = memoryview(buffer).cast("B")
        filled = 0
        try:
            while filled < len(view) and (available := self._advance()):
                count = self.source.readinto(view[filled : filled + available])
                if count:
                    self.decoder.take(count)
                    filled += count
                else:
                    self._ended()
        except IncompleteRead as error:
            raise IncompleteRead(bytes(view[:filled]), error.expected) from error.__cause__
        return filled

    def readinto1(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Read once into `buffer` and return how many bytes came; 0 at the end of the body."""
        view = memoryview(buffer).cast("B")
        data = self.read1(len(view))
        view[: len(data)] = data
        return len(data)

    def peek(self, size: int = -1, /) -> bytes:
        """Return content that has come, at most `size` bytes of it, without taking it.

        Reads at most once; b"" at the end of the body. The source must have a `peek`.
        """
        self._check_open()
        available = self._advance()
        if not available:
            return b""
        peek: Callable[[int], bytes] = self.source.peek  # type: ignore[attr-defined]
        wanted = available if size < 0 else min(size, available)
        return peek(wanted)[:wanted]

    def readline(self, limit: int | None = -1, /) -> bytes:
        """Return content up to and including the next LF, at most `limit` bytes of it."""
        self._check_open()
        left = -1 if limit is None or limit < 0 else limit
        pieces: list[bytes] = []
        try:
            while left and (available := self._advance()):
                wanted = min(available, MAX_PIECE if left < 0 else left, MAX_PIECE)
                data = self.source.readline(wanted)
                if not data:
                    self._ended()
                    break
                self.decoder.take(len(data))
                pieces.append(data)
                if data.endswith(b"\n"):
                    break
                if left > 0:
                    left -= len(data)
        except IncompleteRead as error:
            raise IncompleteRead(b"".join(pieces), error.expected) from error.__cause__
        return b"".join(pieces)

    def drain(self, limit: int) -> bool:
        """Read and drop what is left, at most `limit` bytes of content.

        Returns whether the body is now complete.
        """
        while not self.decoder.complete and limit > 0:
            limit -= len(self.read1(min(limit, 65536)))
        return self.decoder.complete

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file.")


# --- write ---------------------------------------------------------------------------------------

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
