"""What a jar takes and gives, by whichever domain, path and thread."""

from __future__ import annotations

import email.message
import http.cookiejar
import pickle
import threading
import time
import urllib.request

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nethttp.cookiejar as cookiejar
from nethttp.cookiejar import Cookie, CookieJar, CookiePolicy, DefaultCookiePolicy
from nethttp.cookiejar.domains import is_label_suffix, matching_paths, path_matches, suffixes
from nethttp.cookiejar.header_words import split_header_words


class Response:
    def __init__(self, *fields: str, name: str = "Set-Cookie") -> None:
        self.message = email.message.Message()
        for field in fields:
            self.message[name] = field

    def info(self) -> email.message.Message:
        return self.message


def take(jar: CookieJar, url: str, *fields: str, name: str = "Set-Cookie") -> CookieJar:
    jar.extract_cookies(Response(*fields, name=name), urllib.request.Request(url))
    return jar


def given_to(jar: CookieJar, url: str) -> str | None:
    request = urllib.request.Request(url)
    jar.add_cookie_header(request)
    return request.get_header("Cookie")


@pytest.mark.parametrize(
    ("origin", "field", "url", "sent"),
    [
        ("http://a.example.com/", "x=1", "http://a.example.com/", "x=1"),
        ("http://a.example.com/", "x=1", "http://b.example.com/", None),
        ("http://a.example.com/", "x=1; Domain=example.com", "http://b.example.com/", "x=1"),
        ("http://a.example.com/", "x=1; Domain=.example.com", "http://example.com/", "x=1"),
        ("http://a.example.com/", "x=1; Domain=b.example.com", "http://b.example.com/", None),
        ("http://a.example.com/", "x=1; Domain=com", "http://b.com/", None),
        ("http://a.example.com/", "x=1; Path=/p", "http://a.example.com/p/q", "x=1"),
        ("http://a.example.com/", "x=1; Path=/p", "http://a.example.com/", None),
        ("http://a.example.com/d/e", "x=1", "http://a.example.com/d/f", "x=1"),
        ("http://a.example.com/d/e", "x=1", "http://a.example.com/", None),
        ("https://a.example.com/", "x=1; Secure", "http://a.example.com/", None),
        ("https://a.example.com/", "x=1; Secure", "https://a.example.com/", "x=1"),
        ("http://a.example.com/", "x=1; Max-Age=0", "http://a.example.com/", None),
        ("http://a.example.com/", "x=1; Max-Age=x", "http://a.example.com/", None),
        ("http://a.example.com/", "x=1; Max-Age=60", "http://a.example.com/", "x=1"),
        ("http://localhost/", "x=1", "http://localhost:8080/", "x=1"),
        ("http://localhost/", "x=1; Domain=localhost", "http://localhost/", "x=1"),
        ("http://127.0.0.1/", "x=1", "http://127.0.0.1/", "x=1"),
        ("http://127.0.0.1/", "x=1; Domain=0.0.1", "http://127.0.0.1/", None),
        ("http://[::1]:81/", "x=1", "http://[::1]:82/", "x=1"),
        ("http://[::1]/", "x=1", "http://[::2]/", None),
    ],
)
def test_where_a_cookie_goes(origin, field, url, sent):
    assert given_to(take(CookieJar(), origin, field), url) == sent


def test_the_most_specific_path_comes_first():
    jar = take(CookieJar(), "http://a.example/d/", "a=1; Path=/", "b=2; Path=/d/e", "c=3; Path=/d")
    assert given_to(jar, "http://a.example/d/e") == "b=2; c=3; a=1"


def test_the_first_of_two_attributes_counts():
    (found,) = take(CookieJar(), "http://a.example/", "x=1; Path=/p; Path=/q; Secure=; Odd; Odd=2")
    assert (found.path, found.secure) == ("/p", True)


def test_the_default_path_of_either_protocol():
    policy = DefaultCookiePolicy(rfc2965=True)
    (older,) = take(CookieJar(policy), "http://a.example/d/e", "x=1")
    (modern,) = take(
        CookieJar(policy), "http://a.example/d/e", "x=1; Version=1", name="Set-Cookie2"
    )
    assert (older.path, modern.path) == ("/d", "/d/")


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"strict_ns_set_path": True}, "x=1; Path=/other"),
        ({"strict_ns_set_initial_dollar": True}, "$x=1"),
        ({"blocked_domains": ["a.example"]}, "x=1"),
        ({"allowed_domains": []}, "x=1"),
        ({"netscape": False}, "x=1"),
    ],
)
def test_options_refuse_a_plain_cookie(options, field):
    assert len(take(CookieJar(), "http://a.example/p", field)) == 1
    assert len(take(CookieJar(DefaultCookiePolicy(**options)), "http://a.example/p", field)) == 0


