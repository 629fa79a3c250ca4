"""`Door`: one line of the table of doors, and what a door is."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from ..access import CHANGES, Names, Operation
from ..gate import Gate
from ..reply import Reply
from ..request import FolderRequest

__all__ = ["Answer", "Door", "Kind"]

Answer = Callable[[FolderRequest, Gate], Reply]
"""Answers a request. It opens and changes files by the gate alone.

Raises:
    Refusal: the request is refused.
    OSError: the system has refused, or there is no such file.
"""


class Kind(Enum):
    """What there is at a path."""

    ROOT = "the shared folder"
    DIRECTORY = "a directory in it"
    FILE = "a file"
    UPLOAD = "nothing, and the name is the one that forms are sent to"
    NOTHING = "nothing"


class Door(NamedTuple):
    """A way into a shared folder."""

    name: str
    method: str
    here: frozenset[Operation]
    """What it does at the path of the request. The gate judges each operation when it is done, and
    what is replaced besides."""
    answer: Answer
    on: frozenset[Kind] = frozenset(Kind)
    """Where it can do that."""
    there: frozenset[Operation] = frozenset()
    """What it does at the path of Destination."""
    query: str | None = None
    """A name that the query must have; None: no query opens it."""
    beneath: bool = False
    """Whether it does that to all below the path too."""
    field: str | None = None
    """A field that the request must have, in lower case; None: no field opens it."""

    @property
    def changes(self) -> bool:
        """Whether it changes files, so that no other site's page may use it."""
        return any(operation.rights & CHANGES for operation in self.here | self.there)

    def is_open(self, gate: Gate, names: Names, kind: Kind | None) -> bool:
        """Return whether the user of a gate may use it at a path; no file is touched.

        `kind` says what is there, None if the user may not know that.
        """
        if kind is not None and kind not in self.on:
            return False
        may = gate.may_beneath if self.beneath else gate.may
        replaces = (
            kind is Kind.FILE and Operation.CREATE in self.here and gate.on_conflict != "rename"
        )
        here = self.here | {Operation.REPLACE} if replaces else self.here
        return all(may(operation, names) for operation in here) and all(
            gate.may_ever(operation) for operation in self.there
        )
