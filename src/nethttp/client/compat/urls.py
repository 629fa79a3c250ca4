"""`URL`: an absolute or relative URL with httpx's properties.

Unlike `nethttp.client.messages.url.URL`, which sends a URL as it was given, this one may be
relative, removes dot segments, and knows the decoded parts as well.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urljoin

from .errors import InvalidURL
from .params import QueryParams, QueryParamsSource

__all__ = ["URL"]

MAX_URL: Final = 65536
"""The most characters of a URL, and of each part."""

_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}
_UNRESERVED: Final = r"A-Za-z0-9\-._~"

#: RFC 3986 appendix B
_URL: Final = re.compile(
    r"(?:([a-zA-Z][a-zA-Z0-9+.\-]*+)?:)?+(?://([^/?#]*+))?+([^?#]*+)(?:\?([^#]*+))?+(?:#(.*+))?+",
    re.DOTALL,
)
_AUTHORITY: Final = re.compile(r"(?:(.*)@)?(\[[^\]]*\]|[^:@]*)(?::(.*))?", re.DOTALL)
_COMPONENTS: Final = {
    "scheme": re.compile(r"(?:[a-zA-Z][a-zA-Z0-9+.\-]*)?"),
    "authority": re.compile(r"[^/?#]*"),
    "path": re.compile(r"[^?#]*"),
    "query": re.compile(r"[^#]*"),
    "fragment": re.compile(r".*", re.DOTALL),
    "userinfo": re.compile(r"[^@]*"),
    "host": re.compile(r"\[.*\]|[^:@/?#]*"),
    "port": re.compile(r".*", re.DOTALL),
}
#: What is percent-encoded in each part, beside a percent sign that stands alone.
_ENCODED: Final = {
    "userinfo": re.compile(rf"[^{_UNRESERVED}!$&'()*+,;%:]"),
    "host": re.compile(rf"[^{_UNRESERVED}!$&'()*+,;=%]"),
    "path": re.compile(r"[\x00-\x20\x7f-\U0010ffff\"#<>?`{}]"),
    "query": re.compile(r"[\x00-\x20\x7f-\U0010ffff\"#<>]"),
    "fragment": re.compile(r"[\x00-\x20\x7f-\U0010ffff\"<>`]"),
}
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_IPV4: Final = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+")
_TYPES: Final = {
    "scheme": str,
    "username": str,
    "password": str,
    "userinfo": bytes,
    "host": str,
    "port": int,
    "netloc": bytes,
    "path": str,
    "query": bytes,
    "raw_path": bytes,
    "fragment": str,
    "params": object,
}


class _Parts(NamedTuple):
    scheme: str
    userinfo: str
    host: str
    port: int | None
    path: str
    query: str | None
    fragment: str | None

    @property
    def netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def authority(self) -> str:
        return f"{self.userinfo}@{self.netloc}" if self.userinfo else self.netloc

    def __str__(self) -> str:
        authority = self.authority
        scheme = f"{self.scheme}:" if self.scheme else ""
        query = "" if self.query is None else f"?{self.query}"
        fragment = "" if self.fragment is None else f"#{self.fragment}"
        return f"{scheme}{f'//{authority}' if authority else ''}{self.path}{query}{fragment}"


class URL:
    """A URL, absolute or relative; it never changes.

    Parts may be given by name: ``scheme``, ``username``, ``password``, ``userinfo``, ``host``,
    ``port`` (an int), ``netloc``, ``path``, ``query``, ``raw_path``, ``fragment`` and ``params``.

    Raises:
        InvalidURL: the text is not a URL.
        TypeError: a part has another name or type.

    >>> url = URL("https://EXAMPLE.org:443/a b?x=1#top")
    >>> str(url), url.host, url.port, url.path, url.raw_path
    ('https://example.org/a%20b?x=1#top', 'example.org', None, '/a b', b'/a%20b?x=1')
    """

    _parts: _Parts

    def __init__(self, url: URL | str = "", **kwargs: Any) -> None:
        for name, value in kwargs.items():
            if name not in _TYPES:
                raise TypeError(f"{name!r} is an invalid keyword argument for URL()")
            if value is not None and not isinstance(value, _TYPES[name]):
                kind, seen = _TYPES[name].__name__, type(value).__name__
                raise TypeError(f"Argument {name!r} must be {kind} but got {seen}")
        if not isinstance(url, str | URL):
            raise TypeError(f"expected a URL as str or URL, got {type(url).__name__}: {url!r:.80}")
        if "params" in kwargs:
            # An empty mapping removes the query, None too.
            params = kwargs.pop("params")
            kwargs["query"] = None if not params else str(QueryParams(params)).encode("ascii")
        if isinstance(url, URL):
            self._parts = url._parts if not kwargs else _changed(str(url._parts), kwargs)
        else:
            self._parts = _changed(url, kwargs)

    # --- the parts ---

    @property
    def scheme(self) -> str:
        """The scheme in lower case; empty if there is none."""
        return self._parts.scheme

    @property
    def raw_scheme(self) -> bytes:
        """The scheme as bytes."""
        return self.scheme.encode("ascii")

    @property
    def userinfo(self) -> bytes:
        """User name and password, percent-encoded; empty if there are none."""
        return self._parts.userinfo.encode("ascii")

    @property
    def username(self) -> str:
        """The user name, decoded; empty if there is none."""
        return unquote(self._parts.userinfo.partition(":")[0])

    @property
    def password(self) -> str:
        """The password, decoded; empty if there is none."""
        return unquote(self._parts.userinfo.partition(":")[2])

    @property
    def host(self) -> str:
        """The host, an internationalised one as Unicode, an IPv6 address without brackets."""
        host = self._parts.host
        if host.startswith("xn--") or ".xn--" in host:
            import idna  # an extra

            host = idna.decode(host)
        return host

    @property
    def raw_host(self) -> bytes:
        """The host as it is resolved and sent."""
        return self._parts.host.encode("ascii")

    @property
    def port(self) -> int | None:
        """The port; None if it is the scheme's default, or not given."""
        return self._parts.port

    @property
    def netloc(self) -> bytes:
        """The host, and the port if it is not the default, as a Host field has them."""
        return self._parts.netloc.encode("ascii")

    @property
    def path(self) -> str:
        """The path, decoded: at least ``/`` if there is a host."""
        return unquote(self._parts.path or "/")

    @property
    def query(self) -> bytes:
        """The query, percent-encoded, without its question mark."""
        return (self._parts.query or "").encode("ascii")

    @property
    def params(self) -> QueryParams:
        """The parameters of the query."""
        return QueryParams(self._parts.query)

    @property
    def raw_path(self) -> bytes:
        """Path and query as they are sent."""
        query = "" if self._parts.query is None else f"?{self._parts.query}"
        return f"{self._parts.path or '/'}{query}".encode("ascii")

    @property
    def fragment(self) -> str:
        """The fragment, decoded; empty if there is none."""
        return unquote(self._parts.fragment or "")

    @property
    def is_absolute_url(self) -> bool:
        """Whether there is a scheme and a host."""
        return bool(self._parts.scheme and self._parts.host)

    @property
    def is_relative_url(self) -> bool:
        """Whether the scheme or the host is missing."""
        return not self.is_absolute_url

    # --- other URLs ---

    def copy_with(self, **kwargs: Any) -> URL:
        """Return this URL with other parts, named as in the constructor.

        >>> str(URL("http://a/x").copy_with(scheme="https", path="/y"))
        'https://a/y'
        """
        return URL(self, **kwargs)

    def copy_set_param(self, key: str, value: Any = None) -> URL:
        """Return this URL with one value for the parameter `key`."""
        return self.copy_with(params=self.params.set(key, value))

    def copy_add_param(self, key: str, value: Any = None) -> URL:
        """Return this URL with one more value for the parameter `key`."""
        return self.copy_with(params=self.params.add(key, value))

    def copy_remove_param(self, key: str) -> URL:
        """Return this URL without the parameter `key`."""
        return self.copy_with(params=self.params.remove(key))

    def copy_merge_params(self, params: QueryParamsSource) -> URL:
        """Return this URL with `params` instead of those of the same names."""
        return self.copy_with(params=self.params.merge(params))

    def join(self, url: URL | str) -> URL:
        """Return the URL that `url` means when it stands at this one. RFC 3986 section 5.2.

        >>> str(URL("http://a/b/c").join("../d"))
        'http://a/d'
        """
        return URL(urljoin(str(self), str(URL(url))))

    def __hash__(self) -> int:
        return hash(str(self))

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, URL | str):
            return False
        try:
            return str(self) == str(URL(other))
        except InvalidURL:
            return False

    def __str__(self) -> str:
        return str(self._parts)

    def __repr__(self) -> str:
        text = str(self)
        username, colon, _ = self._parts.userinfo.partition(":")
        if colon:
            text = text.replace(f"{self._parts.userinfo}@", f"{username}:[secure]@", 1)
        return f"URL({text!r})"


