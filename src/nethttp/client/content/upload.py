"""Bodies of requests: bytes, files and iterators, sent piece by piece and never held whole.

A redirect, a retry or a challenge may need a body again. Bytes and files can be sent as often as
wanted; an iterator once, unless the program gives a function that makes it anew.

>>> body = body_of(iter([b"one ", b"two"]))
>>> list(body.pieces())
[b'one ', b'two']
>>> try:
...     body.rewind()
... except BodyNotReplayable as error:
...     print(str(error).partition(":")[0])
the body has to be sent again, but it is an iterator, which has been consumed
"""

from __future__ import annotations

import io
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
)
from typing import IO, BinaryIO, NamedTuple, TypeAlias, cast

from ...errors import BodyNotReplayable, LocalProtocolError

__all__ = [
    "PIECE",
    "Body",
    "BytesBody",
    "Content",
    "FileBody",
    "FileSpan",
    "IterableBody",
    "Progress",
    "WithProgress",
    "body_of",
]

PIECE = 64 * 1024
"""How many bytes are read from a file at once."""

Chunk: TypeAlias = bytes | bytearray | memoryview
Chunks: TypeAlias = Iterable[Chunk] | AsyncIterable[Chunk]

Content: TypeAlias = Chunk | str | IO[bytes] | os.PathLike[str] | Chunks | Callable[[], Chunks]
"""What a program may pass as the content of a request or of a part."""

Progress: TypeAlias = Callable[[int, int | None], object]
"""Is called with the number of bytes that were sent and the length of the body, if it is known."""


class FileSpan(NamedTuple):
    """A body that lies in a file of the operating system, so that the kernel can send it."""

    file: BinaryIO
    offset: int
    """The first byte of the body."""
    size: int
    """The length of the body in bytes."""


class Body(ABC):
    """The body of a request. `body_of` makes one from what a program passes."""

    length: int | None = None
    """How many bytes it has. None: only its end will tell, so it is sent in chunks."""

    @abstractmethod
    def pieces(self) -> Iterator[bytes] | AsyncIterator[bytes]:
        """Return an iterator of the whole body, in pieces that are not empty."""

    @abstractmethod
    def rewind(self) -> None:
        """See that `pieces` can be called again.

        Raises:
            BodyNotReplayable: it is an iterator, some of which has been consumed.
        """

    def span(self) -> FileSpan | None:
        """Return the part of a file that is this body, or None."""
        return None


