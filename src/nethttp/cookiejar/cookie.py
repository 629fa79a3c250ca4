"""`Cookie`: one cookie as a jar keeps it."""

from __future__ import annotations

import copy
import time
from typing import Any

__all__ = ["Cookie"]


class Cookie:
    """A cookie: name, value, where it goes, and until when.

    `expires` is in seconds since 1970, None for the end of the session. `value` is None for a
    cookie that came without "=". The `..._specified` attributes say whether the server said so.
    """

    def __init__(
        self,
        version: Any,
        name: str,
        value: str | None,
        port: str | None,
        port_specified: bool,
        domain: str,
        domain_specified: bool,
        domain_initial_dot: bool,
        path: str,
        path_specified: bool,
        secure: bool,
        expires: Any,
        discard: bool,
        comment: str | None,
        comment_url: str | None,
        rest: dict[str, Any],
        rfc2109: bool = False,
    ) -> None:
        if port is None and port_specified:
            raise ValueError("if port is None, port_specified must be false")
        self.version = None if version is None else int(version)
        self.name = name
        self.value = value
        self.port = port
        self.port_specified = port_specified
        self.domain = domain.lower()
        self.domain_specified = domain_specified
        self.domain_initial_dot = domain_initial_dot
        self.path = path
        self.path_specified = path_specified
        self.secure = secure
        self.expires = None if expires is None else int(float(expires))
        self.discard = discard
        self.comment = comment
        self.comment_url = comment_url
        self.rfc2109 = rfc2109
        self._rest = copy.copy(rest)

    def has_nonstandard_attr(self, name: str) -> bool:
        """Return whether the cookie has an attribute that no specification knows."""
        return name in self._rest

    def get_nonstandard_attr(self, name: str, default: Any = None) -> Any:
        """Return such an attribute, or `default`."""
        return self._rest.get(name, default)

    def set_nonstandard_attr(self, name: str, value: Any) -> None:
        """Set such an attribute."""
        self._rest[name] = value

    def is_expired(self, now: float | None = None) -> bool:
        """Return whether the cookie's time is over at `now` (seconds since 1970)."""
        if now is None:
            now = time.time()
        return self.expires is not None and self.expires <= now

    def __str__(self) -> str:
        port = "" if self.port is None else ":" + self.port
        pair = self.name if self.value is None else f"{self.name}={self.value}"
        return f"<Cookie {pair} for {self.domain}{port}{self.path}>"

    def __repr__(self) -> str:
        shown = [f"{name}={getattr(self, name)!r}" for name in _SHOWN]
        shown += [f"rest={self._rest!r}", f"rfc2109={self.rfc2109!r}"]
        return f"{self.__class__.__name__}({', '.join(shown)})"


_SHOWN = (
    *("version", "name", "value", "port", "port_specified"),
    *("domain", "domain_specified", "domain_initial_dot", "path", "path_specified"),
    *("secure", "expires", "discard", "comment", "comment_url"),
)
