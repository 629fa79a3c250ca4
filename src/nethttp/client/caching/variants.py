"""Which of a URL's stored responses a request selects: Vary. RFC 9111 section 4.1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...wire.values import parse_list, parse_weighted_list
from .entry import Entry, Selecting
from .fields import joined, values_of

__all__ = ["ANY", "newest", "selected", "selecting_fields", "vary_names"]

ANY = "*"
"""The member of Vary after which no request selects the response."""

_WEIGHTED = frozenset({"accept", "accept-charset", "accept-encoding", "accept-language"})


def vary_names(fields: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Return the names that the response's Vary lists, in lower case.

    >>> sorted(vary_names([("Vary", "Accept, COOKIE"), ("Vary", "")]))
    ['accept', 'cookie']
    """
    return frozenset(
        name.lower() for value in values_of(fields, "vary") for name in parse_list(value)
    )


def selecting_fields(names: Iterable[str], request_fields: Iterable[tuple[str, str]]) -> Selecting:
    """Return the fields of a request by which Vary's `names` select, in normal form.

    >>> selecting_fields(["accept-language"], [("Accept-Language", "DE;q=0.5,  en")])
    (('accept-language', 'en;q=1.0, de;q=0.5'),)
    """
    request_fields = tuple(request_fields)
    return tuple((name, _normal(name, joined(request_fields, name))) for name in sorted(names))


def _normal(name: str, value: str | None) -> str | None:
    """Return a value without the differences that mean nothing. RFC 9111 section 4.1.

    White space between members means nothing. Nor does the order of members with a weight: those
    of one weight are equals (RFC 9110 section 12.4.2).
    """
    if value is None:
        return None
    if name in _WEIGHTED:
        weighted = sorted(parse_weighted_list(value), key=lambda pair: (-pair[1], pair[0]))
        return ", ".join(f"{member};q={weight}" for member, weight in weighted)
    return ", ".join(parse_list(value))


def selected(entries: Iterable[Entry], request_fields: Sequence[tuple[str, str]]) -> list[Entry]:
    """Return the entries that a request with these fields selects, in their order.

    RFC 9111 section 4.1.
    """
    return [entry for entry in entries if _selects(entry, request_fields)]


def _selects(entry: Entry, request_fields: Sequence[tuple[str, str]]) -> bool:
    now = dict(selecting_fields((name for name, _ in entry.selecting), request_fields))
    return all(
        now[name] == value or (name == "accept-language" and _is_preferred(entry, now[name]))
        for name, value in entry.selecting
    )


def _is_preferred(entry: Entry, languages: str | None) -> bool:
    """Return whether the response is in the one language that the request wants most.

    The server would choose the same, whatever other languages the two requests accept.
    """
    wanted = parse_weighted_list(languages or "")
    alone = len(wanted) == 1 or (len(wanted) > 1 and wanted[0][1] > wanted[1][1])
    there = joined(entry.fields, "content-language")
    return alone and there is not None and wanted[0][0] == there.lower()


def newest(entries: Iterable[Entry]) -> Entry | None:
    """Return the entry with the latest Date, and of these the one received last; None: no entry.

    RFC 9111 section 4.
    """
    return max(entries, key=lambda entry: (entry.date, entry.received_at), default=None)
