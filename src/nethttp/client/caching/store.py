"""What a store of responses does: the protocol that the memory, SQLite and Valkey stores keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from .entry import Entry

__all__ = ["GRACE", "MAX_VARIANTS", "PIECE", "Content", "Key", "Store", "cost_of", "replaces"]

PIECE: Final = 262144
"""Bytes of each piece of a content, except the last, which has no more. With 64 KiB an SQLite file
takes twice the time for a long content."""

MAX_VARIANTS: Final = 64
"""Entries of one key; with another one the oldest goes."""

GRACE: Final = 60.0
"""Seconds that a content stays after its last entry went, for those that still read it."""


class Key(NamedTuple):
    """Under what a response is stored: its URL, and the partition of those who may see it.

    The partition is no secret: it has a digest of credentials, not themselves.
    """

    url: str
    partition: str = ""


class Content(Protocol):
    """The content of a stored response, open to be read by its pieces.

    It is open so that its reader can finish, even if the entry is replaced meanwhile.
    """

    def piece(self, number: int) -> bytes:
        """Return the piece with a number, counted from 0.

        Raises:
            StorageError: the content is gone, or the store cannot be read.
            StorageAwayError: its server does not answer.
        """
        ...


class Store(Protocol):
    """Keeps responses, at most a bounded number of bytes, and forgets those used longest ago.

    Any thread may call its methods; each is one atomic step. An entry appears with its `commit`,
    when all of its content is there. Variants of a key do not replace each other. A content is
    written and read in pieces, each with its number, counted from 0.
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

    def append(self, content: str, number: int, data: bytes) -> None:
        """Write the piece of this `number`, from 0, of a content that is not yet complete.

        It has `PIECE` bytes. A number that is written again, after an error, counts once.

        Raises:
            StorageError: the store cannot be read or written.
            StorageAwayError: its server does not answer.
        """
        ...

    def commit(self, key: Key, entry: Entry, last: bytes) -> None:
        """Write the last piece, and the entry in the place of the same variant.

        Raises:
            StorageError: the store cannot be read or written.
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
        """Remove the pieces of a content that will not be complete.

        Raises:
            StorageError: the store cannot be read or written.
            StorageAwayError: its server does not answer.
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
    names = sum(len(name) + len(value) for name, value in entry.fields)
    return entry.size + names + len(entry.url) + 512
