"""`FolderRequest`: a request to a shared folder, as its doors see it: no version of HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...wire.fields import FieldFinder
from .access import Names, User

__all__ = ["DOOR_FIELDS", "FolderRequest"]

DOOR_FIELDS = FieldFinder(
    *("accept", "authorization", "content-digest", "content-encoding", "content-range"),
    *("content-type", "cookie", "destination", "host", "if-match", "if-none-match", "if-range"),
    *("if-unmodified-since", "last-modified", "origin", "overwrite", "range", "repr-digest"),
    *("sec-fetch-site", "upload-complete", "upload-length", "upload-offset", "x-oc-mtime"),
    "x-update-range",
)
"""The fields of a request that doors read."""


@dataclass(frozen=True, slots=True)
class FolderRequest:
    """A request to a shared folder."""

    method: str
    names: Names
    """The names in its target, decoded once."""
    ends_with_slash: bool
    """Whether the target ends with a slash, as that of a directory does."""
    query: Mapping[str, Sequence[str]]
    fields: Mapping[str, str]
    """Its `DOOR_FIELDS`, under lower-case names."""
    user: User
    address: str
    """The client's address, as the log shows it."""
    length: int | None
    """Bytes of content; None if the client sends it in chunks."""
    announces_content: bool
    """Whether its head announces content, be it of no bytes."""
    content: Callable[[], Iterator[memoryview]]
    """Returns the content in pieces, each valid until the next one. A client that waits for 100
    Continue receives it with the first piece, so a refusal before that costs it nothing."""
    check_client: Callable[[], None]
    """Raises `ConnectionResetError` if the client has gone, so that work for it can end."""

    def asked(self, name: str) -> str | None:
        """Return the first value that the query has for a name, None without that name."""
        values = self.query.get(name)
        return values[0] if values else None
