"""What a store of responses does: the protocol that the memory, SQLite and Valkey stores keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol, TypeAlias

from .entry import Entry

__all__ = [
    "GRACE",
    "MAX_VARIANTS",
    "PIECE",
    "SMALL",
    "UNFINISHED",
    "Content",
    "Key",
    "Pieces",
    "Store",
    "cost_of",
    "replaces",
]

PIECE: Final = 524288
"""Bytes of a content that are written at a time, about. Fewer take more time of the file system: a
file of 64 MiB is written a quarter faster by 512 KiB than by 128 KiB, and no faster by more."""

SMALL: Final = 16384
"""Bytes below which pieces that were received are put together, so that each costs little."""

MAX_VARIANTS: Final = 64
"""Entries of one key; with another one the oldest goes."""

GRACE: Final = 60.0
"""Seconds that a content stays at a server after its last entry went, for those that read it."""

UNFINISHED: Final = 600.0
"""Seconds after its last piece that a content stays which is not complete: its writer is gone."""

Pieces: TypeAlias = Sequence[bytes]
"""Bytes that follow each other: as they were received, since putting them together is a copy."""


class Key(NamedTuple):
    """Under what a response is stored: its URL, and the partition of those who may see it.

    The partition is no secret: it has a digest of credentials, not themselves.
    """

    url: str
    partition: str = ""


class Content(Protocol):
    """The content of a stored response, open to be read.

    It is open so that its reader can finish, even if the entry is replaced meanwhile.
    """

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` on, counted from 0: at least one, and none from `stop` on.

        How many is the store's choice; `stop` is within the content.

        Raises:
            StorageError: the content is gone, or the store cannot be read.
            StorageAwayError: its server does not answer.
        """
        ...

    def close(self) -> None:
        """Read no more of it. Nothing is waited for; a finaliser may call it."""
        ...


class Store(Protocol):
    """Keeps responses, at most a bounded number of bytes, and forgets those used longest ago.

    Any thread may call its methods; each is one atomic step. An entry appears with its `commit`,
    when all of its content is there. Variants of a key do not replace each other. A content is
    written from its start to its end, a few pieces at a time.
    """

    waits: bool
    """Whether a call may take its time: an event loop then has it made by a thread."""
    max_content: int
    """The most bytes of one content."""

    def variants(self, key: Key) -> list[Entry]:
        """Return the entries of a key.

        Raises:
            StorageError: the store cannot be read or written.
            StorageAwayError: its server does not answer.
        """
        ...

    def open(self, key: Key, entry: Entry) -> Content:
        """Return the content of an entry; the entry counts as used now.

        Raises:
            StorageError: the store cannot be read or written.
            StorageAwayError: its server does not answer.
        """
        ...

    def append(self, content: str, start: int, pieces: Pieces) -> None:
        """Write pieces of a content that is not yet complete, the first one at byte `start`.

        They have `PIECE` bytes or a little more. What is written again, after an error, counts
        once.

        Raises:
            StorageError: the store cannot be read or written, or the content has no room.
            StorageAwayError: its server does not answer.
        """
        ...

    def commit(self, key: Key, entry: Entry, start: int, pieces: Pieces) -> None:
        """Write the last pieces as `append` does, and the entry in the place of the same variant.

        Raises:
            StorageError: the store cannot be read or written, or the content has no room.
            StorageAwayError: its server does not answer.
        """
        ...

    def update(self, key: Key, entry: Entry) -> None:
        """Write an entry's new fields and times, if the store still has the entry.

        Raises:
            StorageError: the store cannot be read or written.
            StorageAwayError: its server does not answer.
        """
        ...

    def discard(self, content: str) -> None:
        """Remove what was written of a content that will not be complete.

        Nothing is waited for, and a finaliser may call it, so a server may have it for a while.
        """
        ...

    def remove(self, urls: Sequence[str]) -> None:
        """Remove all entries of these URLs, in all partitions.

        Raises:
            StorageError: the store cannot be read or written.
            StorageAwayError: its server does not answer.
        """
        ...

    def close(self) -> None:
        """Close files and connections. The store is not used again."""
        ...


def replaces(new: Entry, old: Entry) -> bool:
    """Return whether `new` takes the place of `old`: it is the same variant, and the same part.

    A complete response takes the place of its variant's parts too. So a store has of each variant
    either the whole or some parts (RFC 9111 section 3.4).
    """
    return new.selecting == old.selecting and (new.part is None or new.part == old.part)


def cost_of(entry: Entry) -> int:
    """Return the bytes that an entry takes in a store, with its content; an estimate.

    It counts against the store's bound, so that many responses without content are bounded too.
    """
    fields = sum(len(name) + len(value or "") for name, value in (*entry.fields, *entry.selecting))
    return entry.size + fields + len(entry.url) + 512
