"""The lines of a head, collected from a file one by one, within their bounds.

What a connection's buffer finds by searching for the empty line, a blocking file finds line by
line. The bounds hold while the lines arrive, so an endless head is refused before it is stored.
"""

from __future__ import annotations

from collections.abc import Callable

from ..errors import IncompleteRead, LineTooLong, RemoteProtocolError
from .limits import DEFAULT_LIMITS, Limits

__all__ = ["read_field_block"]

_EMPTY_LINES = (b"\r\n", b"\n")


def read_field_block(
    readline: Callable[[int], bytes], limits: Limits = DEFAULT_LIMITS, *, start: bytes = b""
) -> bytes:
    """Return `start` and the lines up to and including the empty one, as they came.

    `readline` is that of a binary file: it takes the most bytes to return. `start` is the start
    line if there is one; its bound is for whoever read it.

    Raises:
        LineTooLong: a line over `max_field_line` or all of them over `max_field_section` bytes.
        RemoteProtocolError: with `status_hint` 431, more than `max_fields` lines.
        IncompleteRead: the file ended before the empty line; `partial` has what came.

    >>> import io
    >>> read_field_block(io.BytesIO(b"Via: a\\r\\n\\r\\nbody").readline)
    b'Via: a\\r\\n\\r\\n'
    """
    lines = [start]
    longest, section = limits.max_field_line, limits.max_field_section
    size = 0
    for _ in range(limits.max_fields + 1):
        line = readline(longest + 1)
        lines.append(line)
        if line in _EMPTY_LINES:
            return b"".join(lines)
        length = len(line)
        size += length
        if length > longest:
            raise LineTooLong("header line", longest)
        if size > section:
            raise LineTooLong("field section", section)
        if not line.endswith(b"\n"):
            raise IncompleteRead(b"".join(lines))
    raise RemoteProtocolError(f"got more than {limits.max_fields} headers", status_hint=431)
