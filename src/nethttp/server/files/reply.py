"""`Reply`: what a door answers. The handler of a version of HTTP sends it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

__all__ = ["Changed", "Reply"]


class Changed(Exception):
    """Content is no longer what was announced, so it must not be ended as if it were whole."""


class Reply(NamedTuple):
    """A response: its status, its fields as (name, value), and its content.

    >>> Reply(204).content
    b''
    """

    status: int
    fields: Sequence[tuple[str, str]] = ()
    content: bytes | Iterator[bytes] = b""
    """An iterator is closed after the last piece, or when the client receives no more. If it
    raises, the connection is cut, so that the client does not take a part for the whole; for
    `Changed` that is no fault of the server's. An empty piece says that the next one takes time:
    if the client has gone meanwhile, no more is made."""
    length: int | None = None
    """The bytes of an iterator's pieces together; None: not known beforehand."""
    note: str | None = None
    """A line for the log."""
