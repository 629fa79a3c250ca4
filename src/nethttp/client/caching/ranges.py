"""A part of a stored response, for a request with Range. RFC 9110 section 14, RFC 9111 section 3.4.

Only one part is answered from the cache; a request for several goes to the origin.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...wire.values import parse_byte_ranges, parse_entity_tag, parse_http_date
from .entry import Entry
from .fields import Pairs, joined, replaced, without

__all__ = ["Piece", "fields_of_piece", "piece_for", "range_applies"]


class Piece(NamedTuple):
    """Bytes `start` up to but without `stop` of a representation that has `total` bytes.

    RFC 9110 section 14.1.
    """

    start: int
    stop: int
    total: int


def range_applies(request_fields: Sequence[tuple[str, str]], entry: Entry) -> bool:
    """Return whether the request wants a part of this stored response, not the whole.

    An If-Range that names another version, or a weak validator, wants the whole: RFC 9110
    section 13.1.5.
    """
    if joined(request_fields, "range") is None:
        return False
    condition = joined(request_fields, "if-range")
    if condition is None:
        return True
    tag = parse_entity_tag(condition)
    if tag is not None:
        return not tag.weak and tag == parse_entity_tag(joined(entry.fields, "etag") or "")
    when = parse_http_date(condition)
    modified = parse_http_date(joined(entry.fields, "last-modified") or "")
    # A second in which a file can change twice makes Last-Modified weak: RFC 9110 section 8.8.2.2.
    return when is not None and when == modified and entry.date - when >= 1


def piece_for(request_fields: Sequence[tuple[str, str]], entry: Entry) -> Piece | None:
    """Return the one part that Range asks for, None if the stored response does not have it.

    RFC 9111 section 3.4.
    """
    first, stop, total = entry.part or (0, entry.size, entry.size)
    if entry.part is None and entry.status != 200:
        return None
    ranges = parse_byte_ranges(joined(request_fields, "range") or "", total)
    if ranges is None or len(ranges) != 1:
        return None
    (wanted,) = ranges
    if wanted.start >= first and wanted.stop <= stop:
        return Piece(wanted.start, wanted.stop, total)
    return None


def fields_of_piece(fields: Pairs, piece: Piece) -> Pairs:
    """Return the fields of the 206 that has this part of a stored response.

    >>> fields_of_piece((("ETag", '"1"'), ("Content-Length", "9")), Piece(0, 2, 9))
    (('ETag', '"1"'), ('Content-Range', 'bytes 0-1/9'), ('Content-Length', '2'))
    """
    place = f"bytes {piece.start}-{piece.stop - 1}/{piece.total}"
    size = str(piece.stop - piece.start)
    return replaced(
        without(fields, {"content-md5"}), [("Content-Range", place), ("Content-Length", size)]
    )
