"""`CookieJar`: takes cookies from responses, and gives each request those that belong to it.

How cookies are kept is `store`'s business. A request is answered by asking for the few domains that
its host has, not by walking all that are there.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

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
    """A collection of cookies; `policy` decides which it takes and gives.

    `policy` may be replaced at any time.
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
        """Replace the policy."""
        lock = acquired(self._cookies_lock)
        try:
            self._policy = policy
            # Which hosts are of one site, a policy says.
            self._synced_locked().sites = None
        finally:
            lock.release()

    # --- giving ---

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
        """Return the cookies to send with a request."""
        if (retrieve := getattr(self._policy, "cookies_for", None)) is not None:
            found: list[Cookie] = retrieve(request, self)
            return found
        cookies: list[Cookie] = []
        for domain in self._candidate_domains(request):
            cookies += self._cookies_for_domain(domain, request)
        return cookies

    def _candidate_domains(self, request: Request) -> list[str]:
        """Return the domains with cookies that the policy can be expected to agree to."""
        if not (
            _is(self._policy.domain_return_ok, _DOMAIN_RULE)
            and _is(self._cookies_for_domain, _LOOK_UP)
        ):
            # What is the program's own may agree to any.
            return list(self._cookies)
        wanted = dict.fromkeys(
            # A cookie without a domain, which programs alone make, goes everywhere.
            ["", *(domain for host in eff_request_host(request) for domain in suffixes(host))]
        )
        found = [domain for domain in wanted if domain in self._cookies]
        if len(found) > 1:
            # In the order they came in, as a walk over all would find them.
            found.sort(key=lambda domain: _first_stamp(self._cookies[domain]))
        return found

    def _candidate_paths(self, by_path: dict[str, Any], request: Request) -> list[str]:
        """Return the paths with cookies that the policy can be expected to agree to."""
        if not _is(self._policy.path_return_ok, _PATH_RULE):
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

    def add_cookie_header(self, request: Request) -> None:
        """Add to `request` the Cookie field that it should have.

        `request` is a `urllib.request.Request` or has its methods: `get_full_url`, `has_header`,
        `get_header`, `add_unredirected_header`, and its `type`, `host`, `unverifiable`,
        `origin_req_host`.
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
                # To the server: this client knows version 1.
                request.add_unredirected_header("Cookie2", '$Version="1"')
            sweep = getattr(self.clear_expired_cookies, "__func__", None)
            if sweep in self._own:
                self._expire_locked(self._now)
        finally:
            lock.release()
        if sweep not in self._own:
            self.clear_expired_cookies()

    # --- taking ---

    def _read(
        self,
        fields: Iterable[Any],
        read: Callable[[Any, Any, int], Cookie | None],
        request: Request,
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
                self._take_back(cookie)
            else:
                cookies.append(cookie)
        return cookies

    # The same in the steps that programs override or call. A set of attributes is a cookie's name
    # and value, and then its attributes, as `parse_ns_headers` gives them.

    def _normalized_cookie_tuples(self, attrs_set: Iterable[Any]) -> list[tuple[Any, ...]]:
        """Return (name, value, known attributes, others) of cookies that can be read."""
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
        """Return the cookie of a tuple, None for one that takes another back or is none."""
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
        """Return the cookies of sets of attributes."""
        made = [
            self._cookie_from_cookie_tuple(tup, request)
            for tup in self._normalized_cookie_tuples(attrs_set)
        ]
        return [cookie for cookie in made if cookie]

    def _reads_in_one_step(self) -> bool:
        """Return whether a program has left alone what reads cookies in steps."""
        of_set, tuples, of_tuple = _steps_of(self)
        try:
            return (
                of_set.__func__ is _COOKIES_OF_SET
                and tuples.__func__ is _TUPLES
                and of_tuple.__func__ is _COOKIE_OF_TUPLE
                and parse_ns_headers in _PARSES
            )
        except AttributeError:
            return False

    def _read_in_steps(
        self, fields: list[Any], parse: Callable[[Any], Any], request: Request
    ) -> list[Cookie]:
        try:
            return list(self._cookies_from_attrs_set(parse(fields), request))
        except Exception:
            # What a program's own method raises costs the caller nothing, as in the stdlib.
            warn_unhandled_exception()
            return []

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

    def make_cookies(self, response: Response, request: Request) -> list[Cookie]:
        """Return the cookies that a response sets; one that cannot be read costs no other.

        `response` has a method `info` that gives an `email.message.Message`.
        """
        fields = response.info()
        trace("extract_cookies: %s", fields)
        self._policy._now = self._now = int(time.time())
        if (read := getattr(self._policy, "read_set_cookie", None)) is not None:
            made = [read(str(field), request) for field in fields.get_all("Set-Cookie", ()) or ()]
            return [cookie for cookie in made if cookie is not None]
        in_one_step = self._reads_in_one_step()
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
        # A cookie that came in both forms is the modern one.
        there = {(cookie.domain, cookie.path, cookie.name) for cookie in cookies}
        return cookies + [
            cookie for cookie in older if (cookie.domain, cookie.path, cookie.name) not in there
        ]

    def set_cookie_if_ok(self, cookie: Cookie, request: Request) -> None:
        """Keep a cookie if the policy says so."""
        lock = acquired(self._cookies_lock)
        try:
            self._policy._now = self._now = int(time.time())
            self._take_locked(cookie, request)
        finally:
            lock.release()

    def extract_cookies(self, response: Response, request: Request) -> None:
        """Keep the cookies of a response that the policy agrees to."""
        lock = acquired(self._cookies_lock)
        try:
            for cookie in self.make_cookies(response, request):
                self._take_locked(cookie, request)
        finally:
            lock.release()

    def _take_locked(self, cookie: Cookie, request: Request) -> None:
        """Store a cookie of the response to `request` if the policy agrees.

        An expired one is how a server removes the cookie with its domain, path and name.
        """
        policy = self._policy
        if not policy.set_ok(cookie, request):
            return
        beside = getattr(policy, "set_ok_beside", None)
        if beside is not None and not beside(cookie, request, self):
            return
        trace(" setting cookie: %s", cookie)
        if cookie.expires is not None and cookie.expires <= self._now:
            self._take_back(cookie)
        elif getattr(self.set_cookie, "__func__", None) in self._own:
            # The step has begun: `set_cookie` would begin another.
            self._put_locked(cookie)
        else:
            self.set_cookie(cookie)


def _first_stamp(by_path: dict[str, dict[str, Cookie]]) -> float:
    """Return when the first cookie of a domain was taken."""
    for by_name in by_path.values():
        for cookie in by_name.values():
            return cookie.creation_time or 0.0
    return 0.0


# Every request and response asks whether these are left alone, and `Originals` takes 1 us for it.


def _is(method: Any, function: Any) -> bool:
    """Return whether a bound method is `function` of its class, and none of a program's own."""
    return getattr(method, "__func__", None) is function


_DOMAIN_RULE = DefaultCookiePolicy.domain_return_ok
_PATH_RULE = DefaultCookiePolicy.path_return_ok
_LOOK_UP = CookieJar._cookies_for_domain
_COOKIES_OF_SET = CookieJar._cookies_from_attrs_set
_TUPLES = CookieJar._normalized_cookie_tuples
_COOKIE_OF_TUPLE = CookieJar._cookie_from_cookie_tuple
_steps_of: Callable[[CookieJar], tuple[Any, Any, Any]] = attrgetter(
    "_cookies_from_attrs_set", "_normalized_cookie_tuples", "_cookie_from_cookie_tuple"
)
_PARSES = frozenset({parse_ns_headers})
