"""Uploads that go on where they stopped: draft-ietf-httpbis-resumable-upload, interop version 8.

A PUT with ``Upload-Complete: ?0`` begins one. Location has a query for the URL of the file, with
which HEAD says how far the upload has come, PATCH sends more of it, and DELETE cancels it. The file
is stored as by one PUT with the fields of the first request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from ..access import Operation
from ..gate import CONDITIONS, Gate
from ..integrity import Integrity
from ..refusal import Refusal
from ..reply import Reply
from ..request import FolderRequest
from ..tree import Opened
from ..unfinished import LIFE, Unfinished, Wanted
from ..upload import Upload
from .put import answer as put
from .put import check_content, deciding, finish

__all__ = ["answer_append", "answer_begin", "answer_cancel", "answer_offset"]

CONTENT_TYPE = "application/partial-upload"

#: The fields of the first request that decide about the file at the end.
_KEPT = (*CONDITIONS, "last-modified", "repr-digest", "x-oc-mtime")

#: An integer and a boolean. RFC 9651 sections 3.3.1 and 3.3.6.
_INTEGER = re.compile("[0-9]{1,15}")
_BOOLEANS = {"?0": False, "?1": True}

_MISMATCH = "https://iana.org/assignments/http-problem-types#mismatching-upload-offset"


def answer_begin(request: FolderRequest, gate: Gate) -> Reply:
    """Return 201 and Location for an upload that goes on later, with the content so far.

    Raises:
        Refusal: the file may not be stored.
        OSError: the system has refused.
    """
    if _complete(request):
        if "upload-length" in request.fields:
            announced = _integer(request, "upload-length")
            if request.length not in (None, announced):
                raise Refusal(400, f"Expected {announced} bytes, got {request.length}")
            request = replace(request, length=announced)
        return put(request, gate)
    check_content(request)
    names = request.names
    fields = {name: value for name, value in request.fields.items() if name in _KEPT}
    Integrity(fields)  # Else a digest that cannot be read is refused at the end.
    asked = request.asked("conflict")
    wanted = Wanted(gate.user.name, names, _integer(request, "upload-length"), fields, asked)
    with gate.place(Operation.CREATE, names) as (place, _):
        deciding(gate, place, names, fields, asked)
        with closing(gate.store.keep(place, wanted)) as unfinished:
            try:
                _receive(request, gate.store.go_on(unfinished), unfinished)
            except BaseException:
                unfinished.drop()  # No client knows of it yet.
                raise
            location = ("Location", f"?upload={unfinished.token}")
            return Reply(201, [location, *_state(unfinished, gate)])


def answer_append(request: FolderRequest, gate: Gate) -> Reply:
    """Return 204 after taking more content, and for the last of it what a PUT of the file returns.

    With ``?conflict=`` the client says anew what happens if the name exists, so its first request's
    conditions hold no more.

    Raises:
        Refusal: the file may not be stored any more, or its content is not what was announced.
        OSError: the system has refused.
    """
    if request.fields.get("content-type", "").partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise Refusal(415, f"The content of an append is expected to be {CONTENT_TYPE}")
    check_content(request)
    complete, offset = _complete(request), _integer(request, "upload-offset")
    with _going_on(request, gate) as (place, unfinished):
        wanted = unfinished.wanted
        fields, asked = dict(wanted.fields), request.asked("conflict")
        if asked is not None:
            fields = {name: value for name, value in fields.items() if name not in CONDITIONS}
        if "repr-digest" in request.fields:
            fields["repr-digest"] = request.fields["repr-digest"]
            Integrity(fields)
        decide = deciding(gate, place, wanted.names, fields, asked or wanted.conflict)
        upload = gate.store.go_on(unfinished)
        if offset != upload.size:
            return _mismatch(offset, unfinished, gate)
        if (
            "upload-length" in request.fields
            and _integer(request, "upload-length") != wanted.length
        ):
            raise Refusal(400, f"Upload-Length was {wanted.length} in the first request")
        if request.length is not None and offset + request.length > wanted.length:
            raise Refusal(400, f"Expected {wanted.length - offset} bytes more, got more")
        _receive(request, upload, unfinished)
        if not complete:
            # What a client is told is on the disk. The last request then has little to wait for.
            upload.sync()
            return Reply(204, _state(unfinished, gate))
        _check_whole(upload, fields, unfinished)
        reply = finish(upload, wanted.names, fields, decide)
        return reply._replace(fields=[*reply.fields, ("Upload-Complete", "?1")])


def answer_offset(request: FolderRequest, gate: Gate) -> Reply:
    """Return 204 with how far an upload has come. A request that still goes on with it ends.

    Raises:
        Refusal: the user may not store the file, or there is no such upload.
    """
    with _going_on(request, gate) as (_, unfinished):
        return Reply(204, [*_state(unfinished, gate), ("Cache-Control", "no-store")])


def answer_cancel(request: FolderRequest, gate: Gate) -> Reply:
    """Return 204 after deleting an upload with all that it has.

    Raises:
        Refusal: the user may not store the file, or there is no such upload.
    """
    with _going_on(request, gate) as (_, unfinished):
        unfinished.drop()
        return Reply(204)


@contextmanager
def _going_on(request: FolderRequest, gate: Gate) -> Iterator[tuple[Opened, Unfinished]]:
    """Return a context with the directory and the upload that a request goes on with.

    Raises:
        Refusal: the user may not store the file, or there is no such upload.
    """
    token = request.asked("upload") or ""
    with gate.place(Operation.CREATE, request.names) as (place, _):
        resumed = gate.store.unfinished.resume(token, gate.user.name, place, request.names)
        with closing(resumed) as unfinished:
            yield place, unfinished


def _receive(request: FolderRequest, upload: Upload, unfinished: Unfinished) -> None:
    """Append the content of a request to an upload, which keeps what came if it breaks off.

    With Content-Digest nothing stays that was not checked.

    Raises:
        Refusal: there is more than announced, or it has another digest.
        OSError: it cannot be written.
    """
    start = upload.size
    digest = request.fields.get("content-digest")
    integrity = Integrity({} if digest is None else {"content-digest": digest})
    try:
        for piece in request.content():
            upload.write(piece)
            integrity.update(piece)
        integrity.check()
    except BaseException:
        if integrity.is_asked:
            unfinished.truncate(start)
        raise


def _check_whole(upload: Upload, fields: dict[str, str], unfinished: Unfinished) -> None:
    """Check the digest of the whole file; with another one it can never be finished.

    Raises:
        Refusal: it has another digest.
    """
    integrity = Integrity({"repr-digest": fields.get("repr-digest", "")})
    if not integrity.is_asked or upload.size != unfinished.wanted.length:
        return
    for piece in upload.pieces():
        integrity.update(piece)
    try:
        integrity.check()
    except Refusal:
        unfinished.drop()
        raise


def _mismatch(offset: int, unfinished: Unfinished, gate: Gate) -> Reply:
    problem = {
        "type": _MISMATCH,
        "title": "The offset is not that of the upload",
        "expected-offset": unfinished.size,
        "provided-offset": offset,
    }
    fields = [*_state(unfinished, gate), ("Content-Type", "application/problem+json")]
    return Reply(409, fields, json.dumps(problem).encode())


def _state(unfinished: Unfinished, gate: Gate) -> list[tuple[str, str]]:
    """Return the fields that say how far an upload has come, and its limits."""
    limits = [f"max-age={LIFE}"]
    if gate.store.room.max_file is not None:
        limits.append(f"max-size={gate.store.room.max_file}")
    return [
        ("Upload-Complete", "?0"),
        ("Upload-Offset", str(unfinished.size)),
        ("Upload-Length", str(unfinished.wanted.length)),
        ("Upload-Limit", ", ".join(limits)),
    ]


def _complete(request: FolderRequest) -> bool:
    """Return the value of Upload-Complete.

    Raises:
        Refusal: 400, it is missing or none.
    """
    value = _BOOLEANS.get(request.fields.get("upload-complete", "").strip())
    if value is None:
        raise Refusal(400, "Upload-Complete is expected to be ?1, or ?0 if more content follows")
    return value


def _integer(request: FolderRequest, name: str) -> int:
    """Return the value of a field with a number of bytes.

    Raises:
        Refusal: 400, it is missing or none.
    """
    value = request.fields.get(name, "").strip()
    if not _INTEGER.fullmatch(value):
        raise Refusal(400, f"{name.title()} is expected to be a number of bytes")
    return int(value)
