"""Text from bytes: charsets, and pieces of so many characters."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from email.message import Message

__all__ = ["TextCutter", "charset_of", "is_encoding"]


def charset_of(content_type: str | None) -> str | None:
    """Return the charset parameter of a Content-Type, or None.

    >>> charset_of("text/html; charset=latin-1"), charset_of("text/html")
    ('latin-1', None)
    """
    if content_type is None:
        return None
    message = Message()
    message["Content-Type"] = content_type
    return message.get_content_charset(failobj=None)


def is_encoding(name: str) -> bool:
    """Return whether Python knows an encoding of this name.

    >>> is_encoding("latin-1"), is_encoding("invalid-codec-name")
    (True, False)
    """
    try:
        codecs.lookup(name)
    except LookupError:
        return False
    return True


class TextCutter:
    """Decodes bytes; cuts the text into pieces of `size` characters, or leaves it as it arrives.

    >>> cutter = TextCutter("utf-8", 2)
    >>> list(cutter.cut(b"abc")), list(cutter.end())
    (['ab'], ['c'])
    """

    def __init__(self, encoding: str, size: int | None) -> None:
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._size = size
        self._rest = ""

    def cut(self, data: bytes) -> Iterator[str]:
        """Yield the pieces that `data` completes."""
        yield from self._pieces(self._decoder.decode(data))

    def end(self) -> Iterator[str]:
        """Yield what is left."""
        yield from self._pieces(self._decoder.decode(b"", True))
        if self._rest:
            yield self._rest
            self._rest = ""

    def _pieces(self, text: str) -> Iterator[str]:
        if self._size is None:
            if text:
                yield text
            return
        text = self._rest + text
        whole = len(text) - len(text) % self._size
        for start in range(0, whole, self._size):
            yield text[start : start + self._size]
        self._rest = text[whole:]
