"""`Entry`: a stored response without its content."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from ...wire.values import parse_http_date
from .directives import Directives, directives_of
from .fields import Pairs, values_of

__all__ = ["Entry", "Part", "Selecting"]

Selecting = tuple[tuple[str, str | None], ...]
"""The names that Vary lists, each with the request's value in normal form; None: no such field."""

Part = tuple[int, int, int]
"""Bytes `start` up to but without `stop` of a representation of `total` bytes."""


@dataclass(frozen=True)
class Entry:
    """A stored response: what the rules need to know of it.

    Times are seconds since 1970. `content` names the content in the store, which has `size` bytes;
    variants of one URL have different ones. `part` is None for a complete representation.

    >>> entry = Entry("https://a.com/", 200, "OK", (("Date", "x"),), (), 0.0, 0.5, "c1", 12)
    >>> Entry.from_json(entry.to_json()) == entry
    True
    """

    url: str
    status: int
    reason: str
    fields: Pairs
    selecting: Selecting
    requested_at: float
    received_at: float
    content: str = ""
    size: int = 0
    part: Part | None = None

    @cached_property
    def control(self) -> Directives:
        """The response's directives of Cache-Control."""
        return directives_of(self.fields)

    @cached_property
    def date(self) -> float:
        """When the origin made the response, in seconds since the epoch: RFC 9110 section 6.6.1.

        Without a valid Date that is when it was received.
        """
        for value in values_of(self.fields, "date"):
            if (date := parse_http_date(value)) is not None:
                return date
        return self.received_at

    def stored_as(self, content: str, size: int) -> Entry:
        """Return the entry with the name of its content in the store, and its `size` in bytes."""
        return replace(self, content=content, size=size)

    def to_json(self) -> str:
        """Return the entry as JSON in ASCII, which `from_json` reads."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> Entry:
        """Return the entry that `to_json` wrote.

        Raises:
            ValueError: the text is something else.
        """
        try:
            known: dict[str, Any] = json.loads(text)
            known["fields"] = tuple((str(name), str(value)) for name, value in known["fields"])
            known["selecting"] = tuple(
                (str(name), _text(value)) for name, value in known["selecting"]
            )
            part = known["part"]
            known["part"] = None if part is None else _part(*part)
            for name, kind in _KINDS.items():
                known[name] = kind(known[name])
            return cls(**known)
        except (ArithmeticError, KeyError, RecursionError, TypeError) as error:
            raise ValueError(f"expected an entry of a cache, got {text[:80]!r}") from error


#: What the values of the other fields are made of, so that no damaged entry fails a request later.
_KINDS: dict[str, type] = {
    **dict.fromkeys(("url", "reason", "content"), str),
    **dict.fromkeys(("status", "size"), int),
    **dict.fromkeys(("requested_at", "received_at"), float),
}


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _part(start: int, stop: int, total: int) -> Part:
    return int(start), int(stop), int(total)
