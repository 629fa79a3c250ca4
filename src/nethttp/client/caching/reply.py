"""A response on its way through the cache, and where its content comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ...net.effects import Call, Flow
from .fields import Pairs
from .ranges import Piece
from .store import Content

__all__ = ["EmptySource", "Reply", "Source", "StoredSource"]


class Source(Protocol):
    """Where the content of a response comes from: the origin, or a store.

    It is pulled by its reader, so that nothing is received which nobody takes.
    """

    def pull(self, deadline: float) -> Flow[bytes]:
        """Return the next bytes, b"" at the end of a complete content.

        `deadline` is a moment of the runner's clock, in seconds.
        """
        ...

    def close(self) -> None:
        """Take no more of it. Nothing is waited for."""
        ...


class Reply:
    """A response: its head, and the source of its content in the coding that was received."""

    __slots__ = ("fields", "from_cache", "reason", "source", "status")

    def __init__(
        self,
        status: int,
        reason: str,
        fields: Sequence[tuple[str, str]],
        source: Source,
        *,
        from_cache: bool = False,
    ) -> None:
        self.status = status
        self.reason = reason
        self.fields: Pairs = tuple(fields)
        self.source = source
        self.from_cache = from_cache
        """Whether the content is a stored one, even if the origin has just confirmed it."""


class EmptySource(Source):
    """The source of a response without content: of a HEAD, a 304 or a 504."""

    def pull(self, deadline: float) -> Flow[bytes]:
        yield from ()
        return b""

    def close(self) -> None:
        """Do nothing, since nothing is open."""


class StoredSource(Source):
    """Reads a stored content, or the part of it that `piece` names.

    `offset` is the place of the content's first byte in the representation.
    """

    def __init__(self, content: Content, piece: Piece, offset: int, *, waits: bool) -> None:
        self._content = content
        self._at = piece.start - offset
        self._stop = piece.stop - offset
        self._waits = waits

    def pull(self, deadline: float) -> Flow[bytes]:
        if self._at >= self._stop:
            return b""
        start, stop = self._at, self._stop
        data: bytes
        if self._waits:
            data = yield Call(lambda: self._content.read(start, stop), deadline)
        else:
            data = self._content.read(start, stop)
        self._at += len(data)
        if self._at >= stop:
            self._content.close()
        return data

    def close(self) -> None:
        self._at = self._stop
        self._content.close()
