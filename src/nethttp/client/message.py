"""`parse_headers`: a field section from a file to an `HTTPMessage`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..errors import IncompleteRead
from ..wire.block import read_field_block
from ..wire.head import parse_lenient_field_section
from ..wire.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from email.message import Message

__all__ = ["parse_headers", "read_header_lines"]


class _Lines(Protocol):
    def readline(self, limit: int, /) -> bytes: ...


def limits_for(max_headers: int | None) -> Limits:
    """Return the limits with `max_headers` as the bound on fields; None keeps the default."""
    return (
        DEFAULT_LIMITS if max_headers is None else DEFAULT_LIMITS._replace(max_fields=max_headers)
    )


def read_header_lines(fp: _Lines, max_headers: int | None = None) -> list[bytes]:
    """Return the lines that `fp` holds up to the empty line, that one included.

    urllib3 reads a proxy's answer with it.
    """
    return read_field_block(fp.readline, limits_for(max_headers)).splitlines(keepends=True)


def parse_headers(
    fp: _Lines, _class: type[Message] | None = None, *, _max_headers: int | None = None
) -> Message:
    """Return the fields that `fp` holds up to the empty line, or its end, as a `_class`
    (default: `HTTPMessage`).

    Raises:
        LineTooLong: a line of more than 65536 bytes.
        HTTPException: more than 100 fields (`_max_headers`), or one that cannot be read.

    >>> import io
    >>> parse_headers(io.BytesIO(b"Host: example.com\\r\\n\\r\\n"))["host"]
    'example.com'
    """
    limits = limits_for(_max_headers)
    try:
        block = read_field_block(fp.readline, limits)
    except IncompleteRead as error:
        block = error.partial.rstrip(b"\r\n") + b"\r\n\r\n" if error.partial.strip() else b"\r\n"
    from ..message import HTTPMessage, message_from_fields  # start-up: it loads email

    fields = parse_lenient_field_section(block, limits)
    return message_from_fields(fields, _class or HTTPMessage)
