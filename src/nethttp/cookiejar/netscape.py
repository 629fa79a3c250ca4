"""Cookies out of the fields of a response, as Netscape and RFC 2965 had them.

A field comes here taken apart, as `headers` does it. What its attributes mean is the same for both
protocols; where they differ, the cookie's version says which one it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .cookie import Cookie
from .domains import eff_request_host, escape_path, request_path, request_port
from .trace import trace

__all__ = ["cookie_of"]

_FLAGS = frozenset({"discard", "secure"})
_KNOWN = _FLAGS | {"version", "expires", "max-age", "domain", "path", "port"}
_KNOWN |= {"comment", "commenturl"}
#: Attributes that may stand without a value.
_MAY_BE_BARE = frozenset({"port", "comment", "commenturl"})

_SPACE = re.compile(r"\s+")


def cookie_of(words: Iterable[tuple[str, Any]], request: Any, now: float) -> Cookie | None:
    """Return the cookie of one field's words, None if it is to be ignored.

    The first word is its name and value. `now` is what a Max-Age counts from.

    Raises:
        ValueError, OverflowError: it is none either.
    """
    known: dict[str, Any] = {}
    others: dict[str, Any] = {}
    place = iter(words)
    name, value = next(place)
    max_age = False
    for attribute, said in place:
        key = attribute.lower()
        if key not in _KNOWN:
            others.setdefault(attribute, said)
        elif key in known:
            # The first counts.
            pass
        elif key == "expires":
            # Max-Age is stronger; and what is no date says nothing.
            if not max_age and said is not None:
                known[key] = said
        elif key == "max-age":
            max_age = True
            if said is None:
                trace("   missing value for max-age attribute")
                return None
            # As a client computes it: RFC 2965 section 3.2.2.
            known["expires"] = now + int(said)
        elif key in _FLAGS:
            known[key] = True
        elif said is None and key not in _MAY_BE_BARE:
            trace("   missing value for %s attribute", key)
            return None
        else:
            known[key] = said
    get = known.get
    version = get("version")
    if version is not None:
        version = int(version)
    path = get("path")
    path_specified = bool(path)
    if path_specified:
        path = escape_path(path)
    else:
        path = request_path(request)
        slash = path.rfind("/")
        # Netscape leaves the last slash out, RFC 2965 does not.
        path = path[: slash if version == 0 else slash + 1] or "/"
    domain = get("domain")
    domain_specified = domain is not None
    initial_dot = False
    if not domain_specified:
        domain = eff_request_host(request)[1]
    else:
        domain = domain.lower()
        initial_dot = domain.startswith(".")
        if not initial_dot:
            domain = "." + domain
    port, port_specified = None, False
    if "port" in known:
        port_specified = known["port"] is not None
        port = _SPACE.sub("", known["port"]) if port_specified else request_port(request)
    expires = get("expires")
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
        get("secure", False),
        expires,
        True if expires is None else get("discard", False),
        get("comment"),
        get("commenturl"),
        others,
    )
