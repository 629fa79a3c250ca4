"""``multipart/form-data`` (RFC 7578): forms with files, sent from disk in constant memory.

>>> body = MultipartBody({"title": "A cat"}, {"photo": ("cat.png", b"...")}, boundary="xyz")
>>> body.content_type, body.length
('multipart/form-data; boundary=xyz', 176)
>>> print(b"".join(body.pieces()).replace(b"\\r", b"").decode())
--xyz
Content-Disposition: form-data; name="title"
<BLANKLINE>
A cat
--xyz
Content-Disposition: form-data; name="photo"; filename="cat.png"
Content-Type: image/png
<BLANKLINE>
...
--xyz--
<BLANKLINE>
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias, cast

from ...errors import LocalProtocolError, excerpt
from ...wire.grammar import FORBIDDEN_IN_VALUE, TOKEN
from ...wire.values import parse_media_type
from .forms import FormData, field_pairs
from .pairs import pairs_of
from .upload import Body, BytesBody, Content, body_of

__all__ = ["Files", "MultipartBody", "Part", "boundary_in"]

Part: TypeAlias = (
    Content
    | tuple[str | None, Content]
    | tuple[str | None, Content, str | None]
    | tuple[str | None, Content, str | None, Mapping[str, str]]
)
"""A file: its content, or (file name, content, media type, more header fields)."""

Files: TypeAlias = Mapping[str, Part] | Iterable[tuple[str, Part]]
"""The files of a form: a mapping from names of fields, or pairs."""

#: boundary := 0*69<bchars> bcharsnospace                             ; RFC 2046 section 5.1.1
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")

#: HTML Standard, "multipart/form-data encoding algorithm": what a name escapes, and nothing else.
_ESCAPES = {ord('"'): "%22", ord("\r"): "%0D", ord("\n"): "%0A"}


class _Piece(NamedTuple):
    """A part of the body: its head as sent, and its content."""

    head: bytes
    content: Body


class MultipartBody(Body):
    """A form with files, as the body of a request.

    Its length is known if that of each file is, so that it is sent with a Content-Length. `data`
    are the fields of the form, which come before the `files`. A file's name is the last part of its
    path, unless another is given; its media type follows from the name. The boundary is random
    unless it is given.

    Raises:
        LocalProtocolError: the boundary, or a header field of a part, is invalid.
        TypeError: a field or a file is of no type that can be sent.
    """

    def __init__(
        self, data: FormData = (), files: Files = (), *, boundary: str | None = None
    ) -> None:
        self.boundary = os.urandom(16).hex() if boundary is None else _checked_boundary(boundary)
        self._parts = [
            *(_field(name, value) for name, value in field_pairs(data)),
            *(_file(name, part) for name, part in _items(files)),
        ]
        if boundary is not None:
            _see_that_nothing_ends_early(boundary, self._parts)
        self._before = b"--%b\r\n" % self.boundary.encode()
        self._end = b"--%b--\r\n" % self.boundary.encode()
        self.length = self._length()

    @property
    def content_type(self) -> str:
        """The Content-Type of the request."""
        quoted = f'"{self.boundary}"' if not TOKEN.fullmatch(self.boundary) else self.boundary
        return f"multipart/form-data; boundary={quoted}"

    def pieces(self) -> Iterator[bytes]:
        """Yield the body. What is small and follows each other makes one piece.

        Raises:
            BodyNotReplayable: a part is an iterator that has been consumed.
            LocalProtocolError: a file became shorter while it was sent.
        """
        small = bytearray()
        for head, content in self._parts:
            small += self._before
            small += head
            for piece in cast("Iterator[bytes]", content.pieces()):
                if len(small) + len(piece) <= _SMALL:
                    small += piece
                    continue
                if small:
                    yield bytes(small)
                    small.clear()
                yield piece
            small += b"\r\n"
        yield bytes(small + self._end)

    def rewind(self) -> None:
        """See that `pieces` can be called again.

        Raises:
            BodyNotReplayable: a part is an iterator that has been consumed.
        """
        for part in self._parts:
            part.content.rewind()

    def _length(self) -> int | None:
        total = len(self._end)
        for head, content in self._parts:
            if content.length is None:
                return None
            total += len(self._before) + len(head) + content.length + len(b"\r\n")
        return total


_SMALL = 16 * 1024
"""Up to so many bytes of heads and small parts are sent in one piece."""


def boundary_in(content_type: str | None) -> str | None:
    """Return the boundary that a program has set in a Content-Type, or None.

    >>> boundary_in("multipart/form-data; boundary=abc"), boundary_in("text/plain")
    ('abc', None)
    """
    parsed = parse_media_type(content_type) if content_type else None
    if parsed is None or not parsed[0].startswith("multipart/"):
        return None
    return parsed[1].get("boundary")


# --- parts ---------------------------------------------------------------------------------------


def _items(files: Files) -> Iterable[tuple[str, Part]]:
    return pairs_of(files, "files")


def _field(name: str, value: bytes) -> _Piece:
    return _Piece(_head(name, None, None, {}), BytesBody(value))


def _file(name: str, part: Part) -> _Piece:
    """Return a file in any of the forms of `Part`."""
    given: tuple[Any, ...] = part if isinstance(part, tuple) else (_file_name(part) or name, part)
    if not 2 <= len(given) <= 4:
        raise TypeError(
            f"expected (file name, content, media type, fields) for the file {name!r}, got a tuple"
            f" of {len(given)}"
        )
    file_name, content, media_type, fields = (*given, None, None)[:4]
    fields = dict(fields or {})
    if media_type is None and not any(field.lower() == "content-type" for field in fields):
        media_type = _media_type(file_name) if file_name else None
    body = body_of(content)
    if isinstance(content, AsyncIterable):
        raise TypeError(f"expected a file that is not asynchronous for {name!r}, got {content!r}")
    return _Piece(_head(name, file_name, media_type, fields), body)


def _file_name(content: object) -> str | None:
    """Return the last part of a file's path, if it has one."""
    path = content if isinstance(content, os.PathLike) else getattr(content, "name", None)
    if not isinstance(path, str | os.PathLike):
        return None
    name = os.path.basename(os.fspath(path))
    # Standard input is called "<stdin>".
    return name if isinstance(name, str) and not name.startswith("<") else None


