"""`Cookie`: one cookie of a jar, and the mapping that it is saved as.

The constructor is the standard library's. What RFC 6265bis adds is either computed from the
standard library's attributes (`host_only`, `http_only`, `same_site`, `persistent`), or an attribute
that is None unless it is set (`partition_key`, `creation_time`, `last_access_time`).
"""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping
from typing import Any

from ..cookies.setcookie import SAME_SITE
from ..errors import excerpt

__all__ = ["Cookie"]


class Cookie:
    """A cookie: its name and value, where it is sent, and when it expires.

    `expires` is in seconds since 1970; None: at the end of the session. `value` is None if the
    field has no "=". The attributes `..._specified` tell whether the server sent that attribute. A
    `domain` that has a leading dot, or is specified, includes the hosts below it. `rest` has the
    attributes that the other arguments do not have, such as HttpOnly and SameSite.

    Raises:
        ValueError: `port_specified` without a `port`, or a `version` or `expires` that is not a
            number.

    >>> cookie = Cookie(0, "id", "7", None, False, ".example.com", True, True, "/", True,
    ...                 True, None, True, None, None, {"SameSite": "lax", "HttpOnly": None})
    >>> cookie.host_only, cookie.http_only, cookie.same_site, cookie.persistent
    (False, True, 'Lax', False)
    """

    partition_key: str | None = None
    """The top-level site that a partitioned cookie belongs to, such as ``https://example.com``."""

    creation_time: float | None = None
    """When a jar first stored the cookie, in seconds since 1970; None until then."""

    last_access_time: float | None = None
    """When a jar last stored or sent the cookie, in seconds since 1970; None until then."""

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
        *,
        partition_key: str | None = None,
        creation_time: float | None = None,
        last_access_time: float | None = None,
    ) -> None:
        if port is None and port_specified:
            raise ValueError("if port is None, port_specified must be false")
        self.version = version if version is None or type(version) is int else int(version)
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
        self.expires = expires if expires is None or type(expires) is int else int(float(expires))
        self.discard = discard
        self.comment = comment
        self.comment_url = comment_url
        self.rfc2109 = rfc2109
        # A program's own kind of mapping keeps its class, as in the standard library.
        self._rest = dict(rest) if type(rest) is dict else copy.copy(rest) or {}
        # Set only if given: the class has None, and a jar makes many cookies without them.
        if partition_key is not None:
            self.partition_key = partition_key
        if creation_time is not None:
            self.creation_time = creation_time
        if last_access_time is not None:
            self.last_access_time = last_access_time

    # --- what RFC 6265bis section 5.7 asks of a cookie ---

    @property
    def host_only(self) -> bool:
        """Whether the cookie is sent to its host only, not to the hosts below it."""
        return not (self.domain_specified or self.domain.startswith("."))

    @property
    def persistent(self) -> bool:
        """Whether the cookie is kept after the session ends."""
        return self.expires is not None and not self.discard

    @property
    def http_only(self) -> bool:
        """Whether the cookie is hidden from scripts."""
        return self._has_attribute("httponly")

    @property
    def partitioned(self) -> bool:
        """Whether the cookie has the attribute Partitioned: one for each top-level site."""
        return self.partition_key is not None or self._has_attribute("partitioned")

    @property
    def same_site(self) -> str | None:
        """The value of SameSite: "Strict", "Lax" or "None"; None if it has none of these."""
        for name, value in self._rest.items():
            if name.lower() == "samesite":
                return SAME_SITE.get(str(value).lower())
        return None

    def _has_attribute(self, lower: str) -> bool:
        return any(name.lower() == lower for name in self._rest)

    # --- the attributes in `rest` ---

    def has_nonstandard_attr(self, name: str) -> bool:
        """Return whether the cookie has the attribute `name`, in this case, in its `rest`."""
        return name in self._rest

    def get_nonstandard_attr(self, name: str, default: Any = None) -> Any:
        """Return the value of the attribute `name` in `rest`, or `default`.

        An attribute without a value, such as HttpOnly, has None.
        """
        return self._rest.get(name, default)

    def set_nonstandard_attr(self, name: str, value: Any) -> None:
        """Set the attribute `name` in `rest`, None for one without a value.

        >>> cookie = Cookie.from_dict({"name": "a", "value": "1", "domain": "example.com"})
        >>> cookie.set_nonstandard_attr("SameSite", "Strict")
        >>> cookie.same_site
        'Strict'
        """
        self._rest[name] = value

    def is_expired(self, now: float | None = None) -> bool:
        """Return whether the cookie has expired at `now` (seconds since 1970; default: the time).

        A session cookie never has.
        """
        if now is None:
            now = time.time()
        return self.expires is not None and self.expires <= now

    # --- as a mapping ---

    @classmethod
    def like(cls, other: Any) -> Cookie:
        """Return `other` if it is of this class, else a new cookie with its attributes.

        Programs that use both kinds of jars pass the standard library's cookies, and tests pass
        doubles. A double needs a `name` and a `domain`; an attribute that it lacks, or whose value
        is of a wrong type, has the default of `from_dict`.
        """
        # Not `isinstance`: a mock with a spec pretends to be a cookie.
        if issubclass(type(other), cls):
            return other  # type: ignore[no-any-return]  # it is one of ours
        values: dict[str, Any] = {"name": other.name, "domain": other.domain}
        for key in (*_SHOWN, "rfc2109"):
            if key not in values:
                types, default = _DEFAULTS[key]
                value = getattr(other, key, default)
                known = isinstance(value, (*types, int, str))
                values[key] = value if known else None if default is _REQUIRED else default
        rest: Any = getattr(other, "_rest", None)
        return cls(**values, rest=rest if isinstance(rest, dict) else {})

    def to_dict(self) -> dict[str, Any]:
        """Return the cookie as a mapping of JSON's types, from which `from_dict` makes it again.

        The keys are the constructor's arguments, and for other readers `host_only`, `http_only`
        and `same_site`. `docs/reference.md` has the table.

        >>> cookie = Cookie.from_dict({"name": "id", "value": "7", "domain": "example.com"})
        >>> Cookie.from_dict(cookie.to_dict()).to_dict() == cookie.to_dict()
        True
        """
        row = {key: getattr(self, key) for key in _DEFAULTS if key != "rest"}
        row["host_only"] = self.host_only
        row["http_only"] = self.http_only
        row["same_site"] = self.same_site
        row["rest"] = {
            str(key): value if isinstance(value, _PLAIN) else str(value)
            for key, value in self._rest.items()
        }
        return row

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Cookie:
        """Return the cookie that a mapping describes; see `to_dict`.

        `name`, `value` and `domain` are required. `host_only` counts only without
        `domain_specified`, `http_only` and `same_site` only without `rest`. Unknown keys are
        ignored.

        Raises:
            ValueError: a key is missing, or a value is of the wrong type.
        """
        values: dict[str, Any] = {}
        for key, (types, default) in _DEFAULTS.items():
            value = row.get(key, default)
            if value is _REQUIRED:
                raise ValueError(f"expected a cookie with a {key!r}, got the keys {sorted(row)}")
            # To Python a bool is an int; as a number in a row it would be a mistake.
            if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
                wanted = " or ".join(_TYPE_NAMES[kind] for kind in types)
                raise ValueError(f"expected {key!r} to be {wanted}, got {excerpt(repr(value))}")
            values[key] = value
        rest = {str(key): value for key, value in values["rest"].items()}
        domain = values["domain"]
        if "domain_specified" not in row:
            values["domain_specified"] = not row.get("host_only", not domain.startswith("."))
        if "domain_initial_dot" not in row:
            values["domain_initial_dot"] = domain.startswith(".")
        if "discard" not in row:
            values["discard"] = values["expires"] is None
        if "rest" not in row:
            if row.get("http_only"):
                rest["HttpOnly"] = None
            if row.get("same_site"):
                rest["SameSite"] = str(row["same_site"])
        return cls(**{**values, "rest": rest})

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

_REQUIRED: Any = object()
_NONE = type(None)
_PLAIN = (str, int, float, _NONE)
_TYPE_NAMES = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "a mapping",
    _NONE: "null",
}

#: The constructor's arguments: the types that a row may have, and the default.
_DEFAULTS: dict[str, tuple[tuple[type, ...], Any]] = {
    "name": ((str,), _REQUIRED),
    "value": ((str, _NONE), _REQUIRED),
    "domain": ((str,), _REQUIRED),
    "domain_specified": ((bool,), False),
    "domain_initial_dot": ((bool,), False),
    "path": ((str,), "/"),
    "path_specified": ((bool,), True),
    "secure": ((bool,), False),
    "expires": ((int, float, _NONE), None),
    "discard": ((bool,), False),
    "partition_key": ((str, _NONE), None),
    "creation_time": ((int, float, _NONE), None),
    "last_access_time": ((int, float, _NONE), None),
    "version": ((int, _NONE), 0),
    "port": ((str, _NONE), None),
    "port_specified": ((bool,), False),
    "comment": ((str, _NONE), None),
    "comment_url": ((str, _NONE), None),
    "rfc2109": ((bool,), False),
    "rest": ((dict,), {}),
}
