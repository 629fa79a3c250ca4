"""Rights as the command line writes them, ``r,ann=rwd,bob=w@/drop``, and the rules they mean."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from ..access import ANYTHING, Names, Rights, Rule
from ..tree import names_of
from ..urls import url_of
from .users import RESERVED

__all__ = ["Grant", "grant_behind", "grants_of", "rules_of", "text_of"]

NO_RIGHT = "-"


class Grant(NamedTuple):
    """Rights for anyone (`user` is None), for a user, or for all users, at a path and below it."""

    user: str | None
    rights: Rights
    path: Names = ()


def grants_of(text: str) -> tuple[Grant, ...]:
    """Return the grants in a text: each is RIGHTS, USER=RIGHTS, or one of them with @PATH.

    RIGHTS are letters of r, w and d, or ``-`` for none; ``users`` means each user. PATH is escaped
    as in a URL.

    >>> grants_of("w@/drop")
    (Grant(user=None, rights=frozenset({'w'}), path=('drop',)),)

    Raises:
        ValueError: a part of it is no grant.
    """
    return tuple(_grant(part.strip()) for part in text.split(","))


def _grant(text: str) -> Grant:
    who, at, place = text.partition("@")
    user, equals, letters = who.rpartition("=")
    if (letters != NO_RIGHT and (not letters or set(letters) - ANYTHING)) or (equals and not user):
        raise ValueError(
            "expected RIGHTS such as r or rwd, USER=RIGHTS, or either with @/path, "
            f"separated by commas, got {text!r}"
        )
    names = names_of(place) if place.startswith("/") else None
    if at and names is None:
        raise ValueError(f"expected a path such as @/team, got {'@' + place!r}")
    rights = frozenset(letters) - {NO_RIGHT}
    return Grant(user if equals else None, rights, names or ())


def rules_of(grants: Iterable[Grant], users: Collection[str]) -> list[Rule]:
    """Return the rules that grants mean, for these users.

    A grant for one user at a path counts instead of that for all users there.

    Raises:
        ValueError: a grant is for a user that does not exist, or there are two for one path.
    """
    rules: dict[tuple[Names, str | None], Rights] = {}
    ordered = sorted(grants, key=lambda grant: grant.user == RESERVED)
    for grant in ordered:
        if grant.user == RESERVED:
            if not users:
                raise ValueError(f"{RESERVED}= needs users: see --auth")
            for user in users:
                rules.setdefault((grant.path, user), grant.rights)
            continue
        if grant.user is not None and grant.user not in users:
            raise ValueError(f"rights are given to {grant.user}, and there is no such user")
        if (grant.path, grant.user) in rules:
            at = "/" + "/".join(grant.path)
            raise ValueError(f"expected one rule for {grant.user or 'anyone'} at {at}")
        rules[grant.path, grant.user] = grant.rights
    return [Rule(path, user, rights) for (path, user), rights in rules.items()]


def grant_behind(rule: Rule, grants: Collection[Grant]) -> Grant:
    """Return the one of these grants that a rule comes from.

    >>> grant_behind(Rule((), "ann", frozenset("r")), grants_of("users=r")).user
    'users'
    """
    own = Grant(rule.user, rule.rights, rule.path)
    return own if own in grants else own._replace(user=RESERVED)


def text_of(grant: Grant) -> str:
    """Return a grant as the command line writes it.

    >>> text_of(Grant("ann", frozenset("wr"), ("a b",))), text_of(Grant(None, frozenset()))
    ('ann=rw@/a%20b', '-')
    """
    user = "" if grant.user is None else f"{grant.user}="
    letters = "".join(letter for letter in "rwd" if letter in grant.rights) or NO_RIGHT
    return f"{user}{letters}{f'@{url_of(grant.path)}' if grant.path else ''}"
