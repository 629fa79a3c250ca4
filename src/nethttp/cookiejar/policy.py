"""Policies: which cookies a jar stores and sends, by the rules of Netscape and RFC 2965."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from ..overrides import Bypassed
from .cookie import Cookie
from .domains import (
    COUNTRY_SECOND_LEVEL,
    domain_match,
    eff_request_host,
    is_address,
    is_label_suffix,
    is_third_party,
    path_matches,
    request_path,
    request_port,
    user_domain_match,
)
from .messages import Request
from .trace import trace

__all__ = ["CookiePolicy", "DefaultCookiePolicy", "DomainLists", "Extensions"]


class CookiePolicy:
    """The methods by which a `CookieJar` asks for decisions; a subclass overrides the first two.

    `netscape` and `rfc2965` say which protocols are spoken; with `hide_cookie2` no request has a
    Cookie2 field. A jar sets `_now`, in seconds since 1970, before it asks.
    """

    netscape: bool = True
    rfc2965: bool = False
    hide_cookie2: bool = False
    max_cookies: int | None = None
    """Most cookies that a jar keeps; None: no bound."""
    max_cookies_per_domain: int | None = None
    """Most cookies with one domain that a jar keeps; None: no bound."""
    _now: int = 0

    def set_ok(self, cookie: Cookie, request: Request) -> bool:
        """Return whether a cookie of the response to `request` may be stored."""
        raise NotImplementedError

    def return_ok(self, cookie: Cookie, request: Request) -> bool:
        """Return whether a cookie may be sent with `request`."""
        raise NotImplementedError

    def domain_return_ok(self, domain: str, request: Request) -> bool:
        """Return False if no cookie of `domain` may be sent with `request`."""
        return True

    def path_return_ok(self, path: str, request: Request) -> bool:
        """Return False if no cookie of `path` may be sent with `request`."""
        return True


class Extensions(Protocol):
    """What a policy may have beside a `CookiePolicy`'s methods, as `RFC6265Policy` does.

    A jar looks each of these up by its name whenever it needs it: the policy, and what it has, may
    be replaced at any time. Each counts alone; without it the jar does as the standard library's.
    """

    max_cookies: int | None
    max_cookies_per_domain: int | None
    rfc2109_as_netscape: bool | None
    """Whether a version 1 cookie of Set-Cookie is treated as Netscape's; None: unless `rfc2965`."""

    def read_set_cookie(self, field: str, request: Request) -> Cookie | None:
        """Return the cookie of a Set-Cookie field, expired or not; None if there is none."""

    def set_ok_beside(self, cookie: Cookie, request: Request, store: Any) -> bool:
        """Return whether a cookie that `set_ok` accepts may be stored beside those in `store`."""

    def cookies_for(self, request: Request, store: Any) -> list[Cookie]:
        """Return the cookies of `store` to send with a request; `return_ok` is not asked then."""

    def site_of(self, host: str) -> str:
        """Return the registrable domain of a host; only needed for `CookieStore.levels_of_site`."""


class DomainLists:
    """A block list and an allow list of domains, for policies.

    An entry that begins with a dot means every host below it, any other only itself. Without an
    allow list (None) all domains are allowed; a blocked domain is refused even if it is allowed.
    """

    def __init__(
        self, blocked_domains: Iterable[str] | None, allowed_domains: Iterable[str] | None
    ) -> None:
        self._blocked_domains = tuple(blocked_domains or ())
        self._allowed_domains: tuple[str, ...] | None = None
        self.set_allowed_domains(allowed_domains)

    def blocked_domains(self) -> tuple[str, ...]:
        """Return the block list: domains whose cookies are neither stored nor sent."""
        return self._blocked_domains

    def set_blocked_domains(self, blocked_domains: Iterable[str]) -> None:
        """Replace the block list."""
        self._blocked_domains = tuple(blocked_domains)

    def is_blocked(self, domain: str) -> bool:
        """Return whether `domain` is on the block list."""
        if not self._blocked_domains:
            return False
        return any(user_domain_match(domain, blocked) for blocked in self._blocked_domains)

    def allowed_domains(self) -> tuple[str, ...] | None:
        """Return the allow list: the only domains whose cookies are used; None: all are."""
        return self._allowed_domains

    def set_allowed_domains(self, allowed_domains: Iterable[str] | None) -> None:
        """Replace the allow list; None allows all domains."""
        self._allowed_domains = None if allowed_domains is None else tuple(allowed_domains)

    def is_not_allowed(self, domain: str) -> bool:
        """Return whether there is an allow list and `domain` is not on it."""
        if self._allowed_domains is None:
            return False
        return not any(user_domain_match(domain, allowed) for allowed in self._allowed_domains)

    def _is_barred(self, domain: str) -> bool:
        if self.is_blocked(domain):
            trace("   domain %s is in user block-list", domain)
            return True
        if self.is_not_allowed(domain):
            trace("   domain %s is not in user allow-list", domain)
            return True
        return False


