"""Which stored responses a request makes untrue. RFC 9111 section 4.4."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

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
    here = urlsplit(url)
    found = [url]
    for name in ("location", "content-location"):
        for reference in values_of(fields, name):
            try:
                there = _as_sent(urlsplit(urljoin(url, reference)))
            except ValueError:
                # No URL, so nothing is stored under it.
                continue
            if there[:2] == _as_sent(here)[:2]:
                found.append(there.geturl())
    return list(dict.fromkeys(found))


def _as_sent(url: SplitResult) -> SplitResult:
    """Return a URL as the client sends it: what is stored has it as its key. RFC 3986 section 6.2.

    Raises:
        ValueError: the port is no number.
    """
    scheme, host, port = url.scheme.lower(), url.hostname or "", url.port
    host = f"[{host}]" if ":" in host else host
    there = host if port in (None, _DEFAULT_PORTS.get(scheme)) else f"{host}:{port}"
    return SplitResult(scheme, there, url.path or "/", url.query, "")
