"""A response's head: from the lines that a handler buffers to the bytes that are sent.

Most responses of a program have the same head except for a value or two, so results are cached: a
field line by its name and value; the status, Server and Date lines by their values and the second;
the finished head by its lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from ...caching import LIFE, SecondTimeCache
from ...errors import LocalProtocolError, excerpt
from ...wire import grammar
from ...wire.h1.encoder import without_length
from ...wire.h1.head import serialise_fields
from ...wire.h1.rules import (
    INTERIM,
    OWN_RESPONSE_FIELDS,
    ResponsePlan,
    declared_response,
    kind_of,
    plan_response,
)
from ..logs.clock import http_date

__all__ = [
    "MAX_KEPT_LINE",
    "Ending",
    "Head",
    "ending_of",
    "field_line",
    "head_of",
    "kept_field_line",
    "opening",
    "status_line",
]

#: Longer values, and longer heads, are not cached, so that the caches are bounded in bytes.
MAX_KEPT_LINE = 128
MAX_KEPT_HEAD = 1024

#: First lines that are cached at most. They have a Date, so more would not be used again.
MAX_OPENINGS = 64

#: Types whose head is sent at once, because the first content may be a long time away.
_STREAMED_TYPES = (b"text/event-stream", b"multipart/x-mixed-replace")

_DECIDING = {name.encode("ascii"): name for name in OWN_RESPONSE_FIELDS}

_ENDINGS: SecondTimeCache[tuple[Any, ...], Ending] = SecondTimeCache(
    max_key=MAX_KEPT_HEAD, life=LIFE
)
"""Finished heads, by their lines and by what else decides; to finish one takes 6 us. They have a
date, and are dropped when it has passed. A lookup without their Date would take 0.3 us more."""

_known_ending = _ENDINGS.get


@lru_cache(maxsize=1024)
def kept_field_line(name: str, value: str) -> bytes:
    """Return a checked field line, whose value has `MAX_KEPT_LINE` characters at most.

    Results are cached, because a program's responses repeat the same lines.

    Raises:
        LocalProtocolError: as `field_line`.
    """
    return serialise_fields([(name, value)])


def field_line(name: str, value: str) -> bytes:
    r"""Return a checked field line, with its line end.

    >>> field_line("Vary", "*")
    b'Vary: *\r\n'

    Raises:
        LocalProtocolError: a name that is no token, a value with control characters or outside
            ISO-8859-1.
    """
    if len(value) <= MAX_KEPT_LINE:
        return kept_field_line(name, value)
    return serialise_fields([(name, value)])


@lru_cache(maxsize=256)
def status_line(version: str, status: int, reason: str) -> bytes:
    r"""Return a status line. `version` is the whole name, as "HTTP/1.1".

    >>> status_line("HTTP/1.1", 200, "OK")
    b'HTTP/1.1 200 OK\r\n'

    Raises:
        LocalProtocolError: control characters in `version` or `reason`.
    """
    if grammar.FORBIDDEN_IN_VALUE.search(version + reason):
        raise LocalProtocolError(
            f"Invalid reason {excerpt(reason)}: expected no control characters (RFC 9112 section 4)"
        )
    return f"{version} {status:d} {reason}\r\n".encode("latin-1")


@lru_cache(maxsize=MAX_OPENINGS)
def opening(
    version: str, status: int, reason: str, software: str, system: str, second: int
) -> tuple[bytes, bytes, bytes]:
    """Return the lines that responses begin with: status, Server, and Date (`second` since 1970).

    Raises:
        LocalProtocolError: control characters in one of them.
    """
    return (
        status_line(version, status, reason),
        field_line("Server", f"{software} {system}"),
        serialise_fields([("Date", http_date(second))]),
    )


#: HTTP-version SP status-code; a program may name another protocol.   ; RFC 9112 section 4
_STATUS_LINE = re.compile(rb"[^\s:]++ ([1-9][0-9]{2})[ \r]")


def _status_in(lines: list[bytes]) -> int | None:
    """Return the status in the first line of a head; None if that is no status line."""
    m = _STATUS_LINE.match(lines[0]) if lines else None
    return int(m[1]) if m else None


def _last_head(lines: list[bytes], method: str | None) -> list[bytes]:
    """Return the lines of the final head, without interim heads that a program put before it."""
    while b"\r\n" in lines[:-1] and kind_of(method, _status_in(lines)) == INTERIM:
        lines = lines[lines.index(b"\r\n") + 1 :]
    return lines


class Head:
    """A complete head, and what it means for the content that follows.

    This class and `Ending` have slots, which are read faster than the fields of a named tuple:
    0.2 us of a response.
    """

    __slots__ = ("data", "has_body", "kind", "length", "overridden", "waits")

    def __init__(
        self,
        data: bytes,
        kind: int,
        length: int | None,
        has_body: bool,
        waits: bool,
        overridden: bool,
    ) -> None:
        self.data = data
        self.kind = kind
        """`FINAL`, `INTERIM` or `SWITCHING` of `wire.h1.rules`."""
        self.length = length
        """Bytes of content; None if the head does not declare a length."""
        self.has_body = has_body
        """Whether content may follow: not after HEAD, 204 or 304."""
        self.waits = waits
        """Whether the head is sent together with the first bytes of the content."""
        self.overridden = overridden
        """Whether the program's Content-Length was left out, because of its Transfer-Encoding."""


