"""Fields of a message as pairs of name and value: what the rules of caching read."""

from __future__ import annotations

from collections.abc import Collection, Iterable

__all__ = ["Pairs", "joined", "replaced", "values_of", "without"]

Pairs = tuple[tuple[str, str], ...]
"""The fields of a message in the order received, with the names as they were received."""


def values_of(fields: Iterable[tuple[str, str]], name: str) -> list[str]:
    """Return the values of all lines of the field `name` (lower case), without outer blanks.

    >>> values_of([("Vary", "A"), ("ETag", '"1"'), ("vary", " B")], "vary")
    ['A', 'B']
    """
    return [value.strip(" \t") for given, value in fields if given.lower() == name]


def joined(fields: Iterable[tuple[str, str]], name: str) -> str | None:
    """Return the lines of the field `name` (lower case) as one list; None if there is none.

    RFC 9110 section 5.3.

    >>> joined([("Vary", "A"), ("Vary", "B")], "vary")
    'A, B'
    """
    values = values_of(fields, name)
    return ", ".join(values) if values else None


def without(fields: Iterable[tuple[str, str]], names: Collection[str]) -> Pairs:
    """Return `fields` without those called `names` (lower case).

    >>> without([("Age", "7"), ("Date", "x")], {"age"})
    (('Date', 'x'),)
    """
    return tuple((name, value) for name, value in fields if name.lower() not in names)


def replaced(fields: Iterable[tuple[str, str]], new: Iterable[tuple[str, str]]) -> Pairs:
    """Return `fields` with `new` at the end, in the place of all fields of the same names.

    >>> replaced([("Age", "7"), ("Date", "x")], [("age", "8")])
    (('Date', 'x'), ('age', '8'))
    """
    new = tuple(new)
    return without(fields, {name.lower() for name, _ in new}) + new
