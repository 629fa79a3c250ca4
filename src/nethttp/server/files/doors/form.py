"""POST of a form: stores its files in a directory, for browsers without scripts and ``curl -F``.

A form is sent to the directory itself, or to ``upload`` in it, as the program uploadserver has it,
or to ``/upload?path=`` that directory, as miniserve has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..access import Names, Operation
from ..conflicts import conflict_of
from ..forms import END_OF_PART, FormEvent, FormParser, Part, boundary_of
from ..gate import Gate
from ..refusal import Refusal
from ..reply import Reply
from ..request import FolderRequest
from ..urls import back_to
from .destination import directory_named

__all__ = ["answer"]

UPLOAD = "upload"
"""The name in a directory to which a form may be sent."""

MAX_VALUE = 1024
"""Bytes of a field that is no file, at most."""

#: Some browsers send the path of a file on the user's machine, or in the chosen folder.
_SEPARATOR = re.compile(r"[/\\]")


def answer(request: FolderRequest, gate: Gate) -> Reply:
    """Return 303 back to the directory for a browser, 204 for a program, once all is stored.

    RFC 7578. A field ``conflict`` before the files says what happens to names that exist. Those
    that are refused are skipped: the others are stored, and the response is 409.

    Raises:
        Refusal: a file may not be stored, or the form is none.
        OSError: the system has refused.
    """
    form = FormParser(boundary_of(request.fields.get("content-type", "")))
    directory = _directory_of(request)
    gate.check(Operation.CREATE, directory)
    asked = request.asked("conflict")
    skipped: list[str] = []
    events = _events(request, form)
    for part in events:
        assert isinstance(part, Part)
        if not part.filename:
            # A browser sends a file without a name if none was chosen.
            value = _value(events)
            asked = value if part.name == "conflict" else asked
            continue
        conflict = conflict_of(asked, gate.on_conflict, asked_as="refuse")
        name = _SEPARATOR.split(part.filename)[-1]
        if not _store(events, (*directory, name), conflict, gate):
            skipped.append(name)
    if skipped:
        raise Refusal(409, f"{', '.join(skipped[:10])}: the name exists. The others are stored")
    if "text/html" in request.fields.get("accept", ""):
        is_here = directory == request.names and request.ends_with_slash
        return Reply(303, [("Location", back_to(directory, ends_with_slash=is_here))])
    return Reply(204)


def _directory_of(request: FolderRequest) -> Names:
    """Return the names of the directory that the files are for."""
    names = request.names
    if names[-1:] != (UPLOAD,) or request.ends_with_slash:
        return names
    asked = request.asked("path")
    return names[:-1] if asked is None else directory_named(asked)


def _events(request: FolderRequest, form: FormParser) -> Iterator[FormEvent]:
    for data in request.content():
        yield from form.feed(data)
    form.close()


def _content(events: Iterator[FormEvent]) -> Iterator[bytes]:
    """Yield the content of the part that has begun."""
    for event in events:
        if event is END_OF_PART:
            return
        assert isinstance(event, bytes)
        yield event


def _value(events: Iterator[FormEvent]) -> str:
    """Return the content of a part that is no file.

    Raises:
        Refusal: 413, it is too long.
    """
    value = b""
    for piece in _content(events):
        value += piece
        if len(value) > MAX_VALUE:
            raise Refusal(413, f"A field that is no file may have {MAX_VALUE} bytes")
    return value.decode("utf-8", "replace")


def _store(events: Iterator[FormEvent], names: Names, conflict: str, gate: Gate) -> bool:
    """Store the content of the part that has begun; return False if the name exists.

    Raises:
        Refusal: it may not be stored.
        OSError: the system has refused.
    """
    with gate.place(Operation.CREATE, names) as (place, name):
        decide = gate.placing(place, names, {}, conflict)
        content = _content(events)
        try:
            gate.store.would(place, name, decide)
            with gate.store.begin(place, name) as upload:
                for piece in content:
                    upload.write(piece)
                upload.commit(decide)
        except Refusal as refusal:
            if refusal.status != 409:
                raise
            for _ in content:
                pass
            return False
    return True
