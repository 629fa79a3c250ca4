"""Colours of log lines and announcements on a terminal, as Python 3.15's http.server has them.

``NO_COLOR``, ``FORCE_COLOR``, ``PYTHON_COLORS`` and ``TERM=dumb`` mean what they mean to Python.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any

__all__ = ["coloured", "coloured_line", "has_colours", "stderr_has_colours"]

_CODES = {
    "error": "33",
    "path": "36",
    "url": "36",
    "serving": "32",
    "qr": "97;40",
    "timestamp": "90",
    "size": "90",
    "status 1": "0",
    "status 2": "32",
    "status 3": "96",
    "status 4": "33",
    "status 5": "31",
}

_REQUEST = re.compile(r'"(\S+) (\S+) (\S+)" (([1-5])\d\d) (\S+)')
_ERROR = re.compile(r"code \d+, message ")


def has_colours(stream: Any) -> bool:
    """Return whether colours are wanted on `stream`, and it shows them.

    The environment decides first, as in CPython: PYTHON_COLORS, NO_COLOR, FORCE_COLOR, TERM.

    >>> from io import StringIO
    >>> from unittest.mock import patch
    >>> with patch.dict(os.environ, {"PYTHON_COLORS": "1"}):
    ...     has_colours(StringIO())
    True
    """
    environ = os.environ
    if environ.get("PYTHON_COLORS") in ("0", "1"):
        return environ["PYTHON_COLORS"] == "1"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    try:
        return environ.get("TERM") != "dumb" and bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


#: The standard error that was last asked, and the answer: it is needed for every line.
_known: tuple[Any, bool] = (None, False)


def stderr_has_colours() -> bool:
    """Return `has_colours` of the current `sys.stderr`, since a program may replace that."""
    global _known
    stream, answer = _known
    if stream is not sys.stderr:
        stream = sys.stderr
        answer = has_colours(stream)
        _known = stream, answer
    return answer


def coloured(text: str, what: str) -> str:
    """Return `text` in the colour of `what`.

    >>> coloured("404", "status 4")
    '\\x1b[33m404\\x1b[0m'
    """
    return f"\x1b[{_CODES[what]}m{text}\x1b[0m"


def coloured_line(start: str, message: str) -> str:
    """Return a log line in colours: `start` has address and time, `message` is escaped.

    >>> coloured_line("::1 - - [now] ", "code 404, message Not Found")
    '\\x1b[90m::1 - - [now]\\x1b[0m \\x1b[33mcode 404, message Not Found\\x1b[0m'
    """
    start = coloured(start.rstrip(" "), "timestamp") + " "
    found = _REQUEST.match(message)
    if found is not None:
        method, path, version, status, digit, size = found.groups()
        message = (
            f'"{method} {coloured(path, "path")} {version}" '
            f"{coloured(status, f'status {digit}')} {coloured(size, 'size')}"
            f"{message[found.end() :]}"
        )
    elif _ERROR.match(message):
        message = coloured(message, "error")
    return start + message
