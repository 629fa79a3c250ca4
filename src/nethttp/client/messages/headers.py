"""`Headers`: the field lines of a request or response, in order, with their case and duplicates.

RFC 9110 section 5. Names compare without case. What a program puts in is checked at once, so that
no CR, LF or NUL can reach the wire; what was received was checked by the parser.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import TypeAlias

from ...errors import LocalProtocolError, excerpt
from ...wire import grammar
from ...wire.fields import FieldLines
from ..content.pairs import pairs_of

__all__ = ["HeaderSource", "Headers"]

#: Values that a repr, and so a log or a traceback, does not show.
SECRET = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})

#: Field lines that must never be joined with commas. RFC 9110 section 5.3.
_NEVER_JOINED = "set-cookie"


class Headers(MutableMapping[str, str]):
    """Field lines: a mapping of names, without regard to case, whose lines keep their order.

    A name that occurs in several lines has one value in the mapping, joined by ", "; `get_list` has
    each. Iterating gives each name once, as it was first spelt; `pairs` has every line.

    Raises:
        LocalProtocolError: a name is no token, or a value has a control character or one outside
            ISO-8859-1. RFC 9110 section 5.5.
        TypeError: they are no mapping and no pairs.

    >>> headers = Headers({"Accept": "text/html"})
    >>> headers.add("Via", "a")
    >>> headers.add("via", "b")
    >>> headers["VIA"], headers.get_list("Via"), headers.get("Missing"), list(headers)
    ('a, b', ['a', 'b'], None, ['Accept', 'Via'])
    >>> headers.pairs
    [('Accept', 'text/html'), ('Via', 'a'), ('via', 'b')]
    """

    __slots__ = ("_keys", "_pairs")

    _pairs: FieldLines
    _keys: list[str] | None

    def __init__(self, source: HeaderSource = ()) -> None:
        if isinstance(source, Headers):
            pairs = source._pairs.copy()
        else:
            pairs = pairs_of(source, "headers")
            for name, value in pairs:
                _check(name, value)
        self._pairs = pairs
        self._keys = None

    @classmethod
    def received(cls, pairs: FieldLines) -> Headers:
        """Return headers of lines that a parser of `nethttp.wire` has accepted, unchecked.

        The list is taken over, not copied, so that a response costs nothing until it is read.

        >>> Headers.received([("Server", "a")])["server"]
        'a'
        """
        headers = cls.__new__(cls)
        headers._pairs = pairs
        headers._keys = None
        return headers

    @property
    def pairs(self) -> FieldLines:
        """Every line as (name, value), in order: a list of its own."""
        return self._pairs.copy()

    def has_pairs(self, pairs: FieldLines) -> bool:
        """Return whether every line is as in `pairs`, without a copy.

        >>> Headers([("Server", "a")]).has_pairs([("Server", "a")])
        True
        """
        return self._pairs == pairs

    def get_list(self, name: str) -> list[str]:
        """Return the values of all lines of `name`, in order; empty if there are none."""
        key = name.lower()
        keys = self._lower_case()
        if key not in keys:
            return []
        return [self._pairs[place][1] for place, each in enumerate(keys) if each == key]

    def add(self, name: str, value: str) -> None:
        """Append a line; lines of the same name stay.

        Raises:
            LocalProtocolError: `name` is no token, or `value` has a control character.
        """
        _check(name, value)
        self._pairs.append((name, value))
        self._keys = None

    def set(self, name: str, value: str) -> None:
        """Replace all lines of `name` by one, at the place of the first: ``headers[name] = value``.

        Raises:
            LocalProtocolError: `name` is no token, or `value` has a control character.
        """
        _check(name, value)
        key = name.lower()
        keys = self._lower_case()
        if key not in keys:
            self._pairs.append((name, value))
        else:
            place = keys.index(key)
            self._pairs[place] = (name, value)
            self._drop(key, place + 1)
        self._keys = None

    def remove(self, name: str) -> None:
        """Remove all lines of `name`, if there are any."""
        self._drop(name.lower(), 0)

    def __copy__(self) -> Headers:
        return Headers(self)

    def copy(self) -> Headers:
        """Return headers of their own with the same lines."""
        return Headers(self)

    def __getitem__(self, name: str) -> str:
        """Return the value of `name`, its lines joined by ", "; of Set-Cookie the first line.

        Raises:
            KeyError: there is no such line.
        """
        key = name.lower()
        keys = self._lower_case()
        if key not in keys:
            raise KeyError(name)
        if keys.count(key) == 1 or key == _NEVER_JOINED:
            return self._pairs[keys.index(key)][1]
        return ", ".join(self.get_list(key))

    def __setitem__(self, name: str, value: str) -> None:
        self.set(name, value)

    def __delitem__(self, name: str) -> None:
        """Remove all lines of `name`.

        Raises:
            KeyError: there is no such line.
        """
        if name not in self:
            raise KeyError(name)
        self.remove(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._lower_case()

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, each once, as it was first spelt."""
        seen = set()
        for (name, _), key in zip(self._pairs, self._lower_case(), strict=True):
            if key not in seen:
                seen.add(key)
                yield name

    def __len__(self) -> int:
        return len(set(self._lower_case()))

    def __bool__(self) -> bool:
        return bool(self._pairs)

    def __eq__(self, other: object) -> bool:
        """Return whether both have the same lines, names without case, in the same order; for a
        mapping that is no `Headers`, whether both have the same names and values."""
        if isinstance(other, Headers):
            mine, theirs = self._pairs, other._pairs
            return self._lower_case() == other._lower_case() and all(
                a[1] == b[1] for a, b in zip(mine, theirs, strict=True)
            )
        if isinstance(other, Mapping):
            lower = {str(name).lower(): value for name, value in other.items()}
            return {name.lower(): value for name, value in self.items()} == lower
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        shown = [(n, "[secret]" if n.lower() in SECRET else v) for n, v in self._pairs]
        return f"Headers({shown!r})"

    def _lower_case(self) -> list[str]:
        """Return the name of each line in lower case, kept until the lines change."""
        keys = self._keys
        if keys is None:
            keys = self._keys = [name.lower() for name, _ in self._pairs]
        return keys

    def _drop(self, key: str, start: int) -> None:
        self._pairs[start:] = [pair for pair in self._pairs[start:] if pair[0].lower() != key]
        self._keys = None


HeaderSource: TypeAlias = Headers | Mapping[str, str] | Iterable[tuple[str, str]]
"""What headers are made from: headers, a mapping, or pairs of names and values."""


def _check(name: str, value: str) -> None:
    if not isinstance(name, str) or not grammar.TOKEN.fullmatch(name):
        raise LocalProtocolError(
            f"expected a header name of letters, digits and !#$%&'*+-.^_`|~, got {_shown(name)} "
            "(RFC 9110 section 5.1)"
        )
    if not isinstance(value, str) or not grammar.FIELD_VALUE.fullmatch(value):
        secret = name.lower() in SECRET
        raise LocalProtocolError(
            f"expected a value of {name} as str in ISO-8859-1 without control characters, "
            f"got {'one that has others' if secret else _shown(value)} (RFC 9110 section 5.5)"
        )


def _shown(value: object) -> str:
    return excerpt(value) if isinstance(value, str) else f"{value!r:.80}"
