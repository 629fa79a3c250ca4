"""What caches are told where users have accounts: a response is for the one who asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...wire.values import parse_list

__all__ = ["privacy_fields", "private_cache_control"]

_PRIVATE = "private, no-cache"

_VARY = "Authorization, Cookie"
"""The fields of a request that tell the user."""

#: Directives that are for caches of many users.
_SHARED = ("private", "public", "s-maxage", "proxy-revalidate")


def private_cache_control(value: str | None) -> str:
    """Return a value of Cache-Control that keeps a response from caches of many users.

    RFC 9111 section 5.2.2. What `value` says for a browser stays.

    >>> private_cache_control("public, max-age=60, s-maxage=600"), private_cache_control(None)
    ('private, max-age=60', 'private, no-cache')
    """
    if value is None:
        return _PRIVATE
    directives = parse_list(value)
    names = [directive.partition("=")[0].strip().lower() for directive in directives]
    if "no-store" in names:
        return value
    kept = [each for each, name in zip(directives, names, strict=True) if name not in _SHARED]
    return ", ".join(["private", *kept])


def privacy_fields(fields: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what a response to a user needs besides its `fields`, which have lower-case names.

    >>> list(privacy_fields({"cache-control": "no-store"}))
    [('Vary', 'Authorization, Cookie')]
    """
    yield "Vary", _VARY
    if "cache-control" not in fields:
        yield "Cache-Control", _PRIVATE
