"""Forms of a page that works without scripts: POST to a directory with ?mkdir, ?delete or ?move.

Each does in a directory what MKCOL, DELETE and MOVE do, to the entries that the form names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs

from ....wire.values import parse_media_type
from ..gate import Gate
from ..refusal import Refusal
from ..reply import Reply
from ..request import FolderRequest
from ..urls import back_to
from .delete import delete
from .destination import directory_named
from .mkcol import make_directory
from .transfer import move

__all__ = ["answer_delete", "answer_mkdir", "answer_move"]

MAX_CONTENT = 256 * 1024
"""Bytes of a form at most."""

MAX_NAMES = 1000
"""Entries that one form may name."""


def answer_mkdir(request: FolderRequest, gate: Gate) -> Reply:
    """Return 303 back to the directory once the directory ``name`` is made there.

    It is 303, so that a browser that loads the page again sends no form. RFC 9110 section 15.4.4.

    Raises:
        Refusal: the user may not make it, or the name exists.
        OSError: the system has refused.
    """
    make_directory(gate, (*request.names, _checked(_one(_form(request), "name"))))
    return _back(request)


def answer_delete(request: FolderRequest, gate: Gate) -> Reply:
    """Return 303 back to the directory once each ``name`` is deleted. RFC 9110 section 15.4.4.

    Raises:
        Refusal: the user may not delete one of them; those before it are deleted.
        OSError: there is no such entry, or the system has refused.
    """
    for name in _all(_form(request), "name"):
        delete(gate, (*request.names, name), {})
    return _back(request)


def answer_move(request: FolderRequest, gate: Gate) -> Reply:
    """Return 303 back to the directory once each ``name`` is moved. RFC 9110 section 15.4.4.

    ``into`` is the path of a directory that it is moved to, ``to`` a new name for one entry. What
    has the name there is not replaced.

    Raises:
        Refusal: the user may not move one of them, or the name exists; those before it are moved.
        OSError: there is no such entry, or the system has refused.
    """
    form = _form(request)
    directory = directory_named(_one(form, "into")) if "into" in form else request.names
    names = _all(form, "name")
    new_names = names if "into" in form else [_checked(_one(form, "to"))]
    if len(new_names) != len(names):
        raise Refusal(400, "Expected one entry for one new name")
    for name, new_name in zip(names, new_names, strict=True):
        move(gate, (*request.names, name), (*directory, new_name), {}, may_replace=False)
    return _back(request)


def _form(request: FolderRequest) -> Mapping[str, Sequence[str]]:
    """Return the values of a form by the names of its fields.

    Raises:
        Refusal: it is none, or too long.
    """
    essence, _ = parse_media_type(request.fields.get("content-type", "")) or ("", {})
    if essence != "application/x-www-form-urlencoded":
        raise Refusal(415, "Expected application/x-www-form-urlencoded")
    content = bytearray()
    for piece in request.content():
        content += piece
        if len(content) > MAX_CONTENT:
            raise Refusal(413, f"A form may have {MAX_CONTENT} bytes")
    try:
        return parse_qs(content.decode("ascii"), errors="surrogateescape", max_num_fields=MAX_NAMES)
    except ValueError:
        raise Refusal(400, f"Expected a form of at most {MAX_NAMES} fields, in ASCII") from None


def _all(form: Mapping[str, Sequence[str]], field: str) -> list[str]:
    """Return the names that a field has, none of them a path.

    Raises:
        Refusal: 400, there is none, or one that is no name.
    """
    values = form.get(field, ())
    if not values:
        raise Refusal(400, f"Expected the field {field}")
    return [_checked(value) for value in values]


def _one(form: Mapping[str, Sequence[str]], field: str) -> str:
    """Return the single value of a field.

    Raises:
        Refusal: 400, it has none, or several.
    """
    values = form.get(field, ())
    if len(values) != 1:
        raise Refusal(400, f"Expected the field {field} once")
    return values[0]


def _checked(name: str) -> str:
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise Refusal(400, "Expected a name, got a path")
    return name


def _back(request: FolderRequest) -> Reply:
    place = back_to(request.names, ends_with_slash=request.ends_with_slash)
    return Reply(303, [("Location", place)])