def test_a_third_party_is_refused_if_asked_to():
    request = urllib.request.Request(
        "http://a.example/", origin_req_host="b.org", unverifiable=True
    )
    for strict in (False, True):
        jar = CookieJar(DefaultCookiePolicy(strict_ns_unverifiable=strict))
        jar.extract_cookies(Response("x=1"), request)
        assert len(jar) == (not strict)


def test_a_subclass_of_the_policy_is_asked_for_every_cookie():
    class NoX(DefaultCookiePolicy):
        def set_ok_name(self, cookie, request):
            return cookie.name != "x"

    jar = take(CookieJar(NoX()), "http://a.example/", "x=1", "y=2")
    assert [found.name for found in jar] == ["y"]


def test_one_bad_cookie_costs_no_other():
    jar = take(
        CookieJar(), "http://a.example/", "a=1", "b=2; Max-Age=" + "9" * 400, "=x", "", "c=3"
    )
    assert sorted(cookie.name for cookie in jar) in (["a", "c"], ["a", "b", "c"])
    policy = DefaultCookiePolicy(rfc2965=True)
    jar = take(
        CookieJar(policy),
        "http://a.example/",
        "a=1; Version=x",
        "b=2; Version=1",
        name="Set-Cookie2",
    )
    assert [cookie.name for cookie in jar] == ["b"]


# --- holes, named after them ---


def test_cve_2018_20852_cookies_go_to_no_host_that_ends_alike():
    jar = take(CookieJar(), "http://test.com/", "x=1", "y=2; Domain=test.com")
    assert given_to(jar, "http://footest.com/") is None
    assert given_to(jar, "http://test.com.evil.org/") is None


def test_psf_2019_17_a_path_matches_by_whole_segments():
    jar = take(CookieJar(), "http://a.example/any", "x=1; Path=/any")
    assert given_to(jar, "http://a.example/anybad") is None
    assert given_to(jar, "http://a.example/any/good") == "x=1"


def test_gh_150522_an_interior_substring_is_no_domain():
    assert not cookiejar.domain_match("www.acme.com.evil.org", ".acme.com")
    assert not cookiejar.domain_match("xacme.com", ".acme.com.")
    policy = DefaultCookiePolicy(strict_ns_domain=DefaultCookiePolicy.DomainRFC2965Match)
    jar = take(CookieJar(policy), "http://www.acme.com.evil.org/", "x=1; Domain=.acme.com")
    assert len(jar) == 0


@pytest.mark.parametrize("spaces", [2000, 200_000])
def test_bpo_38804_dates_take_linear_time(spaces):
    blank = " " * spaces
    for text in (f"1-c-1{blank}!", f"01 Jan 1970{blank}00:00:00 GMT!", f"1994-02-03{blank}!"):
        assert cookiejar.http2time(text) is None
        assert cookiejar.iso2time(text) is None


def test_gh_136063_header_words_take_linear_time():
    for text in ('a="' * 200_000, 'a="\\' * 200_000, "a=" + " " * 500_000 + "!", "=" * 500_000):
        split_header_words([text])


def test_gh_135768_ipv6_hosts():
    jar = take(CookieJar(), "http://[2001:db8::1]:8080/", "x=1; Port=8080")
    assert [cookie.domain for cookie in jar] == ["[2001:db8::1]"]
    assert given_to(jar, "http://[2001:db8::1]:8080/") == "x=1"


# --- look-ups ---


PATHS = st.text(alphabet="/ab", max_size=6)


@given(st.sets(PATHS, max_size=30), PATHS)
def test_the_candidate_paths_are_all_that_can_match(paths, path):
    found = matching_paths(paths, path)
    assert len(found) == len(set(found))
    matching = {known for known in paths if path_matches(path, known)}
    assert matching <= set(found) <= {known for known in paths if path.startswith(known)}


@given(st.lists(st.sampled_from(["a", "b", "co"]), min_size=1, max_size=5))
def test_the_candidates_are_all_that_can_match(labels):
    host = ".".join(labels)
    candidates = set(suffixes(host))
    for other in ("a", ".a", "a.b", "b.co", ".b.co", host, "." + host):
        assert is_label_suffix(host, other) == (other in candidates)


