"""A jar beside a model: RFC 6265bis written down slowly, step by step, over a plain list.

Nothing of the model is shared with the jar but the clock and the public suffixes.
"""

from __future__ import annotations

import re
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from nethttp.cookiejar import CookieJar, RFC6265Policy, SiteContext

SUFFIXES = ["com", "co.uk", "github.io", "localhost"]
PER_DOMAIN, TOTAL = 3, 5


def public_suffix(host):
    return next((s for s in SUFFIXES if host == s or host.endswith("." + s)), host.split(".")[-1])


@dataclass
class Stored:
    """The fields of section 5.7, and the partition of CHIPS."""

    name: str
    value: str
    created: float
    used: float
    expiry: float = float("inf")
    domain: str = ""
    host_only: bool = True
    path: str = "/"
    secure: bool = False
    http_only: bool = False
    same_site: str = "Default"
    partition: str | None = None


@dataclass
class Model:
    """A user agent."""

    now: float = 0.0
    cookies: list[Stored] = field(default_factory=list)

    # --- sections 5.1.3 and 5.1.4 ---

    @staticmethod
    def domain_match(string, domain):
        if string == domain:
            return True
        is_name = not re.fullmatch(r"[0-9.]+|\[.*\]", string)
        return string.endswith("." + domain) and is_name

    @staticmethod
    def path_match(request_path, cookie_path):
        if request_path == cookie_path:
            return True
        if not request_path.startswith(cookie_path):
            return False
        return cookie_path[-1] == "/" or request_path[len(cookie_path)] == "/"

    @staticmethod
    def default_path(path):
        if path == "" or path[0] != "/":
            return "/"
        if path.count("/") == 1:
            return "/"
        return path[: path.rindex("/")]

    @staticmethod
    def is_secure(url):
        return url.scheme == "https" or url.hostname in ("localhost", "127.0.0.1")

    @staticmethod
    def site(url):
        host = url.hostname
        suffix = public_suffix(host)
        if host != suffix:
            host = host[: -len(suffix) - 1].split(".")[-1] + "." + suffix
        return url.scheme + "://" + host

    # --- sections 5.6 and 5.7 ---

    def receive(self, url, line, context):
        if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", line):
            return
        pair, *attributes = line.split(";")
        name, value = pair.split("=", 1) if "=" in pair else ("", pair)
        name, value = name.strip(" \t"), value.strip(" \t")
        if len(name) + len(value) > 4096:
            return
        parsed = []
        for attribute in attributes:
            key, text = attribute.split("=", 1) if "=" in attribute else (attribute, "")
            key, text = key.strip(" \t").lower(), text.strip(" \t")
            if len(text) > 1024:
                continue
            if key == "max-age":
                if not re.fullmatch("-?[0-9]+", text):
                    continue
                delta = min(int(text), 400 * 86400)
                text = int(self.now) + delta if delta > 0 else float("-inf")
            elif key == "domain":
                text = text.removeprefix(".").lower()
            elif key == "path":
                parsed.append(("written", text))
                if not text.startswith("/"):
                    text = self.default_path(url.path)
            elif key == "samesite":
                text = {"none": "None", "strict": "Strict", "lax": "Lax"}.get(
                    text.lower(), "Default"
                )
            parsed.append((key, text))
        self.store(url, name, value, parsed, context)

    def store(self, url, name, value, parsed, context):
        def last(key):
            return [text for found, text in parsed if found == key][-1]

        names = [key for key, _ in parsed]
        if not name and not value:
            return
        new = Stored(name, value, self.now, self.now)
        if "max-age" in names:
            new.expiry = last("max-age")
        domain = said = last("domain") if "domain" in names else ""
        if not domain.isascii():
            return
        if domain and public_suffix(domain) == domain:
            if domain != url.hostname:
                return
            domain = ""
        if domain:
            if not self.domain_match(url.hostname, domain):
                return
            new.host_only, new.domain = False, domain
        else:
            new.host_only, new.domain = True, url.hostname
        new.path = last("path") if "path" in names else self.default_path(url.path)
        new.secure = "secure" in names
        if new.secure and not self.is_secure(url):
            return
        new.http_only = "httponly" in names
        self.expire()
        if not new.secure and not self.is_secure(url):
            for old in self.cookies:
                if (
                    old.name == new.name
                    and old.secure
                    and (
                        self.domain_match(old.domain, new.domain)
                        or self.domain_match(new.domain, old.domain)
                    )
                    and self.path_match(new.path, old.path)
                ):
                    return
        new.same_site = last("samesite") if "samesite" in names else "Default"
        if new.same_site != "None":
            navigation = context is None or context.top_level is None
            if not self.is_same_site(url, context) and not navigation:
                return
        if new.same_site == "None" and not new.secure:
            return
        if "partitioned" in names:
            if not new.secure:
                return
            new.partition = self.partition(url, context)
        for prefix, asks in (
            ("__secure-", lambda: new.secure),
            ("__http-", lambda: new.secure and new.http_only),
            ("__host-http-", lambda: new.http_only),
            (
                "__host-",
                # Stricter than the letter, as browsers are: Path=x makes no cookie for "/", nor
                # Domain=localhost one for its host alone.
                lambda: new.secure and not said and "path" in names and last("written") == "/",
            ),
        ):
            if (name or value).lower().startswith(prefix) and (not name or not asks()):
                return
        for old in list(self.cookies):
            if (old.name, old.domain, old.host_only, old.path, old.partition) == (
                *(new.name, new.domain, new.host_only),
                *(new.path, new.partition),
            ):
                new.created = old.created
                self.cookies.remove(old)
        self.cookies.append(new)
        self.remove_excess(new)

    def expire(self):
        self.cookies = [cookie for cookie in self.cookies if cookie.expiry > self.now]

    def remove_excess(self, new):
        self.expire()
        key = (new.domain, new.host_only, new.partition)
        while True:
            share = [c for c in self.cookies if (c.domain, c.host_only, c.partition) == key]
            if len(share) > PER_DOMAIN:
                insecure = [cookie for cookie in share if not cookie.secure]
                self.cookies.remove(min(insecure or share, key=lambda cookie: cookie.used))
            elif len(self.cookies) > TOTAL:
                self.cookies.remove(min(self.cookies, key=lambda cookie: cookie.used))
            else:
                return

    # --- sections 5.2 and 5.8.3 ---

    def partition(self, url, context):
        top = context.top_level if context else None
        return self.site(url if top is None else urllib.parse.urlsplit(top))

    def is_same_site(self, url, context):
        pages = [page for page in context or () if page is not None]
        return all(self.site(urllib.parse.urlsplit(page)) == self.site(url) for page in pages)

    def retrieve(self, url, context, method):
        self.expire()
        path = url.path or "/"
        cross_site = not self.is_same_site(url, context)
        navigation = context is None or context.top_level is None
        found = []
        for cookie in self.cookies:
            if cookie.host_only:
                if cookie.domain != url.hostname:
                    continue
            elif not self.domain_match(url.hostname, cookie.domain):
                continue
            if not self.path_match(path, cookie.path):
                continue
            if cookie.secure and not self.is_secure(url):
                continue
            if cookie.partition not in (None, self.partition(url, context)):
                continue
            if cookie.same_site != "None" and cross_site:
                lax = cookie.same_site in ("Lax", "Default")
                if not (lax and navigation and method == "GET"):
                    continue
            found.append(cookie)
        found.sort(key=lambda cookie: (-len(cookie.path), cookie.created))
        for place, cookie in enumerate(found):
            # Where the standard leaves it open, the jar's: the first in the field was used first.
            cookie.used = self.now + place * 1e-6
        return "; ".join((c.name + "=" if c.name else "") + c.value for c in found) or None


