"""`SetCookie`: one Set-Cookie field, read as a user agent reads it, written as a server must.

Reading accepts what servers send, and refuses what no browser would store. Writing accepts only
what RFC 6265bis section 4.1 allows; what is written is read back the same.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal, NamedTuple, Self

from ..errors import CookieError, excerpt
from ..wire import grammar
from ..wire.values import format_http_date
from .date import parse_cookie_date

__all__ = [
    "MAX_AGE",
    "MAX_ATTRIBUTE",
    "MAX_PAIR",
    "SAME_SITE",
    "SetCookie",
    "breaks_its_prefix",
    "octets",
]

MAX_PAIR = 4096
"""Most octets of name and value together: RFC 6265bis section 5.6, step 5."""

MAX_ATTRIBUTE = 1024
"""Most octets of an attribute's value: RFC 6265bis section 5.6, step 6 of the attributes."""

MAX_AGE = 400 * 24 * 3600
"""Most seconds that a cookie lasts: 400 days, RFC 6265bis section 5.5."""

EARLIEST, LATEST = -11644473600, 253402300799
"""The earliest and latest date of a cookie, in seconds since 1970: years 1601 to 9999."""

_WSP = " \t"
_MAX_AGE = re.compile(r"-?[0-9]++")

SAME_SITE = {"strict": "Strict", "lax": "Lax", "none": "None"}
"""The values of SameSite as they are written, by their lower case: RFC 6265bis section 5.6.7."""

#: cookie-octet = %x21 / %x23-2B / %x2D-3A / %x3C-5B / %x5D-7E       ; RFC 6265bis section 4.1.1
_OCTET = r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]"
_VALUE = re.compile(rf'{_OCTET}*+|"{_OCTET}*+"')
#: domain-value = <subdomain>, of RFC 1034 section 3.5 and RFC 1123 section 2.1
_LABEL = r"[a-z0-9]++(?:-++[a-z0-9]++)*+"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*+")
#: path-value = *av-octet, but with "/" first and no blank last: others are not read back the same.
_PATH = re.compile(r"/(?:\x20*+[\x21-\x3a\x3c-\x7e]++)*+")

#: Prefixes of names, in lower case, and whether each requires HttpOnly, and no Domain and Path=/.
#: All require Secure. RFC 6265bis section 4.1.3, and for those with "http" its successor's.
_PREFIXES = (
    ("__host-http-", True, True),
    ("__host-", False, True),
    ("__http-", True, False),
    ("__secure-", False, False),
)


def breaks_its_prefix(
    name: str, value: str, *, secure: bool, http_only: bool, host_only: bool, path: str | None
) -> str:
    """Return which requirement of its name's prefix a cookie breaks, "" if none.

    Prefixes count in any case. `path` is the value of the field's Path, None if it has none. A
    value without a name must not begin with a prefix, since it is sent where a name would be.
    RFC 6265bis section 5.7, steps 20 to 22.

    >>> breaks_its_prefix("__host-a", "", secure=True, http_only=False, host_only=True, path=None)
    '__host-a needs Path=/'
    """
    if not (name or value).startswith("__"):
        return ""
    lower = (name or value)[:12].lower()
    for prefix, asks_http_only, asks_host_only in _PREFIXES:
        if not lower.startswith(prefix):
            continue
        if not name:
            return f"a value that begins with {prefix} needs a name"
        if not secure:
            return f"{excerpt(name)[1:-1]} needs Secure"
        if asks_http_only and not http_only:
            return f"{excerpt(name)[1:-1]} needs HttpOnly"
        if asks_host_only and not host_only:
            return f"{excerpt(name)[1:-1]} must have no Domain"
        if asks_host_only and path != "/":
            return f"{excerpt(name)[1:-1]} needs Path=/"
        return ""
    return ""


def octets(text: str) -> int:
    """Return how many octets `text` has on the wire: as ISO-8859-1 if possible, else as UTF-8.

    >>> octets("\u00e9"), octets("\u20ac")
    (1, 3)
    """
    return (
        len(text) if text.isascii() or max(text) <= "\xff" else len(text.encode("utf-8", "replace"))
    )


def _read_max_age(text: str) -> int | None:
    return max(0, min(int(text), MAX_AGE)) if _MAX_AGE.fullmatch(text) else None


