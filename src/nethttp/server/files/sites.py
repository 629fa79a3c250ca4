"""Which requests of browsers come from the server's own pages, and under a name that is its own.

A page of another site can have a browser send requests here. It says so itself (Sec-Fetch-Site,
Origin), but for a name of that site which suddenly leads to this server (DNS rebinding): such a
request has a Host that the server does not know.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Mapping, Sequence
from functools import lru_cache

from .refusal import Refusal

__all__ = ["check_name", "check_site"]

ANY_HOST = "*"

_PORT = re.compile(r":[0-9]*\Z")


def check_site(fields: Mapping[str, str]) -> None:
    """Check that a request to change a file comes from the server's own page, or from a program.

    Where a browser says Sec-Fetch-Site, that decides: a proxy may have changed Host meanwhile.

    >>> check_site({"host": "a", "origin": "http://a"})
    >>> check_site({"host": "localhost", "origin": "http://a", "sec-fetch-site": "same-origin"})

    Raises:
        Refusal: 403, a page of another site has sent it.
    """
    site = fields.get("sec-fetch-site")
    if site is not None:
        if site not in ("none", "same-origin"):
            raise Refusal(403, "A page of another site may not change files here")
        return
    origin = fields.get("origin")
    if origin is not None:
        _, separator, authority = origin.partition("://")
        if not separator or authority.lower() != fields.get("host", "").lower():
            raise Refusal(403, "A page of another origin may not change files here")


def check_name(host: str, hosts: Sequence[str]) -> None:
    """Check that a Host is an address, a name of this machine, or one of `hosts` ("*": any name).

    >>> check_name("192.0.2.1:8000", []), check_name("localhost", [])
    (None, None)

    Raises:
        Refusal: 421, it is another name.
    """
    if ANY_HOST in hosts or _is_own(host):
        return
    name = _PORT.sub("", host.lower()).rstrip(".")
    if name not in (each.lower().rstrip(".") for each in hosts):
        raise Refusal(421, "This server does not know itself by this name; see --allowed-host")


@lru_cache(maxsize=64)
def _is_own(host: str) -> bool:
    """Return whether a Host is an address, or a name that every machine, or this one, has."""
    name = _PORT.sub("", host.lower()).rstrip(".")
    if name in ("", "localhost") or name.endswith(".localhost"):
        return True  # A request of HTTP/1.0 has none.
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        own = socket.gethostname().lower()
        return name in (own, own.partition(".")[0], own.partition(".")[0] + ".local")
    return True
