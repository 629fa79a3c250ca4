"""The pure twin: splits a Cookie field. RFC 6265 section 4.2.1, and what peers send instead."""

from __future__ import annotations

import re
from functools import lru_cache

from .. import grammar

__all__ = ["split_cookie_field"]

#: The end of a cookie. A received field has no line ends, but text that programs pass here may.
_COOKIE_END = r"(?: [;\r\n] | \Z )"

#: A cookie or attribute. A peer's names may have separators (gh-157694), its values any printable
#: character except ";" (gh-92936), and also ";" within quotes that close at the value's end.
_COOKIE = rf"""
    ( [^{grammar.CONTROL}\x20"=;]++ ) [ \t]*+
    (?:
        (=) [ \t]*+
        (
            {grammar.QUOTED_COOKIE} (?= [ \t]*+ {_COOKIE_END} )
          | [^{grammar.CONTROL}\x20;]*+ (?: \x20++ [^{grammar.CONTROL}\x20;]++ )*+
        )
        [ \t]*+
    )?+
    {_COOKIE_END}
"""

#: The text behind a comma that joins two Set-Cookie fields.
_NEXT_COOKIE = rf"[ \t]++ [{grammar.TCHAR}]++ [ \t]*+ ="

#: An attribute; a comma before another cookie ends it too.
_ATTRIBUTE = rf"""
    ( (?i: expires | path | comment | domain | max-age | secure | httponly | version | samesite
      | partitioned ) ) [ \t]*+
    (?:
        (=) [ \t]*+
        (
            {grammar.QUOTED_COOKIE} (?= [ \t]*+ (?: {_COOKIE_END} | , {_NEXT_COOKIE} ) )
          | (?: \x20*+ (?: [^{grammar.CONTROL}\x20;,]++ | , (?! {_NEXT_COOKIE} ) ) )*+
        )
        [ \t]*+
    )?+
    (?: {_COOKIE_END} | , (?= {_NEXT_COOKIE} ) )
"""

_UNREADABLE = rf"[^;\r\n]*+ {_COOKIE_END}"


# Both patterns are compiled for the first unusual field: compiling takes too long for start-up.


@lru_cache(maxsize=1)
def _cookie_pattern() -> re.Pattern[str]:
    """Return the pattern of one cookie of a field.

    The time is linear: all repeats are possessive, and a quoted value that does not match was
    scanned at most to the next quote, so at most to the one that opens the next cookie's value.
    """
    return re.compile(rf"[ \t]*+ (?: {_COOKIE} | {_UNREADABLE} )", re.VERBOSE)


@lru_cache(maxsize=1)
def _joined_pattern() -> re.Pattern[str]:
    """Return the pattern of one cookie where an attribute's value may end at a comma.

    The text that is tested behind a comma ends before the next one, so the time is linear too.
    """
    return re.compile(rf"[ \t]*+ (?: {_ATTRIBUTE} | {_COOKIE} | {_UNREADABLE} )", re.VERBOSE)


def split_cookie_field(field: str, /) -> list[tuple[str, str, str]]:
    """Return the (name, "=" or "", value) triples of a Cookie field; an empty name: unreadable.

    A field of several lines, and several Set-Cookie fields joined by commas, are split as well.

    >>> split_cookie_field('a="b;c"; Secure; d e=f')
    [('a', '=', '"b;c"'), ('Secure', '', ''), ('', '', ''), ('', '', '')]
    """
    separators = field.count("; ")
    if (
        field.count(" ") == separators == field.count(";")
        and '"' not in field
        and field.isprintable()
    ):
        # The form that browsers send: the only blanks are those between cookies, so nothing must be
        # stripped, and the pattern could refuse an empty name only.
        return [part.partition("=") for part in field.split("; ")]
    # A line end at the field's end would count as the start of one more cookie.
    field = field.strip("\r\n")
    if "," not in field:
        return _cookie_pattern().findall(field)
    return [
        (a or b, a_equals or b_equals, a_value or b_value)
        for a, a_equals, a_value, b, b_equals, b_value in _joined_pattern().findall(field)
    ]
