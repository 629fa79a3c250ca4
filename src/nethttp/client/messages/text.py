"""Which encoding the bytes of a response are in: by Content-Type, a byte order mark, or JSON."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from encodings.aliases import aliases
from functools import lru_cache
from typing import Final

from ...errors import excerpt
from ...wire.values import parse_media_type

__all__ = ["Encoding", "check_encoding", "encoding_of", "is_encoding", "json_encoding"]

Encoding = str | Callable[[bytes], str]
"""The name of an encoding, or a function that finds one out from the content."""

#: Byte order marks, the longer before those that begin like them, and the encodings they tell.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


#: Python's encodings that no text of the web is in: some fail whatever they are to replace, and
#: UTF-7 hides markup.
_NOT_OF_THE_WEB: Final = frozenset(
    {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7"}
)


def encoding_of(content_type: str | None, content: bytes, default: Encoding = "utf-8") -> str:
    """Return the name of the encoding of a text: one that Python knows.

    The charset of Content-Type decides, then a byte order mark, then `default`. A charset that
    Python does not know is passed over.

    >>> encoding_of("text/html; charset=ISO-8859-1", b""), encoding_of(None, b"\\xef\\xbb\\xbfa")
    ('iso8859-1', 'utf-8-sig')
    """
    if content_type is not None and "charset" in content_type.lower():
        media_type = parse_media_type(content_type)
        charset = "" if media_type is None else media_type[1].get("charset", "")
        found = _known(charset)
        if found is not None:
            if found == "utf-8" and content.startswith(codecs.BOM_UTF8):
                return "utf-8-sig"
            return found
    for mark, name in _MARKS:
        if content.startswith(mark):
            return name
    return default if isinstance(default, str) else default(content)


_CHARSET: Final = re.compile("[a-z0-9][a-z0-9_.:-]{0,39}")
_SEPARATORS: Final = re.compile("[^a-z0-9]+")


@lru_cache(64)
def _known(charset: str) -> str | None:
    """Return Python's name of a charset, or None.

    `codecs.lookup` remembers each name that it does not know, for ever, and imports modules by it,
    so it is asked only for encodings that are there.
    """
    from importlib.util import find_spec  # start-up: most texts are in UTF-8

    charset = charset.lower()
    if not _CHARSET.fullmatch(charset):
        return None
    module = _SEPARATORS.sub("_", charset)
    if module not in aliases and find_spec(f"encodings.{module}") is None:
        return None
    try:
        found = codecs.lookup(charset)
    except LookupError:
        # A module that is no encoding, such as the table of aliases.
        return None
    is_text = getattr(found, "_is_text_encoding", True)
    return found.name if is_text and found.name not in _NOT_OF_THE_WEB else None


def is_encoding(name: str) -> bool:
    """Return whether `name` is an encoding that a text of the web may be in.

    >>> is_encoding("latin-1"), is_encoding("base64")
    (True, False)
    """
    return _known(name) is not None


def check_encoding(name: str) -> None:
    """Raise an error if Python has no encoding of this name that makes text of bytes.

    >>> check_encoding("utf-9")
    Traceback (most recent call last):
    ValueError: expected the name of an encoding, got 'utf-9'

    Raises:
        TypeError: it is no text.
        ValueError: it is unknown.
    """
    if not isinstance(name, str):
        raise TypeError(f"expected the name of an encoding as str, got {type(name).__name__}")
    try:
        b" ".decode(name, "replace")  # as a response's text is; no bytes would ask for no codec
    except (LookupError, ValueError):
        raise ValueError(f"expected the name of an encoding, got {excerpt(name)}") from None


def json_encoding(content: bytes) -> str:
    """Return the encoding of a JSON text, by its first bytes. RFC 8259 section 8.1.

    >>> json_encoding(b'{"a": 1}'), json_encoding('{"a": 1}'.encode("utf-16-le"))
    ('utf-8', 'utf-16-le')
    """
    for mark, name in _MARKS:
        if content.startswith(mark):
            return name
    # The first two characters of a JSON text are ASCII, so the zeros tell the width and the order.
    zeros = tuple(not byte for byte in content[:4])
    return _BY_ZEROS.get(zeros) or _BY_ZEROS.get(zeros[:2], "utf-8")


_BY_ZEROS: Final[dict[tuple[bool, ...], str]] = {
    (True, True, True, False): "utf-32-be",
    (False, True, True, True): "utf-32-le",
    (True, False): "utf-16-be",
    (False, True): "utf-16-le",
}
