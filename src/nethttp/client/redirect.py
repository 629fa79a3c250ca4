"""Which request a redirect asks for: RFC 9110 section 15.4. This module sends nothing."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from ..errors import InvalidURL, excerpt

__all__ = ["FOLLOWED", "Step", "follow", "origin_of"]

#: The statuses whose Location is to be requested next; 300, 304 and 305 are not among them.
FOLLOWED = frozenset({301, 302, 303, 307, 308})

#: Fields that belong to one origin, and must not be sent to another.
CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})

#: Fields that describe the content, which a redirect to GET drops.
_OF_CONTENT = frozenset(
    {"content-type", "content-length", "content-encoding", "content-language", "transfer-encoding"}
)

_PORTS = {"http": 80, "https": 443}


class Step(NamedTuple):
    """The next request that a redirect asks for: RFC 9110 section 15.4.

    `keeps_content` says whether it carries the content of the previous request.
    """

    method: str
    url: str
    fields: list[tuple[str, str]]
    keeps_content: bool


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Return the (scheme, host, port) of a URL. RFC 9110 section 4.3.1.

    >>> origin_of("HTTP://Example.com/x") == origin_of("http://example.com:80/")
    True
    """
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(scheme)


def follow(
    status: int, location: str, method: str, url: str, fields: list[tuple[str, str]]
) -> Step:
    """Return the request that a redirect of `method` `url` to `location` asks for.

    The next request is a GET without content after 303 to any method but HEAD, and, by custom,
    after 301 and 302 to POST. Credentials and cookies are not sent to another origin.

    Raises:
        InvalidURL: `location` is not an http or https URL.

    >>> follow(303, "/done", "POST", "http://a/x", [("Cookie", "c")])
    Step(method='GET', url='http://a/done', fields=[('Cookie', 'c')], keeps_content=False)
    """
    target = urljoin(url, location)
    if urlsplit(target).scheme not in _PORTS or not urlsplit(target).hostname:
        raise InvalidURL(f"expected a redirect to an http or https URL, got {excerpt(location)}")
    becomes_get = (status == 303 and method != "HEAD") or (
        status in (301, 302) and method == "POST"
    )
    dropped = _OF_CONTENT if becomes_get else frozenset()
    if origin_of(target) != origin_of(url):
        dropped = dropped | CREDENTIALS
    kept = [(name, value) for name, value in fields if name.lower() not in dropped]
    return Step("GET" if becomes_get else method, target, kept, not becomes_get)
