"""DELETE: deletes a file, or a directory with all below it. RFC 9110 section 9.3.5."""

from __future__ import annotations

from collections.abc import Mapping

from ..access import Names, Operation
from ..gate import Gate
from ..reply import Reply
from ..request import FolderRequest

__all__ = ["answer", "delete"]


def answer(request: FolderRequest, gate: Gate) -> Reply:
    """Return 204 once it is deleted, whatever is below it. RFC 9110 section 9.3.5.

    Raises:
        Refusal: the user may not delete it, or not all of it.
        OSError: there is nothing, or the system has refused.
    """
    delete(gate, request.names, request.fields)
    return Reply(204)


def delete(gate: Gate, names: Names, fields: Mapping[str, str]) -> None:
    """Delete what has a path, on the conditions that `fields` have.

    Raises:
        Refusal: the user may not delete it, or not all of it.
        OSError: there is nothing, or the system has refused.
    """
    with gate.place(Operation.DELETE, names) as (place, name):
        gate.store.remove(place, name, gate.deleting(names, fields))
