"""``?hash``: the SHA-256 of a file, as text."""

from __future__ import annotations

from ....wire.values import EntityTag
from ..digests import digest_of
from ..gate import Gate
from ..preconditions import evaluate_tag
from ..refusal import Refusal
from ..reply import Reply
from ..request import FolderRequest
from ..stored import identity_of, written_opaque

__all__ = ["answer"]


def answer(request: FolderRequest, gate: Gate) -> Reply:
    """Return the digest in hexadecimal digits, without a line end, as dufs does.

    Raises:
        Refusal: the user may not read it, it is a directory, it is being changed, or others have
            theirs made.
        OSError: there is nothing, or it cannot be read.
    """
    with gate.open(request.names) as file:
        if file.is_directory:
            raise Refusal(400, "A directory has no digest; ?hash is for a file")
        tag = EntityTag(f"{written_opaque(file.status)}-sha-256")
        fields = [("ETag", str(tag)), ("Cache-Control", "no-store")]
        status = evaluate_tag(request.fields, tag)
        if status is not None:
            return Reply(status, fields)
        identity = identity_of(file.status)
        digest = digest_of(file.descriptor, identity, "sha-256", request.check_client)
    fields.append(("Content-Type", "text/plain; charset=utf-8"))
    return Reply(200, fields, digest.hex().encode())