HOSTS = st.sampled_from(
    ["example.com", "a.example.com", "b.a.example.com", "other.com", "me.github.io", "github.io"]
) | st.sampled_from(["www.x.co.uk", "localhost", "127.0.0.1", "example.com", "a.example.com"])
PATHS = st.sampled_from(["", "/", "/d", "/d/", "/d/e", "/dx", "//"])
URLS = st.builds(
    lambda scheme, host, path: f"{scheme}://{host}{path}",
    st.sampled_from(["http", "https", "https"]),
    HOSTS,
    PATHS,
)
PAGES = st.none() | st.sampled_from(
    ["https://example.com/", "http://example.com/", "https://a.example.com/", "https://other.com/"]
)
CONTEXTS = st.none() | st.builds(SiteContext, PAGES, PAGES)
NAMES = st.sampled_from(["a", "a", "b", "c", "", "__Host-a", "__secure-b", "__Http-c", "A"])
ATTRIBUTES = st.one_of(
    st.sampled_from(["Secure", "HttpOnly", "Partitioned", "Secure; Path=/", "Odd=1", ""]),
    st.sampled_from(["Path=/", "Path=/d", "Path=/d/e", "Path=x", "Path", "Path=//"]),
    st.sampled_from(["Domain=example.com", "Domain=.a.example.com", "Domain=EXAMPLE.com"]),
    st.sampled_from(["Domain=com", "Domain=github.io", "Domain=me.github.io", "Domain="]),
    st.sampled_from(["Domain=127.0.0.1", "Domain=localhost", "Domain=..example.com"]),
    st.sampled_from(["Max-Age=5", "Max-Age=0", "Max-Age=-1", "Max-Age=x"]),
    st.sampled_from(["SameSite=None", "SameSite=Lax", "SameSite=Strict", "SameSite=?"]),
)
LINES = st.builds(
    lambda name, value, attributes: "; ".join([f"{name}={value}" if name else value, *attributes]),
    NAMES,
    st.sampled_from(["1", "2", "", "__Host-x", "\x01", '"q"']),
    st.lists(ATTRIBUTES, max_size=4),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), URLS, LINES, CONTEXTS),
        st.tuples(st.just("get"), URLS, st.sampled_from(["GET", "POST"]), CONTEXTS),
        st.tuples(st.just("wait"), st.just(""), st.just(""), st.none()),
    ),
    min_size=1,
    max_size=25,
)


