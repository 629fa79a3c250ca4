"""The doors of a shared folder, in one table. No other code answers for it but reading a file.

A door without a line here does not open, and a line that `tests/server/files/test_matrix.py` does
not know fails it.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..access import Operation
from . import delete, listing_json, mkcol, put, transfer
from .door import Door

__all__ = ["DOORS", "Door", "door_for"]

_READ, _LIST = Operation.READ, Operation.LIST
_CREATE, _REPLACE, _DELETE = Operation.CREATE, Operation.REPLACE, Operation.DELETE

DOORS = (
    Door("put", "PUT", frozenset({_CREATE, _REPLACE}), put.answer),
    Door("delete", "DELETE", frozenset({_DELETE}), delete.answer),
    Door("mkcol", "MKCOL", frozenset({_CREATE}), mkcol.answer),
    Door("move", "MOVE", frozenset({_READ, _DELETE, _CREATE, _REPLACE}), transfer.answer_move),
    Door("copy", "COPY", frozenset({_READ, _CREATE, _REPLACE}), transfer.answer_copy),
    Door("json", "GET", frozenset({_LIST}), listing_json.answer, query="json"),
)


def door_for(method: str, query: Mapping[str, object]) -> Door | None:
    """Return the door that a request opens, None if there is none.

    >>> door_for("GET", {"json": [""]}).name, door_for("GET", {})
    ('json', None)
    """
    for door in DOORS:
        if door.method == method and (door.query is None or door.query in query):
            return door
    return None
