"""`FormParser`: takes multipart/form-data apart while it arrives. RFC 7578, RFC 2046 section 5.1.

It holds no more than a piece of content and one head of a part, whatever the client sends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple

from ...wire import grammar
from ...wire.values import parse_media_type
from .refusal import Refusal

__all__ = ["END_OF_PART", "FormEvent", "FormParser", "Part", "boundary_of"]

MAX_HEAD = 8192
"""Bytes of a part's head at most."""

MAX_FIELDS = 16
"""Fields of a part's head at most."""

MAX_PARTS = 10_000
"""Parts of a form at most."""

MAX_PREAMBLE = 1024
"""Bytes before the first boundary at most; browsers and curl send none."""

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")

#: A parameter of Content-Disposition. Browsers write a backslash as it is, curl as two.
_PARAMETER = re.compile(
    r';[ \t]*([A-Za-z*]+)=(?:"((?:[^"\\]|\\.)*)"|([!#$%&\'*+.^_`|~0-9A-Za-z-]+))[ \t]*'
)

#: What browsers and curl write for characters that would end the value.
_ESCAPES = {'\\"': '"', "\\\\": "\\", "%22": '"', "%0D": "\r", "%0A": "\n"}
_ESCAPED = re.compile("|".join(map(re.escape, _ESCAPES)))

#: Transfer encodings that change nothing.
_PLAIN = ("7bit", "8bit", "binary")


class Part(NamedTuple):
    """The beginning of a part: the name of its field, and of its file if it is one."""

    name: str
    filename: str | None


class _End(Enum):
    PART = "part"


END_OF_PART: Final = _End.PART
"""What `FormParser.feed` yields after the content of a part."""


FormEvent = Part | bytes | _End
"""A part begins; content of it; it ends."""


class _State(Enum):
    PREAMBLE = "before the first boundary"
    BOUNDARY = "behind a boundary"
    HEAD = "in the head of a part"
    CONTENT = "in the content of a part"
    EPILOGUE = "behind the last boundary"


def boundary_of(content_type: str) -> str:
    """Return the boundary in the value of Content-Type.

    >>> boundary_of('multipart/form-data; boundary="a b"')
    'a b'

    Raises:
        Refusal: 415, it is no form; 400, there is no boundary.
    """
    essence, parameters = parse_media_type(content_type) or ("", {})
    if essence != "multipart/form-data":
        raise Refusal(415, "Expected multipart/form-data")
    boundary = parameters.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise Refusal(400, "Expected a boundary of 1 to 70 characters in Content-Type")
    return boundary