class Ending:
    """The end of a head, and whether the connection ends with the response."""

    __slots__ = ("close", "head", "line")

    def __init__(self, line: bytes, close: bool, head: Head) -> None:
        self.line = line
        """The Connection field that is added; empty if none is needed."""
        self.close = close
        """Whether the connection ends with the response."""
        self.head = head
        """The complete head, with `line` and the empty line."""


def _deciding_in(lines: Iterable[bytes]) -> tuple[dict[str, list[str]], bool]:
    """Return the fields that decide on framing and connection, and whether content is streamed."""
    found: dict[str, list[str]] = {}
    streamed = False
    for line in lines:
        name, _, value = line.partition(b":")
        lower = name.lower()
        key = _DECIDING.get(lower)
        if key is not None:
            found.setdefault(key, []).append(value.strip().decode("latin-1"))
        elif lower == b"content-type":
            streamed = value.strip().lower().startswith(_STREAMED_TYPES)
    return found, streamed


def _head(plan: ResponsePlan, lines: Iterable[bytes], streamed: bool, overridden: bool) -> Head:
    if overridden:
        lines = without_length(lines)
    length = plan.framing if plan.framing >= 0 else None
    waits = plan.has_body and length != 0 and not streamed
    return Head(b"".join(lines), plan.kind, length, plan.has_body, waits, overridden)


def head_of(lines: list[bytes], method: str | None) -> Head:
    r"""Return the complete head `lines`, without a Content-Length if it has Transfer-Encoding.

    >>> head_of([b"HTTP/1.1 200 OK\r\n", b"Content-Length: 5\r\n", b"\r\n"], "GET").length
    5

    Raises:
        LocalProtocolError: an invalid Content-Length or Transfer-Encoding.
    """
    head = _last_head(lines, method)
    selected, streamed = _deciding_in(head)
    declared, _, _, overridden = declared_response(selected)
    plan = plan_response(method, 11, _status_in(head), declared, persistent=True, told=True)
    return _head(plan, lines, streamed, overridden)


def ending_of(
    lines: list[bytes], method: str | None, version: int, protocol: str, close: bool
) -> Ending:
    r"""Return the end of a head that consists of `lines` so far.

    `version` is the request's (11 is HTTP/1.1), `protocol` the name of the server's version.
    `close` says whether the connection is to end. A Connection field is added if `lines` have none
    and the peer must know what becomes of the connection. A response without a declared length
    closes it.

    >>> ending_of([b"HTTP/1.1 204 No Content\r\n"], "GET", 11, "HTTP/1.1", True).line
    b'Connection: close\r\n'

    Raises:
        LocalProtocolError: an invalid Content-Length or Transfer-Encoding.
    """
    key = (tuple(lines), method, version, protocol, close)
    known = _known_ending(key)
    if known is None:
        known = _finish(lines, method, version, protocol, close)
        size = len(known.head.data)
        if _ENDINGS.admits(key, size):
            # The bytes are there as lines and as a whole.
            _ENDINGS.put(key, known, 2 * size + 100 * len(lines) + 600)
    return known


def _finish(
    lines: list[bytes], method: str | None, version: int, protocol: str, close: bool
) -> Ending:
    """Return what `ending_of` returns, worked out anew."""
    head = _last_head(lines, method)
    selected, streamed = _deciding_in(head)
    declared, told, _, overridden = declared_response(selected)
    # A server of HTTP/1.0 closes anyway.
    told = told or protocol < "HTTP/1.1"
    plan = plan_response(method, version, _status_in(head), declared, not close, told)
    whole = _head(plan, (*lines, plan.lines, b"\r\n"), streamed, overridden)
    return Ending(plan.lines, not plan.persistent, whole)
