"""What the rules of a shared folder allow to whom, in words: `rights_notice` for the start.

Each of its lines is for users with the same rights, and says what `Access` would decide for them.
`rights_beneath` is for one user, from one path on.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..files.access import ANYONE, CHANGES, Access, Names, Operation, Rights, User
from .announcement import Notice

__all__ = [
    "missing_notice",
    "path_in_words",
    "rights_beneath",
    "rights_in_words",
    "rights_notice",
]

MAX_LINES = 8
"""Lines for users at most; the rest is counted."""

MAX_NAMES = 4
"""Names of users in one line."""

MAX_PLACES = 6
"""Paths in one line."""

MAX_SHOWN = 60
"""Characters of a path or a name."""

_MAY = {
    "": "nothing",
    "r": "read",
    "w": "add files and see none",
    "d": "delete and see nothing",
    "rw": "read and add files",
    "dr": "read and delete files",
    "dw": "add, replace and delete files and see none",
    "drw": "read, add, replace and delete files",
}


def rights_notice(access: Access, users: Sequence[str]) -> list[Notice]:
    """Return the lines on what `users` and anyone else may do.

    >>> from ..files.access import Rule
    >>> access = Access([Rule((), None, frozenset("r")), Rule((), "ann", frozenset("rw"))])
    >>> for notice in rights_notice(access, ["ann"]):
    ...     print(notice.text)
    Anyone may read.
    ann may read and add files.
    Nobody may replace or delete files.
    """
    places = sorted({rule.path for rule in access.rules} | {()})
    of_anyone = _rights(access, ANYONE, places)
    lines = [_line_for_anyone(of_anyone, bool(users))]
    alike: dict[tuple[Rights, ...], list[str]] = {}
    for name in users:
        alike.setdefault(tuple(_rights(access, User(name), places).values()), []).append(name)
    groups = list(alike.items())
    for rights, names in groups[:MAX_LINES]:
        lines.append(Notice(_line(_listed(names), dict(zip(places, rights, strict=True)))))
    left = sum(len(names) for _, names in groups[MAX_LINES:])
    if left:
        lines.append(Notice(f"{left} more {'user' if left == 1 else 'users'} may do other things."))
    if nobody := _nobody(access, users):
        lines.append(Notice(nobody))
    return lines


def missing_notice(access: Access, root: str) -> list[Notice]:
    """Return a line on the paths of rules that are not in `root`: they may be misspelt."""
    paths = sorted({rule.path for rule in access.rules})
    missing = [path for path in paths if not os.path.lexists(os.path.join(root, *path))]
    if not missing:
        return []
    shown = [path_in_words(path) for path in missing[:MAX_PLACES]]
    if len(missing) > MAX_PLACES:
        shown.append(f"{len(missing) - MAX_PLACES} more")
    return [Notice(f"There are rules for paths that do not exist: {', '.join(shown)}.", True)]


def rights_beneath(access: Access, user: User, names: Names) -> str:
    """Return a line on what a user may do at a path, and where that changes below it.

    >>> from ..files.access import Rule
    >>> access = Access([Rule((), None, frozenset("r")), Rule(("a", "b"), None, frozenset())])
    >>> rights_beneath(access, ANYONE, ("a",))
    'Anyone may read at /a; in /a/b: nothing.'
    """
    places = {rule.path for rule in access.rules if rule.path[: len(names)] == names} | {names}
    who = "Anyone" if user.name is None else _cut(user.name)
    return _line(who, _rights(access, user, sorted(places)), names)


def rights_in_words(rights: Rights) -> str:
    """Return what rights allow, as the object of "may".

    >>> rights_in_words(frozenset("rw")), rights_in_words(frozenset())
    ('read and add files', 'nothing')
    """
    return _MAY["".join(sorted(rights))]


def _rights(access: Access, user: User, places: Sequence[Names]) -> dict[Names, Rights]:
    return {place: access.rights(user, place) for place in places}


def _line_for_anyone(rights: dict[Names, Rights], signs_in: bool) -> Notice:
    """Return the line for all without a password; it warns if they may change anything."""
    if signs_in and not any(rights.values()):
        return Notice("Nobody may do anything without signing in.")
    changes = any(given & CHANGES for given in rights.values())
    return Notice(_line("Without a password anyone" if changes else "Anyone", rights), changes)


def _line(who: str, rights: dict[Names, Rights], top: Names | None = None) -> str:
    """Return what each user may do, at the top and at each place where that changes.

    The top is the root unless a path is given; a line that is for that path names it.
    """
    first = rights[top or ()]
    words = [f"{who} may {rights_in_words(first) if first else 'do nothing'}"]
    if top is not None:
        words[0] += f" at {path_in_words(top)}"
    others = [
        place for place in rights if place != (top or ()) and rights[place] != _above(rights, place)
    ]
    words += [
        f"in {path_in_words(place)}: {rights_in_words(rights[place])}"
        for place in others[:MAX_PLACES]
    ]
    if len(others) > MAX_PLACES:
        words.append(f"other rights in {len(others) - MAX_PLACES} more places")
    return f"{'; '.join(words)}."


def _above(rights: dict[Names, Rights], place: Names) -> Rights:
    """Return the rights at the next place above."""
    return next(
        rights[place[:length]]
        for length in range(len(place) - 1, -1, -1)
        if place[:length] in rights
    )


def _listed(names: Sequence[str]) -> str:
    shown = [_cut(name) for name in names[:MAX_NAMES]]
    if len(names) > MAX_NAMES:
        shown.append(f"{len(names) - MAX_NAMES} more")
    *first, last = shown
    return f"{', '.join(first)} and {last}" if first else last


def path_in_words(place: Names) -> str:
    r"""Return a path as a line may have it: control characters escaped, and not too long.

    >>> print(path_in_words(("a\n", "b")))
    /a\n/b
    """
    text = "/" + "/".join(place)
    return _cut(text if text.isprintable() else ascii(text)[1:-1])


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def _nobody(access: Access, users: Sequence[str]) -> str:
    """Return what no user may do anywhere, "" if there is nothing."""
    everyone = [ANYONE, *map(User, users)]

    def anyone_may(operation: Operation) -> bool:
        return any(access.may_ever(user, operation) for user in everyone)

    may_add, may_replace, may_delete = map(
        anyone_may, (Operation.CREATE, Operation.REPLACE, Operation.DELETE)
    )
    if not may_add and not may_delete:
        return "Nobody may change anything."
    if not may_add:
        return "Nobody may add or replace files."
    if not may_delete:
        return "Nobody may replace or delete files."
    return "" if may_replace else "Nobody may replace files."
