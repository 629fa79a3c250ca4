"""``?simple``: the names in a directory, one a line, sent while they are read."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from urllib.parse import quote

from ..gate import Gate
from ..reply import Reply
from ..request import FolderRequest
from ..tree import Entry, Opened
from .listing_reply import AT_ONCE, listing_reply

__all__ = ["answer"]

#: What ends a line, or commands a terminal; bytes that are no UTF-8; and the sign of an escape.
_ESCAPED = re.compile("[%\0-\x1f\x7f-\x9f\u2028\u2029\udc80-\udcff]")


def answer(request: FolderRequest, gate: Gate) -> Reply:
    """Return the names, in the system's order; that of a directory ends with a slash.

    A percent sign, a control character, a line separator and a byte that is no UTF-8 are escaped as
    in a URL, so that each line is one name, and unquoting a line gives it.

    Raises:
        Refusal: the user may not list it, or it is a file.
        OSError: there is nothing, or it cannot be read.
    """
    return listing_reply(request, gate, "text/plain; charset=utf-8", _pieces)


def _pieces(directory: Opened, gate: Gate) -> Iterator[bytes]:
    with directory:
        lines: list[str] = []
        for entry in gate.entries(directory):
            lines.append(_line(entry))
            if len(lines) >= AT_ONCE:
                yield "".join(lines).encode()
                lines = []
        yield "".join(lines).encode()


def _line(entry: Entry) -> str:
    name = _ESCAPED.sub(lambda found: quote(os.fsencode(found[0])), entry.name)
    is_directory = entry.status is not None and stat.S_ISDIR(entry.status.st_mode)
    return f"{name}/\n" if is_directory else f"{name}\n"