def test_a_look_up_asks_for_few_domains(monkeypatch):
    jar = CookieJar()
    for number in range(300):
        take(jar, f"http://h{number}.example/", "x=1")
    asked = []
    lists = DefaultCookiePolicy.is_blocked

    def counting(self, domain):
        asked.append(domain)
        return lists(self, domain)

    monkeypatch.setattr(DefaultCookiePolicy, "is_blocked", counting)
    assert given_to(jar, "http://h7.example/") == "x=1"
    assert asked == ["h7.example"]


def test_a_policy_of_ones_own_is_asked_for_every_domain():
    class Generous(CookiePolicy):
        def set_ok(self, cookie, request):
            return True

        def return_ok(self, cookie, request):
            return True

    jar = take(CookieJar(Generous()), "http://a.example/", "x=1")
    assert given_to(jar, "http://b.example/") == "x=1"


@pytest.mark.parametrize(
    ("attributes", "lasts"),
    [
        ("Max-Age=0; Max-Age=10", 10),
        ("Max-Age=10; Max-Age=0", None),
        ("Max-Age=10; expires=Wed, 09 Jun 1999 10:18:14 GMT", 10),
        ("expires=Wed, 09 Jun 1999 10:18:14 GMT; Max-Age=10", 10),
    ],
)
def test_the_last_max_age_counts_before_any_date(attributes, lasts):
    for module in (http.cookiejar, cookiejar):
        jar = take(module.CookieJar(), "http://example.com/", f"x=1; {attributes}")
        assert [cookie.expires - jar._now for cookie in jar] == ([] if lasts is None else [lasts])


def test_cookies_with_one_path_go_in_the_order_they_came():
    for module in (http.cookiejar, cookiejar):
        jar = module.CookieJar()
        take(jar, "http://a.b.example.com/", "x=1; Domain=example.com; Path=/", "y=2; Path=/")
        take(jar, "http://a.b.example.com/", "z=3; Domain=b.example.com; Path=/", "w=4; Path=/a")
        assert given_to(jar, "http://a.b.example.com/a") == "w=4; x=1; y=2; z=3"


def test_block_and_allow_lists():
    policy = DefaultCookiePolicy(blocked_domains=["ads.example", ".ads.example"])
    jar = take(CookieJar(policy), "http://a.ads.example/", "x=1")
    assert len(jar) == 0
    policy.set_blocked_domains([])
    policy.set_allowed_domains(["good.example"])
    take(jar, "http://bad.example/", "x=1")
    take(jar, "http://good.example/", "x=1")
    assert [cookie.domain for cookie in jar] == ["good.example"]
    assert policy.allowed_domains() == ("good.example",)
    assert policy.blocked_domains() == ()


# --- the collection ---


def cookie(name="a", domain="a.example", path="/", expires=None, discard=False, **options):
    values = {
        "version": 0,
        "name": name,
        "value": "1",
        "port": None,
        "port_specified": False,
        "domain": domain,
        "domain_specified": False,
        "domain_initial_dot": False,
        "path": path,
        "path_specified": False,
        "secure": False,
        "expires": expires,
        "discard": discard,
        "comment": None,
        "comment_url": None,
        "rest": {},
    }
    return Cookie(**{**values, **options})


def test_clearing():
    jar = CookieJar()
    for name in "ab":
        jar.set_cookie(cookie(name))
    jar.set_cookie(cookie("c", path="/p"))
    jar.set_cookie(cookie("d", domain="b.example"))
    jar.clear("a.example", "/", "a")
    assert sorted(found.name for found in jar) == ["b", "c", "d"]
    jar.clear("a.example", "/p")
    jar.clear("b.example")
    assert [found.name for found in jar] == ["b"]
    with pytest.raises(KeyError):
        jar.clear("nothing.example")
    with pytest.raises(ValueError):
        jar.clear(name="b")
    with pytest.raises(ValueError):
        jar.clear(path="/")
    jar.clear()
    assert len(jar) == 0


def test_expired_and_session_cookies_are_removed():
    jar = CookieJar()
    now = time.time()
    jar.set_cookie(cookie("old", expires=now - 1))
    jar.set_cookie(cookie("new", expires=now + 1000))
    jar.set_cookie(cookie("session", discard=True, domain="s.example"))
    assert given_to(jar, "http://a.example/") == "new=1"
    assert sorted(found.name for found in jar) == ["new", "session"]
    jar.clear_session_cookies()
    assert list(jar._cookies) == ["a.example"]


