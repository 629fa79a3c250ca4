"""`RFC6265Policy` beyond the table: its options, its seams, and programs that use it."""

from __future__ import annotations

import email.message
import http.cookiejar
import pickle
import sys
import threading
import urllib.request

import pytest

import nethttp.cookiejar as cookiejar
from nethttp.cookiejar import Cookie, CookieJar, DefaultCookiePolicy, RFC6265Policy, SiteContext
from nethttp.cookiejar import public_suffix as sites_room
from nethttp.cookiejar.public_suffix import Sites, guessed_suffix
from nethttp.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Response:
    def __init__(self, *fields):
        self.message = email.message.Message()
        for field in fields:
            self.message["Set-Cookie"] = field

    def info(self):
        return self.message


def take(jar, url, *fields):
    jar.extract_cookies(Response(*fields), urllib.request.Request(url))
    return jar


def given_to(jar, url):
    request = urllib.request.Request(url)
    jar.add_cookie_header(request)
    return request.get_header("Cookie")


def jar_with(*fields, url="https://www.example.com/", **options):
    return take(CookieJar(RFC6265Policy(**options)), url, *fields)


def cookie(name="a", domain="www.example.com", **more):
    return Cookie.from_dict({"name": name, "value": "1", "domain": domain, **more})


# --- public suffixes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "suffix"),
    [
        ("www.example.com", "com"),
        ("com", "com"),
        ("example.co.uk", "co.uk"),
        ("a.b.example.com.au", "com.au"),
        ("example.museum.no", "museum.no"),
        ("www.example.de", "de"),
        ("www.t.co", "t.co"),
        ("localhost", "localhost"),
    ],
)
def test_without_a_list_suffixes_are_guessed(host, suffix):
    assert guessed_suffix(host) == suffix


def test_without_the_library_the_guess_stands_in(monkeypatch):
    monkeypatch.setitem(sys.modules, "publicsuffixlist", None)
    sites_room._suffix_list.cache_clear()
    sites_room._split.cache_clear()
    try:
        jar = jar_with("a=1; Domain=example.co.uk", url="https://www.example.co.uk/")
        take(jar, "https://www.example.co.uk/", "b=2; Domain=co.uk")
        take(jar, "https://me.github.io/", "c=3; Domain=github.io")
        assert [found.name for found in jar] == ["a", "c"]
    finally:
        sites_room._suffix_list.cache_clear()
        sites_room._split.cache_clear()


def test_a_list_of_ones_own():
    own = {"shared.example"}

    def suffix_of(host):
        return next((s for s in own if host == s or host.endswith("." + s)), host.split(".")[-1])

    jar = jar_with(
        "a=1; Domain=shared.example",
        "b=2; Domain=me.shared.example",
        url="https://me.shared.example/",
        public_suffixes=suffix_of,
    )
    assert [found.name for found in jar] == ["b"]


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("a.b.example.co.uk", "example.co.uk"),
        ("example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"),
        ("www.example.com.", "example.com."),
        ("192.0.2.1", "192.0.2.1"),
        ("[::1]", "[::1]"),
        ("localhost", "localhost"),
        ("a.me.github.io", "me.github.io"),
        ("", ""),
    ],
)
def test_registrable_domains(host, domain):
    assert Sites().registrable_domain(host) == domain


def test_a_public_suffix_in_a_jar_goes_to_nobody_below():
    """RFC 6265bis section 5.8.3: files, and lists that change, bring such cookies."""
    jar = CookieJar(RFC6265Policy())
    jar.set_cookie(cookie(domain=".com"))
    jar.set_cookie(cookie(name="b", domain=".github.io"))
    assert given_to(jar, "https://www.example.com/") is None
    assert given_to(jar, "https://me.github.io/") is None
    assert given_to(jar, "https://github.io/") == "b=1"


# --- options -------------------------------------------------------------------------------------


def test_block_and_allow_lists():
    jar = jar_with("a=1", blocked_domains=[".example.com"])
    assert len(jar) == 0
    jar = jar_with("a=1", allowed_domains=["www.example.com"])
    take(jar, "https://other.com/", "b=2")
    assert [found.name for found in jar] == ["a"]
    jar._policy.set_allowed_domains([])
    assert given_to(jar, "https://www.example.com/") is None


def test_localhost_need_not_be_trusted():
    assert len(jar_with("a=1; Secure", url="http://localhost/")) == 1
    assert len(jar_with("a=1; Secure", url="http://localhost/", trust_localhost=False)) == 0


