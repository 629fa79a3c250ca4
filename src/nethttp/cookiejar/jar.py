"""`CookieJar`: stores the cookies of responses, and adds to each request those that belong to it.

`store` keeps the cookies. For a request the jar looks up the few domains whose cookies its host may
get; it does not walk over all domains.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..overrides import Bypassed
from .cookie import Cookie
from .domains import (
    eff_request_host,
    matching_paths,
    request_path,
    suffixes,
)
from .header_words import parse_ns_headers, split_header_words
from .locks import acquired
from .messages import Request, Response
from .netscape import cookie_of_field, cookie_of_words, cookie_said, sorted_out, understood
from .policy import CookiePolicy, DefaultCookiePolicy
from .store import CookieStore
from .trace import trace, warn_unhandled_exception

__all__ = ["CookieJar"]

if TYPE_CHECKING:
    from http.cookiejar import CookieJar as _StdlibJar

    class _Kept(CookieStore, _StdlibJar):  # type: ignore[misc]  # our cookies have more
        """For type checkers a jar is one of the stdlib's: what takes one, as urllib, takes ours."""
else:
    _Kept = CookieStore


class CookieJar(_Kept):
    """A collection of cookies, which threads may share.

    `policy` decides which cookies are stored and sent; the default is a `DefaultCookiePolicy`. Any
    object with the methods of a `CookiePolicy` will do, and more counts if it has it: see
    `policy.Extensions`. It may be replaced at any time.

    >>> jar = CookieJar()
    >>> jar.set_cookie(Cookie.from_dict({"name": "id", "value": "7", "domain": "example.com"}))
    >>> [cookie.name for cookie in jar], len(jar)
    (['id'], 1)
    """

    non_word_re = re.compile(r"\W")
    quote_re = re.compile(r"([\"\\])")
    strict_domain_re = re.compile(r"\.?[^.]*")
    domain_re = re.compile(r"[^.]*")
    dots_re = re.compile(r"^\.+")
    magic_re = re.compile(r"^#LWP-Cookies-(\d+\.\d+)", re.ASCII)

    _now = 0

    def __init__(self, policy: CookiePolicy | None = None) -> None:
        CookieStore.__init__(self)
        self._policy: Any = DefaultCookiePolicy() if policy is None else policy

    def set_policy(self, policy: CookiePolicy) -> None:
        """Replace the policy. Cookies that are stored already stay, whatever the new one says."""
        lock = acquired(self._cookies_lock)
        try:
            self._policy = policy
            # A policy says which hosts belong to one site.
            self._synced_locked().sites = None
        finally:
            lock.release()

    # --- sending ---

    def _cookies_for_domain(self, domain: str, request: Request) -> list[Cookie]:
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

    def _cookies_for_request(self, request: Request) -> list[Cookie]:
        """Return the cookies to send with a request, before they are sorted by path."""
        if (retrieve := getattr(self._policy, "cookies_for", None)) is not None:
            found: list[Cookie] = retrieve(request, self)
            return found
        cookies: list[Cookie] = []
        for domain in self._candidate_domains(request):
            cookies += self._cookies_for_domain(domain, request)
        return cookies

    _LOOK_UP = Bypassed("_cookies_for_domain")

    def _candidate_domains(self, request: Request) -> list[str]:
        """Return the domains that have cookies and that `domain_return_ok` may accept."""
        if not (_domain_rule_is_ours(self._policy) and _look_up_is_ours(self)):
            # A program's own method may accept any domain.
            return list(self._cookies)
        wanted = dict.fromkeys(
            # A cookie with an empty domain, which only programs make, is sent everywhere.
            ["", *(domain for host in eff_request_host(request) for domain in suffixes(host))]
        )
        found = [domain for domain in wanted if domain in self._cookies]
        if len(found) > 1:
            # In the order in which the domains were stored, as in the standard library.
            found.sort(key=lambda domain: _first_stamp(self._cookies[domain]))
        return found

    def _candidate_paths(self, by_path: dict[str, Any], request: Request) -> list[str]:
        """Return the paths that have cookies and that `path_return_ok` may accept."""
        if not _path_rule_is_ours(self._policy):
            return list(by_path)
        return matching_paths(by_path, request_path(request))

    def _cookie_attrs(self, cookies: list[Cookie]) -> list[str]:
        """Sort `cookies`, longest path first, and return the parts of their Cookie field."""
        cookies.sort(key=lambda cookie: len(cookie.path), reverse=True)
        attributes: list[str] = []
        for place, cookie in enumerate(cookies):
            modern = (cookie.version or 0) > 0
            if place == 0 and modern:
                attributes.append(f"$Version={cookie.version}")
            value = cookie.value
            if value is None or not cookie.name:
                # RFC 6265bis section 5.8.3: a value without a name is sent without "=".
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

    # Expired cookies are found by the index.
    _SWEEP = Bypassed("clear_expired_cookies")

    def add_cookie_header(self, request: Request) -> None:
        """Add a Cookie field with the cookies that belong to `request`, unless it has one.

        `request` is a `urllib.request.Request` or has its methods `get_full_url`, `has_header`,
        `get_header` and `add_unredirected_header`, and its attributes `type`, `host`,
        `unverifiable` and `origin_req_host`. A policy that speaks RFC 2965 adds Cookie2 too.
        """
        trace("add_cookie_header")
        lock = acquired(self._cookies_lock)
        try:
            self._policy._now = self._now = int(time.time())
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
                # RFC 2965 section 3.3.5: it tells the server that this client knows version 1.
                request.add_unredirected_header("Cookie2", '$Version="1"')
            sweeps = _sweep_is_ours(self)
            if sweeps:
                self._expire_locked(self._now)
        finally:
            lock.release()
        if not sweeps:
            self.clear_expired_cookies()

    # --- storing ---

    def _read(
        self,
        fields: Iterable[Any],
        read: Callable[[Any, Any, int], Cookie | None],
        request: Request,
    ) -> list[Cookie]:
        """Return the cookies that `read` makes of fields; one that cannot be read is skipped."""
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
                # A server removes a cookie by sending it expired.
                self._take_back(cookie)
            else:
                cookies.append(cookie)
        return cookies

    # The same in the steps of the standard library, which programs override or call. A set of
    # attributes is a list of pairs: a cookie's name and value, then its attributes, as
    # `parse_ns_headers` returns them.

    def _normalized_cookie_tuples(self, attrs_set: Iterable[Any]) -> list[tuple[Any, ...]]:
        """Return (name, value, known attributes, others) for each cookie that can be read."""
        tuples = []
        for (name, value), *attributes in attrs_set:
            sorted_attributes = sorted_out(attributes)
            if sorted_attributes is None:
                continue
            known, others = sorted_attributes
            if "max-age" in known:
                try:
                    known["expires"] = self._now + int(known.pop("max-age"))
                except ValueError as error:
                    trace("   not a cookie: %s", error)
                    continue
            tuples.append((name, value, known, others))
        return tuples

    def _cookie_from_cookie_tuple(self, tup: tuple[Any, ...], request: Request) -> Cookie | None:
        """Return the cookie of a tuple, None if it is expired or cannot be read.

        An expired one removes the cookie with its domain, path and name.
        """
        name, value, known, others = tup
        try:
            cookie = cookie_said(name, value, understood(known, others), request, self._now)
        except (ValueError, OverflowError) as error:
            trace("   not a cookie: %s", error)
            return None
        if cookie.expires is not None and cookie.expires <= self._now:
            self._take_back(cookie)
            return None
        return cookie

    def _cookies_from_attrs_set(self, attrs_set: Iterable[Any], request: Request) -> list[Cookie]:
        """Return the cookies of sets of attributes, without expired and unreadable ones."""
        made = [
            self._cookie_from_cookie_tuple(tup, request)
            for tup in self._normalized_cookie_tuples(attrs_set)
        ]
        return [cookie for cookie in made if cookie]

    _READ_STEPS = Bypassed(
        *("_cookies_from_attrs_set", "_normalized_cookie_tuples", "_cookie_from_cookie_tuple")
    )

    def _read_in_steps(
        self, fields: list[Any], parse: Callable[[Any], Any], request: Request
    ) -> list[Cookie]:
        try:
            return list(self._cookies_from_attrs_set(parse(fields), request))
        except Exception:
            # An error of a program's own method is a warning, as in the standard library.
            warn_unhandled_exception()
            return []

    def _process_rfc2109_cookies(self, cookies: Iterable[Cookie]) -> None:
        """Turn version 1 cookies of Set-Cookie into Netscape's, if the policy says so."""
        for cookie in cookies:
            if cookie.version == 1:
                as_netscape = getattr(self._policy, "rfc2109_as_netscape", None)
                if as_netscape is None:
                    as_netscape = not self._policy.rfc2965
                cookie.rfc2109 = True
                if as_netscape:
                    cookie.version = 0

    def make_cookies(self, response: Response, request: Request) -> list[Cookie]:
        """Return the cookies that the response to `request` sets, without storing them.

        `response` has a method `info` that returns an `email.message.Message`. A cookie that cannot
        be read is skipped. The policy is not asked; but an expired cookie, if the policy leaves
        the reading to the jar, removes the stored one with its domain, path and name.
        """
        fields = response.info()
        trace("extract_cookies: %s", fields)
        self._policy._now = self._now = int(time.time())
        if (read := getattr(self._policy, "read_set_cookie", None)) is not None:
            made = [read(str(field), request) for field in fields.get_all("Set-Cookie", ()) or ()]
            return [cookie for cookie in made if cookie is not None]
        in_one_step = parse_ns_headers in _OUR_PARSERS and _steps_are_ours(self)
        older: list[Cookie] = []
        if self._policy.netscape and (found := fields.get_all("Set-Cookie", [])):
            if in_one_step:
                older = self._read(found, cookie_of_field, request)
            else:
                older = self._read_in_steps(found, parse_ns_headers, request)
            self._process_rfc2109_cookies(older)
        if not self._policy.rfc2965:
            return older
        found = fields.get_all("Set-Cookie2", []) or []
        if in_one_step:
            cookies = self._read(split_header_words(found), cookie_of_words, request)
        else:
            cookies = self._read_in_steps(found, split_header_words, request)
        # Of a cookie that is in both fields, Set-Cookie2's counts: RFC 2965 section 3.3.1.
        there = {(cookie.domain, cookie.path, cookie.name) for cookie in cookies}
        return cookies + [
            cookie for cookie in older if (cookie.domain, cookie.path, cookie.name) not in there
        ]

    def set_cookie_if_ok(self, cookie: Cookie, request: Request) -> None:
        """Store a cookie of the response to `request` if the policy agrees.

        An expired cookie removes the one with its domain, path and name.
        """
        lock = acquired(self._cookies_lock)
        try:
            self._policy._now = self._now = int(time.time())
            if self._agrees(cookie, request):
                self._store_locked(cookie)
        finally:
            lock.release()

    def extract_cookies(self, response: Response, request: Request) -> None:
        """Store the cookies of the response to `request` that the policy agrees to."""
        lock = acquired(self._cookies_lock)
        try:
            for cookie in self.make_cookies(response, request):
                if not self._agrees(cookie, request):
                    continue
                if cookie.expires is not None and cookie.expires <= self._now:
                    # This is how a server removes the cookie with its domain, path and name.
                    self._take_back(cookie)
                else:
                    self._store_locked(cookie)
        finally:
            lock.release()

    _PUT = Bypassed("set_cookie")

    def _agrees(self, cookie: Cookie, request: Request) -> bool:
        """Return whether the policy takes a cookie of the response to `request`."""
        policy = self._policy
        if not policy.set_ok(cookie, request):
            return False
        beside = getattr(policy, "set_ok_beside", None)
        if beside is not None and not beside(cookie, request, self):
            return False
        trace(" setting cookie: %s", cookie)
        return True

    def _store_locked(self, cookie: Cookie) -> None:
        if _put_is_ours(self):
            # Without `set_cookie`: a shared jar would begin a step within this one.
            self._put_locked(cookie)
        else:
            self.set_cookie(cookie)


def _first_stamp(by_path: dict[str, dict[str, Cookie]]) -> float:
    """Return when the first cookie of a domain was stored, in seconds since 1970."""
    for by_name in by_path.values():
        for cookie in by_name.values():
            return cookie.creation_time or 0.0
    return 0.0


# Names of the module: they are asked for with every request or response.
_domain_rule_is_ours = DefaultCookiePolicy._DOMAIN_RULE.left_alone
_path_rule_is_ours = DefaultCookiePolicy._PATH_RULE.left_alone
_look_up_is_ours = CookieJar._LOOK_UP.left_alone
_sweep_is_ours = CookieJar._SWEEP.left_alone
_steps_are_ours = CookieJar._READ_STEPS.left_alone
_put_is_ours = CookieJar._PUT.left_alone
# In a set, where `public` does not replace it.
_OUR_PARSERS = frozenset({parse_ns_headers})
