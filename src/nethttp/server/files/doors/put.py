"""PUT: stores the content of the request as a file. RFC 9110 section 9.3.4."""

from __future__ import annotations

from ..access import Operation
from ..conflicts import conflict_of
from ..gate import Gate
from ..integrity import Integrity
from ..refusal import Refusal
from ..reply import Reply
from ..request import FolderRequest
from ..store import tag_of
from ..urls import url_of
from .times import modified_of

__all__ = ["answer"]


def answer(request: FolderRequest, gate: Gate) -> Reply:
    """Return 201 for a new file, 204 for one that was replaced, with its entity tag.

    RFC 9110 section 9.3.4. What can be refused is refused before the content is asked for.

    Raises:
        Refusal: the file may not be stored, or its content is not what was announced.
        OSError: the system has refused.
    """
    fields = request.fields
    if request.ends_with_slash:
        raise Refusal(405, "A directory has no content; MKCOL makes one")
    if not request.announces_content:
        # Content that a client sends after such a head is not read: an empty file would be stored.
        raise Refusal(411, "Send Content-Length, also for an empty file")
    if "content-range" in fields:
        # RFC 9110 section 14.5: stored as a whole, a part would be all that is left.
        raise Refusal(400, "A part of a file cannot be stored; send the whole file")
    if fields.get("content-encoding", "identity").lower() != "identity":
        raise Refusal(415, "Send the content without a coding")
    modified = modified_of(fields)
    integrity = Integrity(fields)
    names = request.names
    conflict = conflict_of(request.asked("conflict"), gate.on_conflict, asked_as="replace")
    with gate.place(Operation.CREATE, names) as (place, name):
        decide = gate.placing(place, names, fields, conflict)
        gate.store.would(place, name, decide)
        with gate.store.begin(place, name, request.length) as upload:
            for piece in request.content():
                upload.write(piece)
                integrity.update(piece)
            integrity.check()
            if modified is not None:
                upload.set_modified(modified)
            stored = upload.commit(decide)
    answered = [("ETag", str(tag_of(stored.status)))]
    if stored.name != names[-1]:
        answered.append(("Location", url_of((*names[:-1], stored.name))))
    if "x-oc-mtime" in fields:
        answered.append(("X-OC-MTime", "accepted"))
    return Reply(201 if stored.created else 204, answered)