def test_which_protocols_are_secure():
    jar = jar_with("a=1; Secure", url="gemini://www.example.com/", secure_protocols=["gemini"])
    assert len(jar) == 1
    assert given_to(jar, "https://www.example.com/") is None


def test_a_shorter_life():
    (made,) = jar_with("a=1; Max-Age=9999999", max_age=60)
    (longest,) = jar_with("a=1; Max-Age=9999999")
    assert longest.expires - made.expires == pytest.approx(9999999 - 60, abs=2)


def test_bounds_may_be_lifted():
    fields = [f"n{number}=1" for number in range(200)]
    assert len(jar_with(*fields)) == 180
    assert len(jar_with(*fields, max_cookies_per_domain=None)) == 200
    assert len(jar_with(*fields, max_cookies_per_domain=None, max_cookies=50)) == 50


def test_ten_thousand_cookies_in_total():
    jar = CookieJar(RFC6265Policy())
    for number in range(10_050):
        jar.set_cookie(cookie(domain=f"h{number}.example"))
    assert len(jar) == 10_000
    assert given_to(jar, "https://h49.example/") is None
    assert given_to(jar, "https://h50.example/") == "a=1"


# --- seams ---------------------------------------------------------------------------------------


def test_a_subclass_may_know_the_page_and_refuse_more():
    class Embedded(RFC6265Policy):
        def site_context(self, request):
            return SiteContext("https://page.example/", "https://page.example/")

        def return_ok(self, cookie, request):
            return cookie.name != "b" and super().return_ok(cookie, request)

    fields = ["a=1; Secure; SameSite=None", "b=2; Secure; SameSite=None", "c=3"]
    jar = take(CookieJar(Embedded()), "https://www.example.com/", *fields)
    assert given_to(jar, "https://www.example.com/") == "a=1"


def test_cookies_of_one_domain_as_programs_ask_for_them():
    jar = jar_with("a=1; Path=/", "b=2; Path=/p; Domain=example.com", "c=3; Path=/q")
    request = urllib.request.Request("https://www.example.com/p")
    names = {
        domain: [found.name for found in jar._cookies_for_domain(domain, request)]
        for domain in jar._cookies
    }
    assert names == {"www.example.com": ["a"], ".example.com": ["b"]}
    other = urllib.request.Request("https://other.com/p")
    assert jar._cookies_for_domain("www.example.com", other) == []


def test_set_cookie_if_ok():
    jar = jar_with("a=1; Secure")
    by_http = urllib.request.Request("http://www.example.com/")
    jar.set_cookie_if_ok(cookie("a"), by_http)
    jar.set_cookie_if_ok(cookie("b"), by_http)
    jar.set_cookie_if_ok(cookie("c", domain="other.com"), by_http)
    jar.set_cookie_if_ok(cookie("__Host-d"), by_http)
    jar.set_cookie_if_ok(cookie("", value=""), by_http)
    assert [(found.name, found.secure) for found in jar] == [("a", True), ("b", False)]


@pytest.mark.parametrize("module", [http.cookiejar, cookiejar])
def test_an_expired_cookie_that_a_program_sets_is_stored(module):
    """In a response it would remove the one with its domain, path and name."""
    request = urllib.request.Request("https://www.example.com/")
    jar = module.CookieJar()
    take(jar, "https://www.example.com/", "a=1; Path=/", "b=1; Path=/")
    jar.set_cookie_if_ok(cookie("a", expires=1, discard=False), request)
    assert [(found.name, found.expires) for found in jar] == [("a", 1), ("b", None)]
    take(jar, "https://www.example.com/", "a=; Path=/; Max-Age=0")
    assert [found.name for found in jar] == ["b"]


def test_the_standard_librarys_jar_takes_the_policy_too():
    """It reads Set-Cookie itself; what it takes and gives, the policy decides."""
    jar = http.cookiejar.CookieJar(RFC6265Policy())
    fields = ["a=1; Path=/", "b=2; Domain=com; Path=/", "c=3; Secure; SameSite=Strict; Path=/"]
    take(jar, "https://www.example.com/", *fields)
    assert given_to(jar, "https://www.example.com/") == "a=1; c=3"
    assert given_to(jar, "http://www.example.com/") == "a=1"
    assert given_to(jar, "https://b.www.example.com/") is None