class DefaultCookiePolicy(DomainLists, CookiePolicy):
    """The standard library's policy: Netscape's cookies, and with `rfc2965` those of RFC 2965.

    Each rule is a method `set_ok_...` or `return_ok_...`, for subclasses to override. The options
    `strict_...` turn on rules that many servers break; `strict_ns_domain` is a sum of the constants
    `Domain...`. `secure_protocols` are the URL schemes that a Secure cookie is sent by.

    >>> policy = DefaultCookiePolicy(blocked_domains=["ads.example", ".ads.example"])
    >>> policy.is_blocked("ads.example"), policy.is_blocked("www.ads.example")
    (True, True)
    """

    DomainStrictNoDots = 1
    DomainStrictNonDomain = 2
    DomainRFC2965Match = 4

    DomainLiberal = 0
    DomainStrict = DomainStrictNoDots | DomainStrictNonDomain

    def __init__(
        self,
        blocked_domains: Iterable[str] | None = None,
        allowed_domains: Iterable[str] | None = None,
        netscape: bool = True,
        rfc2965: bool = False,
        rfc2109_as_netscape: bool | None = None,
        hide_cookie2: bool = False,
        strict_domain: bool = False,
        strict_rfc2965_unverifiable: bool = True,
        strict_ns_unverifiable: bool = False,
        strict_ns_domain: int = DomainLiberal,
        strict_ns_set_initial_dollar: bool = False,
        strict_ns_set_path: bool = False,
        secure_protocols: Sequence[str] = ("https", "wss"),
    ) -> None:
        DomainLists.__init__(self, blocked_domains, allowed_domains)
        self.netscape = netscape
        self.rfc2965 = rfc2965
        self.rfc2109_as_netscape = rfc2109_as_netscape
        self.hide_cookie2 = hide_cookie2
        self.strict_domain = strict_domain
        self.strict_rfc2965_unverifiable = strict_rfc2965_unverifiable
        self.strict_ns_unverifiable = strict_ns_unverifiable
        self.strict_ns_domain = strict_ns_domain
        self.strict_ns_set_initial_dollar = strict_ns_set_initial_dollar
        self.strict_ns_set_path = strict_ns_set_path
        self.secure_protocols = secure_protocols

    # --- storing ---

    def set_ok(self, cookie: Cookie, request: Request) -> bool:
        """Return whether a cookie may be stored: every ``set_ok_...`` must agree."""
        trace(" - checking cookie %s=%s", cookie.name, cookie.value)
        assert cookie.name is not None
        return (
            self.set_ok_version(cookie, request)
            and self.set_ok_verifiability(cookie, request)
            and self.set_ok_name(cookie, request)
            and self.set_ok_path(cookie, request)
            and self.set_ok_domain(cookie, request)
            and self.set_ok_port(cookie, request)
        )

    def set_ok_version(self, cookie: Cookie, request: Request) -> bool:
        """Return whether the policy speaks the protocol of the cookie's version."""
        if cookie.version == 0 and self.netscape:
            return True
        if cookie.version is None:
            trace("   Set-Cookie2 without version attribute (%s=%s)", cookie.name, cookie.value)
            return False
        return self._speaks(cookie)

    def _speaks(self, cookie: Cookie) -> bool:
        if cookie.version and cookie.version < 0:
            trace("   negative version attribute (%s=%s)", cookie.name, cookie.value)
            return False
        if cookie.version and cookie.version > 0 and not self.rfc2965:
            trace("   RFC 2965 cookies are switched off")
            return False
        if cookie.version == 0 and not self.netscape:
            trace("   Netscape cookies are switched off")
            return False
        return True

    def set_ok_verifiability(self, cookie: Cookie, request: Request) -> bool:
        """Return False for a third party's unverifiable request, where the policy is strict."""
        return not request.unverifiable or self._verifiable(cookie, request)

    def _verifiable(self, cookie: Cookie, request: Request) -> bool:
        if is_third_party(request):
            modern = (cookie.version or 0) > 0
            strict = self.strict_rfc2965_unverifiable if modern else self.strict_ns_unverifiable
            if strict:
                trace("   third-party cookie during unverifiable transaction")
                return False
        return True

    def set_ok_name(self, cookie: Cookie, request: Request) -> bool:
        """Return False for a Netscape cookie whose name begins with "$", if the policy forbids it.

        RFC 2965 has such names for attributes; the option is `strict_ns_set_initial_dollar`.
        """
        if (
            self.strict_ns_set_initial_dollar
            and cookie.version == 0
            and cookie.name.startswith("$")
        ):
            trace("   illegal name (starts with '$'): '%s'", cookie.name)
            return False
        return True

    def set_ok_path(self, cookie: Cookie, request: Request) -> bool:
        """Return whether the cookie's path is a prefix of the request's, where that is asked for.

        It is for RFC 2965's cookies, and with `strict_ns_set_path` for Netscape's.
        """
        if not cookie.path_specified:
            return True
        strict = (cookie.version or 0) > 0 or (cookie.version == 0 and self.strict_ns_set_path)
        if strict and not self.path_return_ok(cookie.path, request):
            trace("   path attribute %s is not a prefix of request path", cookie.path)
            return False
        return True

    def set_ok_domain(self, cookie: Cookie, request: Request) -> bool:
        """Return whether the request's host may set a cookie for the cookie's domain."""
        if self.is_blocked(cookie.domain) or self.is_not_allowed(cookie.domain):
            trace("   domain %s is not wanted by the user", cookie.domain)
            return False
        if not cookie.domain_specified:
            return True
        host, effective = eff_request_host(request)
        domain = cookie.domain
        bare = domain.removeprefix(".")
        if self.strict_domain and self._is_country_second_level(domain):
            trace("   country-code second level domain %s", domain)
            return False
        if "." not in bare and bare not in ("local", host):
            trace("   non-local domain %s contains no embedded dot", domain)
            return False
        if cookie.version == 0:
            if bare != host and not is_label_suffix(effective, domain):
                trace("   effective request-host %s does not end with %s", effective, domain)
                return False
            if not self.strict_ns_domain:
                return True
        modern = (cookie.version or 0) > 0
        if (modern or self.strict_ns_domain & self.DomainRFC2965Match) and not domain_match(
            effective, domain
        ):
            trace("   effective request-host %s does not domain-match %s", effective, domain)
            return False
        if modern or self.strict_ns_domain & self.DomainStrictNoDots:
            prefix = host[: -len(domain)]
            if "." in prefix and not is_address(host):
                trace("   host prefix %s for domain %s contains a dot", prefix, domain)
                return False
        return True

    @staticmethod
    def _is_country_second_level(domain: str) -> bool:
        labels = domain.split(".")
        return (
            len(labels) == 3
            and not labels[0]
            and len(labels[2]) == 2
            and labels[1].lower() in COUNTRY_SECOND_LEVEL
        )

    def set_ok_port(self, cookie: Cookie, request: Request) -> bool:
        """Return whether the request's port is one of the cookie's, if the server named any."""
        if not cookie.port_specified or cookie.port is None:
            return True
        ports = cookie.port.split(",")
        if not all(port.isascii() and port.isdigit() for port in ports):
            trace("   bad port %s (not numeric)", cookie.port)
            return False
        return (request_port(request) or "80") in ports

    # --- sending ---

    def return_ok(self, cookie: Cookie, request: Request) -> bool:
        """Return whether a cookie may be sent: every ``return_ok_...`` must agree.

        A jar calls it only where `domain_return_ok` and `path_return_ok` return True.
        """
        trace(" - checking cookie %s=%s", cookie.name, cookie.value)
        return (
            self.return_ok_version(cookie, request)
            and self.return_ok_verifiability(cookie, request)
            and self.return_ok_secure(cookie, request)
            and self.return_ok_expires(cookie, request)
            and self.return_ok_port(cookie, request)
            and self.return_ok_domain(cookie, request)
        )

    def return_ok_version(self, cookie: Cookie, request: Request) -> bool:
        """Return whether the policy speaks the protocol of the cookie's version."""
        return (cookie.version == 0 and self.netscape) or self._speaks(cookie)

    def return_ok_verifiability(self, cookie: Cookie, request: Request) -> bool:
        """Return False for a third party's unverifiable request, where the policy is strict."""
        return not request.unverifiable or self._verifiable(cookie, request)

    def return_ok_secure(self, cookie: Cookie, request: Request) -> bool:
        """Return False for a Secure cookie if the request's scheme is not a secure one."""
        return not cookie.secure or request.type in self.secure_protocols

    def return_ok_expires(self, cookie: Cookie, request: Request) -> bool:
        """Return whether the cookie has not expired."""
        return not cookie.is_expired(self._now)

    def return_ok_port(self, cookie: Cookie, request: Request) -> bool:
        """Return whether the request's port is one of the cookie's, if it has any."""
        return not cookie.port or (request_port(request) or "80") in cookie.port.split(",")

    def return_ok_domain(self, cookie: Cookie, request: Request) -> bool:
        """Return whether the cookie's domain includes the request's host."""
        host, effective = eff_request_host(request)
        domain = cookie.domain
        if (
            cookie.version == 0
            and self.strict_ns_domain & self.DomainStrictNonDomain
            and not cookie.domain_specified
            and domain != effective
        ):
            trace("   cookie with unspecified domain does not string-compare equal")
            return False
        if cookie.version and cookie.version > 0:
            return domain_match(effective, domain)
        # `host` too: "localhost" is "localhost.local" in full.
        return not domain or is_label_suffix(effective, domain) or is_label_suffix(host, domain)

    # A jar need not ask these for domains and paths that they would refuse.
    _DOMAIN_RULE = Bypassed("domain_return_ok")
    _PATH_RULE = Bypassed("path_return_ok")

    def domain_return_ok(self, domain: str, request: Request) -> bool:
        """Return False if no cookie of `domain` may be sent with `request`."""
        host, effective = eff_request_host(request)
        # A cookie with an empty domain, which only programs make, is sent everywhere.
        if domain and not (is_label_suffix(host, domain) or is_label_suffix(effective, domain)):
            return False
        return not self._is_barred(domain)

    def path_return_ok(self, path: str, request: Request) -> bool:
        """Return whether `path` is a prefix of the request's by whole segments."""
        return path_matches(request_path(request), path)
