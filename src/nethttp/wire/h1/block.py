"""Collects the lines of a head from a blocking file, one by one, within their bounds.

(A connection's buffer is searched for the empty line instead.) The length and the number of lines
are checked while they arrive, so an endless head is refused before it is stored.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Final

from ...errors import IncompleteRead, LineTooLong, RemoteProtocolError
from ..grammar import TCHAR
from ..limits import DEFAULT_LIMITS, MAX_EMPTY_LINES, Limits
from .head import parse_field_section

__all__ = ["empty_lines_before", "is_hopeless", "read_field_block", "read_request_fields"]

_FIELD_LINE: Final = rf"[{TCHAR}]++:[\t\x20-\x7e\x80-\xff]*+\r\n".encode("latin-1")


@lru_cache(maxsize=1)
def _patterns() -> dict[str, re.Pattern[bytes]]:
    """Return the patterns of a request head's parts, and of the octets that it must not have.

    They are compiled at the first use: a client never needs them, and would start 0.4 ms later.
    """
    return {
        "empty lines": re.compile(rb"(?:\r\n)*+"),
        # Control characters, a bare CR, a bare LF. A CR at the end may be half of a CRLF.
        "nowhere": re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n|\Z)|(?<!\r)\n"),
        "request line": re.compile(
            rf"[{TCHAR}]++ [\x21-\x7e]++ HTTP/1\.[0-9]\r\n".encode("latin-1")
        ),
        "field line": re.compile(_FIELD_LINE),
        "field lines": re.compile(rb"(?:%b)*+" % _FIELD_LINE),
    }


def empty_lines_before(data: bytes | bytearray) -> int:
    """Return the size in bytes of the empty lines at the start of `data`. RFC 9112 section 2.2.

    >>> empty_lines_before(b"\\r\\nGET")
    2
    """
    found = _patterns()["empty lines"].match(data)
    return found.end() if found else 0


def is_hopeless(data: bytes | bytearray, seen: int = 0) -> bool:
    """Return whether the beginning of a request's head can no longer become a valid one.

    `data` does not end with an empty line yet. An earlier call accepted its first `seen` bytes;
    they are not checked again, so that a peer that sends byte by byte costs linear time.

    >>> is_hopeless(b"GET / HTTP/1.1\\r\\nHos"), is_hopeless(b"GET / HTTP/1.1\\r\\nHost\\n")
    (False, True)
    """
    begin = empty_lines_before(data)
    if begin > 2 * MAX_EMPTY_LINES or _patterns()["nowhere"].search(data, max(begin, seen - 1)):
        return True
    if seen <= begin < len(data) and data[begin] == 0x20:
        return True
    last = data.rfind(b"\n", max(begin, seen)) + 1
    if not last:
        return False
    # Check the complete lines: the rest of one that was seen in part, and later ones.
    first = data.rfind(b"\n", begin, max(begin, seen)) + 1
    if not first:
        first = data.find(b"\n", max(begin, seen)) + 1
        if not _patterns()["request line"].fullmatch(data, begin, first):
            return True
    return not _patterns()["field lines"].fullmatch(data, first, last)


def read_request_fields(readline: Callable[[int], bytes], limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Return the field lines of a request as `read_field_block` does; refuse a bad line at once.

    The server does not wait for the rest of the head, so a client that stalls occupies nothing.

    Raises:
        RemoteProtocolError: as `head.parse_field_section`, or `read_field_block`.
    """

    patterns = _patterns()

    def read(size: int) -> bytes:
        line = readline(size)
        if line != b"\r\n" and not patterns["field line"].fullmatch(line):
            if line.endswith(b"\n"):
                parse_field_section(line + b"\r\n", limits)
            elif patterns["nowhere"].search(line):
                parse_field_section(line + b"\r\n\r\n", limits)
        return line

    return read_field_block(read, limits)


def read_field_block(
    readline: Callable[[int], bytes], limits: Limits = DEFAULT_LIMITS, *, start: bytes = b""
) -> bytes:
    """Return `start` and the lines up to and including the empty one, unchanged.

    `readline` is a binary file's: its argument is the most bytes to return. `start` is the start
    line, if there is one; the caller has read it and checked its bound.

    Raises:
        LineTooLong: a line over `max_field_line` or all of them over `max_field_section` bytes.
        RemoteProtocolError: with `status_hint` 431, more than `max_fields` lines.
        IncompleteRead: the file ended before the empty line; `partial` has the received lines.

    >>> import io
    >>> read_field_block(io.BytesIO(b"Via: a\\r\\n\\r\\nbody").readline)
    b'Via: a\\r\\n\\r\\n'
    """
    longest, most = limits.max_field_line, limits.max_fields + 1
    lines = [start]
    room = limits.max_field_section
    # `iter` ends the loop at the empty line, without a comparison in the package's hottest loop.
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
    """Return the lines as one block, after checking the length of each."""
    block = b"".join(lines)
    size = len(block) - len(lines[0]) - len(lines[-1])
    if size > limits.max_field_line and max(map(len, lines[1:])) > limits.max_field_line:
        raise LineTooLong("header line", limits.max_field_line)
    return block