def _flag(_: str) -> bool:
    return True


#: How the value of each attribute is read. None: the attribute is ignored; "": it also cancels the
#: same attribute before it. RFC 6265bis sections 5.6.1 to 5.6.7, and Partitioned.
_ATTRIBUTES: dict[str, Callable[[str], Any]] = {
    "expires": parse_cookie_date,
    "max-age": _read_max_age,
    "domain": lambda text: text.removeprefix(".").lower(),
    "path": lambda text: text if text.startswith("/") else "",
    "secure": _flag,
    "httponly": _flag,
    "samesite": lambda text: SAME_SITE.get(text.lower(), ""),
    "partitioned": _flag,
}


# A server sends the same attributes with all its cookies. Nothing may change the cached dicts.
@lru_cache(maxsize=256)
def _read_attributes(text: str) -> dict[str, Any]:
    """Return the values of a field's attributes by their names in lower case."""
    found: dict[str, Any] = {}
    for attribute in text.split(";"):
        name, _, value = attribute.partition("=")
        name, value = name.strip(_WSP).lower(), value.strip(_WSP)
        read = _ATTRIBUTES.get(name)
        # The first comparison avoids counting the octets of a huge value.
        if read is None or len(value) > MAX_ATTRIBUTE or octets(value) > MAX_ATTRIBUTE:
            continue
        said = read(value)
        if said is not None:
            found[name] = said
    return found


class _Fields(NamedTuple):
    name: str
    value: str
    domain: str | None
    path: str | None
    expires: int | None
    max_age: int | None
    secure: bool
    http_only: bool
    same_site: str | None
    partitioned: bool


