"""What may be stored, and which of its fields. RFC 9111 section 3."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import urljoin

from ...wire.values import parse_list
from .directives import directives_of
from .entry import Entry, Part
from .fields import Pairs, joined, values_of, without
from .freshness import HEURISTIC_STATUSES, explicit_lifetime, lifetime
from .variants import ANY, selecting_fields, vary_names

__all__ = ["CONNECTION_FIELDS", "UNDERSTOOD", "entry_to_store", "part_of", "storable_fields"]

UNDERSTOOD: Final = frozenset(
    {
        *(200, 203, 204, 206),
        *(300, 301, 302, 303, 307, 308),
        *(400, 401, 403, 404, 405, 410, 414, 421, 451),
        *(500, 501, 502, 503, 504),
    }
)
"""Statuses whose meaning for a cache is known here; must-understand asks. RFC 9111 section 3."""

CONNECTION_FIELDS: Final = frozenset(
    {
        *("connection", "keep-alive", "te", "trailer", "upgrade"),
        *("proxy-authenticate", "proxy-authentication-info", "proxy-authorization"),
        *("proxy-connection", "transfer-encoding"),
    }
)
"""Fields of a connection, not of the response. RFC 9111 section 3.1."""

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})", re.IGNORECASE)


def storable_fields(fields: Sequence[tuple[str, str]]) -> Pairs:
    """Return the fields of a response without those of its connection. RFC 9111 section 3.1.

    >>> storable_fields([("Connection", "x"), ("X", "1"), ("Date", "d")])
    (('Date', 'd'),)
    """
    named = {name.lower() for name in parse_list(joined(fields, "connection") or "")}
    return without(fields, CONNECTION_FIELDS | named)


def entry_to_store(
    method: str,
    url: str,
    request_fields: Sequence[tuple[str, str]],
    status: int,
    reason: str,
    fields: Sequence[tuple[str, str]],
    requested_at: float,
    received_at: float,
) -> Entry | None:
    """Return the entry for a response, None if it may not be stored or storing it gains nothing.

    `requested_at` and `received_at` are seconds since 1970. The response to a POST is stored for
    later GETs if its Content-Location is `url` itself and it says how long it is fresh (RFC 9110
    section 9.3.3).
    """
    names = vary_names(fields)
    selecting = names
    if directives_of(fields).of_all("private"):
        # It is for one user, and clients of several may share a store: the cookie tells them apart.
        selecting = names | {"cookie"}
    part = part_of(fields) if status == 206 else None
    entry = Entry(
        url,
        status,
        reason,
        storable_fields(fields),
        selecting_fields(selecting, request_fields),
        requested_at,
        received_at,
        part=part,
    )
    allowed = (
        _method_allows(method, url, entry)
        and _directives_allow(request_fields, entry)
        and ANY not in names
        # A cache that adds ranges to other responses would have to know how.
        and (status != 206 or part is not None)
        and status >= 200
        and status not in (304, 412, 416)
    )
    return entry if allowed and _is_of_use(entry) else None


def part_of(fields: Iterable[tuple[str, str]]) -> Part | None:
    """Return the part that Content-Range names, None if that is not known exactly.

    RFC 9110 section 14.4.

    >>> part_of([("Content-Range", "bytes 0-4/10")])
    (0, 5, 10)
    """
    m = _CONTENT_RANGE.fullmatch(joined(fields, "content-range") or "")
    if m is None:
        return None
    first, last, total = map(int, m.groups())
    return (first, last + 1, total) if first <= last < total else None


def _method_allows(method: str, url: str, entry: Entry) -> bool:
    if method == "POST":
        there = [urljoin(url, place) for place in values_of(entry.fields, "content-location")]
        same = there == [url]
        return same and explicit_lifetime(entry) is not None
    return method == "GET"


def _directives_allow(request_fields: Sequence[tuple[str, str]], entry: Entry) -> bool:
    """Return whether neither message says no-store. RFC 9111 sections 5.2.1.5, 5.2.2.3, 5.2.2.5."""
    if "no-store" in directives_of(request_fields):
        return False
    if "must-understand" in entry.control:
        # It comes with no-store, for caches that do not know must-understand.
        return entry.status in UNDERSTOOD
    return "no-store" not in entry.control


def _is_of_use(entry: Entry) -> bool:
    """Return whether the response declares that it may be stored, and can be used again.

    It can if it is fresh for a time, or can be validated. RFC 9111 section 3, the last condition.
    """
    declared = (
        explicit_lifetime(entry) is not None
        or entry.status in HEURISTIC_STATUSES
        or any(name in entry.control for name in ("public", "private", "stale-if-error"))
    )
    return declared and (
        lifetime(entry) > 0.0
        or any(values_of(entry.fields, name) for name in ("etag", "last-modified"))
    )
