"""`pairs_of`: the pairs in what is given for headers, parameters, forms, files or cookies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["pairs_of"]


def pairs_of(source: Any, what: str) -> list[tuple[Any, Any]]:
    """Return the names and values of a mapping, or of an iterable of pairs, in their order.

    >>> pairs_of({"a": "b"}, "headers"), pairs_of([("a", "b")], "headers")
    ([('a', 'b')], [('a', 'b')])
    >>> pairs_of("a: b", "headers")
    Traceback (most recent call last):
    TypeError: expected headers as a mapping or as pairs of a name and a value, got 'a: b'

    Raises:
        TypeError: it is neither; the error calls it `what`.
    """
    if isinstance(source, Mapping):
        return list(source.items())
    if isinstance(source, Iterable) and not isinstance(source, str | bytes):
        pairs = list(source)
        if all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs):
            return pairs
        source = pairs
    raise TypeError(
        f"expected {what} as a mapping or as pairs of a name and a value, got {source!r:.80}"
    )
