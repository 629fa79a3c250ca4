"""Cuts content into pieces of one size, or text into lines, however its bytes arrive."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

__all__ = ["LineCutter", "SizeCutter"]


class SizeCutter:
    """Cuts bytes into pieces of `size` bytes; the last may be shorter.

    Raises:
        TypeError: `size` is no number.
        ValueError: `size` is below 1.

    >>> cutter = SizeCutter(3)
    >>> list(cutter.cut(b"abcdefg")), list(cutter.end())
    ([b'abc', b'def'], [b'g'])
    """

    def __init__(self, size: int) -> None:
        if not isinstance(size, int):
            raise TypeError(f"expected the size of pieces as a number of bytes, got {size!r:.80}")
        if size < 1:
            raise ValueError(f"expected pieces of at least 1 byte, got {size}")
        self._size = size
        self._rest = bytearray()

    def cut(self, data: bytes) -> Iterator[bytes]:
        """Yield the pieces that `data` completes."""
        if not self._rest and len(data) == self._size:
            yield data
            return
        self._rest += data
        while len(self._rest) >= self._size:
            piece = bytes(self._rest[: self._size])
            del self._rest[: self._size]  # only moves the start of a bytearray
            yield piece

    def end(self) -> Iterator[bytes]:
        """Yield what is left."""
        if self._rest:
            yield bytes(self._rest)
            self._rest.clear()


class LineCutter:
    r"""Decodes bytes and cuts the text into lines, without their ends: CRLF, LF or CR.

    >>> cutter = LineCutter("utf-8")
    >>> list(cutter.cut(b"one\r\ntw")), list(cutter.cut(b"o\nth")), list(cutter.end())
    (['one'], ['two'], ['th'])
    """

    def __init__(self, encoding: str) -> None:
        # A byte order mark is no part of the first line.
        encoding = "utf-8-sig" if encoding == "utf-8" else encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._parts: list[str] = []
        self._after_cr = False

    def cut(self, data: bytes) -> Iterator[str]:
        """Yield the lines that `data` completes."""
        return self._lines(self._decoder.decode(data))

    def end(self) -> Iterator[str]:
        """Yield the last line, if it has no end."""
        yield from self._lines(self._decoder.decode(b"", True))
        if self._parts:
            yield "".join(self._parts)
            self._parts.clear()

    def _lines(self, text: str) -> Iterator[str]:
        if self._after_cr and text.startswith("\n"):
            text = text[1:]
        if text or not self._after_cr:
            self._after_cr = text.endswith("\r")
        if not text:
            return
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        *whole, rest = text.split("\n")
        for line in whole:
            # Parts are joined once a line, so a long line in many pieces costs linear time.
            self._parts.append(line)
            yield "".join(self._parts)
            self._parts.clear()
        if rest:
            self._parts.append(rest)
