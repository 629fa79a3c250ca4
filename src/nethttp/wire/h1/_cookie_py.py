"""The pure twin: a Cookie field as pairs. RFC 6265 section 4.2.1, and what peers make of it."""

from __future__ import annotations

import re
from functools import lru_cache

from .. import grammar

__all__ = ["split_cookie_field"]

#: What ends a cookie. A field has no lines; what programs wrote, joined or pasted has.
_COOKIE_END = r"(?: [;\r\n] | \Z )"

#: A cookie or attribute. A peer's names may hold separators (gh-157694), its values all that is
#: printable but ";" (gh-92936), and semicolons too in quotes that close where the value ends.
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

#: What stands behind the comma by which two Set-Cookie fields were joined.
_NEXT_COOKIE = rf"[ \t]++ [{grammar.TCHAR}]++ [ \t]*+ ="

#: An attribute, up to the comma before another cookie, if there is one.
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


# The two are compiled for the first unusual field: that takes longer than start-up may.


@lru_cache(maxsize=1)
def _cookie_pattern() -> re.Pattern[str]:
    """Return the pattern of one cookie of a field.

    The time is linear: all repeats are possessive, and quotes that fail were looked at no further
    than to the next quote, so at most to the one that opens the next cookie's value.
    """
    return re.compile(rf"[ \t]*+ (?: {_COOKIE} | {_UNREADABLE} )", re.VERBOSE)


@lru_cache(maxsize=1)
def _joined_pattern() -> re.Pattern[str]:
    """Return the pattern of one cookie where an attribute's value may end at a comma.

    What is looked for behind a comma ends at the next one, so the time is linear here too.
    """
    return re.compile(rf"[ \t]*+ (?: {_ATTRIBUTE} | {_COOKIE} | {_UNREADABLE} )", re.VERBOSE)


def split_cookie_field(field: str, /) -> list[tuple[str, str, str]]:
    """Return the (name, "=" or "", value) triples of a Cookie field; no name: cannot be read.

    Lines are read one after the other, and several Set-Cookie fields that were joined by commas.

    >>> split_cookie_field('a="b;c"; Secure; d e=f')
    [('a', '=', '"b;c"'), ('Secure', '', ''), ('', '', ''), ('', '', '')]
    """
    separators = field.count("; ")
    if (
        field.count(" ") == separators == field.count(";")
        and '"' not in field
        and field.isprintable()
    ):
        # What browsers send: no blank but those between cookies, so there is nothing to strip, and
        # nothing that the pattern would refuse but an empty name.
        return [part.partition("=") for part in field.split("; ")]
    # The end of the last line begins no cookie.
    field = field.strip("\r\n")
    if "," not in field:
        return _cookie_pattern().findall(field)
    return [
        (a or b, a_equals or b_equals, a_value or b_value)
        for a, a_equals, a_value, b, b_equals, b_value in _joined_pattern().findall(field)
    ]
