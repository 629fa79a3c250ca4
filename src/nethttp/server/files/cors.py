"""Which pages of other origins may read a response: the Fetch standard's CORS protocol.

Responses never allow credentials: a file is the same for every client.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...wire import grammar
from ...wire.values import parse_list

__all__ = ["ANY_ORIGIN", "preflight_fields", "response_fields"]

ANY_ORIGIN = "*"

MAX_AGE = 86400
"""Seconds that a browser may remember a preflight. Browsers have lower bounds of their own."""

#: Fields that a page may read, besides those that it always may.
_EXPOSED = "Accept-Ranges, Content-Encoding, Content-Range, Date, ETag"


def response_fields(allowed: Sequence[str], origin: str | None) -> list[tuple[str, str]]:
    """Return the fields of a response to a request from `origin`, as (name, value).

    `origin` is the value of Origin, None without that field.

    >>> response_fields(["https://a.example"], "https://b.example")
    [('Vary', 'Origin')]
    """
    if ANY_ORIGIN in allowed:
        granted: str | None = ANY_ORIGIN
        fields = []
    else:
        # The response differs from origin to origin, also for an origin that is not allowed.
        granted = origin if origin in allowed else None
        fields = [("Vary", "Origin")]
    if granted is not None:
        fields.append(("Access-Control-Allow-Origin", granted))
        fields.append(("Access-Control-Expose-Headers", _EXPOSED))
    return fields


def preflight_fields(methods: Iterable[str], wanted: str | None) -> list[tuple[str, str]]:
    """Return the further fields of the response to a preflight, as (name, value).

    `wanted` is the value of Access-Control-Request-Headers, None without that field. Of its names
    those are allowed that are tokens, and nothing else of it is repeated.

    >>> preflight_fields(["GET"], "range")[1]
    ('Access-Control-Allow-Headers', 'range')
    """
    names = [name for name in parse_list(wanted or "") if grammar.TOKEN.fullmatch(name)]
    fields = [("Access-Control-Allow-Methods", ", ".join(methods))]
    if names:
        fields.append(("Access-Control-Allow-Headers", ", ".join(names)))
    return [*fields, ("Access-Control-Max-Age", str(MAX_AGE))]
