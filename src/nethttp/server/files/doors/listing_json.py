"""``?json``: the entries of a directory as JSON, sent while they are read."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator

from ..gate import Gate
from ..reply import Reply
from ..request import FolderRequest
from ..tree import Entry, Opened
from ..urls import url_of
from .listing_reply import AT_ONCE, listing_reply

__all__ = ["answer"]


def answer(request: FolderRequest, gate: Gate) -> Reply:
    """Return an object with ``path``, ``rights`` and ``entries``, in the system's order.

    An entry has ``name``, ``type`` ("file" or "directory"), ``size`` in bytes, ``modified`` in
    seconds since 1970, and ``link``. A link that leads out or nowhere has no other value.

    Raises:
        Refusal: the user may not list it, or it is a file.
        OSError: there is nothing, or it cannot be read.
    """
    return listing_reply(request, gate, "application/json", _pieces)


def _pieces(directory: Opened, gate: Gate) -> Iterator[bytes]:
    with directory:
        path = url_of(directory.names, directory=True)
        rights = "".join(letter for letter in "rwd" if letter in gate.rights(directory.names))
        piece = [f'{{"path": {json.dumps(path)}, "rights": "{rights}", "entries": [']
        separator = "\n"
        for entry in gate.entries(directory):
            piece.append(separator + json.dumps(_described(entry)))
            separator = ",\n"
            if len(piece) > AT_ONCE:
                yield "".join(piece).encode()
                piece = []
        piece.append("\n]}\n")
        yield "".join(piece).encode()


def _described(entry: Entry) -> dict[str, object]:
    status = entry.status
    if status is None:
        return {"name": entry.name, "link": True}
    is_directory = stat.S_ISDIR(status.st_mode)
    return {
        "name": entry.name,
        "type": "directory" if is_directory else "file",
        "size": None if is_directory else status.st_size,
        "modified": status.st_mtime_ns / 1e9,
        "link": entry.is_link,
    }
