"""The doors of a shared folder, in one table. No other code answers for it but reading a file.

A door without a line here does not open, and a line that `tests/server/files/test_matrix.py` does
not know fails it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..access import Names, Operation
from ..gate import Gate
from ..refusal import Refusal
from . import (
    append,
    archive,
    delete,
    digest,
    form,
    listing_json,
    listing_simple,
    login,
    mkcol,
    page_form,
    put,
    resumable,
    search,
    transfer,
)
from .door import Door, Kind

__all__ = ["DOORS", "Door", "allowed_methods", "door_for"]

_READ = frozenset({Operation.READ})
_LIST = frozenset({Operation.LIST})
_CREATE = frozenset({Operation.CREATE})
_REPLACE = frozenset({Operation.REPLACE})
_DELETE = frozenset({Operation.DELETE})

_NEW = frozenset({Kind.NOTHING, Kind.UPLOAD})
_STORED = _NEW | {Kind.FILE}
_NAMED = frozenset({Kind.FILE, Kind.DIRECTORY})
_DIRECTORIES = frozenset({Kind.ROOT, Kind.DIRECTORY})

DOORS = (
    Door("upload", "PUT", _CREATE, resumable.answer_begin, _STORED, field="upload-complete"),
    Door("upload append", "PATCH", _CREATE, resumable.answer_append, _STORED, query="upload"),
    Door("upload offset", "GET", _CREATE, resumable.answer_offset, _STORED, query="upload"),
    Door("upload cancel", "DELETE", _CREATE, resumable.answer_cancel, _STORED, query="upload"),
    Door("put", "PUT", _CREATE, put.answer, _STORED),
    Door("append", "PATCH", _REPLACE, append.answer, frozenset({Kind.FILE})),
    Door("login page", "GET", frozenset(), login.answer_page, query="login"),
    Door("login", "POST", frozenset(), login.answer_sign_in, query="login"),
    Door("logout", "POST", frozenset(), login.answer_sign_out, query="logout"),
    Door("page mkdir", "POST", _CREATE, page_form.answer_mkdir, _DIRECTORIES, query="mkdir"),
    Door("page delete", "POST", _DELETE, page_form.answer_delete, _DIRECTORIES, query="delete"),
    Door(
        *("page move", "POST", _READ | _DELETE, page_form.answer_move, _DIRECTORIES),
        there=_CREATE,
        query="move",
    ),
    Door("form", "POST", _CREATE, form.answer, _DIRECTORIES | {Kind.UPLOAD}),
    Door("delete", "DELETE", _DELETE, delete.answer, _NAMED, beneath=True),
    Door("mkcol", "MKCOL", _CREATE, mkcol.answer, _NEW),
    Door(
        *("move", "MOVE", _READ | _DELETE, transfer.answer_move, _NAMED),
        there=_CREATE,
        beneath=True,
    ),
    Door("copy", "COPY", _READ, transfer.answer_copy, _NAMED, there=_CREATE, beneath=True),
    Door("json", "GET", _LIST, listing_json.answer, _DIRECTORIES, query="json"),
    Door("zip", "GET", _LIST, archive.answer_zip, _DIRECTORIES, query="zip"),
    Door("tar", "GET", _LIST, archive.answer_tar, _DIRECTORIES, query="tar"),
    Door("hash", "GET", _READ, digest.answer, frozenset({Kind.FILE}), query="hash"),
    Door("search", "GET", _LIST, search.answer, _DIRECTORIES, query="q"),
    # After the search, of which a client may wish for lines too.
    Door("simple", "GET", _LIST, listing_simple.answer, _DIRECTORIES, query="simple"),
)


def door_for(
    method: str, query: Mapping[str, object], fields: Mapping[str, str] = MappingProxyType({})
) -> Door | None:
    """Return the first door that a request opens, None if there is none; HEAD opens those of GET.

    `fields` has the `DOOR_FIELDS` of the request.

    >>> door_for("HEAD", {"json": [""]}).name, door_for("GET", {})
    ('json', None)
    """
    method = "GET" if method == "HEAD" else method
    for door in DOORS:
        if (
            door.method == method
            and (door.query is None or door.query in query)
            and (door.field is None or door.field in fields)
        ):
            return door
    return None


def allowed_methods(gate: Gate, names: Names, query: Mapping[str, object]) -> list[str]:
    """Return the methods that the user of a gate may use at a path with a query.

    What is there counts as far as the user may know of it. RFC 9110 section 10.2.1.
    """
    kind = _kind_of(gate, names)
    reading = ["GET", "HEAD"] if gate.may(Operation.LIST, names) else []
    methods = dict.fromkeys([*reading, "OPTIONS"])
    for door in DOORS:
        if (door.query is None or door.query in query) and door.is_open(gate, names, kind):
            methods |= dict.fromkeys(["GET", "HEAD"] if door.method == "GET" else [door.method])
    return list(methods)


def _kind_of(gate: Gate, names: Names) -> Kind | None:
    """Return what there is at a path, None if the user may not know that."""
    if not names:
        return Kind.ROOT
    try:
        with gate.open(names) as found:
            return Kind.DIRECTORY if found.is_directory else Kind.FILE
    except FileNotFoundError:
        return Kind.UPLOAD if names[-1] == form.UPLOAD else Kind.NOTHING
    except (OSError, Refusal):
        return None
