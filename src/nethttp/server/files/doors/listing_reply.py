"""`listing_reply`: the entries of a directory, sent while they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..gate import Gate
from ..refusal import Refusal
from ..reply import Reply
from ..request import FolderRequest
from ..tree import Opened

__all__ = ["AT_ONCE", "listing_reply"]

AT_ONCE = 500
"""Entries in one piece."""


def listing_reply(
    request: FolderRequest,
    gate: Gate,
    media_type: str,
    pieces_of: Callable[[Opened, Gate], Iterator[bytes]],
) -> Reply:
    """Return what `pieces_of` yields of the directory of a request, which it closes.

    Raises:
        Refusal: the user may not list it, or it is a file.
        OSError: there is nothing, or it cannot be read.
    """
    directory = gate.open(request.names)
    if not directory.is_directory:
        directory.close()
        raise Refusal(400, "A file has no entries; a list is of a directory")
    pieces = pieces_of(directory, gate)
    # The first piece opens the directory, so what is refused then is refused in a response of its
    # own.
    first = next(pieces)
    fields = [("Content-Type", media_type), ("Cache-Control", "no-store")]
    return Reply(200, fields, _beginning_with(first, pieces))


def _beginning_with(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
