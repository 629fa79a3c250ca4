"""`Pattern`: which URLs a transport of ``mounts=`` is for."""

from __future__ import annotations

import re
from typing import Any

from .urls import URL

__all__ = ["Pattern"]


class Pattern:
    """The key of a mount: a scheme, or "all", then a host, which may begin with ``*``, and a port.

    Patterns sort the most specific first.

    >>> pattern = Pattern("https://*.example.com")
    >>> pattern.matches(URL("https://www.example.com/")), pattern.matches(URL("https://example.com"))
    (True, False)

    Raises:
        ValueError: the text has no scheme.
    """

    def __init__(self, pattern: str) -> None:
        if "://" not in pattern:
            raise ValueError(f"expected a mount such as 'https://' or 'all://', got {pattern!r}")
        url = URL(pattern)
        self.pattern = pattern
        self._scheme = "" if url.scheme == "all" else url.scheme
        self._host = "" if url.host == "*" else url.host
        self._port = url.port
        host = self._host
        if host.startswith("*."):  # subdomains alone
            self._fits = re.compile(rf".+\.{re.escape(host[2:])}")
        elif host.startswith("*"):  # the host and its subdomains
            self._fits = re.compile(rf"(?:.+\.)?{re.escape(host[1:])}")
        else:
            self._fits = re.compile(re.escape(host))

    def matches(self, url: URL) -> bool:
        """Return whether the transport is for `url`."""
        return (
            self._scheme in ("", url.scheme)
            and (not self._host or self._fits.fullmatch(url.host) is not None)
            and self._port in (None, url.port)
        )

    @property
    def priority(self) -> tuple[int, int, int]:
        """What patterns are sorted by."""
        return (self._port is None, -len(self._host), -len(self._scheme))

    def __lt__(self, other: Pattern) -> bool:
        return self.priority < other.priority

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Pattern) and self.pattern == other.pattern

    def __hash__(self) -> int:
        return hash(self.pattern)
