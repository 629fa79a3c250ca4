"""MOVE and COPY, of a file or of a directory with all below it. RFC 4918 sections 9.8, 9.9.

To move is to read and delete at the source, and to create at the destination: the gate judges both
ends, and for a directory everywhere below.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping

from ..access import Names, Operation
from ..gate import Gate, check_conditions
from ..refusal import Refusal
from ..reply import Reply
from ..request import FolderRequest
from ..store import Decide, Stored
from ..tree import Opened
from ..urls import url_of
from .destination import check_apart, destination_of, overwrites

__all__ = ["answer_copy", "answer_move", "move"]


def answer_copy(request: FolderRequest, gate: Gate) -> Reply:
    """Return 201 if the copy has a new name, 204 if it replaced what had it. RFC 4918 section 9.8.

    Raises:
        Refusal: the user may not read the source, or not write the destination.
        OSError: there is nothing, or the system has refused.
    """
    names = destination_of(request)
    may_replace = overwrites(request)
    with gate.whole(request.names) as source:
        check_conditions(request.fields, source.status)
        gate.check_beneath(Operation.CREATE, names)
        with gate.place(Operation.CREATE, names) as (place, name):
            decide = _deciding(gate, place, names, may_replace)
            return _done(gate.store.copy(source, place, name, decide), names)


def answer_move(request: FolderRequest, gate: Gate) -> Reply:
    """Return 201 if it has a new name, 204 if it replaced what had it. RFC 4918 section 9.9.

    Raises:
        Refusal: the user may not delete the source, or not write the destination.
        OSError: there is nothing, or the system has refused.
    """
    names = destination_of(request)
    may_replace = overwrites(request)
    moved = move(gate, request.names, names, request.fields, may_replace=may_replace)
    return _done(moved, names)


def move(
    gate: Gate, old: Names, names: Names, fields: Mapping[str, str], *, may_replace: bool
) -> Stored:
    """Return what has the path `names` after moving it there from `old`. RFC 4918 section 9.9.

    `fields` has the conditions for what is moved.

    Raises:
        Refusal: the user may not delete the source, or not write the destination, or it exists and
            `may_replace` is false.
        OSError: there is nothing, or the system has refused.
    """
    check_apart(old, names)
    gate.check_beneath(Operation.READ, old)
    gate.check_beneath(Operation.DELETE, old)
    with (
        gate.place(Operation.DELETE, old) as (source, old_name),
        gate.place(Operation.CREATE, names) as (place, name),
    ):
        decide, leaving = _deciding(gate, place, names, may_replace), gate.deleting(old, fields)
        try:
            return gate.store.move(source, old_name, place, name, decide, leaving=leaving)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        # The two lie on different file systems.
        with gate.whole(old) as whole:
            return gate.store.move_by_copy(
                source, old_name, whole, place, name, decide, leaving=leaving
            )


def _deciding(gate: Gate, place: Opened, names: Names, may_replace: bool) -> Decide:
    """Return what decides whether the destination may be taken."""
    placing = gate.placing(place, names, {}, "replace", beneath=True)

    def decide(existing: os.stat_result | None) -> bool:
        if existing is not None and not may_replace:
            raise Refusal(412, "The destination exists")
        return placing(existing)

    return decide


def _done(stored: Stored, names: Names) -> Reply:
    if stored.created:
        return Reply(201, [("Location", url_of(names))])
    return Reply(204)
