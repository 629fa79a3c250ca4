"""Comments in cookie files, for what the file's format has no place for.

A cookie's line is in the plain format, which every reader understands. To find out what the line
loses, it is read back; the difference is written as JSON in a comment before it, ``# nethttp:
{...}``, which other readers ignore. A comment counts only for the next line, and only if that is
still the cookie it was written for: people and programs edit these files.

Creation and access times are not saved: a loaded cookie is new, in the file's order.
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
"""Some editors write it before a file's first line."""

MARK = "# nethttp: "
"""The beginning of our comments."""

_ESCAPED_OCTET = re.compile("[\udc80-\udcff]")

ReadLine = Callable[[str], Sequence[Cookie]]

#: Not saved, or part of `rest`.
_LEFT_OUT = ("creation_time", "last_access_time", "host_only", "http_only", "same_site")
#: These mean something only in RFC 2965's cookies.
_MODERN = ("domain_initial_dot", "path_specified")


def _facts(cookie: Cookie) -> dict[str, Any]:
    """Return all of a cookie that has an effect, as `Cookie.to_dict` has it."""
    row = cookie.to_dict()
    for key in _LEFT_OUT if cookie.version else (*_LEFT_OUT, *_MODERN):
        del row[key]
    # HttpOnly counts in any case.
    row["rest"] = {k: v for k, v in row["rest"].items() if k.lower() != "httponly"}
    if cookie.http_only:
        row["rest"]["HttpOnly"] = None
    return row


def lines_of(cookie: Cookie, write_line: Callable[[Cookie], str], read_line: ReadLine) -> str:
    """Return a cookie's line, with a comment before it if the line loses something.

    A cookie that no line can have, such as one with a line end in it, is a comment alone, so that
    `read_lines` returns every cookie whole.
    """
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
    """Call `take` for every cookie of a file, of which only `readline` is used.

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
    """Return a line, as ISO-8859-1 if it is not UTF-8: its cookie can be sent then."""
    if line.isascii() or not _ESCAPED_OCTET.search(line):
        return line
    return line.encode("utf-8", "surrogateescape").decode("latin-1")


def _read_comment(text: str) -> dict[str, Any]:
    try:
        comment = json.loads(text)
    except (RecursionError, ValueError):
        comment = None
    # Not one of ours: ignored, as any other comment.
    return comment if isinstance(comment, dict) else {}


def _merged(row: dict[str, Any], also: Any) -> Cookie | None:
    """Return the cookie of a row with the changes `also`, None if they do not make a cookie."""
    if not isinstance(also, dict):
        return None
    try:
        return Cookie.from_dict({**row, **also})
    except (ArithmeticError, TypeError, ValueError):
        return None