class SetCookie(_Fields):
    """A cookie as a Set-Cookie field has it.

    `expires` is in seconds since 1970, `max_age` in seconds; `same_site` is "Strict", "Lax", "None"
    or None; `domain` is in lower case, without a leading dot. An attribute that is None or False is
    not written. `value` is the text that is sent: it is neither quoted nor unquoted.

    >>> cookie = SetCookie.parse("id=7; Domain=.Example.com; Secure; samesite=lax; Odd=1")
    >>> cookie.domain, cookie.secure, cookie.same_site, cookie.path
    ('example.com', True, 'Lax', None)
    >>> str(cookie)
    'id=7; Domain=example.com; Secure; SameSite=Lax'
    """

    __slots__ = ()

    def __new__(
        cls,
        name: str,
        value: str,
        domain: str | None = None,
        path: str | None = None,
        expires: int | None = None,
        max_age: int | None = None,
        secure: bool = False,
        http_only: bool = False,
        same_site: Literal["Strict", "Lax", "None"] | None = None,
        partitioned: bool = False,
    ) -> Self:
        if domain is not None:
            domain = domain.removeprefix(".").lower()
        as_written: str | None = same_site
        if same_site is not None:
            as_written = SAME_SITE.get(same_site.lower(), same_site)
        fields = (name, value, domain, path, expires, max_age)
        return tuple.__new__(cls, (*fields, secure, http_only, as_written, partitioned))

    # --- reading: RFC 6265bis sections 5.6 and 5.7 ---

    @classmethod
    def parse(cls, field: str, *, now: float | None = None) -> Self | None:
        """Return the cookie of a Set-Cookie field as a user agent reads it, None if it ignores it.

        It ignores a cookie whose name and value are both empty, or longer than `MAX_PAIR` together;
        with a control character other than a tab; with a `domain` that is not ASCII; that breaks a
        requirement of its name's prefix; with ``SameSite=None`` or ``Partitioned`` but without
        ``Secure``. The last of several attributes with one name counts; unknown and malformed ones
        are ignored. `expires` is at most `MAX_AGE` after `now` (seconds since 1970; default: the
        time). RFC 6265bis section 5.6.

        Whether the response to a request may set the cookie, `cookiejar.RFC6265Policy` decides.

        >>> SetCookie.parse("__Host-id=7; Secure") is None      # it needs Path=/
        True
        """
        if grammar.FORBIDDEN_IN_VALUE.search(field):
            return None
        pair, _, attributes = field.partition(";")
        name, equals, value = pair.partition("=")
        if not equals:
            name, value = "", name
        name, value = name.strip(_WSP), value.strip(_WSP)
        size = octets(name) + octets(value)
        if size == 0 or size > MAX_PAIR:
            return None
        found: dict[str, Any] = {}
        if attributes:
            read = (
                _read_attributes
                if len(attributes) <= MAX_ATTRIBUTE
                else _read_attributes.__wrapped__
            )
            found = read(attributes)
        expires = found.get("expires")
        if expires is not None:
            expires = min(expires, int(time.time() if now is None else now) + MAX_AGE)
        cookie = cls._make(
            (
                name,
                value,
                found.get("domain") or None,
                found.get("path") or None,
                expires,
                found.get("max-age"),
                "secure" in found,
                "httponly" in found,
                found.get("samesite") or None,
                "partitioned" in found,
            )
        )
        return None if cookie._is_refused() else cookie

    def _is_refused(self) -> bool:
        """Return whether a user agent ignores the cookie in the response to any request."""
        if self.domain is not None and not self.domain.isascii():
            return True
        return bool(self._contradiction())

    def _contradiction(self) -> str:
        """Return which requirement of one attribute, or of the name, another breaks; "" if none."""
        if not self.secure:
            if self.same_site == "None":
                return "SameSite=None needs Secure"
            if self.partitioned:
                return "Partitioned needs Secure"
        return breaks_its_prefix(
            self.name,
            self.value,
            secure=self.secure,
            http_only=self.http_only,
            host_only=self.domain is None,
            path=self.path,
        )

    # --- writing: RFC 6265bis section 4.1 ---

    def __str__(self) -> str:
        """Return the value of the Set-Cookie field.

        Raises:
            CookieError: a server must not send it: the name is not a token; the value has blanks,
                quotes, commas, semicolons, backslashes or characters beyond ASCII; an attribute is
                malformed; a requirement of the prefix, SameSite or Partitioned is broken; there
                are more than `MAX_PAIR` or `MAX_ATTRIBUTE` octets. RFC 6265bis section 4.1.
        """
        self._refuse()
        parts = [f"{self.name}={self.value}"]
        if self.expires is not None:
            parts.append(f"Expires={format_http_date(self.expires)}")
        if self.max_age is not None:
            parts.append(f"Max-Age={self.max_age:d}")
        if self.domain is not None:
            parts.append(f"Domain={self.domain}")
        if self.path is not None:
            parts.append(f"Path={self.path}")
        if self.secure:
            parts.append("Secure")
        if self.http_only:
            parts.append("HttpOnly")
        if self.same_site is not None:
            parts.append(f"SameSite={self.same_site}")
        if self.partitioned:
            parts.append("Partitioned")
        return "; ".join(parts)

    def _refuse(self) -> None:
        """Raise `CookieError` if the cookie must not be written."""
        name, value, domain, path = self.name, self.value, self.domain, self.path
        if not grammar.TOKEN.fullmatch(name):
            raise _refusal("the name to be a token", name)
        if not _VALUE.fullmatch(value):
            raise _refusal("the value to have no blank, quote, ',', ';', '\\' or non-ASCII", value)
        if len(name) + len(value) > MAX_PAIR:
            raise _refusal(f"at most {MAX_PAIR} octets of name and value", name + "=" + value)
        if domain is not None and not (len(domain) <= 253 and _DOMAIN.fullmatch(domain)):
            raise _refusal("Domain to be a host name", domain)
        if path is not None and not (len(path) <= MAX_ATTRIBUTE and _PATH.fullmatch(path)):
            raise _refusal(f"Path to be '/' and at most {MAX_ATTRIBUTE - 1} octets more", path)
        if self.same_site is not None and self.same_site not in SAME_SITE.values():
            raise _refusal("SameSite to be Strict, Lax or None", self.same_site)
        if self.max_age is not None and self.max_age < 0:
            raise _refusal("Max-Age to be no less than 0", str(self.max_age))
        if self.expires is not None and not EARLIEST <= self.expires <= LATEST:
            raise _refusal("Expires to be in the years 1601 to 9999", str(self.expires))
        if contradiction := self._contradiction():
            raise CookieError(f"{contradiction} (RFC 6265bis section 4.1)")


def _refusal(expected: str, got: str) -> CookieError:
    return CookieError(f"expected {expected}, got {excerpt(got)} (RFC 6265bis section 4.1.1)")
