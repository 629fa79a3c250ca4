"""The lines of a head, collected from a file one by one, within their bounds.

What a connection's buffer finds by searching for the empty line, a blocking file finds line by
line. Each line and their number are bounded while they arrive, so an endless head is refused before
it is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..errors import IncompleteRead, LineTooLong, RemoteProtocolError
from .limits import DEFAULT_LIMITS, Limits

__all__ = ["read_field_block"]


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
    longest, most = limits.max_field_line, limits.max_fields + 1
    lines = [start]
    room = limits.max_field_section
    # The empty line ends the loop without a comparison of its own: this loop is the hottest of all.
    for line in iter(partial(readline, longest + 1), b"\r\n"):
        lines.append(line)
        room -= len(line)
        if room < 0:
            long_line = len(line) > longest
            raise LineTooLong(
                "header line" if long_line else "field section",
                longest if long_line else limits.max_field_section,
            )
        if len(lines) > most or line[-2:] != b"\r\n":
            if line == b"\n":
                return _checked(lines, limits)
            if len(line) > longest:
                raise LineTooLong("header line", longest)
            if not line.endswith(b"\n"):
                raise IncompleteRead(b"".join(lines))
            if len(lines) > most:
                raise RemoteProtocolError(
                    f"got more than {limits.max_fields} headers", status_hint=431
                )
    lines.append(b"\r\n")
    return _checked(lines, limits)


def _checked(lines: list[bytes], limits: Limits) -> bytes:
    """Return the lines as one block, if they are not too long one by one or together."""
    block = b"".join(lines)
    size = len(block) - len(lines[0]) - len(lines[-1])
    if size > limits.max_field_line and max(map(len, lines[1:])) > limits.max_field_line:
        raise LineTooLong("header line", limits.max_field_line)
    return block
