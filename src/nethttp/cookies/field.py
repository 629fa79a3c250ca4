"""The Cookie field, as a server reads it.

RFC 6265bis leaves the reading to servers; here each cookie is split as section 5.6 splits the
cookie of a Set-Cookie field, so what a user agent stored is what is read.
"""

from __future__ import annotations

from ..wire import grammar

__all__ = ["parse_cookie"]


def parse_cookie(field: str) -> list[tuple[str, str]]:
    """Return the (name, value) pairs of a Cookie field, in their order, duplicates kept.

    Names and values are as they came, quotes and escapes too, without the white space around
    them. A cookie without "=" is a value without a name. One that is empty, or has control
    characters, is passed over and costs no other; nothing raises. RFC 6265bis section 5.6.

    >>> parse_cookie('id=7; theme="dark"; id=8; =; lonely')
    [('id', '7'), ('theme', '"dark"'), ('id', '8'), ('', 'lonely')]
    """
    # The end of a line is no part of the field.
    field = field.rstrip("\r\n")
    printable = field.isprintable()
    cookies = []
    for cookie in field.split(";"):
        name, equals, value = cookie.partition("=")
        if equals:
            name = name.strip(" \t")
            value = value.strip(" \t")
        else:
            name, value = "", name.strip(" \t")
        if (name or value) and (printable or not grammar.FORBIDDEN_IN_VALUE.search(cookie)):
            cookies.append((name, value))
    return cookies