@pytest.mark.parametrize("policy", [RFC6265Policy, DefaultCookiePolicy])
def test_a_cookie_without_a_domain_goes_everywhere(policy):
    """Only programs make one: requests does, of ``cookies={...}``."""
    jar = CookieJar(policy())
    jar.set_cookie(cookie(domain=""))
    assert given_to(jar, "https://www.example.com/") == "a=1"
    assert given_to(jar, "http://127.0.0.1/") == "a=1"


def test_another_policy_finds_what_the_default_one_kept_for_localhost():
    jar = take(CookieJar(), "http://localhost:8000/", "a=1")
    assert [found.domain for found in jar] == ["localhost.local"]
    jar.set_policy(RFC6265Policy())
    assert given_to(jar, "http://localhost:8000/") == "a=1"
    assert given_to(jar, "http://other:8000/") is None


def test_another_policy_has_other_sites():
    def suffix_of(host):
        return "example.com" if host.endswith("example.com") else host.rpartition(".")[2]

    jar = jar_with("a=1", url="https://a.example.com/")
    take(jar, "https://b.example.com/", "b=1")
    assert len(jar.levels_of_site("example.com")) == 2
    jar.set_policy(RFC6265Policy(public_suffixes=suffix_of))
    assert len(jar.levels_of_site("a.example.com")) == 1


def test_a_policy_asked_about_a_partition():
    policy = RFC6265Policy()
    request = urllib.request.Request("https://www.example.com/")
    here, there = "https://example.com", "https://other.com"
    assert policy.return_ok(cookie(partition_key=here), request)
    assert not policy.return_ok(cookie(partition_key=there), request)
    assert policy.domain_return_ok(f"www.example.com^{here}", request)
    assert not policy.domain_return_ok(f"www.example.com^{there}", request)


def test_a_policy_is_picklable_with_its_jar():
    jar = jar_with("a=1; Domain=example.com; Secure; SameSite=Strict; HttpOnly; Max-Age=60")
    clone = pickle.loads(pickle.dumps(jar))
    assert given_to(clone, "https://b.example.com/") == "a=1"
    again = CookieJar.from_json(jar.to_json(), policy=RFC6265Policy())
    assert given_to(again, "https://b.example.com/") == "a=1"
    (made,) = again
    assert (made.same_site, made.http_only, made.host_only) == ("Strict", True, False)


def test_debugging_says_why(caplog, monkeypatch):
    monkeypatch.setattr(cookiejar, "debug", True)
    with caplog.at_level("DEBUG", logger="http.cookiejar"):
        jar_with("a=1; Domain=com", "b=2; Domain=other.com", "c=\x01", "d=1; Secure")
        jar = jar_with("e=1; Secure")
        take(jar, "http://www.example.com/", "e=2", "f=1; Secure")
    for reason in ("com is a public suffix", "www.example.com is not in other.com", "no cookie:"):
        assert reason in caplog.text
    for reason in ("e would stand beside a secure one", "Secure needs a secure connection"):
        assert reason in caplog.text


def test_threads_share_a_jar():
    jar = CookieJar(RFC6265Policy(max_cookies=200, max_cookies_per_domain=20))
    errors = []

    def work(thread):
        try:
            for number in range(150):
                url = f"https://h{number % 30}.example/"
                take(jar, url, f"t{thread}={number}; Max-Age={number % 3}", "x=1", "y=2; Secure")
                given_to(jar, url)
                assert all(found.name for found in jar)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert 0 < len(jar) <= 200


# --- a program -----------------------------------------------------------------------------------


class Site(BaseHTTPRequestHandler):
    """Sends one from "localhost" to "127.0.0.1"; both set cookies and say which they got."""

    def do_GET(self):
        here = self.headers["Host"].partition(":")[0]
        self.send_response(302 if self.path == "/away" else 200)
        self.send_header("Set-Cookie", f"at-{here}=1; SameSite=Lax")
        self.send_header("Set-Cookie", f"strict-{here}=1; SameSite=Strict")
        if self.path == "/away":
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/")
        body = (self.headers["Cookie"] or "").encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def test_urllib_follows_a_redirect_to_another_site():
    jar = CookieJar(RFC6265Policy())
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"http://localhost:{server.server_port}/away"
            with opener.open(url, timeout=10) as response:
                assert response.read() == b""
            # Both sites set their cookies; on the way over, the strict one stays behind.
            assert len(jar) == 4
            with opener.open(url, timeout=10) as response:
                assert response.read() == b"at-127.0.0.1=1"
        finally:
            server.shutdown()
            thread.join()