def _media_type(file_name: str) -> str:
    import mimetypes  # start-up: it reads the system's tables

    return mimetypes.guess_type(file_name)[0] or "application/octet-stream"


def _head(
    name: str, file_name: str | None, media_type: str | None, fields: Mapping[str, str]
) -> bytes:
    """Return the header fields of a part, and the empty line."""
    disposition = f'form-data; name="{name.translate(_ESCAPES)}"'
    if file_name is not None:
        disposition += f'; filename="{file_name.translate(_ESCAPES)}"'
    lines = {"Content-Disposition": disposition}
    if media_type is not None:
        lines["Content-Type"] = media_type
    given = {field.lower() for field in fields}
    lines = {field: value for field, value in lines.items() if field.lower() not in given}
    lines.update(fields)
    for field, value in lines.items():
        if not TOKEN.fullmatch(field) or FORBIDDEN_IN_VALUE.search(value):
            raise LocalProtocolError(
                "expected a header field of a part, without control characters, got"
                f" {excerpt(f'{field}: {value}')}"
            )
    return "".join(f"{field}: {value}\r\n" for field, value in lines.items()).encode() + b"\r\n"


def _checked_boundary(boundary: str) -> str:
    if not _BOUNDARY.fullmatch(boundary):
        raise LocalProtocolError(
            "expected a boundary of 1 to 70 letters, digits and '()+_,-./:=? (RFC 2046 section"
            f" 5.1.1), got {excerpt(boundary)}"
        )
    return boundary


def _see_that_nothing_ends_early(boundary: str, parts: list[_Piece]) -> None:
    """Refuse a chosen boundary that occurs in a part in memory; a random one occurs nowhere."""
    mark = f"--{boundary}".encode()
    for part in parts:
        if isinstance(part.content, BytesBody) and mark in part.content.data:
            raise LocalProtocolError(
                f"expected a boundary that occurs in no part, got {excerpt(boundary)}"
            )
