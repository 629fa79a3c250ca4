"""Field values: dates, lists, weighted lists, media types, entity tags, ranges.

Each parser takes the text of a field value, in linear time, and returns None if it is invalid. The
caller decides what an invalid value means (RFC 9110 mostly says: ignore it).
"""

from __future__ import annotations

import re
from functools import cache
from time import gmtime
from typing import NamedTuple

from . import grammar

__all__ = [
    "DAY_NAMES",
    "MONTH_NAMES",
    "ByteRange",
    "EntityTag",
    "format_http_date",
    "has_list_member",
    "match_etags",
    "parse_byte_ranges",
    "parse_entity_tag",
    "parse_entity_tags",
    "parse_http_date",
    "parse_list",
    "parse_media_type",
    "parse_weighted_list",
]

DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTH_NAMES = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_MONTH_NUMBER = {name: number for number, name in enumerate(MONTH_NAMES, 1)}


# --- dates: RFC 9110 section 5.6.7 ---------------------------------------------------------------


@cache
def _date_forms() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Return the three forms of a date: IMF-fixdate, that of RFC 850, that of asctime.

    They are compiled at the first date, because a client that reads none would start later.
    """
    return (
        re.compile(
            r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) "
            r"([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
        ),
        re.compile(
            r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, ([0-9]{2})-([A-Z][a-z]{2})-([0-9]{2}) "
            r"([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
        ),
        re.compile(
            r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([A-Z][a-z]{2}) ([0-9]{2}| [0-9]) "
            r"([0-9]{2}):([0-9]{2}):([0-9]{2}) ([0-9]{4})"
        ),
    )


_MONTH_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def format_http_date(timestamp: float) -> str:
    """Return `timestamp` (seconds since 1970, UTC) as an IMF-fixdate. RFC 9110 section 5.6.7.

    >>> format_http_date(784111777)
    'Sun, 06 Nov 1994 08:49:37 GMT'
    """
    year, month, day, hour, minute, second, weekday, _, _ = gmtime(timestamp)
    return (
        f"{DAY_NAMES[weekday]}, {day:02d} {MONTH_NAMES[month - 1]} {year:04d} "
        f"{hour:02d}:{minute:02d}:{second:02d} GMT"
    )


def parse_http_date(text: str, *, this_year: int | None = None) -> int | None:
    """Return the seconds since 1970 of an HTTP date in any of its three forms, or None.

    A two-digit year that would be more than 50 years after `this_year` (default: the current year)
    is of the century before. RFC 9110 section 5.6.7.

    >>> parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT")
    784111777
    """
    imf_fixdate, rfc850, asctime = _date_forms()
    if m := imf_fixdate.fullmatch(text):
        day, month, year, hour, minute, second = m.groups()
    elif m := rfc850.fullmatch(text):
        day, month, short_year, hour, minute, second = m.groups()
        now = gmtime().tm_year if this_year is None else this_year
        full_year = now - now % 100 + int(short_year)
        year = str(full_year - 100 if full_year > now + 50 else full_year)
    elif m := asctime.fullmatch(text):
        month, day, hour, minute, second, year = m.groups()
    else:
        return None
    number = _MONTH_NUMBER.get(month)
    if number is None or not 1 <= int(day) <= _MONTH_LENGTHS[number - 1]:
        return None
    # 60 is a leap second, which the grammar admits.
    if int(hour) > 23 or int(minute) > 59 or int(second) > 60:
        return None
    if int(year) < 1:
        return None
    from calendar import timegm  # start-up: it loads datetime and locale

    return timegm((int(year), number, int(day), int(hour), int(minute), int(second)))


# --- lists: RFC 9110 section 5.6.1 ---------------------------------------------------------------


_QUOTED_STRING = re.compile(grammar.QUOTED_STRING)


def parse_list(text: str) -> list[str]:
    """Return the elements of a comma-separated value, trimmed, empty ones left out.

    Commas inside a quoted string do not separate. RFC 9110 section 5.6.1.

    >>> parse_list('a, "b,c" ,, d')
    ['a', '"b,c"', 'd']
    """
    if '"' not in text:
        return [item for part in text.split(",") if (item := part.strip(" \t"))]
    return [item for part in _elements(text, ",") if (item := part.strip(" \t"))]


def _elements(text: str, separator: str) -> list[str]:
    """Split `text` at `separator` outside quoted strings, in one pass."""
    parts: list[str] = []
    start = pos = 0
    unclosed = False
    while pos < len(text):
        char = text[pos]
        if char == '"' and not unclosed:
            if m := _QUOTED_STRING.match(text, pos):
                pos = m.end()
                continue
            # This quote is not closed. Quotes behind it count as plain characters: an attempt from
            # each of them would make the time quadratic.
            unclosed = True
        elif char == separator:
            parts.append(text[start:pos])
            start = pos + 1
        pos += 1
    parts.append(text[start:])
    return parts


def has_list_member(text: str, member: str) -> bool:
    """Return whether the token `member` (lower case) is an element of a list, in any case.

    >>> has_list_member("Keep-Alive, Upgrade", "upgrade")
    True
    """
    lowered = text.lower()
    if lowered == member:
        return True
    return member in lowered and member in [part.strip(" \t") for part in lowered.split(",")]


_QVALUE = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


def parse_weighted_list(text: str) -> list[tuple[str, float]]:
    """Return (lower-cased element, weight) pairs, the greatest weight first, ties in their order.

    An element with an invalid weight is left out. Weights run from 0 to 1; 0 means "not this".
    RFC 9110 section 12.4.2.

    >>> parse_weighted_list("gzip;q=0.5, br, identity;q=0")
    [('br', 1.0), ('gzip', 0.5), ('identity', 0.0)]
    """
    weighted: list[tuple[str, float]] = []
    for element in parse_list(text):
        name, *params = [part.strip(" \t") for part in element.split(";")]
        weight = 1.0
        for param in params:
            key, _, value = param.partition("=")
            if key.lower() != "q":
                name += f";{param}"
            elif _QVALUE.fullmatch(value):
                weight = float(value)
            else:
                weight = -1.0
        if name and weight >= 0:
            weighted.append((name.lower(), weight))
    weighted.sort(key=lambda pair: -pair[1])
    return weighted


# --- media types: RFC 9110 section 8.3 -----------------------------------------------------------


@cache
def _media_type_forms() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the forms of ``type/subtype`` and of a parameter, compiled at the first media type."""
    tchar = grammar.TCHAR
    return (
        re.compile(rf"([{tchar}]++)/([{tchar}]++)"),
        re.compile(rf"([{tchar}]++)=(?:([{tchar}]++)|({grammar.QUOTED_STRING}))"),
    )


