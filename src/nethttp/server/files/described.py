"""`DescribedHandler`: serves files with the digests that a client wants. RFC 9530 section 4."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ...wire.values import ByteRange
from .digests import digest_fields
from .folder import FolderHandler
from .representations import Representation, Resource

__all__ = ["DescribedHandler"]


class DescribedHandler(FolderHandler):
    """Makes the digests for `_wants`. A subclass sets that for each request, and sends `_added`."""

    __slots__ = ("_added", "_wants")
    _added: list[tuple[str, str]]
    """Fields of the response that is being sent, besides those of its content."""
    _wants: Mapping[str, str] | None
    """The fields of the request, if some ask for digests."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._added = []
        self._wants = None
        super().__init__(*args, **options)

    def _send_whole(self, chosen: Representation) -> Any:
        with self._described(chosen, has_all=self.command == "GET"):
            return super()._send_whole(chosen)

    def _send_parts(
        self, resource: Resource, chosen: Representation, parts: list[ByteRange]
    ) -> Any:
        if not parts:
            return super()._send_parts(resource, chosen, parts)
        with self._described(chosen, has_all=False):
            return super()._send_parts(resource, chosen, parts)

    @contextmanager
    def _described(self, chosen: Representation, *, has_all: bool) -> Iterator[None]:
        """Return a context in which a head has the digests that the client wants."""
        if self._wants is not None:
            made = digest_fields(self._wants, chosen, self._check_client, has_all=has_all)
            self._added = list(made)
        try:
            yield
        finally:
            self._added = []
