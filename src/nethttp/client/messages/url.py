"""`URL`: what a request is sent to, as it was given.

What is valid stays as it is: ``%2F``, ``%7E``, ``+``, ``//`` and dot segments go out unchanged, so
that a signature over a URL stays true. A character that neither RFC 3986 nor the WHATWG's URL
standard lets into a URL is percent-encoded. White space and control characters are refused, where
browsers would drop some of them: a URL that a program has checked is the URL that is requested.

Only scheme, host and port are brought into one form (lower case, the default port left out), since
an origin is found by them.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, NoReturn, final

from ...caching import SecondTimeCache
from ...errors import InvalidURL, excerpt, redacted
from .host import bracketed, parse_host
from .params import Params, encode_params, percent_encoded

__all__ = ["DEFAULT_PORTS", "URL", "Origin"]

DEFAULT_PORTS: Final = {
    "http": 80,
    "https": 443,
    "ws": 80,
    "wss": 443,
    "socks5": 1080,
    "socks5h": 1080,
}
"""The port of each scheme that a URL need not name it for."""

#: scheme "://" authority path-abempty [ "?" query ] [ "#" fragment ]    ; RFC 3986 appendix B
_PARTS = re.compile(
    r"([A-Za-z][A-Za-z0-9+.\-]*+)://([^/?#]*+)([^?#]*+)(\?[^#]*+)?+(?:#(.*+))?+", re.DOTALL
)
#: [ scheme ":" ] [ "//" authority ] path [ "?" query ] [ "#" fragment ], the scheme not kept
_REFERENCE = re.compile(
    r"([A-Za-z][A-Za-z0-9+.\-]*+:)?+(//[^/?#]*+)?+([^?#]*+)(\?[^#]*+)?+(#.*+)?+", re.DOTALL
)
_PORT = re.compile(r"(?s:(.*)):([0-9]*+)")

#: White space, controls and lone surrogates: never in a URL, wherever it came from.
_REFUSED = re.compile(r"[\x00-\x20\x7f\ud800-\udfff]")

#: What is percent-encoded: what RFC 3986 does not allow there and browsers do not send either.
_ILLEGAL_IN_USERINFO = re.compile(r"[^A-Za-z0-9\-._~!$&'()*+,;=:%]++")
_ILLEGAL_IN_PATH = re.compile(r"[^\x21\x24-\x3b\x3d\x40-\x5b\x5d\x5f\x61-\x7a\x7c\x7e]++")
_ILLEGAL_IN_QUERY = re.compile(r"[^\x21\x24-\x3b\x3d\x3f-\x7e]++")
_ILLEGAL_IN_FRAGMENT = re.compile(r"[^\x21\x23-\x3b\x3d\x3f-\x5f\x61-\x7e]++")


class Origin(NamedTuple):
    """A scheme, host and port: what connections, credentials and cookies belong to. RFC 6454.

    >>> origin = URL("https://Example.com/x").origin
    >>> origin, origin.authority, str(origin)
    (Origin(scheme='https', host='example.com', port=443), 'example.com', 'https://example.com')
    """

    scheme: str
    host: str
    """A name, or an address without brackets, both in lower case."""
    port: int

    @property
    def authority(self) -> str:
        """The value of a Host field: the host, and the port if it is not the scheme's default."""
        if DEFAULT_PORTS.get(self.scheme, 0) == self.port:
            return bracketed(self.host)
        return f"{bracketed(self.host)}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


