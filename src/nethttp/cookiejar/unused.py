"""Names that programs import from ``http.cookiejar``, and that nothing here uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

__all__ = [
    "HEADER_QUOTED_VALUE_RE",
    "HEADER_TOKEN_RE",
    "HEADER_VALUE_RE",
    "STRICT_DATE_RE",
    "Absent",
    "deepvalues",
    "unmatched",
]

HEADER_TOKEN_RE = re.compile(r"^\s*+([^=\s;,]++)")
HEADER_QUOTED_VALUE_RE = re.compile(r'^\s*+=\s*+"((?:[^"\\]|\\.)*+)"')
HEADER_VALUE_RE = re.compile(r"^\s*+=\s*+([^\s;,]*+)")
STRICT_DATE_RE = re.compile(
    r"^[SMTWF][a-z]{2}, (\d{2}) ([JFMASOND][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$", re.ASCII
)


class Absent:
    """A mark for a missing key, where None is a value. Programs import it from
    ``http.cookiejar``.
    """


def unmatched(match: re.Match[str]) -> str:
    """Return the text that was searched, without the part that matched.

    >>> unmatched(re.search("b+", "abbc"))
    'ac'
    """
    return match.string[: match.start()] + match.string[match.end() :]


def deepvalues(mapping: Any) -> Iterator[Any]:
    """Yield the values of nested mappings, such as ``CookieJar._cookies``, that are no mappings.

    >>> list(deepvalues({"a": {"b": 1}, "c": 2}))
    [1, 2]
    """
    for value in list(mapping.values()):
        if hasattr(value, "items"):
            yield from deepvalues(value)
        else:
            yield value
