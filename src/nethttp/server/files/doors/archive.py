"""``?zip`` and ``?tar``: a directory, or entries of it, as one archive."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import NamedTuple
from urllib.parse import quote

from ..archives.members import Member, Members, archive_name
from ..archives.tar_stream import tar_length, tar_pieces
from ..archives.zip_stream import zip_length, zip_pieces
from ..gate import Gate
from ..refusal import Refusal
from ..reply import Reply
from ..request import FolderRequest

__all__ = ["answer_tar", "answer_zip"]

AT_ONCE = 4
"""Archives that a worker makes at the same time."""

RETRY_AFTER = 10
"""Seconds after which a client may ask again while there are so many."""

_TURNS = threading.BoundedSemaphore(AT_ONCE)


class _Form(NamedTuple):
    suffix: str
    media_type: str
    length: Callable[[Iterable[Member]], int]
    pieces: Callable[[Iterable[Member], Callable[[Member], Iterator[bytes]]], Iterator[bytes]]


_ZIP = _Form(".zip", "application/zip", zip_length, zip_pieces)
_TAR = _Form(".tar", "application/x-tar", tar_length, tar_pieces)


def answer_zip(request: FolderRequest, gate: Gate) -> Reply:
    """Return a zip archive of a directory, or of the entries that ``name`` names in the query.

    Raises:
        Refusal: the user may not list it, it is a file, or there is too much in it.
        OSError: there is nothing, or it cannot be read.
    """
    return _answer(request, gate, _ZIP)


def answer_tar(request: FolderRequest, gate: Gate) -> Reply:
    """Return a tar archive of a directory, or of the entries that ``name`` names in the query.

    Raises:
        Refusal: the user may not list it, it is a file, or there is too much in it.
        OSError: there is nothing, or it cannot be read.
    """
    return _answer(request, gate, _TAR)


def _answer(request: FolderRequest, gate: Gate, form: _Form) -> Reply:
    pieces = _archive(request, gate, form)
    # The first step finds the members, so what is refused then is refused in a response of its own.
    length = int(next(pieces))
    title = request.names[-1] if request.names else "files"
    fields = [
        ("Content-Type", form.media_type),
        ("Content-Disposition", _disposition(title + form.suffix)),
        ("Cache-Control", "no-store"),
    ]
    return Reply(200, fields, pieces, length)


def _archive(request: FolderRequest, gate: Gate, form: _Form) -> Iterator[bytes]:
    """Yield the length of an archive in digits, then the archive."""
    if not _TURNS.acquire(blocking=False):
        raise Refusal(503, f"Others load archives; try again in {RETRY_AFTER} seconds")
    try:
        with closing(Members(gate)) as members:
            _find(members, request, gate)
            yield b"%d" % form.length(members)
            yield from form.pieces(members, members.content)
    finally:
        _TURNS.release()


def _find(members: Members, request: FolderRequest, gate: Gate) -> None:
    names = request.query.get("name")
    chosen = None if names is None else frozenset(names)
    with gate.open(request.names) as directory:
        if not directory.is_directory:
            raise Refusal(400, "A file is no directory; ask for it without ?zip or ?tar")
        whole = chosen is None
        title = archive_name(request.names[-1]) + "/" if whole and request.names else ""
        members.add_tree(directory, title, chosen)


def _disposition(name: str) -> str:
    """Return the field that names a download. RFC 6266 section 4.

    >>> _disposition("ä.zip")
    'attachment; filename="_.zip"; filename*=UTF-8\\'\\'%C3%A4.zip'
    """
    plain = re.sub(r"[^ !#-$&-\[\]-~]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, errors='replace')}"
