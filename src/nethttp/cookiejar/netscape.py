"""Cookies out of Set-Cookie and Set-Cookie2, as Netscape and RFC 2965 define them.

Both protocols have the same attributes; where the meaning differs, the cookie's version decides. A
server sends the same attributes with all its cookies, so they are read apart from name and value,
and what they mean is cached.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from .cookie import Cookie
from .domains import eff_request_host, escape_path, request_path, request_port
from .header_words import ns_attributes
from .trace import trace

__all__ = ["cookie_of_field", "cookie_of_words", "cookie_said", "sorted_out", "understood"]

_FLAGS = frozenset({"discard", "secure"})
_KNOWN = _FLAGS | {"version", "expires", "max-age", "domain", "path", "port"}
_KNOWN |= {"comment", "commenturl"}
#: Attributes that may stand without a value.
_MAY_BE_BARE = frozenset({"port", "comment", "commenturl"})

MAX_REMEMBERED = 1024
"""Most characters of attributes in the cache; longer ones are read each time."""

_SPACE = re.compile(r"\s+")


class Attributes(NamedTuple):
    """What a cookie's attributes mean; None: not sent. `has_port`: Port, even without a value."""

    version: int | None
    path: str | None
    domain: str | None
    initial_dot: bool
    has_port: bool
    port: str | None
    secure: bool
    expires: Any
    max_age: int | None
    discard: bool
    comment: str | None
    comment_url: str | None
    others: dict[str, Any]


def sorted_out(
    attributes: Iterable[tuple[str, Any]],
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return the known attributes and the others, None if the cookie must be ignored.

    >>> sorted_out([("Path", "/"), ("Secure", None), ("Priority", "High")])
    ({'path': '/', 'secure': True}, {'Priority': 'High'})
    """
    known: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for name, said in attributes:
        key = name.lower()
        if key not in _KNOWN:
            others[name] = said
        elif (key in known and key != "max-age") or (key == "expires" and said is None):
            # The first one counts, but the last Max-Age. An Expires without a date is ignored.
            pass
        elif key in _FLAGS:
            known[key] = True
        elif said is None and key not in _MAY_BE_BARE:
            trace("   missing value for %s attribute", key)
            return None
        else:
            known[key] = said
    return known, others


def understood(known: dict[str, Any], others: dict[str, Any]) -> Attributes:
    """Return what attributes mean.

    >>> understood({"domain": "Example.com", "max-age": "60"}, {})[2]
    '.example.com'

    Raises:
        ValueError: the cookie must be ignored: a Version or Max-Age that is not a number.
    """
    get = known.get
    version, domain, path, port = get("version"), get("domain"), get("path"), get("port")
    max_age = get("max-age")
    initial_dot = False
    if domain is not None:
        domain = domain.lower()
        initial_dot = domain.startswith(".")
        if not initial_dot:
            domain = "." + domain
    if version is not None:
        version = int(version)
        if version < 0:
            # gh-160300: no protocol's rules would apply to it.
            raise ValueError(f"expected a version of 0 or more, got {version}")
    return Attributes(
        version,
        escape_path(path) if path else None,
        domain,
        initial_dot,
        "port" in known,
        None if port is None else _SPACE.sub("", port),
        "secure" in known,
        get("expires"),
        None if max_age is None else int(max_age),
        "discard" in known,
        get("comment"),
        get("commenturl"),
        others,
    )


def _read(attributes: Iterable[tuple[str, Any]]) -> Attributes | None:
    both = sorted_out(attributes)
    return None if both is None else understood(*both)


@lru_cache(maxsize=256)
def _read_text(text: str) -> Attributes | None:
    return _read(ns_attributes(text))


def cookie_of_field(field: str, request: Any, now: int) -> Cookie | None:
    """Return the cookie of a Set-Cookie field, None if it must be ignored.

    `now` (seconds since 1970) is when a Max-Age begins.

    Raises:
        ValueError, OverflowError: it must be ignored, too: a number is malformed or too large.
    """
    pair, _, attributes = field.partition(";")
    name, equals, value = pair.partition("=")
    name = name.strip()
    if not name:
        return None
    read = _read_text if len(attributes) <= MAX_REMEMBERED else _read_text.__wrapped__
    said = read(attributes)
    return said and cookie_said(name, value.strip() if equals else None, said, request, now)


def cookie_of_words(words: list[tuple[str, Any]], request: Any, now: int) -> Cookie | None:
    """Return the cookie of a Set-Cookie2 field's words, None if it must be ignored.

    `now`, in seconds since 1970, is what Max-Age counts from. RFC 2965 section 3.2.

    Raises:
        ValueError, OverflowError: as `cookie_of_field`.
    """
    (name, value), *attributes = words
    said = _read(attributes)
    return said and cookie_said(name, value, said, request, now)


def cookie_said(name: str, value: str | None, said: Attributes, request: Any, now: int) -> Cookie:
    """Return the cookie of a response to `request`; a Max-Age begins at `now` (since 1970)."""
    # One unpacking takes the time of two attributes by name.
    (
        version,
        path,
        domain,
        initial_dot,
        has_port,
        port,
        secure,
        expires,
        max_age,
        discard,
        comment,
        comment_url,
        others,
    ) = said
    path_specified = path is not None
    if path is None:
        path = request_path(request)
        slash = path.rfind("/")
        # The default path: without the last slash for Netscape, with it for RFC 2965.
        path = path[: slash if version == 0 else slash + 1] or "/"
    domain_specified = domain is not None
    if domain is None:
        domain = eff_request_host(request)[1]
    port_specified = port is not None
    if has_port and port is None:
        port = request_port(request)
    if max_age is not None:
        # Max-Age overrides Expires: RFC 2965 section 3.2.2.
        expires = now + max_age
    return Cookie(
        version,
        name,
        value,
        port,
        port_specified,
        domain,
        domain_specified,
        initial_dot,
        path,
        path_specified,
        secure,
        expires,
        discard or expires is None,
        comment,
        comment_url,
        others,
    )