def test_iteration_is_sound_while_others_change_the_jar():
    jar = CookieJar()
    stop = threading.Event()

    def change() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            jar.set_cookie(cookie(f"n{number % 50}", domain=f"d{number % 20}.example"))
            if number % 100 == 0:
                jar.clear()

    threads = [threading.Thread(target=change) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(300):
            assert all(found.name for found in jar)
            given_to(jar, "http://d1.example/")
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_jars_are_picklable():
    jar = take(CookieJar(), "http://a.example/", "x=1; HttpOnly", "y=2; Max-Age=600")
    clone = pickle.loads(pickle.dumps(jar))
    assert repr(clone) == repr(jar)
    assert given_to(clone, "http://a.example/") == "x=1; y=2"
    take(clone, "http://a.example/", "z=3")
    assert len(jar) == 2


def test_nonstandard_attributes_and_texts():
    jar = take(CookieJar(), "http://a.example/", "x=1; HttpOnly; SameSite=Lax; Odd")
    (found,) = jar
    assert found.has_nonstandard_attr("HttpOnly")
    assert found.get_nonstandard_attr("SameSite") == "Lax"
    assert found.get_nonstandard_attr("None", "x") == "x"
    found.set_nonstandard_attr("New", "y")
    assert found.get_nonstandard_attr("New") == "y"
    assert str(found) == "<Cookie x=1 for a.example/>"
    assert repr(jar).startswith("<CookieJar[Cookie(version=0, name='x', value='1'")
    assert str(jar) == "<CookieJar[<Cookie x=1 for a.example/>]>"


def test_a_cookie_of_no_port_specifies_none():
    with pytest.raises(ValueError, match="port_specified"):
        cookie(port_specified=True)


def test_debugging_says_why(caplog, monkeypatch):
    monkeypatch.setattr(cookiejar, "debug", True)
    with caplog.at_level("DEBUG", logger="http.cookiejar"):
        take(CookieJar(), "http://a.example/", "x=1; Domain=other.example")
    assert "does not end with .other.example" in caplog.text


@given(st.text(max_size=40))
def test_no_date_raises(text):
    for read in (cookiejar.http2time, cookiejar.iso2time):
        assert read(text) is None or isinstance(read(text), int)


@given(st.text(alphabet='ab=;", \\\u00e9', max_size=40))
def test_no_field_of_a_peer_raises(field):
    take(CookieJar(DefaultCookiePolicy(rfc2965=True)), "http://a.example/", field)
    take(
        CookieJar(DefaultCookiePolicy(rfc2965=True)), "http://a.example/", field, name="Set-Cookie2"
    )


# --- what newer Pythons changed, on every Python -------------------------------------------------


@pytest.mark.parametrize("label", ["tv", "or", "nom", "sch", "web", "co", "WEB"])
def test_no_cookie_is_for_all_below_a_countrys_second_level(label):
    jar = CookieJar(DefaultCookiePolicy(strict_domain=True))
    take(jar, f"http://a.example.{label}.uk/", f"x=1; Domain={label}.uk")
    assert len(jar) == 0
    take(jar, f"http://a.example.{label}.uk/", f"x=1; Domain=example.{label}.uk")
    assert len(jar) == 1


@pytest.mark.parametrize("name", ["Set-Cookie", "Set-Cookie2"])
def test_gh_160300_a_negative_version_is_refused(name):
    jar = CookieJar(DefaultCookiePolicy(rfc2965=True))
    take(jar, "http://a.example.com/", "x=1; Version=-1; Domain=com", name=name)
    assert len(jar) == 0
    jar._now = 0
    words = [[("x", "1"), ("version", "-1")]]
    request = urllib.request.Request("http://a.example.com/")
    assert jar._cookies_from_attrs_set(words, request) == []
    cookie = Cookie.from_dict({"name": "x", "value": "1", "domain": "a.example.com", "version": -1})
    assert not jar._policy.set_ok(cookie, request)
    jar.set_cookie(cookie)
    assert given_to(jar, "http://a.example.com/") is None


def test_words_are_joined_as_in_this_pythons_own_module():
    for value in ("baz", "iso-8859-1", "a b", 'a"b', "", "a/b", "*", "\u00e9"):
        words = [[("foo", value), ("bar", None)]]
        assert cookiejar.join_header_words(words) == http.cookiejar.join_header_words(words)
