"""`Fields`: the field section of a message, ordered and case-insensitive.

RFC 9110 section 5.3: the order of lines with the same name matters, that of lines with different
names does not. Lines with the same name read as one comma-separated value, except Set-Cookie.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

__all__ = ["FieldFinder", "FieldLines", "Fields", "select_fields"]

FieldLines = list[tuple[str, str]]
"""The field lines of a head, in order, each as (name, value)."""

#: Field lines that must never be joined with commas. RFC 9110 section 5.3.
_NEVER_JOINED = frozenset({"set-cookie"})


def select_fields(pairs: Iterable[tuple[str, str]], names: frozenset[str]) -> dict[str, list[str]]:
    """Return the values of the named fields (lower case), in order, under their lower-case names.

    One pass over `pairs`; a name that does not occur has no key.

    >>> select_fields([("Host", "a"), ("Accept", "*/*")], frozenset({"host"}))
    {'host': ['a']}
    """
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        key = name.lower()
        if key in names:
            if key in found:
                found[key].append(value)
            else:
                found[key] = [value]
    return found


class FieldFinder:
    """Finds the values of a few fields, lines of one name joined by ", ", under lower-case names.

    >>> finder = FieldFinder("range", "accept")
    >>> finder.in_head(b"GET / HTTP/1.1\\r\\nHost: a\\r\\nRANGE: bytes=0-\\r\\n\\r\\n")
    {'range': 'bytes=0-'}
    """

    def __init__(self, *names: str) -> None:
        self._names = frozenset(names)
        either = "|".join(map(re.escape, names))
        # Testing the first letter first halves the time: few lines have one of these names.
        first = "".join(sorted({re.escape(name[0]) for name in names}))
        pattern = rf"(?i)\r\n(?=[{first}])({either}):[ \t]*+([^\r]*+)"
        self._lines = re.compile(pattern.encode("ascii"))

    def in_head(self, head: bytes) -> dict[str, str]:
        """Return the values of the names that occur in a head, which a strict parser accepted."""
        found: dict[str, str] = {}
        for line in self._lines.findall(head):
            name, value = line[0].decode("ascii").lower(), line[1].decode("latin-1").rstrip(" \t")
            found[name] = f"{found[name]}, {value}" if name in found else value
        return found

    def in_pairs(self, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Return the values of the names that occur in parsed field lines."""
        found = select_fields(pairs, self._names)
        return {name: ", ".join(values) for name, values in found.items()}


class Fields:
    """An ordered multi-map of field lines. Names keep their spelling; case does not distinguish.

    >>> fields = Fields([("Accept", "text/html"), ("Via", "a")])
    >>> fields.add("via", "b")
    >>> fields["VIA"], fields.get_all("Via"), len(fields)
    ('a, b', ['a', 'b'], 3)
    """

    __slots__ = ("_pairs",)

    def __init__(self, source: Mapping[str, str] | Iterable[tuple[str, str]] | Fields = ()) -> None:
        if isinstance(source, Mapping):
            source = source.items()
        self._pairs: list[tuple[str, str]] = list(source)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Iterate over the lines as (name, value), in order."""
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Fields):
            return NotImplemented
        return [(n.lower(), v) for n, v in self] == [(n.lower(), v) for n, v in other]

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._pairs!r})"

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        key = name.lower()
        return any(n.lower() == key for n, _ in self._pairs)

    def __getitem__(self, name: str) -> str:
        """Return the value of `name`, its lines joined by ", ".

        Raises:
            KeyError: there is no such field.
        """
        values = self.get_all(name)
        if not values:
            raise KeyError(name)
        return values[0] if name.lower() in _NEVER_JOINED else ", ".join(values)

    def __setitem__(self, name: str, value: str) -> None:
        """Replace all lines of `name` by one with `value`, at the place of its first line."""
        key = name.lower()
        for place, (n, _) in enumerate(self._pairs):
            if n.lower() == key:
                rest = [pair for pair in self._pairs[place + 1 :] if pair[0].lower() != key]
                self._pairs[place:] = [(name, value), *rest]
                return
        self._pairs.append((name, value))

    def __delitem__(self, name: str) -> None:
        """Remove all lines of `name`, if there are any."""
        key = name.lower()
        self._pairs = [pair for pair in self._pairs if pair[0].lower() != key]

    def add(self, name: str, value: str) -> None:
        """Append a line; lines with the same name stay."""
        self._pairs.append((name, value))

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the value of `name` as `fields[name]` gives it, or `default`."""
        try:
            return self[name]
        except KeyError:
            return default

    def get_all(self, name: str) -> list[str]:
        """Return the values of all lines of `name`, in order; empty if there are none."""
        key = name.lower()
        return [value for n, value in self._pairs if n.lower() == key]

    def copy(self) -> Fields:
        """Return a `Fields` of its own with the same lines."""
        return Fields(self._pairs)
