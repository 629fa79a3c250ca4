"""``?zip`` and ``?tar``: a directory, or entries of it, as one archive.

An archive is made anew for each request, and the same as long as nothing in it has changed: its
entity tag is a digest of what was found. So a download that broke off goes on by Range.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import NamedTuple, Self
from urllib.parse import quote

from ....wire.values import ByteRange, EntityTag, parse_byte_ranges
from ..archives.gathering import gathered
from ..archives.members import Member, Members, archive_name
from ..archives.tar_stream import tar_length, tar_pieces
from ..archives.zip_stream import zip_length, zip_pieces
from ..gate import Gate
from ..preconditions import evaluate_tag, range_applies
from ..ranges import content_range
from ..refusal import Refusal
from ..reply import Reply
from ..request import FolderRequest

__all__ = ["answer_tar", "answer_zip"]

AT_ONCE = 4
"""Archives that a worker makes at the same time."""

RETRY_AFTER = 10
"""Seconds after which a client may ask again while there are so many."""

_TURNS = threading.BoundedSemaphore(AT_ONCE)

#: No time says when an archive has changed: a file that is gone leaves none.
_NEVER = -1


class _Form(NamedTuple):
    suffix: str
    media_type: str
    length: Callable[[Iterable[Member]], int]
    pieces: Callable[
        [Iterable[Member], Callable[[Member, int], Iterator[bytes]], int],
        Generator[bytes, None, None],
    ]


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
    """Return an archive, or a part of it. RFC 9110 sections 13 and 14.

    Of several parts all of it is sent: no program that goes on with a download asks for them.
    """
    with ExitStack() as stack:
        members = stack.enter_context(_found(request, gate))
        length = form.length(members)
        tag = EntityTag(f"{members.digest}{form.suffix}")
        fields = [
            ("ETag", str(tag)),
            ("Accept-Ranges", "bytes"),
            ("Cache-Control", "no-store"),
        ]
        status = evaluate_tag(request.fields, tag)
        if status is not None:
            return Reply(status, fields)
        parts = _parts(request, tag, length)
        if not parts:
            return Reply(416, [*fields, ("Content-Range", f"bytes */{length}")])
        part = parts[0]
        title = request.names[-1] if request.names else "files"
        fields += [
            ("Content-Type", form.media_type),
            ("Content-Disposition", _disposition(title + form.suffix)),
        ]
        is_whole = part == ByteRange(0, length)
        if not is_whole:
            fields.append(("Content-Range", content_range(part, length)))
        pieces = form.pieces(members, members.content, part.start)
        content = _Content(gathered(pieces, part.stop - part.start), stack.pop_all())
        return Reply(200 if is_whole else 206, fields, content, part.stop - part.start)


def _parts(request: FolderRequest, tag: EntityTag, length: int) -> list[ByteRange]:
    """Return the one part that a request asks for, or all; nothing if the archive has no such part.

    RFC 9110 section 14.2: a Range that means nothing is as none.
    """
    whole = [ByteRange(0, length)]
    asked = request.fields.get("range")
    if asked is None or request.method != "GET":
        return whole
    if not range_applies(request.fields.get("if-range"), tag, _NEVER, time.time()):
        return whole
    parts = parse_byte_ranges(asked, length)
    return whole if parts is None or len(parts) > 1 else parts


class _Content:
    """The pieces of an archive; `close` ends what they come from, also before the first."""

    def __init__(self, pieces: Generator[bytes, None, None], resources: ExitStack) -> None:
        self._pieces = pieces
        self._resources = resources

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        return next(self._pieces)

    def close(self) -> None:
        """Give the turn back, and forget the members."""
        self._pieces.close()
        self._resources.close()


@contextmanager
def _found(request: FolderRequest, gate: Gate) -> Iterator[Members]:
    """Return a context with the members of an archive, and a turn to make it.

    Raises:
        Refusal: the user may not have it, or others make theirs.
        OSError: there is nothing, or it cannot be read.
    """
    if not _TURNS.acquire(blocking=False):
        message = f"Others load archives; try again in {RETRY_AFTER} seconds"
        raise Refusal(503, message, retry_after=RETRY_AFTER)
    try:
        with closing(Members(gate)) as members:
            _find(members, request, gate)
            yield members
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
