"""`Access`: decides which user may do which operation at which path. It is asked for all of them.

A rule gives rights at a path and below it, up to the next rule. Of the rules for anyone the longest
path wins, of the rules for one user the longest path too, and a user who signs in has the rights of
both: signing in never takes away what anyone may do. Paths are compared by whole names. Nothing is
allowed without a rule, and no option adds rights to those of the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

__all__ = [
    "ANYONE",
    "ANYTHING",
    "CHANGES",
    "Access",
    "Names",
    "Operation",
    "Rights",
    "Rule",
    "User",
]

Names = tuple[str, ...]
"""The decoded names that lead from the root to a file; () is the root itself."""

Rights = frozenset[str]
"""Which of "r" (read and list), "w" (write) and "d" (delete) are given."""

NOTHING: Rights = frozenset()
ANYTHING: Rights = frozenset("rwd")
CHANGES: Rights = frozenset("wd")


class User(NamedTuple):
    """A person or a program that signed in; `name` is None for one that did not.

    >>> User("ann").name, User().name
    ('ann', None)
    """

    name: str | None = None


ANYONE = User()
"""The user of a request without credentials."""


class Rule(NamedTuple):
    """Rights at a path and below it, for one user, or for anyone if `user` is None.

    >>> Rule(("drop",), None, frozenset("w")).path
    ('drop',)
    """

    path: Names
    user: str | None
    rights: Rights


class Operation(Enum):
    """What a request does to one file or directory, with the rights that it needs.

    Moving a file is `READ` and `DELETE` at its old path, and `CREATE` or `REPLACE` at the new one:
    whoever may not read a file must not move it to where that is allowed.

    >>> sorted(Operation.REPLACE.rights)
    ['d', 'w']
    """

    READ = "read", "r"
    LIST = "list", "r"
    CREATE = "create", "w"
    REPLACE = "replace", "wd"
    """To write to a name that exists: what was there is deleted."""
    DELETE = "delete", "d"

    def __init__(self, verb: str, letters: str) -> None:
        self.verb = verb
        """The operation as a message names it."""
        self.rights: Rights = frozenset(letters)


class Access:
    """Decides by rules.

    >>> access = Access([Rule((), None, frozenset("r")), Rule((), "ann", frozenset("rwd")),
    ...                  Rule(("drop",), None, frozenset("w"))])
    >>> access.allows(ANYONE, Operation.READ, ("a",)), access.allows(ANYONE, Operation.READ,
    ...     ("drop", "a")), access.allows(User("ann"), Operation.READ, ("drop", "a"))
    (True, False, True)

    Raises:
        ValueError: two rules for one path and user, a right that does not exist, or a path that is
            no path.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self._by_user: dict[str | None, dict[Names, Rule]] = {None: {}}
        for rule in self.rules:
            path, user, rights = rule
            if not rights <= ANYTHING:
                raise ValueError(f"expected rights of r, w and d, got {''.join(sorted(rights))!r}")
            if any(name in ("", ".", "..") or "/" in name or "\0" in name for name in path):
                raise ValueError(f"expected a path of names, got {_shown(path)!r}")
            given = self._by_user.setdefault(user, {})
            if path in given:
                raise ValueError(f"expected one rule for {user or 'anyone'} at {_shown(path)}")
            given[path] = rule
        self.has_paths = any(rule.path for rule in self.rules)
        """Whether rights differ from path to path."""

    def rights(self, user: User, names: Sequence[str]) -> Rights:
        """Return the rights of a user at a path."""
        return NOTHING.union(*[rule.rights for rule in self.deciding(user, names)])

    def deciding(self, user: User, names: Sequence[str]) -> list[Rule]:
        """Return the rules that give a user's rights at a path: anyone's, and the user's own.

        >>> access = Access([Rule((), None, frozenset("r")), Rule((), "ann", frozenset("rw"))])
        >>> [rule.user for rule in access.deciding(User("ann"), ("a", "b"))]
        [None, 'ann']
        """
        names = tuple(names)
        found = [_longest(self._by_user[None], names)]
        if user.name is not None:
            found.append(_longest(self._by_user.get(user.name, {}), names))
        return [rule for rule in found if rule is not None]

    def allows(self, user: User, operation: Operation, names: Sequence[str]) -> bool:
        """Return whether a user may do an operation at a path.

        To list a directory shows only what `shows` says.
        """
        if operation is Operation.LIST:
            return self.shows(user, names)
        return operation.rights <= self.rights(user, names)

    def allows_beneath(self, user: User, operation: Operation, names: Sequence[str]) -> bool:
        """Return whether a user may do an operation at a path and everywhere below it.

        Deleting, moving or copying a directory touches what other rules keep from the user. Rights
        change only at the paths of rules, so these alone are asked.
        """
        names = tuple(names)
        return self.allows(user, operation, names) and all(
            self.allows(user, operation, rule.path)
            for rule in self.rules
            if rule.path[: len(names)] == names
        )

    def shows(self, user: User, names: Sequence[str]) -> bool:
        """Return whether a user may know of a path: may read it, or something below it.

        So are the paths of rules that give any right: who may only write to a directory can enter
        it, and sees nothing there.
        """
        names = tuple(names)
        return self.allows(user, Operation.READ, names) or any(
            rule.path[: len(names)] == names and self.rights(user, rule.path) for rule in self.rules
        )

    def may_ever(self, user: User, operation: Operation) -> bool:
        """Return whether there is any path at which a user may do an operation."""
        return any(
            self.allows(user, operation, rule.path)
            for rule in self.rules
            if rule.user in (None, user.name)
        )


def _longest(given: dict[Names, Rule], names: Names) -> Rule | None:
    """Return the rule for the longest of the paths `given` that leads to `names`."""
    for length in range(len(names), -1, -1):
        rule = given.get(names[:length])
        if rule is not None:
            return rule
    return None


def _shown(path: Names) -> str:
    return "/" + "/".join(path)
