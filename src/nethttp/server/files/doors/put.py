"""PUT: stores the content of the request as a file. RFC 9110 section 9.3.4."""

from __future__ import annotations

from collections.abc import Mapping

from ..access import Names, Operation
from ..conflicts import conflict_of
from ..gate import Gate
from ..integrity import Integrity
from ..refusal import Refusal
from ..reply import Reply
from ..request import FolderRequest
from ..store import Decide, tag_of
from ..tree import Opened
from ..upload import Upload
from ..urls import url_of
from .times import modified_of

__all__ = ["answer", "check_content", "deciding", "finish"]


def answer(request: FolderRequest, gate: Gate) -> Reply:
    """Return 201 for a new file, 204 for one that was replaced, with its entity tag.

    RFC 9110 section 9.3.4. What can be refused is refused before the content is asked for.

    Raises:
        Refusal: the file may not be stored, or its content is not what was announced.
        OSError: the system has refused.
    """
    check_content(request)
    if not request.announces_content:
        # Content that a client sends after such a head is not read: an empty file would be stored.
        raise Refusal(411, "Send Content-Length, also for an empty file")
    names, fields = request.names, request.fields
    integrity = Integrity(fields)
    with gate.place(Operation.CREATE, names) as (place, name):
        decide = deciding(gate, place, names, fields, request.asked("conflict"))
        with gate.store.begin(place, name, request.length) as upload:
            for piece in request.content():
                upload.write(piece)
                integrity.update(piece)
            integrity.check()
            return finish(upload, names, fields, decide)


def check_content(request: FolderRequest) -> None:
    """Check that a request has content for a file, as it is to be stored.

    Raises:
        Refusal: it has not.
    """
    fields = request.fields
    if request.ends_with_slash:
        raise Refusal(405, "A directory has no content; MKCOL makes one")
    if "content-range" in fields:
        # RFC 9110 section 14.5: stored as a whole, a part would be all that is left.
        raise Refusal(400, "A part of a file cannot be stored; send the whole file")
    if fields.get("content-encoding", "identity").lower() != "identity":
        raise Refusal(415, "Send the content without a coding")


def deciding(
    gate: Gate, place: Opened, names: Names, fields: Mapping[str, str], asked: str | None
) -> Decide:
    """Return what decides whether a file may be put in `place`, and already lets it be sent.

    `fields` say when it was modified and on which conditions it is stored, `asked` is what the
    client asks for if the name exists.

    Raises:
        Refusal: it may not be stored.
    """
    modified_of(fields)
    conflict = conflict_of(asked, gate.on_conflict, asked_as="replace")
    decide = gate.placing(place, names, fields, conflict)
    gate.store.would(place, names[-1], decide)
    return decide


def finish(upload: Upload, names: Names, fields: Mapping[str, str], decide: Decide) -> Reply:
    """Return the reply to an upload whose content is complete, after putting it in place.

    Raises:
        Refusal: `decide` has refused.
        OSError: the system has refused.
    """
    modified = modified_of(fields)
    if modified is not None:
        upload.set_modified(modified)
    stored = upload.commit(decide)
    answered = [("ETag", str(tag_of(stored.status)))]
    if stored.name != names[-1]:
        answered.append(("Location", url_of((*names[:-1], stored.name))))
    if "x-oc-mtime" in fields:
        answered.append(("X-OC-MTime", "accepted"))
    return Reply(201 if stored.created else 204, answered)
