"""Chunked content for programs that decode the chunks themselves.

The standard library's server gives handlers chunks as they are on the wire, and some programs (the
development server of Flask is one) decode them; they begin with `readline`, for the first chunk's
size. Under `nethttp.compat` such a program reads what it expects. The reader follows the framing
all the same, so it knows where the request ends.
"""

from __future__ import annotations

from ...wire.h1.body import MAX_PIECE, Decoder
from ...wire.h1.reader import BodyReader, Source

__all__ = ["RawChunksReader"]


class RawChunksReader(BodyReader):
    """Decodes chunks, unless the program begins with `readline`: then it reads them undecoded.

    A program that decodes chunks itself begins so, since a chunk begins with the line of its size.
    """

    def __init__(self, source: Source, decoder: Decoder) -> None:
        super().__init__(source, decoder)
        self._is_raw: bool | None = None
        self._line = b""

    def readline(self, limit: int | None = -1, /) -> bytes:
        if self._is_raw is None:
            self._is_raw = True
        if not self._is_raw:
            return super().readline(limit)
        wanted = MAX_PIECE if limit is None or limit < 0 else limit
        if not self._line and self.decoder.remaining:
            data = self.source.readline(min(wanted, self.decoder.remaining))
            self._advance_by(data)
            return data
        return self._of_line(wanted)

    def read1(self, size: int = -1, /) -> bytes:
        if not self._is_raw:
            self._is_raw = False
            return super().read1(size)
        wanted = MAX_PIECE if size < 0 else size
        if self._line or not self.decoder.remaining:
            return self._of_line(wanted)
        data = self.source.read(min(wanted, self.decoder.remaining))
        self._advance_by(data)
        return data

    def read(self, size: int | None = -1, /) -> bytes:
        if not self._is_raw:
            self._is_raw = False
            return super().read(size)
        left = -1 if size is None or size < 0 else size
        pieces: list[bytes] = []
        while left and (data := self.read1(left)):
            pieces.append(data)
            left -= len(data) if left > 0 else 0
        return b"".join(pieces)

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        if not self._is_raw:
            self._is_raw = False
            return super().readinto(buffer)
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def _advance_by(self, data: bytes) -> None:
        if data:
            self.decoder.take(len(data))
        else:
            self._ended()

    def _of_line(self, wanted: int) -> bytes:
        """Return `wanted` bytes of the line between two chunks; read that line first if needed."""
        if not self._line and not self.decoder.complete:
            line = self.source.readline(self.decoder.max_line)
            if line:
                self._take_line(line)
            else:
                self._ended()
            self._line = line
        data, self._line = self._line[:wanted], self._line[wanted:]
        return data
