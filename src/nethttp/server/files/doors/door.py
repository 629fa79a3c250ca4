"""`Door`: one line of the table of doors, and what a door is."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..access import CHANGES, Access, Names, Operation, User
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
    here: frozenset[Operation]
    """What it does at the path of the request. The gate judges each operation when it is done, and
    what is replaced besides."""
    answer: Answer
    there: frozenset[Operation] = frozenset()
    """What it does at the path of Destination."""
    query: str | None = None
    """A name that the query must have; None: no query opens it."""

    @property
    def changes(self) -> bool:
        """Whether it changes files, so that no other site's page may use it."""
        return any(operation.rights & CHANGES for operation in self.here | self.there)

    def is_open(self, access: Access, user: User, names: Names) -> bool:
        """Return whether a user may use it at a path, as far as the path alone tells."""
        return all(access.allows(user, operation, names) for operation in self.here) and all(
            access.may_ever(user, operation) for operation in self.there
        )