_QUOTED_PAIR = re.compile(r"\\(.)")


def parse_media_type(text: str) -> tuple[str, dict[str, str]] | None:
    """Return ("type/subtype", parameters) with names in lower case, or None.

    Parameters other than ``name=value`` are left out; of two with the same name the first counts.
    RFC 9110 section 8.3.1.

    >>> parse_media_type('Text/HTML; Charset="utf-8"')
    ('text/html', {'charset': 'utf-8'})
    """
    essence, *rest = _elements(text, ";")
    essence = essence.strip(" \t").lower()
    media_type, parameter = _media_type_forms()
    if not media_type.fullmatch(essence):
        return None
    parameters: dict[str, str] = {}
    for part in rest:
        if m := parameter.fullmatch(part.strip(" \t")):
            name, token, quoted = m.groups()
            value = token if token is not None else _QUOTED_PAIR.sub(r"\1", quoted[1:-1])
            parameters.setdefault(name.lower(), value)
    return essence, parameters


# --- entity tags: RFC 9110 section 8.8.3 ---------------------------------------------------------

_ENTITY_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*+)"')
_LIST_GAP = re.compile(r"[ \t,]*+")


class EntityTag(NamedTuple):
    """An entity tag: its opaque text without quotes, and whether it is weak."""

    opaque: str
    weak: bool = False

    def __str__(self) -> str:
        return f'{"W/" if self.weak else ""}"{self.opaque}"'


def parse_entity_tag(text: str) -> EntityTag | None:
    """Return `text` as an entity tag, or None if it is not exactly one.

    >>> parse_entity_tag('W/"abc"')
    EntityTag(opaque='abc', weak=True)
    """
    m = _ENTITY_TAG.fullmatch(text.strip(" \t"))
    return EntityTag(m[2], m[1] is not None) if m else None


