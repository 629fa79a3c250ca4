"""Asking the origin whether a stored response is still true, and taking its 304. RFC 9111 4.3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ...wire.values import match_etags, parse_entity_tag, parse_http_date
from .entry import Entry
from .fields import Pairs, joined, replaced, values_of, without
from .storing import storable_fields

__all__ = [
    "CONDITIONS",
    "confirmed_by",
    "freshened",
    "head_shows_change",
    "is_not_modified",
    "validating_fields",
]

CONDITIONS: Final = frozenset(
    {"if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since"}
)
"""Fields that make a request conditional. RFC 9110 section 13.1."""

#: Fields that describe the stored bytes, which a 304 does not bring. RFC 9111 section 3.2 excludes
#: Content-Length and what the cache itself relies on; a range's place and a digest are the like.
_OF_THE_STORED_BYTES = frozenset(
    {"content-encoding", "content-length", "content-md5", "content-range", "etag"}
)


def validating_fields(chosen: Entry | None, variants: Sequence[Entry]) -> Pairs:
    """Return the conditions to send for a stored response, empty if it has no validator.

    If the request selects none, the entity tags of all `variants` are sent: the server may have
    made one of them for this request too. RFC 9111 section 4.3.1.
    """
    if chosen is None:
        tags = [tag for entry in variants for tag in values_of(entry.fields, "etag")[:1]]
        return (("If-None-Match", ", ".join(dict.fromkeys(tags))),) if tags else ()
    return tuple(
        (condition, value)
        for validator, condition in (
            ("etag", "If-None-Match"),
            ("last-modified", "If-Modified-Since"),
        )
        for value in values_of(chosen.fields, validator)[:1]
    )


def confirmed_by(
    fields: Sequence[tuple[str, str]], chosen: Entry | None, variants: Sequence[Entry]
) -> Entry | None:
    """Return the stored response that a 304 with these fields confirms; None: it names no other.

    A response to the condition of one stored response confirms that one. RFC 9111 section 4.3.4.
    """
    if chosen is not None:
        return chosen
    if len(variants) == 1:
        return variants[0]
    tag = joined(fields, "etag")
    same = [entry for entry in variants if tag and joined(entry.fields, "etag") == tag]
    return same[0] if len(same) == 1 else None


def freshened(
    entry: Entry, fields: Sequence[tuple[str, str]], requested_at: float, received_at: float
) -> Entry:
    """Return the entry with the fields of a 304, or of a HEAD's 200, and their times.

    `requested_at` and `received_at` are seconds since 1970. Fields that describe the stored bytes
    stay as they are. An old Age goes, because the origin has just confirmed the response. RFC 9111
    sections 3.2 and 4.3.4.
    """
    news = without(storable_fields(fields), _OF_THE_STORED_BYTES)
    return replace(
        entry,
        fields=replaced(without(entry.fields, {"age"}), news),
        requested_at=requested_at,
        received_at=received_at,
    )


def head_shows_change(entry: Entry, fields: Sequence[tuple[str, str]]) -> bool:
    """Return whether the response to a HEAD shows that the stored one is out of date.

    RFC 9111 section 4.3.5.
    """
    return any(
        there != stored
        for name in ("etag", "last-modified", "content-length")
        if (there := joined(fields, name)) is not None
        and (stored := joined(entry.fields, name)) is not None
    )


def is_not_modified(request_fields: Sequence[tuple[str, str]], entry: Entry) -> bool:
    """Return whether a request's own condition makes a 304 of this stored response.

    If-None-Match is compared weakly and comes before If-Modified-Since. RFC 9111 section 4.3.2.
    """
    tags = joined(request_fields, "if-none-match")
    if tags is not None:
        tag = joined(entry.fields, "etag")
        return match_etags(tags, parse_entity_tag(tag) if tag else None, weakly=True)
    since = joined(request_fields, "if-modified-since")
    limit = None if since is None else parse_http_date(since)
    if limit is None:
        return False
    modified = parse_http_date(joined(entry.fields, "last-modified") or "")
    return (entry.date if modified is None else modified) <= limit