class BytesBody(Body):
    """A body in memory, handed out in pieces, so that its progress can be told.

    >>> [len(piece) for piece in BytesBody(bytes(100_000)).pieces()]
    [65536, 34464]
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.length = len(data)

    def pieces(self) -> Iterator[bytes]:
        """Return an iterator of pieces of at most 64 KiB."""
        return (self.data[at : at + PIECE] for at in range(0, len(self.data), PIECE))

    def rewind(self) -> None:
        """Do nothing: bytes can be sent again."""


class FileBody(Body):
    """The rest of an open file, from where it stands when this object is made.

    Its length is known if the file can be moved in. If the file becomes longer meanwhile, the rest
    is not sent. The file stays open.

    >>> body = FileBody(io.BytesIO(b"Hello"))
    >>> body.length, list(body.pieces()), list(body.pieces())
    (5, [b'Hello'], [b'Hello'])

    Raises:
        TypeError: the file was opened as text: its bytes and their number are not known.
    """

    def __init__(self, file: IO[bytes]) -> None:
        if isinstance(file, io.TextIOBase):
            raise TypeError(f'expected a file that was opened with "rb", got text: {file!r}')
        self._file = file
        self._start = _position(file)
        self._consumed = False
        if self._start is not None:
            self.length = _bytes_behind(file, self._start)

    def pieces(self) -> Iterator[bytes]:
        """Yield pieces of at most 64 KiB.

        Raises:
            BodyNotReplayable: the file cannot be moved in, and some of it was read.
            LocalProtocolError: the file ended before the length that was announced.
            TypeError: the file gives text.
        """
        self.rewind()
        if self._start is not None:
            self._file.seek(self._start)
        self._consumed = True
        left = self.length
        while left != 0:
            piece = self._file.read(PIECE if left is None else min(PIECE, left))
            if not isinstance(piece, bytes):
                raise TypeError(f"expected a file that gives bytes, got {type(piece).__name__}")
            if not piece:
                break
            if left is not None:
                left -= len(piece)
            yield piece
        if left:
            raise LocalProtocolError(
                f"expected {self.length} bytes in the file {_name(self._file)}, got {left} less:"
                " it became shorter while it was sent"
            )

    def rewind(self) -> None:
        """See that `pieces` can be called again.

        Raises:
            BodyNotReplayable: the file cannot be moved in, and some of it was read.
        """
        if self._consumed and self._start is None:
            raise BodyNotReplayable(
                f"the body has to be sent again, but the file {_name(self._file)} cannot be read"
                " twice: pass bytes, or a file on disk"
            )

    def span(self) -> FileSpan | None:
        """Return the part of the file, if it is a regular file of the system."""
        if self.length is None or self._start is None or not _is_regular(self._file):
            return None
        return FileSpan(cast(BinaryIO, self._file), self._start, self.length)


class PathBody(Body):
    """A file by its path, which is open only while it is read."""

    def __init__(self, path: os.PathLike[str]) -> None:
        self._path = path
        self.length = os.stat(path).st_size

    def pieces(self) -> Iterator[bytes]:
        """Yield pieces of at most 64 KiB; errors are those of `FileBody`."""
        with open(self._path, "rb") as file:
            body = FileBody(file)
            # The length has been announced, whatever happened to the file since.
            body.length = self.length
            yield from body.pieces()

    def rewind(self) -> None:
        """Do nothing: the file is opened anew."""


class IterableBody(Body):
    """A body of unknown length from an iterable, an iterator, or a function that makes one.

    Each may be asynchronous, for `AsyncClient`.

    >>> body = IterableBody(lambda: (b"%d," % n for n in range(3)))
    >>> list(body.pieces()), list(body.pieces())
    ([b'0,', b'1,', b'2,'], [b'0,', b'1,', b'2,'])
    """

    def __init__(self, source: Chunks | Callable[[], Chunks]) -> None:
        self._source = source
        self._once = isinstance(source, Iterator | AsyncIterator)
        self._consumed = self._once and _is_exhausted(source)

    def pieces(self) -> Iterator[bytes] | AsyncIterator[bytes]:
        """Return an iterator of what the source gives; empty pieces are left out.

        Raises:
            BodyNotReplayable: the source is an iterator that has been consumed.
            TypeError: the source gives something else than bytes, or cannot be iterated.
        """
        self.rewind()
        self._consumed = self._once
        chunks = self._source() if callable(self._source) else self._source
        if isinstance(chunks, AsyncIterable):
            return _checked_async(chunks)
        if not isinstance(chunks, Iterable):
            raise TypeError(
                f"expected a function that returns an iterable, got {type(chunks).__name__}"
            )
        return _checked(chunks)

    def rewind(self) -> None:
        """See that `pieces` can be called again.

        Raises:
            BodyNotReplayable: the source is an iterator that has been consumed.
        """
        if self._consumed:
            raise BodyNotReplayable(
                "the body has to be sent again, but it is an iterator, which has been consumed:"
                " pass bytes, a file, or a function that returns a new iterator"
            )


class WithProgress(Body):
    """Another body, of which a program is told how much was sent.

    The program is told when the next piece is asked for: then the one before has been sent. The
    kernel cannot send such a body from its file, because nothing would be told meanwhile.

    >>> list(WithProgress(BytesBody(b"abc"), print).pieces())
    3 3
    [b'abc']
    """

    def __init__(self, body: Body, progress: Progress) -> None:
        self._body = body
        self._progress = progress
        self.length = body.length

    def pieces(self) -> Iterator[bytes] | AsyncIterator[bytes]:
        """Return an iterator of the other body; the count begins anew with each."""
        pieces = self._body.pieces()
        return self._told_async(pieces) if isinstance(pieces, AsyncIterator) else self._told(pieces)

    def rewind(self) -> None:
        """Rewind the other body."""
        self._body.rewind()

    def _told(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        sent = 0
        for piece in pieces:
            yield piece
            sent += len(piece)
            self._progress(sent, self.length)

    async def _told_async(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        sent = 0
        async for piece in pieces:
            yield piece
            sent += len(piece)
            self._progress(sent, self.length)


def body_of(content: Content) -> Body:
    """Return the body that `content` stands for; text is sent as UTF-8.

    >>> body_of("Grüße").length
    7

    Raises:
        TypeError: it is none of bytes, text, a binary file, a path, an iterable, or a function.
    """
    if isinstance(content, str):
        return BytesBody(content.encode())
    if isinstance(content, bytes | bytearray | memoryview):
        return BytesBody(bytes(content))
    if isinstance(content, os.PathLike):
        return PathBody(content)
    if hasattr(content, "read"):
        return FileBody(cast("IO[bytes]", content))
    if isinstance(content, dict) or not (
        callable(content) or isinstance(content, Iterable | AsyncIterable)
    ):
        raise TypeError(
            "expected bytes, str, a binary file, a path, an iterable of bytes or a function that"
            f" returns one, got {type(content).__name__}"
        )
    return IterableBody(cast("Chunks | Callable[[], Chunks]", content))


# --- files ---------------------------------------------------------------------------------------


def _position(file: IO[bytes]) -> int | None:
    """Return where a file stands, or None if it cannot be moved in."""
    try:
        position = file.tell()
        file.seek(position)
    except (AttributeError, OSError):
        return None
    return position


def _bytes_behind(file: IO[bytes], start: int) -> int | None:
    """Return how many bytes follow a position, or None if that cannot be known."""
    if _is_regular(file):
        return max(0, os.fstat(file.fileno()).st_size - start)
    try:
        end = file.seek(0, os.SEEK_END)
        file.seek(start)
    except (OSError, ValueError):
        # Some readers go to a position, but know no end.
        return None
    # Some files return nothing, as those of Python 2 did.
    return None if end is None else max(0, end - start)


def _is_regular(file: IO[bytes]) -> bool:
    """Return whether reads give the bytes of a regular file of the system, as they are.

    A compressed file has a `fileno` too, but its bytes are others.
    """
    raw = getattr(file, "raw", file)
    return isinstance(raw, io.FileIO) and stat.S_ISREG(os.fstat(raw.fileno()).st_mode)


def _name(file: IO[bytes]) -> str:
    return repr(getattr(file, "name", file))


# --- iterators -----------------------------------------------------------------------------------


def _is_exhausted(source: object) -> bool:
    """Return whether a generator has ended: it would give an empty body without an error."""
    frame = "gi_frame" if hasattr(source, "gi_frame") else "ag_frame"
    return getattr(source, frame, source) is None


def _checked(chunks: Iterable[Chunk]) -> Iterator[bytes]:
    for chunk in chunks:
        if piece := _piece(chunk):
            yield piece


async def _checked_async(chunks: AsyncIterable[Chunk]) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        if piece := _piece(chunk):
            yield piece


def _piece(chunk: Chunk) -> bytes:
    if isinstance(chunk, bytes):
        return chunk
    if isinstance(chunk, bytearray | memoryview):
        return bytes(chunk)
    raise TypeError(f"expected an iterator that gives bytes, got {type(chunk).__name__}")
