"""`Cookies`: a cookie jar as a mapping of names to values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, TypeAlias

from ...cookiejar import Cookie, CookieJar
from ..flow.cookies import CookieStore
from ..messages.headers import Headers as NativeHeaders
from ..messages.url import URL as NativeURL
from .errors import CookieConflict

__all__ = ["Cookies", "CookiesSource"]

CookiesSource: TypeAlias = Any
"""`Cookies`, a ``CookieJar``, a mapping of names to values, or pairs; None: no cookies."""


class Cookies(MutableMapping[str, str]):
    """The cookies of a jar, by their names.

    >>> cookies = Cookies({"session": "abc"})
    >>> cookies.set("theme", "dark", domain="example.com")
    >>> cookies["theme"], len(cookies), cookies.get("none")
    ('dark', 2, None)
    """

    def __init__(self, cookies: CookiesSource = None) -> None:
        self.jar: Any = CookieJar()
        if isinstance(cookies, Cookies):
            for cookie in cookies.jar:
                self.jar.set_cookie(cookie)
        elif cookies is None or isinstance(cookies, Mapping | list):
            pairs = cookies.items() if isinstance(cookies, Mapping) else cookies or ()
            for name, value in pairs:
                self.set(name, value)
        else:
            self.jar = cookies

    def extract_cookies(self, response: Any) -> None:
        """Store the cookies of a response, as far as the jar's policy allows."""
        if "set-cookie" not in response.headers:
            return
        lines = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in response.headers.raw
        ]
        CookieStore(self.jar).store(
            NativeURL(str(response.request.url)), NativeHeaders.received(lines)
        )

    def set_cookie_header(self, request: Any) -> None:
        """Set the Cookie header of a request to the cookies that belong to its URL."""
        value = CookieStore(self.jar).header_for(NativeURL(str(request.url)))
        if value is not None:
            request.headers["Cookie"] = value

    def set(self, name: str, value: str, domain: str = "", path: str = "/") -> None:
        """Put a cookie into the jar; without a domain it is sent everywhere."""
        cookie: Any = Cookie  # the stdlib's types know no keyword for what is positional here
        identity = (0, name, value, None, False)
        where = (domain, bool(domain), domain.startswith("."), path, bool(path))
        self.jar.set_cookie(
            cookie(*identity, *where, False, None, True, None, None, {"HttpOnly": None})
        )

    def get(  # type: ignore[override]
        self,
        name: str,
        default: str | None = None,
        domain: str | None = None,
        path: str | None = None,
    ) -> str | None:
        """Return the value of a cookie, or `default`.

        Raises:
            CookieConflict: several cookies fit.
        """
        found = [
            cookie
            for cookie in self.jar
            if cookie.name == name
            and domain in (None, cookie.domain)
            and path in (None, cookie.path)
        ]
        if len(found) > 1:
            raise CookieConflict(f"expected one cookie {name!r}, got {len(found)}")
        return found[0].value if found else default

    def delete(self, name: str, domain: str | None = None, path: str | None = None) -> None:
        """Remove the cookies of a name, and of `domain` and `path` if they are given."""
        for cookie in list(self.jar):
            fits = domain in (None, cookie.domain) and path in (None, cookie.path)
            if cookie.name == name and fits:
                self.jar.clear(cookie.domain, cookie.path, cookie.name)

    def clear(self, domain: str | None = None, path: str | None = None) -> None:
        """Remove all cookies, or those of a domain, or of a path of it."""
        if domain is None:
            self.jar.clear()
        elif path is None:
            self.jar.clear(domain)
        else:
            self.jar.clear(domain, path)

    def update(self, cookies: CookiesSource = None) -> None:  # type: ignore[override]
        """Put the cookies of `cookies` into the jar."""
        for cookie in Cookies(cookies).jar:
            self.jar.set_cookie(cookie)

    def __setitem__(self, name: str, value: str) -> None:
        self.set(name, value)

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __delitem__(self, name: str) -> None:
        self.delete(name)

    def __len__(self) -> int:
        return len(self.jar)

    def __iter__(self) -> Iterator[str]:
        return (cookie.name for cookie in self.jar)

    def __bool__(self) -> bool:
        return len(self.jar) > 0

    def __repr__(self) -> str:
        shown = ", ".join(
            f"<Cookie {cookie.name}={cookie.value} for {cookie.domain} />" for cookie in self.jar
        )
        return f"<Cookies[{shown}]>"