def parse_entity_tags(text: str) -> list[EntityTag] | None:
    """Return the entity tags of If-Match or If-None-Match, None if any is malformed.

    ``*`` is not a tag: the caller must look for it first.

    >>> [str(tag) for tag in parse_entity_tags('"a", W/"b"')]
    ['"a"', 'W/"b"']
    """
    tags: list[EntityTag] = []
    pos = _LIST_GAP.match(text).end()  # type: ignore[union-attr]  # matches the empty text too
    while pos < len(text):
        m = _ENTITY_TAG.match(text, pos)
        if m is None:
            return None
        tags.append(EntityTag(m[2], m[1] is not None))
        gap = _LIST_GAP.match(text, m.end())
        assert gap is not None
        pos = gap.end()
        if pos < len(text) and "," not in gap[0]:
            return None
    return tags


def match_etags(field: str, current: EntityTag | None, *, weakly: bool) -> bool:
    """Return whether the If-Match / If-None-Match value `field` names the `current` tag.

    `weakly` picks the comparison: If-None-Match compares weakly, If-Match strongly
    (RFC 9110 section 8.8.3.2). ``*`` matches any representation that exists.

    >>> match_etags('W/"x"', EntityTag("x"), weakly=True)
    True
    """
    if field.strip(" \t") == "*":
        return current is not None
    tags = parse_entity_tags(field)
    if current is None or not tags:
        return False
    if weakly:
        return any(tag.opaque == current.opaque for tag in tags)
    return not current.weak and any(tag == current for tag in tags)


# --- ranges: RFC 9110 section 14 -----------------------------------------------------------------

MAX_RANGES = 64
"""Ranges in one request; if there are more, the field is ignored (CVE-2025-62727)."""

_BYTE_RANGE_SPEC = re.compile(r"([0-9]{1,19}+)-([0-9]{1,19}+)?|-([0-9]{1,19}+)")


class ByteRange(NamedTuple):
    """Bytes `start` up to but without `stop` of a representation. RFC 9110 section 14.1.

    >>> parse_byte_ranges("bytes=0-4", 100)
    [ByteRange(start=0, stop=5)]
    """

    start: int
    stop: int


def parse_byte_ranges(text: str, length: int) -> list[ByteRange] | None:
    """Return the satisfiable ranges that a Range value asks of `length` bytes.

    None: not a valid byte range (ignore the field). An empty list: no range can be satisfied (416).
    Overlapping and touching ranges are joined, so that the response exceeds the representation by
    at most the heads of its parts; more than `MAX_RANGES` count as invalid.
    RFC 9110 section 14.1.2.

    >>> parse_byte_ranges("bytes=0-4,-2", 10)
    [ByteRange(start=0, stop=5), ByteRange(start=8, stop=10)]
    """
    unit, equals, spec = text.partition("=")
    if not equals or unit.strip(" \t").lower() != "bytes":
        return None
    items = parse_list(spec)
    if not items or len(items) > MAX_RANGES:
        return None
    ranges: list[ByteRange] = []
    for item in items:
        m = _BYTE_RANGE_SPEC.fullmatch(item)
        if m is None:
            return None
        first, last, suffix = m.groups()
        if suffix is not None:
            start, stop = max(0, length - int(suffix)), length
        else:
            if last is not None and int(last) < int(first):
                return None
            start = int(first)
            stop = length if last is None else min(int(last) + 1, length)
        if start < stop:
            ranges.append(ByteRange(start, stop))
    return _join_overlaps(ranges)


def _join_overlaps(ranges: list[ByteRange]) -> list[ByteRange]:
    """Return `ranges` as they are if they are disjoint, else joined and in ascending order."""
    ordered = sorted(ranges)
    joined: list[ByteRange] = []
    for start, stop in ordered:
        if joined and start <= joined[-1].stop:
            joined[-1] = ByteRange(joined[-1].start, max(stop, joined[-1].stop))
        else:
            joined.append(ByteRange(start, stop))
    return ranges if len(joined) == len(ranges) else joined
