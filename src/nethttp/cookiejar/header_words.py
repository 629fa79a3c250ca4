"""Header words: Set-Cookie, as Netscape has it, and Set-Cookie2 (RFC 2965) split into pairs."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence

from ..wire import grammar
from .dates import http2time

__all__ = ["join_header_words", "ns_attributes", "parse_ns_headers", "split_header_words"]

Words = list[tuple[str, str | None]]

_TOKEN = re.compile(r"\s*+([^=\s;,]++)")
_QUOTED_VALUE = re.compile(r'\s*+=\s*+"((?:[^"\\]|\\[\s\S])*+)"')
_VALUE = re.compile(r"\s*+=\s*+([^\s;,]*+)")
_SEPARATOR = re.compile(r"\s*+,")
_JUNK = re.compile(r"[=\s;]++|[\s\S]")
ESCAPED = re.compile(r"\\([\s\S])")
TO_ESCAPE = re.compile(r'(["\\])')
TOKEN = re.compile(rf"[{grammar.TCHAR}]++")
_WORD = re.compile(r"\w++")

#: Values that need no quotes, as in the standard library of this Python.
_PLAIN_VALUE = TOKEN if sys.version_info >= (3, 14) else _WORD


def split_header_words(header_values: Iterable[str]) -> list[Words]:
    r"""Return one list of (name, value) pairs for each comma-separated part of `header_values`.

    A name without a value has None. Values are unquoted.

    >>> split_header_words(['foo="bar"; port="80,81"; discard, bar=baz'])
    [[('foo', 'bar'), ('port', '80,81'), ('discard', None)], [('bar', 'baz')]]
    """
    assert not isinstance(header_values, str), "expected the values of fields, got one text"
    result: list[Words] = []
    for text in header_values:
        pairs: Words = []
        pos = 0
        unclosed = False
        while pos < len(text):
            if name := _TOKEN.match(text, pos):
                pos = name.end()
                value: str | None = None
                # Searched for its end only once: after an unclosed quote no other can be closed.
                quoted = None if unclosed else _QUOTED_VALUE.match(text, pos)
                if quoted:
                    pos, value = quoted.end(), ESCAPED.sub(r"\1", quoted[1])
                elif plain := _VALUE.match(text, pos):
                    unclosed = unclosed or plain[1].startswith('"')
                    pos, value = plain.end(), plain[1]
                pairs.append((name[1], value))
            elif comma := _SEPARATOR.match(text, pos):
                pos = comma.end()
                if pairs:
                    result.append(pairs)
                    pairs = []
            else:
                junk = _JUNK.match(text, pos)
                assert junk is not None
                pos = junk.end()
        if pairs:
            result.append(pairs)
    return result


def join_header_words(lists: Iterable[Sequence[tuple[str, str | None]]]) -> str:
    r"""Return the field value that `split_header_words` splits into `lists`.

    Values other than tokens are quoted.

    >>> join_header_words([[("text/plain", None), ("charset", "iso-8859/1")]])
    'text/plain; charset="iso-8859/1"'
    """
    headers = []
    for pairs in lists:
        attributes = []
        for name, value in pairs:
            if value is None:
                attributes.append(name)
            elif _PLAIN_VALUE.fullmatch(value):
                attributes.append(f"{name}={value}")
            else:
                attributes.append(name + '="' + TO_ESCAPE.sub(r"\\\1", value) + '"')
        if attributes:
            headers.append("; ".join(attributes))
    return ", ".join(headers)


#: Attributes whose names are lowered; the names of others keep their case.
_KNOWN = frozenset({"expires", "domain", "path", "secure", "version", "port", "max-age"})


def strip_quotes(text: str) -> str:
    """Return `text` without a quote at its beginning and one at its end."""
    text = text.removeprefix('"')
    return text.removesuffix('"')


def ns_attributes(text: str) -> list[tuple[str, str | int | None]]:
    """Return the attributes after a cookie's first ";", as `parse_ns_headers` does.

    >>> ns_attributes("Path=/; Secure")
    [('path', '/'), ('secure', None), ('version', '0')]
    """
    pairs: list[tuple[str, str | int | None]] = []
    has_version = False
    for attribute in text.split(";"):
        name, equals, rest = attribute.partition("=")
        name = name.strip()
        if not name:
            continue
        value: str | int | None = rest.strip() if equals else None
        lower = name.lower()
        if lower in _KNOWN:
            name = lower
            if lower == "version":
                has_version = True
                value = strip_quotes(rest.strip()) if equals else None
            elif lower == "expires" and equals:
                value = http2time(strip_quotes(rest.strip()))
        pairs.append((name, value))
    if not has_version:
        pairs.append(("version", "0"))
    return pairs


def parse_ns_headers(
    ns_headers: Iterable[str],
) -> list[list[tuple[str, str | int | None]]]:
    """Return for each Set-Cookie field the pairs of its name and value, then of its attributes.

    ``expires`` is in seconds since 1970, None if it is not a date; ``version`` is "0" if the field
    has none. A field without a name is left out.

    >>> parse_ns_headers(["foo=bar; path=/; Secure"])
    [[('foo', 'bar'), ('path', '/'), ('secure', None), ('version', '0')]]
    """
    result = []
    for header in ns_headers:
        pair, _, attributes = header.partition(";")
        # The first name is the cookie's, even if it is called as an attribute.
        name, equals, text = pair.partition("=")
        if name := name.strip():
            value = text.strip() if equals else None
            result.append([(name, value), *ns_attributes(attributes)])
    return result
