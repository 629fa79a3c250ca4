"""Which stored responses a request makes untrue. RFC 9111 section 4.4."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urldefrag, urljoin, urlsplit

from .fields import values_of

__all__ = ["SAFE_METHODS", "invalidated_urls"]

SAFE_METHODS: Final = frozenset(
    {"GET", "HEAD", "OPTIONS", "TRACE", "QUERY", "PROPFIND", "REPORT", "SEARCH"}
)
"""Methods after which everything is as it was. A method that is not known here may change it."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


def invalidated_urls(
    method: str, url: str, status: int, fields: Sequence[tuple[str, str]]
) -> list[str]:
    """Return the URLs whose stored responses the response with this status makes invalid.

    They are `url`, Location and Content-Location; these two only at the same origin, so that one
    site cannot empty the cache of another. An error changes nothing.

    >>> invalidated_urls("POST", "http://a.com/b", 201, [("Location", "/b/1")])
    ['http://a.com/b', 'http://a.com/b/1']
    """
    if method in SAFE_METHODS or not 200 <= status < 400:
        return []
    found = [url]
    for name in ("location", "content-location"):
        for reference in values_of(fields, name):
            try:
                there = urldefrag(urljoin(url, reference)).url
                if _origin(there) == _origin(url):
                    found.append(there)
            except ValueError:
                # No URL, so nothing is stored under it.
                continue
    return list(dict.fromkeys(found))


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)
