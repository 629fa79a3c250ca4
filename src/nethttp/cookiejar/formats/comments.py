"""What a cookie file's format cannot say of a cookie, said in a comment before its line.

The line is what every reader of the format understands, and is written first. It is then read back,
and whatever it lost goes into a comment, ``# nethttp: {...}``, which other readers pass over. A
comment counts for the very next line alone, and only if that still is the cookie it was written
for: people and programs edit these files.

When a cookie came and when it was last used is not kept: it is loaded as new, in the file's order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import IO, Any

from ...errors import LoadError, excerpt
from ..cookie import Cookie

__all__ = ["BYTE_ORDER_MARK", "MARK", "lines_of", "read_lines"]

BYTE_ORDER_MARK = "\ufeff"
"""Some editors put it before a file's first line."""

MARK = "# nethttp: "
"""Begins a comment that is meant for us."""

_ESCAPED_OCTET = re.compile("[\udc80-\udcff]")

ReadLine = Callable[[str], Sequence[Cookie]]

#: Not kept; or said by `rest`.
_LEFT_OUT = ("creation_time", "last_access_time", "host_only", "http_only", "same_site")
#: Of cookies that are not RFC 2965's these say nothing.
_MODERN = ("domain_initial_dot", "path_specified")


def _facts(cookie: Cookie) -> dict[str, Any]:
    """Return what tells one cookie from another in its effect."""
    row = cookie.to_dict()
    for key in _LEFT_OUT if cookie.version else (*_LEFT_OUT, *_MODERN):
        del row[key]
    # In whatever case it was written.
    row["rest"] = {k: v for k, v in row["rest"].items() if k.lower() != "httponly"}
    if cookie.http_only:
        row["rest"]["HttpOnly"] = None
    return row


def lines_of(cookie: Cookie, write_line: Callable[[Cookie], str], read_line: ReadLine) -> str:
    """Return the line of a cookie, or its comment and its line, or a comment for all of it."""
    facts = _facts(cookie)
    try:
        line = write_line(cookie)
        line.encode("utf-8", "surrogateescape")
        (read,) = read_line(_text_of(line))
    except (ArithmeticError, LookupError, OSError, TypeError, ValueError):
        read = None
    if read is None or "\n" in line or "\r" in line:
        return f"{MARK}{json.dumps({'alone': facts})}\n"
    lost = {key: fact for key, fact in facts.items() if _facts(read).get(key) != fact}
    if not lost:
        return f"{line}\n"
    return f"{MARK}{json.dumps({'of': _name(read), 'also': lost})}\n{line}\n"


def _name(cookie: Cookie) -> list[str | None]:
    return [cookie.domain, cookie.path, cookie.name]


def read_lines(
    file: IO[str], filename: str, read_line: ReadLine, take: Callable[[Cookie], None]
) -> None:
    """Give `take` every cookie of a file, of which `readline` is used alone.

    Raises:
        LoadError: a line is neither a cookie nor a comment.
    """
    comment: dict[str, Any] = {}
    for line in map(_text_of, iter(file.readline, "")):
        if line.startswith(MARK):
            comment = _read_comment(line.removeprefix(MARK))
            if (alone := _merged({}, comment.get("alone"))) is not None:
                take(alone)
            continue
        try:
            cookies = read_line(line)
        except (ArithmeticError, KeyError, TypeError, ValueError) as error:
            raise LoadError(f"invalid line in cookie file {filename!r}: {excerpt(line)}") from error
        for cookie in cookies:
            full = None
            if comment.get("of") == _name(cookie):
                full = _merged(cookie.to_dict(), comment.get("also"))
            take(full or cookie)
        comment = {}


def _text_of(line: str) -> str:
    """Return a line in which each octet that is no UTF-8 is a character, so that it can be sent."""
    if line.isascii() or not _ESCAPED_OCTET.search(line):
        return line
    return line.encode("utf-8", "surrogateescape").decode("latin-1")


def _read_comment(text: str) -> dict[str, Any]:
    try:
        comment = json.loads(text)
    except (RecursionError, ValueError):
        comment = None
    # A comment like any other, if it is not as we write them.
    return comment if isinstance(comment, dict) else {}


def _merged(row: dict[str, Any], also: Any) -> Cookie | None:
    """Return the cookie that a row and a comment make, None if they make none."""
    if not isinstance(also, dict):
        return None
    try:
        return Cookie.from_dict({**row, **also})
    except (ArithmeticError, TypeError, ValueError):
        return None