@final
class URL:
    """An absolute URL with a host; it never changes, and equal texts give the same object's values.

    >>> url = URL("HTTP://user@Example.com:80/a%2Fb//c?q=1+2#top")
    >>> url.scheme, url.host, url.port, url.target, url.fragment, url.userinfo
    ('http', 'example.com', 80, '/a%2Fb//c?q=1+2', 'top', 'user')
    >>> str(url), url.origin == URL("http://example.com").origin
    ('http://user@example.com/a%2Fb//c?q=1+2#top', True)

    Raises:
        TypeError: it is no text, bytes for instance.
        InvalidURL: the text has white space or a control character, no scheme, or no valid host or
            port.
    """

    __slots__ = ("_text", "fragment", "host", "origin", "port", "scheme", "target", "userinfo")

    _text: str
    scheme: str
    """In lower case. Any scheme is read; a client sends to ``http`` and ``https``."""
    host: str
    """A name, or an address without brackets, both in lower case and ASCII."""
    port: int
    """The port, or the scheme's default; 0 for a scheme that has none here."""
    origin: Origin
    target: str
    """Path and query as they are sent, at least ``/``. RFC 9112 section 3.2.1."""
    fragment: str
    """Without its ``#``; empty if there is none. It is never sent."""
    userinfo: str
    """Percent-encoded, as in the text; empty if there is none."""

    def __new__(cls, text: str | URL) -> URL:
        if isinstance(text, URL):
            return text
        if not isinstance(text, str):
            raise TypeError(f"expected a URL as str, got {type(text).__name__}")
        known = _PARSED.get(text)
        if known is None:
            known = _parse(text)
            # Credentials are not to stay in memory.
            if not known.userinfo and _PARSED.admits(text, len(text)):
                # The parts take about as much again as the text, and the objects 600 bytes.
                _PARSED.put(text, known, cost=600 + 4 * len(text))
        return known

    @property
    def path(self) -> str:
        """The path as it is sent: percent-encoded, at least ``/``."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query as it is sent, without its question mark; empty if there is none."""
        return self.target.partition("?")[2]

    @property
    def credentials(self) -> tuple[str, str] | None:
        """The user name and password in the URL, decoded, or None. RFC 3986 section 3.2.1.

        >>> URL("http://user:p%40ss@example.com/").credentials
        ('user', 'p@ss')
        """
        if not self.userinfo:
            return None
        from urllib.parse import unquote  # start-up: few URLs have credentials

        name, _, password = self.userinfo.partition(":")
        return unquote(name), unquote(password)

    @property
    def redacted(self) -> str:
        """The URL for logs and errors, without credentials: see `nethttp.errors.redacted`.

        >>> URL("http://me:pw@example.com/x?a=1&Signature=abc").redacted
        'http://***@example.com/x?a=1&Signature=***'
        """
        return redacted(self._text)

    def join(self, reference: str | URL) -> URL:
        """Return the URL that `reference` means when it stands at this one: RFC 3986 section 5.2.

        Dot segments are removed, as the RFC demands of a reference. A reference without a fragment
        has none, and one that names a host has the credentials that it names itself.

        Raises:
            InvalidURL: the result is not a URL with a host.

        >>> base = URL("http://a/b/c/d;p?q")
        >>> for reference in ("../g", "?y", "//h/x", "#s", ""):
        ...     print(base.join(reference))
        http://a/b/g
        http://a/b/c/d;p?y
        http://h/x
        http://a/b/c/d;p?q#s
        http://a/b/c/d;p?q
        """
        if not isinstance(reference, str):
            return URL(reference).without_dot_segments()
        _refuse(reference)
        found = _REFERENCE.fullmatch(reference)
        assert found is not None  # every part may be empty
        scheme, authority, path, query, fragment = found.groups(default="")
        if scheme:
            return URL(reference).without_dot_segments()
        if authority:
            return URL(f"{self.scheme}:{reference}").without_dot_segments()
        if not path:
            path, query = self.path, query or self.target[len(self.path) :]
        elif not path.startswith("/"):
            path = self.path[: self.path.rindex("/") + 1] + path
        return self._at(_without_dot_segments(path) + query + fragment)

    def below(self, reference: str | URL) -> URL:
        """Return `reference` if it is absolute, else this URL with it appended to the path.

        This is the rule of `base_url`: one slash stands between the two, ``..`` is not followed,
        and no reference without a scheme leaves the host. An empty reference is this URL.

        Raises:
            InvalidURL: this URL has a query or a fragment, or the result is not a URL.

        >>> base = URL("https://example.com/v1")
        >>> str(base.below("/users")), str(base.below("users?page=2")), str(base.below("?q=1"))
        ('https://example.com/v1/users', 'https://example.com/v1/users?page=2', 'https://example.com/v1?q=1')
        """
        if not isinstance(reference, str) or _PARTS.match(reference):
            return URL(reference)
        if "?" in self.target or self.fragment:
            raise InvalidURL(
                f"expected a base URL without a query and fragment, got {_shown(self._text)}"
            )
        path = self.target
        if reference and reference[0] not in "?#":
            path = path.removesuffix("/") + "/"
        return self._at(path + reference.removeprefix("/"))

    def with_params(self, params: Params) -> URL:
        """Return this URL with `params` appended to its query, which stays as it is.

        A list repeats its name, None drops it, and a space is ``%20``: see `encode_params`.

        >>> str(URL("http://a/?x=1").with_params({"y": ["2", "3"], "z": None}))
        'http://a/?x=1&y=2&y=3'
        """
        query = encode_params(params)
        if not query:
            return self
        mark = "?" if "?" not in self.target else "" if self.target[-1] in "?&" else "&"
        fragment = f"#{self.fragment}" if self.fragment else ""
        return self._at(f"{self.target}{mark}{query}{fragment}")

    def with_fragment(self, fragment: str) -> URL:
        """Return this URL with another fragment, without its ``#``; an empty one removes it.

        >>> str(URL("http://a/x#old").with_fragment("new"))
        'http://a/x#new'
        """
        return self._at(f"{self.target}#{fragment}" if fragment else self.target)

    def without_userinfo(self) -> URL:
        """Return this URL without credentials.

        >>> str(URL("http://me:pw@a/x").without_userinfo())
        'http://a/x'
        """
        if not self.userinfo:
            return self
        return URL(str(self).replace(f"{self.userinfo}@", "", 1))

    def without_dot_segments(self) -> URL:
        """Return this URL with ``.`` and ``..`` taken out of its path. RFC 3986 section 5.2.4.

        >>> str(URL("http://a/b/./c/../d?x=..").without_dot_segments())
        'http://a/b/d?x=..'
        """
        if "." not in self.target and "%2" not in self.target:
            return self
        path, mark, query = self.target.partition("?")
        fragment = f"#{self.fragment}" if self.fragment else ""
        return self._at(f"{_without_dot_segments(path)}{mark}{query}{fragment}")

    def _at(self, rest: str) -> URL:
        """Return the URL of this origin and these credentials with another target and fragment."""
        text = self._text
        return URL(text[: text.index("/", len(self.scheme) + 3)] + rest)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a URL never changes: {name!r} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a URL never changes: {name!r} cannot be deleted")

    def __reduce__(self) -> tuple[type[URL], tuple[str]]:
        return URL, (self._text,)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, URL):
            return self._text == other._text
        return self._text == other if isinstance(other, str) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._text)

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"URL({self.redacted!r})"


