"""The Cookie field, as a server reads it.

RFC 6265bis does not say how a server parses it. Here each cookie is split as section 5.6 splits the
cookie of a Set-Cookie field, so that a server reads what the user agent stored.
"""

from __future__ import annotations

from ..wire import grammar

__all__ = ["parse_cookie"]


def parse_cookie(field: str) -> list[tuple[str, str]]:
    """Return the (name, value) pairs of a Cookie field in its order, duplicates too.

    Names and values are not decoded: quotes and escapes stay. White space around them is removed.
    A cookie without "=" is a value with the name "". A cookie that is empty, or has a control
    character other than a tab, is left out; nothing raises. RFC 6265bis section 5.6.

    >>> parse_cookie('id=7; theme="dark"; id=8; =; lonely')
    [('id', '7'), ('theme', '"dark"'), ('id', '8'), ('', 'lonely')]
    """
    # A line end is not part of the field.
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
