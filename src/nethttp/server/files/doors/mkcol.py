"""MKCOL: makes a directory. RFC 4918 section 9.3."""

from __future__ import annotations

from ..access import Names, Operation
from ..gate import Gate
from ..refusal import Refusal
from ..reply import Reply
from ..request import FolderRequest
from ..urls import url_of

__all__ = ["answer", "make_directory"]


def answer(request: FolderRequest, gate: Gate) -> Reply:
    """Return 201 once the directory is made. RFC 4918 section 9.3.

    Raises:
        Refusal: the user may not make it, or the name exists.
        OSError: the system has refused.
    """
    if request.length != 0:
        raise Refusal(415, "MKCOL with content means nothing here")
    make_directory(gate, request.names)
    return Reply(201, [("Location", url_of(request.names, directory=True))])


def make_directory(gate: Gate, names: Names) -> None:
    """Make the directory at a path.

    Raises:
        Refusal: the user may not make it, or the name exists.
        OSError: the system has refused.
    """
    gate.check(Operation.CREATE, names)
    if not names:
        raise Refusal(405, "The root exists")
    with gate.place(Operation.CREATE, names) as (place, name):
        try:
            gate.store.make_directory(place, name)
        except FileExistsError:
            raise Refusal(405, "The name exists") from None
