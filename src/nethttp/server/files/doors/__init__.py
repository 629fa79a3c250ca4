"""The doors of a shared folder, in one table. No other code answers for it but reading a file.

A door without a line here does not open, and a line that `tests/server/files/test_matrix.py` does
not know fails it.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..access import Operation
from . import archive, delete, form, listing_json, login, mkcol, page_form, put, search, transfer
from .door import Door

__all__ = ["DOORS", "Door", "door_for"]

_READ = frozenset({Operation.READ})
_LIST = frozenset({Operation.LIST})
_CREATE = frozenset({Operation.CREATE})
_DELETE = frozenset({Operation.DELETE})

DOORS = (
    Door("put", "PUT", _CREATE, put.answer),
    Door("login page", "GET", frozenset(), login.answer_page, query="login"),
    Door("login", "POST", frozenset(), login.answer_sign_in, query="login"),
    Door("logout", "POST", frozenset(), login.answer_sign_out, query="logout"),
    Door("page mkdir", "POST", _CREATE, page_form.answer_mkdir, query="mkdir"),
    Door("page delete", "POST", _DELETE, page_form.answer_delete, query="delete"),
    Door(
        *("page move", "POST", _READ | _DELETE, page_form.answer_move),
        there=_CREATE,
        query="move",
    ),
    Door("form", "POST", _CREATE, form.answer),
    Door("delete", "DELETE", _DELETE, delete.answer),
    Door("mkcol", "MKCOL", _CREATE, mkcol.answer),
    Door("move", "MOVE", _READ | _DELETE, transfer.answer_move, there=_CREATE),
    Door("copy", "COPY", _READ, transfer.answer_copy, there=_CREATE),
    Door("json", "GET", _LIST, listing_json.answer, query="json"),
    Door("zip", "GET", _LIST, archive.answer_zip, query="zip"),
    Door("tar", "GET", _LIST, archive.answer_tar, query="tar"),
    Door("search", "GET", _LIST, search.answer, query="q"),
)


def door_for(method: str, query: Mapping[str, object]) -> Door | None:
    """Return the first door that a request opens, None if there is none; HEAD opens those of GET.

    >>> door_for("HEAD", {"json": [""]}).name, door_for("GET", {})
    ('json', None)
    """
    method = "GET" if method == "HEAD" else method
    for door in DOORS:
        if door.method == method and (door.query is None or door.query in query):
            return door
    return None
