"""The pure twin: reads a usual response head, which needs no decision, in one step.

`_usual_response.h` does the same in C. No field is split from its name: a program asks for few of
them, and for none of most responses.
"""

from __future__ import annotations

import re
from typing import Final

from .. import grammar
from ..limits import DEFAULT_LIMITS, Limits
from .framing import CHUNKED

__all__ = ["usual_response"]

_USUAL_HEAD = re.compile(
    rf"""
    HTTP/1\.[1-9] [ ] ([2-5][0-9]{{2}}) (?: [ ] ([\t\x20-\x7e\x80-\xff]*+) )?+ \r
    ( (?: \n [{grammar.TCHAR}]++ : [\t\x20-\x7e\x80-\xff]*+ \r )*+ )
    \n\r\n
    """.encode("latin-1"),
    re.VERBOSE,
)

#: How the lines of these fields begin in lower case.
_LENGTH: Final = b"\ncontent-length:"
_CODING: Final = b"\ntransfer-encoding:"
_CONNECTION: Final = b"\nconnection:"
_SET_COOKIE: Final = b"\nset-cookie:"
_CONTENT_ENCODING: Final = b"\ncontent-encoding:"

_MAX_DIGITS: Final = 18

_WITHOUT_CONTENT: Final = frozenset({"HEAD", "CONNECT"})
_STATUSES_WITHOUT_CONTENT: Final = frozenset({b"204", b"304"})

#: Whether the connection persists, by the value of Connection.
_PERSISTS: Final = {b"keep-alive": True, b"close": False}


def usual_response(
    method: str | None, data: bytes, limits: Limits = DEFAULT_LIMITS, /
) -> tuple[int, int, str, int, bool, bool] | None:
    """Return (size, status, reason, framing, persistent, plain) of the response head in `data`.

    `data` begins with the response to a `method` request, and None is returned unless that has a
    usual head, which needs no decision: HTTP/1.1, a final status that has content, either one plain
    Content-Length or `chunked`, and no Connection other than "close" or "keep-alive"; nothing in it
    is near a limit or invalid. `parse_response_head` and `rules` read every other head, and a
    caller waits for the rest of one that is not whole.

    `size` is the head's in bytes; `framing` is the content's length in bytes or `framing.CHUNKED`;
    `persistent` says whether the connection outlives the response, and `plain` that the head has
    neither Set-Cookie nor Content-Encoding. RFC 9112 section 6.3.

    >>> usual_response("GET", b"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello")
    (38, 200, 'OK', 5, True, True)
    >>> usual_response("HEAD", b"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\n") is None
    True
    """
    m = _USUAL_HEAD.match(data)
    if m is None or method in _WITHOUT_CONTENT:
        return None
    status, reason, section = m.groups()
    size = m.end()
    if (
        status in _STATUSES_WITHOUT_CONTENT
        or size > limits.max_start_line
        or size > limits.max_field_line
        or size > limits.max_field_section
        or section.count(b"\n") > limits.max_fields
    ):
        return None
    section = section.lower()
    persistent = True
    if _CONNECTION in section:
        told = _PERSISTS.get(_only_value(section, _CONNECTION))
        if told is None:
            return None
        persistent = told
    if _CODING in section:
        if _LENGTH in section or _only_value(section, _CODING) != b"chunked":
            return None
        framing = CHUNKED
    else:
        length = _only_value(section, _LENGTH)
        if not length.isdigit() or len(length) > _MAX_DIGITS:
            return None
        framing = int(length)
    text = str(reason, "latin-1").strip(" \t") if reason else ""
    plain = _SET_COOKIE not in section and _CONTENT_ENCODING not in section
    return size, int(status), text, framing, persistent, plain


def _only_value(section: bytes, name: bytes) -> bytes:
    """Return the value of the one line that begins with `name`; b"" if there is none or another."""
    _, found, rest = section.partition(name)
    return b"" if not found or name in rest else rest.partition(b"\r")[0].strip(b" \t")
