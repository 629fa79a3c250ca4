"""`CookieJar`: takes cookies from responses, and gives each request those that belong to it.

How cookies are kept is `store`'s business. A request is answered by asking for the few domains that
its host has, not by walking all that are there.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from typing import Any

from .cookie import Cookie
from .domains import (
    eff_request_host,
    escape_path,
    matching_paths,
    request_path,
    request_port,
    suffixes,
)
from .headers import parse_ns_headers, split_header_words
from .policy import CookiePolicy, DefaultCookiePolicy
from .store import CookieStore
from .trace import trace

__all__ = ["CookieJar"]

_BOOLEAN_ATTRIBUTES = frozenset({"discard", "secure"})
_VALUE_ATTRIBUTES = frozenset(
    {"version", "expires", "max-age", "domain", "path", "port", "comment", "commenturl"}
)
#: Attributes that may stand without a value.
_MAY_BE_BARE = frozenset({"port", "discard", "comment", "commenturl"})


class CookieJar(CookieStore):
    """A collection of cookies; `policy` decides which it takes and gives.

    `policy` may be replaced at any time.
    """

    non_word_re = re.compile(r"\W")
    quote_re = re.compile(r"([\"\\])")

    def __init__(self, policy: CookiePolicy | None = None) -> None:
        super().__init__()
        self._policy: Any = DefaultCookiePolicy() if policy is None else policy
        self._now = 0

    def set_policy(self, policy: CookiePolicy) -> None:
        """Replace the policy."""
        with self._cookies_lock:
            self._policy = policy
            # Which hosts are of one site, a policy says.
            self._synced_locked().sites = None

    def _tick(self) -> None:
        self._policy._now = self._now = int(time.time())

    # --- giving ---

    def _cookies_for_domain(self, domain: str, request: Any) -> list[Cookie]:
        cookies: list[Cookie] = []
        if not self._policy.domain_return_ok(domain, request):
            return cookies
        trace("Checking %s for cookies to return", domain)
        by_path = self._cookies[domain]
        for path in self._candidate_paths(by_path, request):
            if self._policy.path_return_ok(path, request):
                cookies += [
                    cookie
                    for cookie in by_path[path].values()
                    if self._policy.return_ok(cookie, request)
                ]
        return cookies

    def _cookies_for_request(self, request: Any) -> list[Cookie]:
        """Return the cookies to send with a request."""
        if (retrieve := getattr(self._policy, "cookies_for", None)) is not None:
            found: list[Cookie] = retrieve(request, self)
            return found
        cookies: list[Cookie] = []
        for domain in self._candidate_domains(request):
            cookies += self._cookies_for_domain(domain, request)
        return cookies

    def _candidate_domains(self, request: Any) -> list[str]:
        """Return the domains with cookies that the policy can be expected to agree to."""
        rule = type(self._policy).domain_return_ok
        if rule is not DefaultCookiePolicy.domain_return_ok:
            # A policy of the program's own may agree to any.
            return list(self._cookies)
        wanted = dict.fromkeys(
            # A cookie without a domain, which programs alone make, goes everywhere.
            ["", *(domain for host in eff_request_host(request) for domain in suffixes(host))]
        )
        return [domain for domain in wanted if domain in self._cookies]

    def _candidate_paths(self, by_path: dict[str, Any], request: Any) -> list[str]:
        """Return the paths with cookies that the policy can be expected to agree to."""
        if type(self._policy).path_return_ok is not DefaultCookiePolicy.path_return_ok:
            return list(by_path)
        return matching_paths(by_path, request_path(request))

    def _cookie_attrs(self, cookies: list[Cookie]) -> list[str]:
        """Return what the Cookie field says of `cookies`, the most specific path first."""
        cookies.sort(key=lambda cookie: len(cookie.path), reverse=True)
        attributes: list[str] = []
        for place, cookie in enumerate(cookies):
            modern = (cookie.version or 0) > 0
            if place == 0 and modern:
                attributes.append(f"$Version={cookie.version}")
            value = cookie.value
            if value is None or not cookie.name:
                # RFC 6265bis section 5.8.3: a value without a name stands alone.
                attributes.append(cookie.name or value or "")
            else:
                if modern and self.non_word_re.search(value):
                    value = self.quote_re.sub(r"\\\1", value)
                attributes.append(f"{cookie.name}={value}")
            if modern:
                attributes += self._rfc2965_attributes(cookie)
        return attributes

    @staticmethod
    def _rfc2965_attributes(cookie: Cookie) -> list[str]:
        attributes = []
        if cookie.path_specified:
            attributes.append(f'$Path="{cookie.path}"')
        if cookie.domain.startswith("."):
            domain = cookie.domain if cookie.domain_initial_dot else cookie.domain[1:]
            attributes.append(f'$Domain="{domain}"')
        if cookie.port is not None:
            attributes.append(f'$Port="{cookie.port}"' if cookie.port_specified else "$Port")
        return attributes

    def add_cookie_header(self, request: Any) -> None:
        """Add to `request` the Cookie field that it should have.

        `request` is a `urllib.request.Request` or has its methods: `get_full_url`, `has_header`,
        `get_header`, `add_unredirected_header`, and its `type`, `host`, `unverifiable`,
        `origin_req_host`.
        """
        trace("add_cookie_header")
        with self._cookies_lock:
            self._tick()
            cookies = self._cookies_for_request(request)
            attributes = self._cookie_attrs(cookies)
            if attributes and not request.has_header("Cookie"):
                request.add_unredirected_header("Cookie", "; ".join(attributes))
            offers_more = self._policy.rfc2965 and not self._policy.hide_cookie2
            if (
                offers_more
                and not request.has_header("Cookie2")
                and any(cookie.version != 1 for cookie in cookies)
            ):
                # To the server: this client knows version 1.
                request.add_unredirected_header("Cookie2", '$Version="1"')
            self._expire_locked(self._now)

    # --- taking ---

    def _normalized_cookie_tuples(
        self, attrs_set: Iterable[list[tuple[str, Any]]]
    ) -> list[tuple[str, Any, dict[str, Any], dict[str, Any]]]:
        """Return (name, value, known attributes, others) for each cookie that is none too bad."""
        tuples = []
        for (name, value), *attributes in attrs_set:
            sorted_out = self._sort_attributes(attributes)
            if sorted_out is not None:
                tuples.append((name, value, *sorted_out))
        return tuples

    def _sort_attributes(
        self, attributes: Iterable[tuple[str, Any]]
    ) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return the known attributes and the others, None if the cookie is to be ignored."""
        known: dict[str, Any] = {}
        others: dict[str, Any] = {}
        has_max_age = False
        for name, value in attributes:
            lower = name.lower()
            key = lower if lower in _VALUE_ATTRIBUTES or lower in _BOOLEAN_ATTRIBUTES else name
            if key in _BOOLEAN_ATTRIBUTES and value is None:
                value = True
            if key in known or (key == "expires" and (has_max_age or value is None)):
                # The first counts; Max-Age is stronger than Expires; Expires may be no date.
                continue
            if key == "max-age":
                has_max_age = True
                try:
                    # As a client computes it: RFC 2965 section 3.2.2.
                    key, value = "expires", self._now + int(value)
                except (TypeError, ValueError):
                    return None
            if key == "domain" and value is not None:
                value = value.lower()
            if key not in _VALUE_ATTRIBUTES and key not in _BOOLEAN_ATTRIBUTES:
                others[key] = value
            elif value is None and key not in _MAY_BE_BARE:
                trace("   missing value for %s attribute", key)
                return None
            else:
                known[key] = value
        return known, others

    def _cookie_from_cookie_tuple(
        self, tup: tuple[str, Any, dict[str, Any], dict[str, Any]], request: Any
    ) -> Cookie | None:
        name, value, known, others = tup
        version = known.get("version")
        if version is not None:
            try:
                version = int(version)
            except ValueError:
                return None
        path, path_specified = self._path_for(known.get("path"), version, request)
        domain: str = known.get("domain", "")
        domain_specified = "domain" in known
        initial_dot = domain.startswith(".")
        if not domain_specified:
            domain = eff_request_host(request)[1]
        elif not initial_dot:
            domain = "." + domain
        port = known.get("port")
        port_specified = port is not None
        if port is not None:
            port = re.sub(r"\s+", "", port)
        elif "port" in known:
            port = request_port(request)
        expires = known.get("expires")
        if expires is not None and expires <= self._now:
            # This is how a server takes a cookie back.
            self._drop(domain, path, name)
            return None
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
            known.get("secure", False),
            expires,
            True if expires is None else known.get("discard", False),
            known.get("comment"),
            known.get("commenturl"),
            others,
        )

    @staticmethod
    def _path_for(path: str | None, version: int | None, request: Any) -> tuple[str, bool]:
        """Return a cookie's path, and whether the server said it."""
        if path:
            return escape_path(path), True
        default = request_path(request)
        slash = default.rfind("/")
        # Netscape leaves the last slash out, RFC 2965 does not.
        return default[: slash if version == 0 else slash + 1] or "/", False

    def _drop(self, domain: str, path: str, name: str) -> None:
        try:
            self.clear(domain, path, name)
        except KeyError:
            pass  # Taken back before it was given.

    def _cookies_from_attrs_set(
        self, attrs_set: Iterable[list[tuple[str, Any]]], request: Any
    ) -> list[Cookie]:
        made = [
            self._cookie_from_cookie_tuple(tup, request)
            for tup in self._normalized_cookie_tuples(attrs_set)
        ]
        return [cookie for cookie in made if cookie is not None]

    def _process_rfc2109_cookies(self, cookies: Iterable[Cookie]) -> None:
        """Let version 1 cookies of Set-Cookie be Netscape's, if the policy has it so."""
        as_netscape = getattr(self._policy, "rfc2109_as_netscape", None)
        if as_netscape is None:
            as_netscape = not self._policy.rfc2965
        for cookie in cookies:
            if cookie.version == 1:
                cookie.rfc2109 = True
                if as_netscape:
                    cookie.version = 0

    def make_cookies(self, response: Any, request: Any) -> list[Cookie]:
        """Return the cookies that a response sets; one that cannot be read costs no other.

        `response` has a method `info` that gives an `email.message.Message`.
        """
        if (read := getattr(self._policy, "read_set_cookie", None)) is not None:
            with self._cookies_lock:
                self._tick()
                made = [
                    read(str(field), request) for field in response.info().get_all("Set-Cookie", [])
                ]
                return [cookie for cookie in made if cookie is not None]
        fields = response.info()
        modern = fields.get_all("Set-Cookie2", []) if self._policy.rfc2965 else []
        netscape = fields.get_all("Set-Cookie", []) if self._policy.netscape else []
        with self._cookies_lock:
            self._tick()
            cookies = [
                cookie
                for field in modern
                for cookie in self._read(split_header_words([field]), request)
            ]
            older = [
                cookie
                for field in netscape
                for cookie in self._read(parse_ns_headers([field]), request)
            ]
        self._process_rfc2109_cookies(older)
        # A cookie that came in both forms is the modern one.
        there = {(cookie.domain, cookie.path, cookie.name) for cookie in cookies}
        return cookies + [
            cookie for cookie in older if (cookie.domain, cookie.path, cookie.name) not in there
        ]

    def _read(self, attrs_set: Any, request: Any) -> list[Cookie]:
        try:
            return self._cookies_from_attrs_set(attrs_set, request)
        except (ValueError, OverflowError) as error:
            trace("   not a cookie: %s", error)
            return []

    def _is_welcome(self, cookie: Cookie, request: Any) -> bool:
        """Return whether the policy takes a cookie into this jar, as it is now."""
        if not self._policy.set_ok(cookie, request):
            return False
        beside = getattr(self._policy, "set_ok_beside", None)
        return beside is None or bool(beside(cookie, request, self))

    def set_cookie_if_ok(self, cookie: Cookie, request: Any) -> None:
        """Keep a cookie if the policy says so."""
        with self._cookies_lock:
            self._tick()
            if self._is_welcome(cookie, request):
                self.set_cookie(cookie)

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Keep the cookies of a response that the policy agrees to."""
        trace("extract_cookies: %s", response.info())
        with self._cookies_lock:
            for cookie in self.make_cookies(response, request):
                if not self._is_welcome(cookie, request):
                    continue
                trace(" setting cookie: %s", cookie)
                if cookie.is_expired():
                    # This is how a server takes a cookie back.
                    self._remove_like_locked(cookie)
                else:
                    self.set_cookie(cookie)
