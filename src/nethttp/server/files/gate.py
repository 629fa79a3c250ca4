"""`Gate`: the only way for a door to the files. It judges what it opens for a user.

A path is judged before anything is looked up, so that a refusal tells nothing of what exists; then
what was really opened is judged, by the names under which it lies in the tree.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ...wire.values import parse_entity_tags
from .access import Access, Names, Operation, User
from .accounting import Accounts
from .preconditions import evaluate
from .refusal import Refusal
from .store import Decide, Store, tag_of
from .tree import Entry, Opened, Tree, is_new_name

__all__ = ["Gate", "check_conditions"]

CONDITIONS = ("if-match", "if-none-match", "if-unmodified-since")


#: The end of an entity tag of a file in a coding.
_CODED = re.compile(r'-(?:br|gzip|zstd)"')


class Gate:
    """Opens files of `tree`, and changes them by `store`, as far as `access` allows it to `user`.

    `on_conflict` is one of `conflicts.CONFLICTS`. With `accounts`, an anonymous user who lacks
    rights is asked to sign in.
    """

    def __init__(
        self,
        tree: Tree,
        store: Store,
        access: Access,
        user: User,
        *,
        on_conflict: str = "ask",
        accounts: Accounts | None = None,
    ) -> None:
        self.store = store
        self.user = user
        self.on_conflict = on_conflict
        self._tree = tree
        self._access = access
        self.accounts = accounts

    def may(self, operation: Operation, names: Names) -> bool:
        """Return whether the user may do an operation at a path."""
        return self._access.allows(self.user, operation, names)

    def may_beneath(self, operation: Operation, names: Names) -> bool:
        """Return whether the user may do an operation at a path and everywhere below it."""
        return self._access.allows_beneath(self.user, operation, names)

    def may_ever(self, operation: Operation) -> bool:
        """Return whether there is any path at which the user may do an operation."""
        return self._access.may_ever(self.user, operation)

    def check(self, operation: Operation, names: Names) -> None:
        """Check that the user may do an operation at a path.

        Raises:
            Refusal: 403, or 401 for a user who may sign in.
        """
        if not self.may(operation, names):
            raise self._denied(operation)

    def check_beneath(self, operation: Operation, names: Names) -> None:
        """Check that the user may do an operation at a path and everywhere below it.

        Raises:
            Refusal: 403, or 401 for a user who may sign in.
        """
        if not self.may_beneath(operation, names):
            raise self._denied(operation)
        if operation is not Operation.READ and self._tree.holds_own(names):
            raise Refusal(403, "The server keeps files of its own here")

    def _denied(self, operation: Operation) -> Refusal:
        if self.accounts is not None and self.user.name is None:
            return Refusal(401, f"Sign in to {operation.verb} this")
        return Refusal(403, f"You may not {operation.verb} this")

    def rights(self, names: Names) -> frozenset[str]:
        """Return the user's rights at a path."""
        return self._access.rights(self.user, names)

    def open(self, names: Names) -> Opened:
        """Return the file or directory at a path, to read or list it.

        Raises:
            Refusal: the user may not.
            OSError: there is nothing.
        """
        self.check(Operation.LIST, names)
        # Else a link would tell of what is where the user may not look, by a 404 or none.
        found = self._tree.open(names, lambda way: self.check(Operation.LIST, way))
        try:
            operation = Operation.LIST if found.is_directory else Operation.READ
            for way in {names, found.names}:
                self.check(operation, way)
        except BaseException:
            found.close()
            raise
        return found

    def whole(self, names: Names) -> Opened:
        """Return the file or directory at a path, of which the user may read all, to copy it.

        Raises:
            Refusal: the user may not.
            OSError: there is nothing, or a link.
        """
        self.check_beneath(Operation.READ, names)
        if not names:
            return self._tree.open(names)
        place, name = self._tree.parent(names)
        with place:
            return place.child(name)

    def entries(self, directory: Opened) -> Iterator[Entry]:
        """Yield what the user may know of in a directory.

        Raises:
            OSError: it cannot be read.
        """
        for entry in directory.children():
            own = (*directory.names, entry.name)
            if all(self._access.shows(self.user, way) for way in {own, entry.names}):
                yield entry

    @contextmanager
    def place(self, operation: Operation, names: Names) -> Iterator[tuple[Opened, str]]:
        """Return a context with the directory of a path's last name, to change what has the name.

        Raises:
            Refusal: the user may not, or the directory is missing.
            OSError: the system has refused.
        """
        self.check(operation, names)
        if operation is Operation.CREATE:
            self._check_new_names(names)
        try:
            directory, name = self._tree.parent(names)
        except (FileNotFoundError, NotADirectoryError):
            if operation is not Operation.CREATE:
                raise
            # RFC 4918 section 9.7.1: no door makes the directories above.
            raise Refusal(409, "There is no such directory to put it in") from None
        with directory:
            yield directory, name

    def _check_new_names(self, names: Names) -> None:
        """Check that a file may have a path.

        Raises:
            Refusal: 400 or 403.
        """
        if any(self._tree.is_barred(name) for name in names):
            raise Refusal(403, "Names that begin with a dot are hidden here")
        if names and not is_new_name(names[-1]):
            raise Refusal(
                400, "A name has at most 255 bytes, and no control character and no backslash"
            )

    def placing(
        self,
        place: Opened,
        names: Names,
        fields: Mapping[str, str],
        conflict: str,
        *,
        beneath: bool = False,
    ) -> Decide:
        """Return what decides, for `Store`, whether something may be put in `place` as `names`.

        It judges the user's rights again each time it is called: they may end during an upload.
        `fields` has the conditions of the request, `conflict` is one of `conflicts.CONFLICTS`, and
        with `beneath` a directory is placed, with all below it.
        """
        check = self.check_beneath if beneath else self.check

        def decide(existing: os.stat_result | None) -> bool:
            check(Operation.CREATE, names)
            self._check_place(place, names)
            if existing is None:
                if "if-match" in fields:
                    raise Refusal(412, "Nothing has this name any more")
                return True
            if not any(name in fields for name in CONDITIONS):
                if conflict == "rename":
                    return False
                if conflict == "refuse":
                    raise Refusal(409, "The name exists")
            elif fields.get("if-none-match", "").strip(" \t") == "*":
                raise Refusal(412, "The file exists already")
            whole = beneath or stat.S_ISDIR(existing.st_mode)
            # Before the other conditions: their answers tell when a file was modified, and its tag.
            (self.check_beneath if whole else self.check)(Operation.REPLACE, names)
            check_conditions(fields, existing)
            return True

        return decide

    def deleting(self, names: Names, fields: Mapping[str, str]) -> Decide:
        """Return what decides, for `Store`, whether what has a path may be deleted there."""

        def decide(existing: os.stat_result | None) -> bool:
            self.check_beneath(Operation.DELETE, names)
            if existing is not None:
                check_conditions(fields, existing)
            return True

        return decide

    def _check_place(self, place: Opened, names: Names) -> None:
        """Check that the directory that was judged still has its path, and so its rules.

        Raises:
            Refusal: it was moved or deleted meanwhile.
        """
        try:
            directory, _ = self._tree.parent(names)
        except OSError:
            raise Refusal(409, "The directory was moved or deleted meanwhile") from None
        with directory:
            if not os.path.samestat(directory.status, place.status):
                raise Refusal(409, "Another directory has this path meanwhile")


def check_conditions(fields: Mapping[str, str], existing: os.stat_result) -> None:
    """Check the conditions of a request to change a file. RFC 9110 section 13.

    Raises:
        Refusal: 412; 400, a condition that cannot be read, because nothing is changed without it.
    """
    if_none_match = fields.get("if-none-match", "*").strip(" \t")
    if if_none_match != "*" and not parse_entity_tags(if_none_match):
        raise Refusal(400, "If-None-Match is expected to be * or entity tags")
    tag = tag_of(existing)
    modified = existing.st_mtime_ns // 1_000_000_000
    # A client that has read the file compressed knows it by that tag.
    same = {
        name: _CODED.sub('"', value) if tag.opaque in value else value
        for name, value in fields.items()
        if name in CONDITIONS
    }
    if evaluate("PUT", same, tag, modified) is not None:
        raise Refusal(412, "The file has changed, or exists already")