def _changed(text: str, changes: dict[str, Any]) -> _Parts:
    """Return the parts of a URL, some of them replaced."""
    if len(text) > MAX_URL:
        raise InvalidURL("URL too long")
    _refuse_controls(text, "URL")
    found = _URL.fullmatch(text)
    assert found is not None  # every part may be empty
    scheme, authority, path, query, fragment = found.groups()
    match = _AUTHORITY.fullmatch(authority or "")
    if match is None:
        raise InvalidURL(f"Invalid port: {(authority or '').rpartition(':')[2]!r}")
    userinfo, host, port = match.groups()
    parts: dict[str, Any] = {
        "scheme": scheme,
        "userinfo": userinfo,
        "host": host,
        "port": port,
        "path": path,
        "query": query,
        "fragment": fragment,
    }
    parts |= _separate(changes)
    for name, value in parts.items():
        if name in changes or name in ("path", "query"):
            _check(name, value)
    return _normalised(parts)


def _separate(changes: dict[str, Any]) -> dict[str, Any]:
    """Return the changes of a URL as those of its parts: a netloc is a host and a port."""
    changes = {
        name: value.decode("ascii") if isinstance(value, bytes) else value
        for name, value in changes.items()
    }
    if "netloc" in changes:
        netloc = changes.pop("netloc") or ""
        host, colon, port = netloc.rpartition(":")
        bare = not colon or netloc.endswith("]")
        changes |= {"host": netloc, "port": None} if bare else {"host": host, "port": port}
    if "username" in changes or "password" in changes:
        username = _quoted("userinfo", changes.pop("username", "") or "").replace(":", "%3A")
        password = _quoted("userinfo", changes.pop("password", "") or "")
        changes["userinfo"] = f"{username}:{password}" if password else username
    if "raw_path" in changes:
        path, mark, query = (changes.pop("raw_path") or "").partition("?")
        changes |= {"path": path, "query": query if mark else None}
    host = changes.get("host")
    if host is not None and ":" in host and not host.startswith("["):
        changes["host"] = f"[{host}]"
    return changes