class FormParser:
    r"""Takes a form apart, fed piece by piece.

    >>> parser = FormParser("x")
    >>> form = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nvalue\r\n--x--\r\n'
    >>> [event for at in range(0, len(form), 50) for event in parser.feed(form[at : at + 50])]
    [Part(name='a', filename=None), b'value', <_End.PART: 'part'>]
    >>> parser.close()
    """

    def __init__(self, boundary: str) -> None:
        self._delimiter = b"\r\n--" + boundary.encode("ascii")
        # The first boundary may stand at the very beginning.
        self._buffer = bytearray(b"\r\n")
        self._state = _State.PREAMBLE
        self._parts = 0
        self._skip = 0
        """Bytes of the buffer before the content: the line end of a head."""

    def feed(self, data: bytes | memoryview) -> Iterator[FormEvent]:
        """Yield what can be told of the form with the next `data`: parts, content, ends of parts.

        Raises:
            Refusal: 400, it is no form; 413, it has too many parts, or one with a long head.
        """
        self._buffer += data
        step = {
            _State.PREAMBLE: self._preamble,
            _State.BOUNDARY: self._behind_boundary,
            _State.HEAD: self._head,
            _State.CONTENT: self._content,
            _State.EPILOGUE: self._epilogue,
        }
        while (events := step[self._state]()) is not None:
            yield from events

    def close(self) -> None:
        """Check that the form is complete.

        Raises:
            Refusal: 400, it is not.
        """
        if self._state is not _State.EPILOGUE:
            raise Refusal(400, f"The form ends {self._state.value}")

    # Each step returns what it found, None if it needs more data.

    def _preamble(self) -> list[FormEvent] | None:
        start = self._buffer.find(self._delimiter)
        if start < 0:
            if len(self._buffer) > MAX_PREAMBLE:
                raise Refusal(400, "Expected the boundary at the beginning of the form")
            return None
        del self._buffer[: start + len(self._delimiter)]
        self._state = _State.BOUNDARY
        return []

    def _behind_boundary(self) -> list[FormEvent] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        if buffer.startswith(b"--"):
            self._state = _State.EPILOGUE
            return []
        end = buffer.find(b"\r\n", 0, MAX_PREAMBLE)
        if end < 0 and len(buffer) < MAX_PREAMBLE:
            return None
        if end < 0 or buffer[:end].strip(b" \t"):
            raise Refusal(400, "Expected a line end behind a boundary")
        del buffer[: end + 2]
        self._state = _State.HEAD
        return []

    def _head(self) -> list[FormEvent] | None:
        buffer = self._buffer
        # A part may have no field at all, which is no field of a form.
        end = 0 if buffer.startswith(b"\r\n") else buffer.find(b"\r\n\r\n", 0, MAX_HEAD)
        if end < 0:
            if len(buffer) >= MAX_HEAD:
                raise Refusal(413, f"A part's head may have {MAX_HEAD} bytes")
            return None
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise Refusal(413, f"A form may have {MAX_PARTS} parts")
        part = _part_of(bytes(buffer[:end]))
        # The line end of the head stays: see `_content`.
        del buffer[: end + 2]
        self._state = _State.CONTENT
        self._skip = 2
        return [part]

    def _content(self) -> list[FormEvent] | None:
        buffer, delimiter, skip = self._buffer, self._delimiter, self._skip
        end = buffer.find(delimiter)
        if end < 0:
            # What may be the beginning of a boundary stays.
            end = buffer.find(b"\r", max(0, len(buffer) - len(delimiter) + 1))
            end = len(buffer) if end < 0 else end
            if end <= skip:
                return None
            content = bytes(memoryview(buffer)[skip:end])
            del buffer[:end]
            self._skip = 0
            return [content]
        if end < skip:
            # RFC 2046 takes the line end of the head for that of the boundary, so that the part is
            # empty. Other parsers take the boundary for content.
            raise Refusal(400, "Expected a line end before a boundary")
        content = bytes(memoryview(buffer)[skip:end])
        del buffer[: end + len(delimiter)]
        self._state = _State.BOUNDARY
        return [content, END_OF_PART] if content else [END_OF_PART]

    def _epilogue(self) -> list[FormEvent] | None:
        self._buffer.clear()
        return None


def _part_of(head: bytes) -> Part:
    """Return what the head of a part says.

    Raises:
        Refusal: 400, it has no name, or is no head.
    """
    try:
        lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    except UnicodeDecodeError:
        lines = []
    if len(lines) > MAX_FIELDS:
        raise Refusal(413, f"A part's head may have {MAX_FIELDS} fields")
    disposition = None
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not grammar.TOKEN.fullmatch(name):
            raise Refusal(400, "Expected fields in the head of a part")
        if name.lower() == "content-disposition":
            if disposition is not None:
                raise Refusal(400, "Expected Content-Disposition once in the head of a part")
            disposition = value.strip(" \t")
        elif (
            name.lower() == "content-transfer-encoding" and value.strip(" \t").lower() not in _PLAIN
        ):
            # RFC 7578 section 4.7: nobody sends one. Stored undecoded, the file would be another.
            raise Refusal(400, "Send the parts of a form without a transfer encoding")
    if disposition is None:
        raise Refusal(400, "Expected Content-Disposition in the head of a part")
    return _named_part(disposition)


def _named_part(disposition: str) -> Part:
    kind, separator, rest = disposition.partition(";")
    parameters: dict[str, str] = {}
    rest = separator + rest
    place = 0
    while m := _PARAMETER.match(rest, place):
        value = m[3] if m[2] is None else _ESCAPED.sub(lambda found: _ESCAPES[found[0]], m[2])
        if m[1].lower() in parameters:
            raise Refusal(400, f"Expected one {m[1].lower()} in Content-Disposition")
        parameters[m[1].lower()] = value
        place = m.end()
    if kind.strip(" \t").lower() != "form-data" or place < len(rest) or "name" not in parameters:
        raise Refusal(400, "Expected Content-Disposition: form-data with a name")
    return Part(parameters["name"], parameters.get("filename"))
