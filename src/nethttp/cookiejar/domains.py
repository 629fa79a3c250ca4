"""Hosts, domains and paths: which a request has, and which cookies match them.

The rules are those of Netscape, RFC 2965 and RFC 6265bis, and so are the names. Matching is by
whole labels at the end of a host name, never by a substring (CVE-2018-20852, gh-150522).
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Collection
from functools import lru_cache
from typing import Any

__all__ = [
    "COUNTRY_SECOND_LEVEL",
    "DEFAULT_HTTP_PORT",
    "default_path",
    "domain_match",
    "domain_matches",
    "eff_request_host",
    "escape_path",
    "is_HDN",
    "is_address",
    "is_label_suffix",
    "is_third_party",
    "liberal_is_HDN",
    "matching_paths",
    "path_matches",
    "reach",
    "request_host",
    "request_path",
    "request_port",
    "split_url",
    "suffixes",
    "uppercase_escaped_char",
    "user_domain_match",
]

DEFAULT_HTTP_PORT = "80"

MAX_HOST = 255
"""Most characters of a host whose parent domains are looked up: a name of the DNS is no longer
(RFC 1035 section 2.3.4), and copying all parents of a longer one takes quadratic time."""

MAX_SLASHES = 256
"""Most slashes of a path whose prefixes are looked up: copying more takes longer than a search."""

#: Second-level labels below which countries register names, as in ``co.uk``.
COUNTRY_SECOND_LEVEL = frozenset(
    {"co", "ac", "com", "edu", "org", "net", "gov", "mil", "int", "aero", "biz", "cat", "coop"}
    | {"info", "jobs", "mobi", "museum", "name", "pro", "travel", "eu"}
    | {"tv", "or", "nom", "sch", "web"}
)

IPV4 = re.compile(r"\.\d+\Z", re.ASCII)
CUT_PORT = re.compile(r":\d*\Z", re.ASCII)
ESCAPED_CHAR = re.compile(r"%([0-9a-fA-F][0-9a-fA-F])")

#: Characters of a path that are not escaped.
HTTP_PATH_SAFE = "%/;:@&=+$,!~*'()"
#: A path without escapes, and without characters to escape.
_UNESCAPED_PATH = re.compile(r"[A-Za-z0-9_.\-/;:@&=+$,!~*'()]*+")


def is_address(host: str) -> bool:
    """Return whether `host` is an IP address, which has no parent domains.

    It is one if it ends in a dot and digits, or begins with "[".

    >>> is_address("127.0.0.1"), is_address("[::1]"), is_address("a1.com")
    (True, True, False)
    """
    if host[-1:].isdigit():
        return IPV4.search(host) is not None
    return host.startswith("[")


def is_HDN(text: str) -> bool:  # the stdlib's name
    """Return whether `text` is a host domain name of RFC 2965: a name with its dots inside.

    >>> is_HDN("example.com"), is_HDN(".example.com"), is_HDN("127.0.0.1")
    (True, False, False)
    """
    return bool(text) and not is_address(text) and text[0] != "." and text[-1] != "."


def liberal_is_HDN(text: str) -> bool:  # the stdlib's name
    """Return whether `text` may be an entry of a block list: anything but an IP address.

    >>> liberal_is_HDN(".com"), liberal_is_HDN("127.0.0.1")
    (True, False)
    """
    return not is_address(text)


def domain_match(A: str, B: str) -> bool:  # the stdlib's names
    """Return whether host `A` domain-matches `B`. RFC 2965 section 1.

    >>> domain_match("x.y.com", ".y.com"), domain_match("y.com.evil.org", ".y.com")
    (True, False)
    """
    host, domain = A.lower(), B.lower()
    if host == domain:
        return True
    return (
        is_HDN(host)
        and domain.startswith(".")
        and is_HDN(domain[1:])
        and host.endswith(domain)
        and len(host) > len(domain)
    )


def user_domain_match(A: str, B: str) -> bool:  # the stdlib's names
    """Return whether host `A` matches `B`, an entry of a block list.

    An entry with a leading dot matches every host below it, any other only itself.

    >>> user_domain_match("a.example.com", ".example.com"), user_domain_match("a.b", "b")
    (True, False)
    """
    host, entry = A.lower(), B.lower()
    if liberal_is_HDN(host) and liberal_is_HDN(entry) and entry.startswith("."):
        return host.endswith(entry)
    return host == entry


def is_label_suffix(host: str, domain: str) -> bool:
    """Return whether `domain` (with or without a leading dot) is `host` or its last labels.

    >>> is_label_suffix("a.b.com", ".b.com"), is_label_suffix("ab.com", "b.com")
    (True, False)
    """
    domain = domain.removeprefix(".")
    if not host.endswith(domain) or not domain:
        return host == domain
    return host.removeprefix(".") == domain or (
        host.endswith("." + domain) and not is_address(host)
    )


def default_path(path: str) -> str:
    """Return the path of a cookie that has no Path, from the request's: RFC 6265bis section 5.1.4.

    >>> default_path("/a/b"), default_path("/a"), default_path("")
    ('/a', '/', '/')
    """
    if not path.startswith("/"):
        return "/"
    return path[: path.rfind("/")] or "/"


def path_matches(path: str, cookie_path: str) -> bool:
    """Return whether `path` is `cookie_path` or below it: RFC 6265bis section 5.1.4.

    >>> path_matches("/a/b", "/a"), path_matches("/ab", "/a")
    (True, False)
    """
    if not path.startswith(cookie_path):
        return False
    rest = path[len(cookie_path) :]
    return not rest or cookie_path.endswith("/") or rest.startswith("/")


def domain_matches(host: str, domain: str) -> bool:
    """Return whether `host` is `domain` or a name below it: RFC 6265bis section 5.1.3.

    >>> domain_matches("a.b.com", "b.com"), domain_matches("ab.com", "b.com")
    (True, False)
    """
    return host == domain or (host.endswith("." + domain) and not is_address(host))


def suffixes(host: str) -> list[str]:
    """Return every domain under which a cookie for `host` can be stored, the longest first.

    >>> suffixes("a.b.com")
    ['a.b.com', '.a.b.com', 'b.com', '.b.com', 'com', '.com']
    """
    host = host.removeprefix(".")
    found = [host, "." + host]
    if len(host) <= MAX_HOST and not is_address(host):
        dot = host.find(".")
        while dot >= 0:
            found += [host[dot + 1 :], host[dot:]]
            dot = host.find(".", dot + 1)
    return found


def matching_paths(paths: Collection[str], path: str) -> list[str]:
    """Return those of `paths` that `path` begins with, up to one of its slashes or its end.

    It takes the time of the slashes or of the paths, whichever are fewer.

    >>> matching_paths(["/", "/a", "/a/b", "/ab"], "/a/b")
    ['/', '/a', '/a/b']
    """
    slashes = path.count("/")
    if len(paths) <= 2 * slashes or slashes > MAX_SLASHES:
        return [known for known in paths if path.startswith(known)]
    # A dict, since two slashes in a row give the same prefix twice.
    cuts = dict.fromkeys(("", path))
    slash = path.find("/")
    while slash >= 0:
        cuts |= dict.fromkeys((path[:slash], path[: slash + 1]))
        slash = path.find("/", slash + 1)
    return [cut for cut in cuts if cut in paths]


#: Nearly all URLs: a scheme, a host without brackets, perhaps a port, a path.
_PLAIN_URL = re.compile(
    r"([A-Za-z][A-Za-z0-9+.\-]*+)://([A-Za-z0-9.\-_]*+)(?::[0-9]*+)?(/[!-~]*+)?"
)
_QUERY = re.compile(r"[?#]")


@lru_cache(maxsize=256)
def split_url(url: str) -> tuple[str, str, str]:
    """Return the scheme and the host of a URL, in lower case, and its path.

    The host is without user and port. A missing part is "".

    >>> split_url("HTTP://me@Example.com:80/a?b")
    ('http', 'example.com', '/a')
    """
    # The pattern takes a tenth of the time of `urlsplit`.
    if m := _PLAIN_URL.fullmatch(url):
        scheme, host, path = m.groups("")
        if "?" in path or "#" in path:
            path = _QUERY.split(path, 1)[0]
        return scheme.lower(), host.lower(), path
    parts = urllib.parse.urlsplit(url)
    host = CUT_PORT.sub("", parts.netloc.rpartition("@")[2], count=1)
    return parts.scheme.lower(), host.lower(), parts.path


def request_host(request: Any) -> str:
    """Return the host of a request, in lower case and without its port.

    It is its URL's, else its Host field's. RFC 2965 section 1.
    """
    host = split_url(request.get_full_url())[1]
    return host or CUT_PORT.sub("", request.get_header("Host", ""), count=1).lower()


def eff_request_host(request: Any) -> tuple[str, str]:
    """Return the request's host, and its effective name: ``.local`` added where it has no dot.

    >>> import urllib.request
    >>> eff_request_host(urllib.request.Request("http://printer/"))
    ('printer', 'printer.local')
    """
    # Asked for each cookie: the first step of our own `request_host` is written out.
    host = split_url(request.get_full_url())[1] if request_host is _OWN[0] else ""
    if not host:
        host = request_host(request)
    return host, host if "." in host or is_address(host) else host + ".local"


#: What a program may put its own in the place of.
_OWN = (request_host,)


@lru_cache(maxsize=256)
def _target_path(path: str) -> str:
    path = escape_path(path)
    return path if path.startswith("/") else "/" + path


def request_path(request: Any) -> str:
    """Return the path of a request's URL, escaped; "/" if it has none.

    >>> import urllib.request
    >>> request_path(urllib.request.Request("http://example.com/a b?c"))
    '/a%20b'
    """
    return _target_path(split_url(request.get_full_url())[2])


def request_port(request: Any) -> str | None:
    """Return the port of `request.host`, "80" if it has none; None if it is not a number.

    >>> import urllib.request
    >>> request_port(urllib.request.Request("http://example.com:8080/"))
    '8080'
    """
    _, colon, port = request.host.rpartition("]")[2].rpartition(":")
    if not colon:
        return DEFAULT_HTTP_PORT
    return str(port) if port.isascii() and port.isdigit() else None


def uppercase_escaped_char(match: re.Match[str]) -> str:
    """Return an escape with its digits in upper case.

    >>> ESCAPED_CHAR.sub(uppercase_escaped_char, "%2f")
    '%2F'
    """
    return f"%{match[1].upper()}"


def escape_path(path: str) -> str:
    """Return `path` with invalid characters escaped, and all escapes in upper case.

    >>> escape_path("/foo%2f/<bar>")
    '/foo%2F/%3Cbar%3E'
    """
    if path == "/" or _UNESCAPED_PATH.fullmatch(path):
        return path
    return ESCAPED_CHAR.sub(uppercase_escaped_char, urllib.parse.quote(path, HTTP_PATH_SAFE))


def reach(h: str) -> str:
    """Return the reach of host `h`: RFC 2965 section 1.

    >>> reach("www.example.com"), reach("example.com")
    ('.example.com', 'example.com')
    """
    _, dot, parent = h.partition(".")
    if dot and is_HDN(h) and ("." in parent or parent == "local"):
        return "." + parent
    return h


def is_third_party(request: Any) -> bool:
    """Return whether a request's host is beyond the reach of its page's: RFC 2965 section 3.3.6."""
    return not domain_match(request_host(request), reach(request.origin_req_host))
