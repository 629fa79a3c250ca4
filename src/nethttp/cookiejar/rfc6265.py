"""`RFC6265Policy`: cookies as browsers store and send them.

The steps are those of RFC 6265bis sections 5.7 (storage) and 5.8 (retrieval), with their numbers.
Where the standard leaves a choice, the class says which one it makes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from ..cookies.setcookie import MAX_AGE, MAX_PAIR, SetCookie, breaks_its_prefix, octets
from ..overrides import Bypassed
from .cookie import Cookie
from .domains import default_path, domain_matches, is_address, path_matches, split_url, suffixes
from .messages import Request, SiteContext
from .policy import CookiePolicy, DomainLists
from .public_suffix import Sites
from .store import CookieStore
from .trace import trace

__all__ = ["RFC6265Policy"]

#: The scheme of a bare host, which is split as a URL is.
_NO_SCHEME = "host"

#: RFC 9110 section 9.2.1
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class Target(NamedTuple):
    """Where a request is sent, and from which page: all that its cookies depend on."""

    host: str
    path: str
    secure: bool
    same_site: bool
    lax: bool
    navigation: bool
    partition: str


def _split_canonical(url: str) -> tuple[str, str, str]:
    """Return scheme, canonical host (RFC 6265bis section 5.1.2) and path of a URL or a host."""
    scheme, host, path = split_url(url if "//" in url else f"{_NO_SCHEME}://{url}")
    if host.startswith("["):
        host = _canonical_literal(host)
    elif not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            pass  # The DNS has no such name; it matches itself.
    return "" if scheme == _NO_SCHEME else scheme, host, path if path.startswith("/") else "/"


def _canonical_literal(host: str) -> str:
    """Return an IPv6 address in brackets in its canonical form (RFC 5952)."""
    import ipaddress  # start-up: few hosts are addresses

    try:
        return f"[{ipaddress.IPv6Address(host[1:-1]).compressed}]"
    except ValueError:
        return host.lower()


def _method_of(request: Any) -> str:
    # Without a method: not one of the safe ones.
    return str(request.get_method()) if hasattr(request, "get_method") else ""


def _is_local(host: str) -> bool:
    """Return whether `host` is this machine, which is trusted as if by TLS."""
    return (
        host == "localhost"
        or host.endswith(".localhost")
        or host == "[::1]"
        or (host.startswith("127.") and is_address(host))
    )


class RFC6265Policy(DomainLists, CookiePolicy):
    """Stores and sends cookies as browsers do: RFC 6265bis, and partitioned cookies (CHIPS).

    `public_suffixes` returns the public suffix of a host; the default asks the library
    `publicsuffixlist`, and where it is not installed uses a rule that errs on the safe side.
    `max_cookies` is the most that a jar keeps, `max_cookies_per_domain` the most with one domain
    (and one partition); None: no bound. `max_age` is the most seconds that a cookie lasts. Requests
    whose URL has one of the schemes `secure_protocols` are secure, and with `trust_localhost` those
    to this machine. Cookies of `blocked_domains`, and with `allowed_domains` those of all other
    domains, are neither stored nor sent.

    For a request without a `SiteContext`, the attributes of `urllib.request.Request` decide. A
    request that is not `unverifiable`, or that follows a redirect, counts as a navigation that the
    page at `origin_req_host` started; any other counts as a part of that page.

    >>> import urllib.request
    >>> policy = RFC6265Policy()
    >>> request = urllib.request.Request("https://www.example.com/")
    >>> cookie = policy.read_set_cookie("id=7; Domain=com; Secure", request)
    >>> policy.set_ok(cookie, request)      # "com" is a public suffix
    False
    """

    hide_cookie2 = True

    def __init__(
        self,
        *,
        public_suffixes: Callable[[str], str] | None = None,
        max_cookies: int | None = 10_000,
        max_cookies_per_domain: int | None = 180,
        max_age: int = MAX_AGE,
        secure_protocols: Sequence[str] = ("https", "wss"),
        trust_localhost: bool = True,
        blocked_domains: Iterable[str] | None = None,
        allowed_domains: Iterable[str] | None = None,
    ) -> None:
        DomainLists.__init__(self, blocked_domains, allowed_domains)
        self.sites = Sites(public_suffixes)
        self.max_cookies = max_cookies
        self.max_cookies_per_domain = max_cookies_per_domain
        self.max_age = max_age
        self.secure_protocols = secure_protocols
        self.trust_localhost = trust_localhost
        self._asked_last: tuple[Any, Target | None] = None, None

    def site_of(self, host: str) -> str:
        """Return the registrable domain of a host, by which a jar finds the cookies of one site."""
        return self.sites.registrable_domain(host)

    # --- the request: RFC 6265bis section 5.2 ---

    def site_context(self, request: Request) -> SiteContext:
        """Return which page made a request, and for which page; programs may override it.

        It is the request's attribute `site_context` if there is one, else what the attributes of
        `urllib.request.Request` tell.
        """
        context = getattr(request, "site_context", None)
        if isinstance(context, SiteContext):
            return context
        origin = getattr(request, "origin_req_host", None) or None
        # urllib marks a redirected request as unverifiable; a redirected navigation still is one.
        if getattr(request, "unverifiable", False) and not hasattr(request, "redirect_dict"):
            return SiteContext(origin, origin)
        return SiteContext(origin)

    def target_of(self, request: Request) -> Target:
        """Return where a request is sent, and from which page; the last answer is kept."""
        initiator, top_level = self.site_context(request)
        facts = (
            *(request.get_full_url(), _method_of(request), initiator, top_level),
            *(self.secure_protocols, self.trust_localhost),
        )
        # Asked several times for each cookie of a response, always for one request.
        asked, target = self._asked_last
        if target is not None and asked == facts:
            return target
        scheme, host, path = _split_canonical(facts[0])
        if not host:
            # Only a request whose URL has no host needs `get_header`.
            asked_for_fields: Any = request
            host = _split_canonical(asked_for_fields.get_header("Host", "") or "")[1]
        own = self.sites.site(scheme, host)
        partition = own if top_level in (None, host) else self._site(top_level, scheme)
        target = Target(
            host,
            path,
            scheme in self.secure_protocols or (self.trust_localhost and _is_local(host)),
            partition == own
            and (initiator in (None, host) or self._site(initiator, scheme) == own),
            top_level is None and facts[1] in _SAFE_METHODS,
            top_level is None,
            partition,
        )
        if host:
            self._asked_last = facts, target
        return target

    def _site(self, url: Any, scheme: str) -> str:
        """Return the site of a URL, or of a bare host with the scheme `scheme`."""
        own_scheme, host, _ = _split_canonical(url)
        return self.sites.site(own_scheme or scheme, host)

    # --- storing: RFC 6265bis sections 5.6 and 5.7 ---

    def read_set_cookie(self, field: str, request: Request) -> Cookie | None:
        """Return the cookie of a Set-Cookie field of the response to `request`.

        None: user agents ignore the field (RFC 6265bis section 5.6). An expired cookie is returned:
        a server sends it to remove another.
        """
        now = time.time()
        parsed = SetCookie.parse(field, now=now)
        if parsed is None:
            trace("   no cookie: %s", field)
            return None
        target = self.target_of(request)
        domain = parsed.domain
        if domain == target.host and self.sites.is_public_suffix(domain):
            domain = None  # Step 9.1.1
        expires = parsed.expires
        if parsed.max_age is not None:
            # Step 6: Max-Age is stronger than Expires.
            expires = int(now) + parsed.max_age
        if expires is not None:
            expires = min(expires, int(now) + self.max_age)
        rest: dict[str, Any] = {}
        if parsed.http_only:
            rest["HttpOnly"] = None
        if parsed.same_site is not None:
            rest["SameSite"] = parsed.same_site
        if parsed.partitioned:
            rest["Partitioned"] = None
        return Cookie(
            0,
            parsed.name,
            parsed.value,
            None,
            False,
            target.host if domain is None else "." + domain,
            domain is not None,
            False,
            default_path(target.path) if parsed.path is None else parsed.path,
            parsed.path is not None,
            parsed.secure,
            expires,
            expires is None,
            None,
            None,
            rest,
            partition_key=target.partition if parsed.partitioned else None,
        )

    def set_ok(self, cookie: Cookie, request: Request) -> bool:
        """Return whether the response to `request` may set a cookie: RFC 6265bis section 5.7.

        The logger gets the reason for a refusal, see `nethttp.cookiejar.debug`.
        """
        refusal = self._refusal(Cookie.like(cookie), self.target_of(request))
        if refusal:
            trace("   %s=%s is not stored: %s", cookie.name, cookie.value, refusal)
        return not refusal

    def _refusal(self, cookie: Cookie, target: Target) -> str:
        """Return why a cookie may not be stored, "" if it may. RFC 6265bis section 5.7."""
        size = octets(cookie.name) + octets(cookie.value or "")
        if not 0 < size <= MAX_PAIR:
            return f"name and value have {size} octets (steps 2 and 4)"
        if self._is_barred(cookie.domain):
            return "its domain is not wanted"
        domain = cookie.domain.removeprefix(".")
        if cookie.host_only:
            if domain != target.host:
                return f"{target.host} is not its host"
        elif self.sites.is_public_suffix(domain):
            return f"{domain} is a public suffix (step 9)"
        elif not domain_matches(target.host, domain):
            return f"{target.host} is not in {domain} (step 10)"
        if cookie.secure:
            if not target.secure:
                return "Secure needs a secure connection (step 13)"
        elif cookie.same_site == "None":
            return "SameSite=None needs Secure (step 19)"
        if cookie.same_site != "None" and not (target.same_site or target.navigation):
            return "the request comes from another site (step 18)"
        return breaks_its_prefix(
            cookie.name,
            cookie.value or "",
            secure=bool(cookie.secure),
            http_only=cookie.http_only,
            host_only=cookie.host_only,
            path=cookie.path if cookie.path_specified else None,
        )

    def set_ok_beside(self, cookie: Cookie, request: Request, store: CookieStore) -> bool:
        """Return False for a cookie that would overlay a Secure one: section 5.7 step 16.

        A cookie that is not Secure, set over an insecure connection, is refused while `store` has
        a Secure cookie with its name that would be sent to the same hosts and paths.
        """
        if cookie.secure or self.target_of(request).secure:
            return True
        domain = cookie.domain.removeprefix(".")
        if self.sites.is_public_suffix(domain):
            # The names below a public suffix belong to many sites.
            levels = store.levels_below(domain)
        else:
            site = self.site_of(domain)
            levels = store.levels_of_site(site)
            # And the cookies of the suffixes above, each of which is a site of its own.
            levels += store.levels_at(suffixes(site.partition(".")[2]))
        for by_path in levels:
            for path, by_name in by_path.items():
                there = by_name.get(cookie.name)
                if there is None or not there.secure or there.is_expired():
                    continue
                if not path_matches(cookie.path, path):
                    continue
                other = there.domain.removeprefix(".")
                if domain_matches(other, domain) or domain_matches(domain, other):
                    trace("   %s would stand beside a secure one (step 16)", cookie.name)
                    return False
        return True

    # --- sending: RFC 6265bis section 5.8.3 ---

    _RETURN_OK = Bypassed("return_ok")

    def cookies_for(self, request: Request, store: CookieStore) -> list[Cookie]:
        """Return the cookies of `store` to send with a request: RFC 6265bis section 5.8.3.

        The longest path is first, then the oldest cookie; each cookie's access time is set.
        """
        target = self.target_of(request)
        now = time.time()
        keys = ["", *suffixes(target.host)]
        if "." not in target.host:
            # `DefaultCookiePolicy` stores the cookies of hosts without a dot under this name.
            keys.append(f"{target.host}.local")
        asks = not self._RETURN_OK.left_alone(self)
        found = [
            cookie
            for cookie in store.cookies_at(keys, target.partition, target.path)
            if self._may_send(cookie, target, now) and (not asks or self.return_ok(cookie, request))
        ]
        found.sort(key=lambda cookie: (-len(cookie.path), cookie.creation_time or 0.0))
        for cookie in found:
            cookie.last_access_time = store.stamp()
        return found

    def domain_return_ok(self, domain: str, request: Request) -> bool:
        """Return False if no cookie of `domain` may be sent with `request`."""
        target = self.target_of(request)
        bare, _, partition = domain.removeprefix(".").partition("^")
        if partition and partition != target.partition:
            return False
        return not bare or domain_matches(target.host, bare) or bare == f"{target.host}.local"

    def path_return_ok(self, path: str, request: Request) -> bool:
        """Return whether `path` is a prefix of the request's by whole segments."""
        return path_matches(self.target_of(request).path, path)

    def return_ok(self, cookie: Cookie, request: Request) -> bool:
        """Return whether a cookie may be sent with `request`: RFC 6265bis section 5.8.3 step 1."""
        return self._may_send(Cookie.like(cookie), self.target_of(request), time.time())

    def _may_send(self, cookie: Cookie, target: Target, now: float) -> bool:
        domain = cookie.domain.removeprefix(".")
        if cookie.host_only:
            # A cookie with an empty domain, which only programs make, is sent everywhere.
            if domain not in ("", target.host) and (
                "." in target.host or domain != f"{target.host}.local"
            ):
                return False
        elif not domain_matches(target.host, domain):
            return False
        elif domain != target.host and self.sites.is_public_suffix(domain):
            # Not a public suffix when the cookie was stored, or the cookie was read from a file.
            return False
        if cookie.secure and not target.secure:
            return False
        if cookie.partition_key not in (None, target.partition):
            return False
        if cookie.expires is not None and cookie.expires <= now:
            return False
        if not target.same_site:
            same_site = cookie.same_site
            if same_site == "Strict" or (same_site != "None" and not target.lax):
                return False
        return path_matches(target.path, cookie.path) and not self._is_barred(cookie.domain)