def _refuse_controls(text: str, what: str) -> None:
    found = _CONTROL.search(text)
    if found is not None:
        raise InvalidURL(
            f"Invalid non-printable ASCII character in {what}, "
            f"{found[0]!r} at position {found.start()}."
        )


def _check(name: str, value: Any) -> None:
    if value is None:
        return
    text = str(value)
    if len(text) > MAX_URL:
        raise InvalidURL(f"URL component '{name}' too long")
    _refuse_controls(text, f"URL {name} component")
    if not _COMPONENTS[name].fullmatch(text):
        raise InvalidURL(f"Invalid URL component '{name}'")


def _normalised(parts: dict[str, Any]) -> _Parts:
    scheme = (parts["scheme"] or "").lower()
    userinfo = _quoted("userinfo", parts["userinfo"] or "")
    host = _host(parts["host"] or "")
    port = _port(parts["port"], scheme)
    path = parts["path"] or ""
    has_authority = bool(host or userinfo or port is not None)
    if has_authority and path and not path.startswith("/"):
        raise InvalidURL("For absolute URLs, path must be empty or begin with '/'")
    if not has_authority and path.startswith("//"):
        raise InvalidURL("Relative URLs cannot have a path starting with '//'")
    if not scheme and not has_authority and path.startswith(":"):
        raise InvalidURL("Relative URLs cannot have a path starting with ':'")
    if scheme or has_authority:
        path = _without_dot_segments(path)
    query, fragment = parts["query"], parts["fragment"]
    return _Parts(
        scheme,
        userinfo,
        host,
        port,
        _quoted("path", path),
        None if query is None else _quoted("query", query),
        None if fragment is None else _quoted("fragment", fragment),
    )


def _quoted(name: str, text: str) -> str:
    """Return `text` with what its part may not contain percent-encoded."""
    return _ENCODED[name].sub(
        lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), text
    )


def _host(host: str) -> str:
    if host.startswith("[") and host.endswith("]"):
        try:
            IPv6Address(host[1:-1])
        except ValueError:
            raise InvalidURL(f"Invalid IPv6 address: {host!r}") from None
        return host[1:-1]
    if _IPV4.fullmatch(host):
        try:
            IPv4Address(host)
        except ValueError:
            raise InvalidURL(f"Invalid IPv4 address: {host!r}") from None
        return host
    if host.isascii():
        return _quoted("host", host.lower())
    import idna  # an extra

    try:
        return idna.encode(host.lower()).decode("ascii")
    except UnicodeError:
        raise InvalidURL(f"Invalid IDNA hostname: {host!r}") from None


def _port(port: str | int | None, scheme: str) -> int | None:
    if port is None or port == "":
        return None
    try:
        number = int(port)
    except ValueError:
        raise InvalidURL(f"Invalid port: {port!r}") from None
    return None if _PORTS.get(scheme) == number else number


def _without_dot_segments(path: str) -> str:
    """Return `path` without dot segments. RFC 3986 section 5.2.4."""
    if "." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/".join(kept)
