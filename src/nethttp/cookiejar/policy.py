"""Which cookies a jar takes and gives: the rules of Netscape and RFC 2965, each a method."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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

__all__ = ["CookiePolicy", "DefaultCookiePolicy"]


class CookiePolicy:
    """What a `CookieJar` asks. Subclasses decide; the class attributes say which protocols."""

    netscape: bool = True
    rfc2965: bool = False
    hide_cookie2: bool = False
    max_cookies: int | None = None
    """How many cookies a jar keeps; None: no bound."""
    max_cookies_per_domain: int | None = None
    """How many of them may have one domain; None: no bound."""
    _now: int = 0

    def set_ok(self, cookie: Cookie, request: Request) -> bool:
        """Return whether a cookie that came with the response to `request` is to be kept."""
        raise NotImplementedError

    def return_ok(self, cookie: Cookie, request: Request) -> bool:
        """Return whether a cookie is to be sent with `request`."""
        raise NotImplementedError

    def domain_return_ok(self, domain: str, request: Request) -> bool:
        """Return False if no cookie of `domain` is to be sent with `request`."""
        return True

    def path_return_ok(self, path: str, request: Request) -> bool:
        """Return False if no cookie of `path` is to be sent with `request`."""
        return True


class DomainLists:
    """Which domains a program wants no cookies of, or the only ones it wants any of."""

    def __init__(
        self, blocked_domains: Iterable[str] | None, allowed_domains: Iterable[str] | None
    ) -> None:
        self._blocked_domains = tuple(blocked_domains or ())
        self._allowed_domains: tuple[str, ...] | None = None
        self.set_allowed_domains(allowed_domains)

    def blocked_domains(self) -> tuple[str, ...]:
        """Return the domains whose cookies are neither taken nor given."""
        return self._blocked_domains

    def set_blocked_domains(self, blocked_domains: Iterable[str]) -> None:
        """Replace them."""
        self._blocked_domains = tuple(blocked_domains)

    def is_blocked(self, domain: str) -> bool:
        """Return whether `domain` is one of them."""
        if not self._blocked_domains:
            return False
        return any(user_domain_match(domain, blocked) for blocked in self._blocked_domains)

    def allowed_domains(self) -> tuple[str, ...] | None:
        """Return the only domains whose cookies are taken and given, None if all are."""
        return self._allowed_domains

    def set_allowed_domains(self, allowed_domains: Iterable[str] | None) -> None:
        """Replace them."""
        self._allowed_domains = None if allowed_domains is None else tuple(allowed_domains)

    def is_not_allowed(self, domain: str) -> bool:
        """Return whether there are such domains, and `domain` is none of them."""
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
    """Takes Netscape cookies, and RFC 2965's if asked to, as the documented options say.

    The `strict_...` options turn rules on that most servers of their time broke.
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

    # --- taking ---

    def set_ok(self, cookie: Cookie, request: Request) -> bool:
        """Return whether to keep a cookie: every ``set_ok_...`` must agree."""
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
        """Return whether cookies of this version are taken."""
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
        """Return whether a third party may set it."""
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
        """Return whether the name is none of RFC 2965's own."""
        if (
            self.strict_ns_set_initial_dollar
            and cookie.version == 0
            and cookie.name.startswith("$")
        ):
            trace("   illegal name (starts with '$'): '%s'", cookie.name)
            return False
        return True

    def set_ok_path(self, cookie: Cookie, request: Request) -> bool:
        """Return whether the path is one of the request's."""
        if not cookie.path_specified:
            return True
        strict = (cookie.version or 0) > 0 or (cookie.version == 0 and self.strict_ns_set_path)
        if strict and not self.path_return_ok(cookie.path, request):
            trace("   path attribute %s is not a prefix of request path", cookie.path)
            return False
        return True

    def set_ok_domain(self, cookie: Cookie, request: Request) -> bool:
        """Return whether the domain is one of the request's host."""
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
        """Return whether the request's port is among the cookie's."""
        if not cookie.port_specified or cookie.port is None:
            return True
        ports = cookie.port.split(",")
        if not all(port.isascii() and port.isdigit() for port in ports):
            trace("   bad port %s (not numeric)", cookie.port)
            return False
        return (request_port(request) or "80") in ports

    # --- giving ---

    def return_ok(self, cookie: Cookie, request: Request) -> bool:
        """Return whether to send a cookie: every ``return_ok_...`` must agree.

        `domain_return_ok` and `path_return_ok` have been asked before.
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
        """Return whether cookies of this version are given."""
        return (cookie.version == 0 and self.netscape) or self._speaks(cookie)

    def return_ok_verifiability(self, cookie: Cookie, request: Request) -> bool:
        """Return whether a third party may have it."""
        return not request.unverifiable or self._verifiable(cookie, request)

    def return_ok_secure(self, cookie: Cookie, request: Request) -> bool:
        """Return whether the request is as safe as the cookie asks."""
        return not cookie.secure or request.type in self.secure_protocols

    def return_ok_expires(self, cookie: Cookie, request: Request) -> bool:
        """Return whether the cookie's time is not over."""
        return not cookie.is_expired(self._now)

    def return_ok_port(self, cookie: Cookie, request: Request) -> bool:
        """Return whether the request's port is among the cookie's."""
        return not cookie.port or (request_port(request) or "80") in cookie.port.split(",")

    def return_ok_domain(self, cookie: Cookie, request: Request) -> bool:
        """Return whether the request's host is one of the cookie's."""
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

    def domain_return_ok(self, domain: str, request: Request) -> bool:
        """Return False if no cookie of `domain` is to be sent with `request`."""
        host, effective = eff_request_host(request)
        # A cookie without a domain, which programs alone make, goes everywhere.
        if domain and not (is_label_suffix(host, domain) or is_label_suffix(effective, domain)):
            return False
        return not self._is_barred(domain)

    def path_return_ok(self, path: str, request: Request) -> bool:
        """Return whether `path` is the request's, or leads to it by whole segments."""
        return path_matches(request_path(request), path)
