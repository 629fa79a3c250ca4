"""Which encoding the bytes of a response are in: by Content-Type, a byte order mark, or JSON."""

from __future__ import annotations

import codecs
from typing import Final

from ...wire.values import parse_media_type

__all__ = ["encoding_of", "json_encoding"]

#: Byte order marks, the longer before those that begin like them, and the encodings they tell.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(content_type: str | None, content: bytes, default: str = "utf-8") -> str:
    """Return the name of the encoding of a text: one that Python knows.

    The charset of Content-Type decides, then a byte order mark, then `default`. A charset that
    Python does not know is passed over.

    >>> encoding_of("text/html; charset=ISO-8859-1", b""), encoding_of(None, b"\\xef\\xbb\\xbfa")
    ('iso8859-1', 'utf-8-sig')
    """
    if content_type is not None and "charset" in content_type.lower():
        media_type = parse_media_type(content_type)
        charset = "" if media_type is None else media_type[1].get("charset", "")
        try:
            found = codecs.lookup(charset) if charset else None
        except (LookupError, ValueError):
            found = None
        if found is not None and found._is_text_encoding:
            if found.name == "utf-8" and content.startswith(codecs.BOM_UTF8):
                return "utf-8-sig"
            return found.name
    for mark, name in _MARKS:
        if content.startswith(mark):
            return name
    return default


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