class Response:
    def __init__(self, line):
        self._line = line

    def info(self):
        return self

    def get_all(self, name, default):
        return [self._line] if name == "Set-Cookie" else default


def request_for(url, context, method="GET"):
    request = urllib.request.Request(url, method=method)
    if context is not None:
        request.site_context = context
    return request


@settings(max_examples=400)
@given(STEPS)
def test_the_jar_does_what_the_model_does(steps):
    model = Model(now=1_000_000.0)
    policy = RFC6265Policy(
        public_suffixes=public_suffix, max_cookies=TOTAL, max_cookies_per_domain=PER_DOMAIN
    )
    jar = CookieJar(policy)
    with mock.patch.object(time, "time", lambda: model.now):  # noqa: PT008  # it moves
        for kind, url, what, context in steps:
            model.now += 0.25
            parsed = urllib.parse.urlsplit(url)
            if kind == "wait":
                model.now += 3
            elif kind == "set":
                jar.extract_cookies(Response(what), request_for(url, context))
                model.receive(parsed, what, context)
            else:
                request = request_for(url, context, what)
                jar.add_cookie_header(request)
                sent = request.get_header("Cookie")
                assert sent == model.retrieve(parsed, context, what), (url, context)
            model.expire()
            with jar._cookies_lock:
                jar._expire_locked(model.now)
            assert sorted((c.name, c.value, c.path) for c in jar) == sorted(
                (c.name, c.value, c.path) for c in model.cookies
            )
