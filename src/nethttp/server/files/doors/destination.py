"""Where a request leads besides its path: by Destination and Overwrite, or by a form's field.

RFC 4918 sections 10.3, 10.6.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from ..access import Names
from ..refusal import Refusal
from ..request import FolderRequest
from ..tree import names_of

__all__ = ["check_apart", "destination_of", "directory_named", "overwrites"]


def destination_of(request: FolderRequest) -> Names:
    """Return the names that Destination leads to, apart from the path of the request.

    RFC 4918 section 10.3.

    Raises:
        Refusal: there is no such field, or it leads to another server, or into the source itself.
    """
    text = request.fields.get("destination", "").strip()
    if text.startswith("//"):
        text = "/" + text.lstrip("/")  # as in the target of a request
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if not parts.path.startswith("/"):
        raise Refusal(400, "Destination is expected to be a URL, or a path that begins with /")
    if parts.netloc and parts.netloc.lower() != request.fields.get("host", "").lower():
        raise Refusal(502, "Destination is on another server")
    names = names_of(parts.path)
    if names is None:
        raise Refusal(403, "Nothing can have the path in Destination")
    check_apart(request.names, names)
    return names


def check_apart(source: Names, target: Names) -> None:
    """Check that none of two paths is the other, or leads to the other.

    Raises:
        Refusal: 403.
    """
    length = min(len(source), len(target))
    if source[:length] == target[:length]:
        raise Refusal(403, "The destination is the source, or one of the two is in the other")


def directory_named(path: str) -> Names:
    """Return the names in a path that a person wrote: it has no escapes.

    >>> directory_named("a/../b%20c")
    ('b%20c',)

    Raises:
        Refusal: 400, nothing can have it.
    """
    names = names_of("/" + quote(path, errors="surrogateescape"))
    if names is None:
        raise Refusal(400, "Nothing can have this path")
    return names


def overwrites(request: FolderRequest) -> bool:
    """Return whether what has the destination's name may be replaced: it may unless said otherwise.

    Raises:
        Refusal: 400, a value other than T and F.
    """
    value = request.fields.get("overwrite", "T").strip().upper()
    if value not in ("T", "F"):
        raise Refusal(400, "Overwrite is expected to be T or F")
    return value == "T"
