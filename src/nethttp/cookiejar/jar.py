"""`CookieJar`: takes cookies from responses, and gives each request those that belong to it.

How cookies are kept is `store`'s business. A request is answered by asking for the few domains that
its host has, not by walking all that are there.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from typing import Any

from .cookie import Cookie
from .domains import (
    eff_request_host,
    matching_paths,
    request_path,
    suffixes,
)
from .headers import split_header_words
from .netscape import cookie_of_field, cookie_of_words
from .policy import CookiePolicy, DefaultCookiePolicy
from .store import CookieStore
from .trace import trace

__all__ = ["CookieJar"]


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

    def _read_locked(
        self, fields: Iterable[Any], read: Callable[[Any, Any, int], Cookie | None], request: Any
    ) -> list[Cookie]:
        """Return the cookies of fields that `read` understands; a bad one costs no other."""
        cookies = []
        now = self._now
        for field in fields:
            try:
                cookie = read(field, request, now)
            except (ValueError, OverflowError) as error:
                trace("   not a cookie: %s", error)
                continue
            if cookie is None:
                continue
            if cookie.expires is not None and cookie.expires <= now:
                # This is how a server takes a cookie back.
                self._remove_like_locked(cookie)
            else:
                cookies.append(cookie)
        return cookies

    def _process_rfc2109_cookies(self, cookies: Iterable[Cookie]) -> None:
        """Let version 1 cookies of Set-Cookie be Netscape's, if the policy has it so."""
        for cookie in cookies:
            if cookie.version == 1:
                as_netscape = getattr(self._policy, "rfc2109_as_netscape", None)
                if as_netscape is None:
                    as_netscape = not self._policy.rfc2965
                cookie.rfc2109 = True
                if as_netscape:
                    cookie.version = 0

    def make_cookies(self, response: Any, request: Any) -> list[Cookie]:
        """Return the cookies that a response sets; one that cannot be read costs no other.

        `response` has a method `info` that gives an `email.message.Message`.
        """
        fields = response.info()
        with self._cookies_lock:
            self._tick()
            if (read := getattr(self._policy, "read_set_cookie", None)) is not None:
                made = [read(str(field), request) for field in fields.get_all("Set-Cookie", ())]
                return [cookie for cookie in made if cookie is not None]
            older: list[Cookie] = []
            if self._policy.netscape:
                older = self._read_locked(
                    fields.get_all("Set-Cookie", ()), cookie_of_field, request
                )
                self._process_rfc2109_cookies(older)
            if not self._policy.rfc2965:
                return older
            modern = split_header_words(fields.get_all("Set-Cookie2", ()))
            cookies = self._read_locked(modern, cookie_of_words, request)
        # A cookie that came in both forms is the modern one.
        there = {(cookie.domain, cookie.path, cookie.name) for cookie in cookies}
        return cookies + [
            cookie for cookie in older if (cookie.domain, cookie.path, cookie.name) not in there
        ]

    def set_cookie_if_ok(self, cookie: Cookie, request: Any) -> None:
        """Keep a cookie if the policy says so."""
        with self._cookies_lock:
            self._tick()
            beside = getattr(self._policy, "set_ok_beside", None)
            if self._policy.set_ok(cookie, request) and (
                beside is None or beside(cookie, request, self)
            ):
                self.set_cookie(cookie)

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Keep the cookies of a response that the policy agrees to."""
        trace("extract_cookies: %s", response.info())
        with self._cookies_lock:
            set_ok = self._policy.set_ok
            beside = getattr(self._policy, "set_ok_beside", None)
            for cookie in self.make_cookies(response, request):
                if not set_ok(cookie, request) or not (
                    beside is None or beside(cookie, request, self)
                ):
                    continue
                trace(" setting cookie: %s", cookie)
                if cookie.expires is not None and cookie.is_expired():
                    # This is how a server takes a cookie back.
                    self._remove_like_locked(cookie)
                else:
                    self.set_cookie(cookie)
