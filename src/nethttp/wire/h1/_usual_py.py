"""The pure twin: reads a usual request head, which needs no decision, in one step.

`_usual.h` does the same in C.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .. import grammar
from ..limits import DEFAULT_LIMITS, Limits
from ._read_py import parse_request_head

if TYPE_CHECKING:
    from ..environ import Environ

__all__ = ["usual_environ", "usual_line", "usual_request"]

_USUAL_LINE = re.compile(
    rf"([{grammar.TCHAR}]++) (/(?!/)[{grammar.URI}]*+) HTTP/1\.([01])".encode("latin-1")
)
#: A field section that needs no decision. Each group holds a value that the server needs, and
#: prevents a second line with the same name.
_USUAL_SECTION = re.compile(
    rf"""
    (?:
        (?! (?i: connection | content-length | expect | host | transfer-encoding ) : )
        [{grammar.TCHAR}]++ : [\t\x20-\x7e\x80-\xff]*+ \r\n
      | (?i: host ) : (?(1) (?!) )
        [ \t]*+ ( (?: [A-Za-z0-9.\-_]*+ | \[ [0-9A-Fa-f:.]++ \] ) (?: : [0-9]*+ )?+ ) [ \t]*+ \r\n
      | (?i: connection ) : (?(2) (?!) )
        [ \t]*+ ( (?i: close | keep-alive ) ) [ \t]*+ \r\n
      | (?i: content-length ) : (?(3) (?!) )
        [ \t]*+ ( [0-9]{{1,18}}+ ) [ \t]*+ \r\n
    )*+
    \r\n
    """.encode("latin-1"),
    re.VERBOSE,
)


def usual_line(line: bytes, /) -> tuple[str, str, int, str] | None:
    """Return (method, target, version, line) of a usual request line, given without its CRLF.

    None if it is not a valid line of HTTP/1.0 or 1.1, if the method is CONNECT, or if the target is
    not a path that begins with one "/".

    >>> usual_line(b"GET /a HTTP/1.1")
    ('GET', '/a', 11, 'GET /a HTTP/1.1')
    """
    m = _USUAL_LINE.fullmatch(line)
    if m is None:
        return None
    method, target, minor = m.groups()
    if method == b"CONNECT":
        return None
    version = 11 if minor == b"1" else 10
    return str(method, "ascii"), str(target, "ascii"), version, str(line, "ascii")


def usual_request(
    block: bytes, limits: Limits = DEFAULT_LIMITS, /
) -> tuple[int, bool, str, str, int, str] | None:
    """Return (length, persistent, method, target, version, request line) of a usual request head.

    A usual head needs no decision: its target is a path that begins with one "/"; it has one plain
    Host, at most one Content-Length, and no Connection other than "close" or "keep-alive"; it has
    neither Transfer-Encoding nor Expect; nothing in it is near a limit or invalid. None for every
    other head: `parse_request_head` and `rules` read those. `length` is the content's in bytes,
    `persistent` says whether the connection outlives the request, the request line has no CRLF.

    >>> usual_request(b"GET /a HTTP/1.1\\r\\nHost: b\\r\\n\\r\\n")
    (0, True, 'GET', '/a', 11, 'GET /a HTTP/1.1')
    """
    line, _, section = block.partition(b"\r\n")
    request, m = usual_line(line), _USUAL_SECTION.fullmatch(section)
    size = len(block)
    if (
        request is None
        or m is None
        or size > limits.max_start_line
        or size > limits.max_field_line
        or size > limits.max_field_section
        or section.count(b"\n") - 1 > limits.max_fields
    ):
        return None
    host, connection, length = m.groups()
    method, target, version, text = request
    if version == 11 and host is None:
        return None
    persistent = version == 11 if connection is None else connection.lower() == b"keep-alive"
    return int(length) if length else 0, persistent, method, target, version, text


def usual_environ(
    block: bytes, base: Environ, limits: Limits = DEFAULT_LIMITS, /
) -> tuple[int, bool, Environ] | None:
    """Return (length, persistent, environ) of a usual request head; None for every other.

    The environ is a copy of `base` with the head's keys (PEP 3333). A field whose name has a "_" is
    left out, since it would pass for one with a "-"; so is Proxy, whose key HTTP_PROXY programs
    take for their own setting.

    >>> usual_environ(b"GET /a%20b?c HTTP/1.1\\r\\nHost: d\\r\\n\\r\\n", {})[2]["PATH_INFO"]
    '/a b'
    """
    from ..environ import environ_of  # start-up: it loads urllib.parse

    usual = usual_request(block, limits)
    if usual is None:
        return None
    length, persistent, method, target, version, _ = usual
    fields = parse_request_head(block, limits)[3]
    return length, persistent, environ_of(base, method, target, version, fields)
