"""`BodyReader`: a body as a file, read from the connection's file.

Its decoder (`body`) says what may be read next; this module reads it.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Protocol

from ...errors import IncompleteRead, RemoteProtocolError
from ..fields import FieldLines
from .body import MAX_PIECE, Decoder

__all__ = ["BodyReader", "Source"]


class Source(Protocol):
    """The source of a `BodyReader`: a buffered binary file."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, b"" at the end of the connection."""

    def readline(self, limit: int, /) -> bytes:
        """Return at most `limit` bytes, up to and including the next LF."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill `buffer`, and return how many bytes were read; None: there are none yet."""

    def fileno(self) -> int: ...


def _again(error: RemoteProtocolError) -> RemoteProtocolError:
    """Return a copy of the error, to store it or to raise it again.

    The original's traceback refers to the reader: stored in the reader, it would make a reference
    cycle.
    """
    same = type(error).__new__(type(error), *error.args)
    vars(same).update(vars(error))
    return same


class BodyReader(io.BufferedIOBase):
    """A body as a readable file that ends where the body does.

    Bytes behind the body stay in the source. Reading raises `IncompleteRead` when the connection
    ends too early, with what was received in `partial`.

    >>> from nethttp.wire.h1.body import ChunkedDecoder
    >>> reader = BodyReader(io.BytesIO(b"3\\r\\nabc\\r\\n0\\r\\n\\r\\nnext"), ChunkedDecoder())
    >>> reader.read()
    b'abc'
    """

    __slots__ = ("_peek", "decoder", "failure", "source")

    def __init__(self, source: Source, decoder: Decoder) -> None:
        self.source = source
        self.decoder = decoder
        self._peek: Callable[[int], bytes] | None = getattr(source, "peek", None)
        self.failure: RemoteProtocolError | None = None
        """The error of the body, once reading has raised it."""

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
                raise _again(self.failure)
            line = self.source.readline(decoder.max_line)
            if line:
                self._take_line(line)
            else:
                self._ended()
        return decoder.remaining

    def _take_chunks(self, room: int) -> bytes:
        """Return the content of whole chunks that the source holds, at most `room` bytes.

        b"": the next chunk must be read step by step.
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
            self.failure = _again(error)
            raise

    def _ended(self) -> None:
        """Raise the error of a source that ended where more was expected."""
        try:
            self.decoder.eof()
        except RemoteProtocolError as error:
            self.failure = _again(error)
            raise

    def read1(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes with at most one read of content; b"" at the end.

        Raises:
            IncompleteRead: the connection ended first.
            ValueError: the reader is closed.
        """
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
            IncompleteRead: the connection ended first; what was received is in `partial`.
            ValueError: the reader is closed.
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
        """Fill `buffer` and return how many bytes were read; fewer only at the end of the body.

        Raises:
            IncompleteRead: the connection ended first; `partial` and `buffer` have what was
                received.
            ValueError: the reader is closed.
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
        """Read once into `buffer` and return the number of bytes; 0 at the end of the body."""
        view = memoryview(buffer).cast("B")
        data = self.read1(len(view))
        view[: len(data)] = data
        return len(data)

    def peek(self, size: int = -1, /) -> bytes:
        """Return at most `size` received bytes of content without consuming them.

        Reads the source at most once; b"" at the end of the body. The source must have a `peek`.

        Raises:
            IncompleteRead: the connection ended first.
            ValueError: the reader is closed.
        """
        self._check_open()
        available = self._advance()
        if not available:
            return b""
        peek: Callable[[int], bytes] = self.source.peek  # type: ignore[attr-defined]
        wanted = available if size < 0 else min(size, available)
        return peek(wanted)[:wanted]

    def readline(self, limit: int | None = -1, /) -> bytes:
        """Return content up to and including the next LF, at most `limit` bytes of it.

        Raises:
            IncompleteRead: the connection ended first; what was received is in `partial`.
            ValueError: the reader is closed.
        """
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
        """Read and drop the rest, at most `limit` bytes; return whether the body is complete."""
        while not self.decoder.complete and limit > 0:
            limit -= len(self.read1(min(limit, 65536)))
        return self.decoder.complete

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file.")
