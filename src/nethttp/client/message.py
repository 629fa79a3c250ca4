"""`parse_headers`: reads a field section from a file into an `HTTPMessage`.

This module imports email. The rest of the client imports it only when a program reads the fields.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from email.message import Message
from typing import Protocol

from ..errors import IncompleteRead
from ..message import HTTPMessage, message_from_fields
from ..wire.h1.block import read_field_block
from ..wire.h1.head import parse_lenient_field_section
from .seams import head_limits

__all__ = ["HTTPMessage", "parse_header_lines", "parse_headers", "read_header_lines"]


class _Lines(Protocol):
    def readline(self, limit: int, /) -> bytes: ...


def read_header_lines(fp: _Lines, max_headers: int | None = None) -> list[bytes]:
    r"""Return the lines of `fp` up to and including the empty line.

    `max_headers` is the greatest number of fields; None: `_MAXHEADERS`. urllib3 reads a proxy's
    response with it.

    >>> read_header_lines(io.BytesIO(b"Via: a\r\n\r\nbody"))
    [b'Via: a\r\n', b'\r\n']
    """
    return read_field_block(fp.readline, head_limits(max_headers)).splitlines(keepends=True)


def parse_headers(
    fp: _Lines, _class: type[Message] = HTTPMessage, *, _max_headers: int | None = None
) -> Message:
    """Return the fields of `fp` up to the empty line, or the end of `fp`, as a `_class`.

    Raises:
        LineTooLong: a line has more than 65536 bytes.
        HTTPException: there are more than 100 fields (`_max_headers`), or one is malformed.

    >>> import io
    >>> parse_headers(io.BytesIO(b"Host: example.com\\r\\n\\r\\n"))["host"]
    'example.com'
    """
    limits = head_limits(_max_headers)
    try:
        block = read_field_block(fp.readline, limits)
    except IncompleteRead as error:
        block = error.partial.rstrip(b"\r\n") + b"\r\n\r\n" if error.partial.strip() else b"\r\n"
    fields, unread = parse_lenient_field_section(block, limits)
    return message_from_fields(fields, _class, unread=unread)


def parse_header_lines(
    header_lines: Iterable[bytes], _class: type[Message] = HTTPMessage
) -> Message:
    r"""Return the fields in these lines as a `_class`.

    >>> parse_header_lines([b"Via: a\r\n", b"\r\n"])["via"]
    'a'
    """
    return parse_headers(io.BytesIO(b"".join(header_lines)), _class)


parse_headers.__module__ = "nethttp.client"
