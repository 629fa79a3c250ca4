"""Items on the command line, as HTTPie has them: name=value, name:=json, name==value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from ...errors import excerpt
from .failures import Failure

__all__ = ["Words", "sorted_out"]

#: A name, the sign that says what kind of item it is, and the value. URLs have a slash or a dot
#: and a slash before their first equals sign, and names have none.
_ITEM = re.compile(r"([^\s:=/?#&]+)(:=|==|=)(.*)", re.DOTALL)


class Words(NamedTuple):
    """The words of a command line that are no options, by their kind."""

    urls: list[str]
    data: dict[str, Any]
    """The members of a JSON object to send."""
    query: list[tuple[str, str]]
    """Parameters to append to each URL's query."""


def sorted_out(words: Iterable[str]) -> Words:
    """Return the words by their kind.

    >>> sorted_out(["example.com/?a=b", "name=x", "size:=3", "page==2"])
    Words(urls=['example.com/?a=b'], data={'name': 'x', 'size': 3}, query=[('page', '2')])

    Raises:
        Failure: what follows ``:=`` is not JSON.
    """
    found = Words([], {}, [])
    for word in words:
        m = _ITEM.fullmatch(word)
        if m is None:
            found.urls.append(word)
            continue
        name, sign, value = m.groups()
        if sign == "==":
            found.query.append((name, value))
        elif sign == "=":
            found.data[name] = value
        else:
            try:
                found.data[name] = json.loads(value)
            except ValueError:
                raise Failure(f"expected JSON after {name}:=, got {excerpt(value)}") from None
    return found
