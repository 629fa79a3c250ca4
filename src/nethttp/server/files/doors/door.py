"""`Door`: one line of the table of doors, and what a door is."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..access import CHANGES, Operation
from ..gate import Gate
from ..reply import Reply
from ..request import FolderRequest

__all__ = ["Answer", "Door"]

Answer = Callable[[FolderRequest, Gate], Reply]
"""Answers a request. It opens and changes files by the gate alone.

Raises:
    Refusal: the request is refused.
    OSError: the system has refused, or there is no such file.
"""


class Door(NamedTuple):
    """A way into a shared folder."""

    name: str
    method: str
    operations: frozenset[Operation]
    """What it may do. The gate judges each operation when it is done."""
    answer: Answer
    query: str | None = None
    """A name that the query must have; None: no query opens it."""

    @property
    def changes(self) -> bool:
        """Whether it changes files, so that no other site's page may use it."""
        return any(operation.rights & CHANGES for operation in self.operations)