#: URLs by the text that they were made from; a text that occurs once is not kept.
_PARSED: SecondTimeCache[str, URL] = SecondTimeCache(1024, 4 * 1024 * 1024)


def _shown(text: str) -> str:
    return excerpt(redacted(text))


def _refuse(text: str) -> None:
    found = _REFUSED.search(text)
    if found is not None:
        raise InvalidURL(
            f"expected a URL without white space and control characters, got {excerpt(found[0])} "
            f"at {found.start()} of {_shown(text)} (a space is written %20)"
        )


def _parse(text: str) -> URL:
    _refuse(text)
    found = _PARTS.fullmatch(text)
    if found is None:
        raise InvalidURL(
            f"expected a URL such as 'https://example.com/path', got {_shown(text)} "
            "(RFC 3986 section 3)"
        )
    scheme, authority, path, query, fragment = found.groups(default="")
    scheme = scheme.lower()
    userinfo, _, host_and_port = authority.rpartition("@")
    if "\\" in authority:
        # Browsers end the host at a backslash, other programs do not.
        raise InvalidURL(f"expected no backslash before the path, got {_shown(text)}")
    host_text, port = _split_port(host_and_port, DEFAULT_PORTS.get(scheme, 0), text)
    if not host_text:
        raise InvalidURL(f"expected a host after '{scheme}://', got {_shown(text)}")
    origin = Origin(scheme, parse_host(host_text), port)
    userinfo = percent_encoded(userinfo, _ILLEGAL_IN_USERINFO)
    target = percent_encoded(path, _ILLEGAL_IN_PATH) or "/"
    target += percent_encoded(query, _ILLEGAL_IN_QUERY)
    fragment = percent_encoded(fragment, _ILLEGAL_IN_FRAGMENT)
    zone = origin.host.partition("%")[2]
    shown = origin.authority.replace("]", f"%25{zone}]") if zone else origin.authority
    whole = f"{scheme}://{userinfo}{'@' if userinfo else ''}{shown}{target}"
    if fragment:
        whole += f"#{fragment}"
    url = object.__new__(URL)
    put = object.__setattr__  # URL's own refuses
    put(url, "scheme", scheme)
    put(url, "host", origin.host)
    put(url, "port", port)
    put(url, "origin", origin)
    put(url, "target", target)
    put(url, "fragment", fragment)
    put(url, "userinfo", userinfo)
    put(url, "_text", whole)
    return url


def _split_port(text: str, default: int, whole: str) -> tuple[str, int]:
    if ":" not in text or text.endswith("]"):
        return text, default
    found = _PORT.fullmatch(text)
    digits = found[2].lstrip("0") if found else "no number"
    if found is None or len(digits) > 5 or int(digits or "0") > 65535:
        raise InvalidURL(f"expected a port from 0 to 65535 after the host, got {_shown(whole)}")
    return found[1], int(digits or "0") if found[2] else default


#: A dot segment, with dots percent-encoded or not, as the WHATWG's standard reads it.
_DOT_SEGMENT = re.compile(r"(?i)(\.|%2e)(\.|%2e)?+")


def _without_dot_segments(path: str) -> str:
    """Return an absolute path without dot segments. RFC 3986 section 5.2.4."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        found = _DOT_SEGMENT.fullmatch(segment)
        if found is None:
            kept.append(segment)
        elif found[2] and kept:
            kept.pop()
    if segments and _DOT_SEGMENT.fullmatch(segments[-1]):
        kept.append("")
    return "/" + "/".join(kept)
