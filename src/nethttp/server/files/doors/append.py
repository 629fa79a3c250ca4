"""PATCH with ``X-Update-Range: append``: adds content to the end of a file, as dufs does.

The old content and the new one become a file of their own, which takes the name when it is whole:
an append that breaks off changes nothing, and one reads the old file or the new one. Where the file
system can, the old content is shared and not copied.
"""

from __future__ import annotations

import os

from ..access import Operation
from ..gate import Gate
from ..integrity import Integrity
from ..refusal import Refusal
from ..reply import Reply
from ..request import FolderRequest
from ..stored import identity_of
from .put import check_content, finish
from .times import modified_of

__all__ = ["answer"]


def answer(request: FolderRequest, gate: Gate) -> Reply:
    """Return 204 with the entity tag of the longer file. RFC 5789.

    Raises:
        Refusal: the file may not be replaced, has changed meanwhile, or the content is not what
            was announced.
        OSError: there is no such file, or the system has refused.
    """
    if request.fields.get("x-update-range", "").strip().lower() != "append":
        raise Refusal(400, "X-Update-Range is expected to be append")
    check_content(request)
    if not request.announces_content:
        raise Refusal(411, "Send Content-Length, also for no content")
    names, fields = request.names, request.fields
    integrity = Integrity(fields)
    modified_of(fields)
    with gate.place(Operation.REPLACE, names) as (place, name), place.child(name) as old:
        placing = gate.placing(place, names, fields, "replace")

        def decide(existing: os.stat_result | None) -> bool:
            may_have_it = placing(existing)
            if existing is None or identity_of(existing) != identity_of(old.status):
                raise Refusal(409, "The file has changed meanwhile")
            return may_have_it

        gate.store.would(place, name, decide)
        before = old.status.st_size
        length = None if request.length is None else before + request.length
        with gate.store.begin(place, name, length) as upload:
            upload.begin_with(old)
            for piece in request.content():
                upload.write(piece)
                integrity.update(piece)
            integrity.check()
            return finish(upload, names, fields, decide)
