"""What a program overrides or replaces in `http.cookiejar` has the effect that it has there."""

from __future__ import annotations

import contextlib
import email.message
import http.cookiejar
import importlib
import inspect
import logging
import threading
import time
import urllib.request
from unittest import mock

import pytest

import nethttp.cookiejar
from nethttp.cookiejar import (
    Cookie,
    CookieJar,
    DefaultCookiePolicy,
    LWPCookieJar,
    MozillaCookieJar,
    RFC6265Policy,
)

from ..overriding import methods_of, overridden, ways_for

URL = "http://www.example.com:8080/a/b"
FIELDS = [
    "a=1; Path=/; Max-Age=999; HttpOnly",
    "b=2; Domain=example.com; Port",
    "c=3; Version=1; Max-Age=9; Path=/a",
    "d=4; expires=Wed, 09 Jun 1999 10:18:14 GMT",
    "e=5; Secure",
]


class Response:
    """A response as the documentation asks for: it has `info` alone."""

    def __init__(self, *fields: str, name: str = "Set-Cookie") -> None:
        self._message = email.message.Message()
        for field in fields:
            self._message[name] = field

    def info(self) -> email.message.Message:
        return self._message


def request() -> urllib.request.Request:
    return urllib.request.Request(URL)


def cookie_of(kind, **changes):
    arguments = dict.fromkeys(("port", "expires", "comment", "comment_url"))
    arguments |= dict.fromkeys(("port_specified", "domain_specified", "domain_initial_dot"), False)
    arguments |= {"version": 0, "name": "a", "value": "1", "domain": "www.example.com"}
    arguments |= {"path": "/", "path_specified": True, "secure": False, "discard": True}
    return kind(**{**arguments, "rest": {}, **changes})


# --- methods -------------------------------------------------------------------------------------


def filled(module, make, **options):
    jar = make(**options)
    for number, domain in enumerate(("www.example.com", "example.org")):
        jar.set_cookie(cookie_of(module.Cookie, name=f"n{number}", domain=domain))
    jar.set_cookie(cookie_of(module.Cookie, name="kept", expires=2e9, discard=False))
    return jar


def take(module, make, **options):
    jar = make(**options)
    jar.extract_cookies(Response(*FIELDS), request())


def take_modern(module, make):
    jar = make(policy=module.DefaultCookiePolicy(rfc2965=True))
    jar.extract_cookies(Response("m=1; Version=1; Path=/a", name="Set-Cookie2"), request())


def give(module, make):
    filled(module, make).add_cookie_header(request())


def saved(module, make, tmp_path):
    jar = filled(module, make)
    jar.save(str(tmp_path / "cookies"), ignore_discard=True, ignore_expires=True)
    return jar


OF_JARS = {
    "extract_cookies": lambda module, make, _: take(module, make),
    "extract_cookies of Set-Cookie2": lambda module, make, _: take_modern(module, make),
    "make_cookies": lambda _, make, __: make().make_cookies(Response(*FIELDS), request()),
    "add_cookie_header": lambda module, make, _: give(module, make),
    "set_cookie_if_ok": lambda module, make, _: make().set_cookie_if_ok(
        cookie_of(module.Cookie), request()
    ),
    "clear": lambda module, make, _: filled(module, make).clear(),
    "clear_session_cookies": lambda module, make, _: filled(module, make).clear_session_cookies(),
    "clear_expired_cookies": lambda module, make, _: filled(module, make).clear_expired_cookies(),
    "len": lambda module, make, _: len(filled(module, make)),
    "iter": lambda module, make, _: list(filled(module, make)),
    "repr": lambda module, make, _: repr(filled(module, make)),
    "str": lambda module, make, _: str(filled(module, make)),
}
OF_FILES = {
    **OF_JARS,
    "save": saved,
    "load": lambda module, make, place: saved(module, make, place).load(str(place / "cookies")),
    "revert": lambda module, make, place: saved(module, make, place).revert(str(place / "cookies")),
}
OF_LWP = {**OF_FILES, "as_lwp_str": lambda module, make, _: filled(module, make).as_lwp_str()}

#: Here a program makes the policy, or the cookies, of a jar that it leaves alone.
OF_POLICIES = {
    "extract_cookies": lambda module, make, _: take(module, lambda: module.CookieJar(make())),
    "extract_cookies, with rules": lambda module, make, _: take(
        module,
        lambda: module.CookieJar(
            make(
                blocked_domains=["ads.example"],
                allowed_domains=["www.example.com", ".example.com"],
                rfc2965=True,
                strict_domain=True,
                strict_ns_set_path=True,
            )
        ),
    ),
    "add_cookie_header": lambda module, make, _: give(module, lambda: module.CookieJar(make())),
}
OF_COOKIES = {
    "add_cookie_header": lambda module, make, _: give_one(module, make),
    "clear_expired_cookies": lambda module, make, _: holding(module, make).clear_expired_cookies(),
    "save": lambda module, make, place: keep(module.MozillaCookieJar, make, place),
    "save as LWP": lambda module, make, place: keep(module.LWPCookieJar, make, place),
    "str": lambda _, make, __: str(cookie_of(make)),
}


def keep(jar_class, make, place):
    jar = jar_class(str(place / "cookies"))
    jar.set_cookie(cookie_of(make, expires=2e9, discard=False))
    jar.save()


def holding(module, make):
    jar = module.CookieJar()
    jar.set_cookie(cookie_of(make))
    return jar


def give_one(module, make):
    holding(module, make).add_cookie_header(request())


SCENARIOS = {
    "CookieJar": OF_JARS,
    "MozillaCookieJar": OF_FILES,
    "LWPCookieJar": OF_LWP,
    "DefaultCookiePolicy": OF_POLICIES,
    "Cookie": OF_COOKIES,
}

#: What the stdlib calls for no field as well, or, of cookies, for all that it has each time.
MAY_BE_FEWER = {"_cookies_from_attrs_set", "_normalized_cookie_tuples", "is_expired"}


#: Cookies whose time is over are found by an index here, not by a walk: docs/differences.md.
NOT_WALKED = ("__iter__", "add_cookie_header")


def cases():
    for name, scenarios in SCENARIOS.items():
        for method in methods_of(getattr(http.cookiejar, name)):
            for way in ways_for(method):
                for title, scenario in scenarios.items():
                    if (method, title) == NOT_WALKED:
                        continue
                    yield pytest.param(
                        *(name, method, way, scenario), id=f"{name}.{method}-{way}-{title}"
                    )


def calls_of(module, name, method, way, scenario, place):
    with overridden(getattr(module, name), method, way) as (make, calls):
        scenario(module, make, place)
    return calls


@pytest.mark.parametrize(("name", "method", "way", "scenario"), list(cases()))
def test_what_is_overridden_is_called_where_the_stdlib_calls_it(
    name, method, way, scenario, tmp_path
):
    theirs = calls_of(http.cookiejar, name, method, way, scenario, tmp_path)
    ours = calls_of(nethttp.cookiejar, name, method, way, scenario, tmp_path)
    assert bool(ours) >= bool(theirs)
    assert method in MAY_BE_FEWER or len(ours) >= len(theirs)


def test_a_jar_is_filled_by_a_programs_own_steps():
    class Raw(CookieJar):
        def _normalized_cookie_tuples(self, attrs_set):
            tuples = super()._normalized_cookie_tuples(attrs_set)
            for _, _, standard, _ in tuples:
                standard["secure"] = True
            return tuples

        def _cookie_from_cookie_tuple(self, tup, request):
            cookie = super()._cookie_from_cookie_tuple(tup, request)
            if cookie:
                cookie.value = cookie.value.upper()
            return cookie

    jar = Raw()
    jar.extract_cookies(Response("a=b; Path=/", "gone=1; Max-Age=0"), request())
    assert [(cookie.name, cookie.value, cookie.secure) for cookie in jar] == [("a", "B", True)]


@pytest.mark.parametrize("field", FIELDS)
def test_the_steps_make_what_the_stdlibs_make(field):
    made = []
    for module in (http.cookiejar, nethttp.cookiejar):
        jar = module.CookieJar()
        jar._now = jar._policy._now = 1_700_000_000
        words = module.parse_ns_headers([field])
        tuples = jar._normalized_cookie_tuples(words)
        cookies = jar._cookies_from_attrs_set(words, request())
        made.append((tuples, [repr(cookie) for cookie in cookies]))
    assert made[0] == made[1]


def test_programs_put_raw_cookies_in():
    """As MechanicalSoup, pyspider and Deluge's plug-ins do."""
    jar = CookieJar()
    jar._policy._now = jar._now = int(time.time())
    words = nethttp.cookiejar.parse_ns_headers(["a=b; Path=/x"])
    for cookie in jar._cookies_from_attrs_set(words, request()):
        jar.set_cookie(cookie)
    assert [(cookie.name, cookie.path) for cookie in jar] == [("a", "/x")]


def test_an_error_in_a_programs_own_step_costs_its_cookies_alone():
    class Broken(CookieJar):
        def _cookie_from_cookie_tuple(self, tup, request):
            raise RuntimeError("mine")

    with pytest.warns(UserWarning, match="(?s)http.cookiejar bug!.*RuntimeError: mine"):
        assert Broken().make_cookies(Response("a=b"), request()) == []


# --- attributes ----------------------------------------------------------------------------------


class TwoMethods:
    """A lock that has no more than the stdlib asks of one."""

    def __init__(self):
        self._lock = threading.RLock()
        self.taken = self.given = 0

    def acquire(self):
        self._lock.acquire()
        self.taken += 1

    def release(self):
        self._lock.release()
        self.given += 1


class ContextAlone:
    """A lock that can be used by `with` alone."""

    def __init__(self):
        self._lock = threading.RLock()
        self.taken = self.given = 0

    def __enter__(self):
        self._lock.acquire()
        self.taken += 1

    def __exit__(self, *exception):
        self._lock.release()
        self.given += 1


def use(jar):
    jar.extract_cookies(Response(*FIELDS), request())
    assert jar.make_cookies(Response("x=1"), request())
    asked = request()
    jar.add_cookie_header(asked)
    assert "a=1" in asked.get_header("Cookie")
    jar.set_cookie_if_ok(cookie_of(Cookie, name="more"), request())
    assert len(list(jar)) == len(jar)
    jar.clear_session_cookies()
    jar.clear_expired_cookies()
    jar.set_policy(DefaultCookiePolicy())
    jar.clear("www.example.com")
    jar.clear()


@pytest.mark.parametrize("lock", [TwoMethods, ContextAlone])
def test_a_jars_lock_is_replaced(lock):
    jar = CookieJar()
    jar._cookies_lock = lock()
    use(jar)
    assert jar._cookies_lock.taken == jar._cookies_lock.given > 0


@pytest.mark.parametrize("lock", [TwoMethods, ContextAlone])
def test_the_lock_of_a_jar_with_a_file_is_replaced(lock, tmp_path):
    for kind in (MozillaCookieJar, LWPCookieJar):
        jar = kind(str(tmp_path / "cookies"))
        jar.set_cookie(cookie_of(Cookie))
        jar.save(ignore_discard=True)
        jar._cookies_lock = lock()
        jar.revert(ignore_discard=True)
        assert jar._cookies_lock.taken == jar._cookies_lock.given > 0
        use(jar)


@pytest.mark.parametrize("lock", [TwoMethods, ContextAlone])
def test_the_lock_of_a_shared_jar_is_replaced(lock, shared):
    with shared.open() as jar:
        jar._cookies_lock = lock()
        use(jar)
        with jar.batch():
            jar.set_cookie(cookie_of(Cookie))
        assert jar._cookies_lock.taken == jar._cookies_lock.given > 0


def test_a_lock_that_is_replaced_while_it_is_held_is_given_back():
    jar = CookieJar()
    first = jar._cookies_lock = TwoMethods()

    class Replacing(DefaultCookiePolicy):
        def set_ok(self, cookie, request):
            jar._cookies_lock = TwoMethods()
            return True

    jar.set_policy(Replacing())
    jar.extract_cookies(Response("a=b"), request())
    assert first.taken == first.given > 0


def test_a_jar_needs_no_init_of_its_base():
    class Bare(MozillaCookieJar):
        def __init__(self):
            self._policy = DefaultCookiePolicy()
            self._cookies = {}
            self._cookies_lock = TwoMethods()

    use(Bare())
    bare = Bare()
    assert bare.filename is None
    with pytest.raises(ValueError, match="filename"):
        bare.load()

    class NoLock(CookieJar):
        def __init__(self):
            self._cookies = {"h": {"/": {"a": cookie_of(Cookie)}}}

    assert len(list(NoLock())) == len(NoLock()) == 1
    assert repr(NoLock()).startswith("<NoLock[Cookie(")


def test_a_jar_with_another_base_does_not_call_that_ones_init():
    class Named:
        def __init__(self, name):
            self.name = name

    class Both(MozillaCookieJar, Named):
        def __init__(self, name):
            MozillaCookieJar.__init__(self)
            Named.__init__(self, name)

    use(Both("mine"))


def test_attributes_may_be_set_at_any_time(tmp_path):
    jar = MozillaCookieJar()
    jar.filename = tmp_path / "cookies.txt"
    jar._policy = DefaultCookiePolicy(allowed_domains=[])
    jar.extract_cookies(Response("a=b"), request())
    assert len(jar) == 0
    jar._policy = DefaultCookiePolicy()
    jar.extract_cookies(Response("a=b"), request())
    jar.save(ignore_discard=True)
    jar._cookies = {}
    assert len(jar) == 0
    jar.load(ignore_discard=True)
    assert [cookie.name for cookie in jar] == ["a"]
    jar.save(bytes(jar.filename), ignore_discard=True)


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("netscape", False, ["m"]),
        ("rfc2965", False, ["a"]),
        ("_blocked_domains", ("www.example.com",), []),
        ("_allowed_domains", (), []),
        ("strict_ns_set_path", True, ["a", "m"]),
    ],
)
def test_a_policys_attributes_may_be_set_at_any_time(name, value, taken):
    jar = CookieJar(DefaultCookiePolicy(rfc2965=True))
    setattr(jar._policy, name, value)
    response = Response("a=b")
    response.info()["Set-Cookie2"] = "m=1; Version=1; Path=/a"
    jar.extract_cookies(response, request())
    assert sorted(cookie.name for cookie in jar) == taken


# --- doubles -------------------------------------------------------------------------------------


class NoFields:
    """A response whose message says None for a field that is not there."""

    def info(self):
        return self

    def get_all(self, name, default=None):
        return None


def test_a_cookies_own_kind_of_mapping_stays():
    class Lower(dict):
        pass

    assert type(cookie_of(Cookie, rest=Lower(a="b"))._rest) is Lower
    assert cookie_of(Cookie, rest=None)._rest == {}


def test_a_message_may_say_none():
    assert CookieJar().make_cookies(NoFields(), request()) == []
    assert CookieJar(RFC6265Policy()).make_cookies(NoFields(), request()) == []
    assert CookieJar(DefaultCookiePolicy(rfc2965=True)).make_cookies(NoFields(), request()) == []


class Request:
    """A request with what the documentation asks of one, and nothing else."""

    unverifiable = False
    origin_req_host = host = "www.example.com"
    type = "http"

    def __init__(self):
        self.added = {}

    def get_full_url(self):
        return "http://www.example.com/a"

    def has_header(self, name):
        return name in self.added

    def get_header(self, name, default=None):
        return self.added.get(name, default)

    def add_unredirected_header(self, key, value):
        self.added[key] = value


@pytest.mark.parametrize("policy", [DefaultCookiePolicy, RFC6265Policy])
def test_a_request_needs_the_documented_names_alone(policy):
    jar = CookieJar(policy())
    jar.extract_cookies(Response("a=b; Path=/"), Request())
    asked = Request()
    jar.add_cookie_header(asked)
    assert asked.added == {"Cookie": "a=b"}


def test_a_cookie_may_be_stood_in_for():
    class Crumb:
        name, value, domain, path = "a", "b", "www.example.com", "/"

    jar = CookieJar()
    jar.set_cookie(Crumb())
    asked = request()
    jar.add_cookie_header(asked)
    assert asked.get_header("Cookie") == "a=b"
    for stands_in in (mock.Mock, mock.MagicMock):
        for spec in (None, Cookie):
            double = stands_in(spec=spec, path="/", domain="www.example.com")
            double.name = "double"
            jar.set_cookie(double)
            assert [c.name for c in jar] == ["a", "double"]
    theirs = cookie_of(http.cookiejar.Cookie, name="theirs", rest={"k": "v"})
    jar.set_cookie(theirs)
    assert [c.get_nonstandard_attr("k") for c in jar if c.name == "theirs"] == ["v"]


# --- names of the module -------------------------------------------------------------------------

NEVER_OURS = {"__file__", "__cached__", "__doc__", "__loader__", "__spec__", "__builtins__"}


@pytest.mark.parametrize("name", sorted(set(vars(http.cookiejar)) - NEVER_OURS))
def test_every_name_of_the_stdlibs_module_is_there(name):
    assert hasattr(nethttp.cookiejar, name)


KINDS = [name for name in http.cookiejar.__all__ if inspect.isclass(getattr(http.cookiejar, name))]


@pytest.mark.parametrize("kind", KINDS)
def test_every_attribute_of_the_stdlibs_classes_is_there(kind):
    theirs, ours = getattr(http.cookiejar, kind), getattr(nethttp.cookiejar, kind)
    assert set(dir(theirs)) - {"__firstlineno__", "__static_attributes__"} <= set(dir(ours))


@pytest.mark.parametrize("kind", [*KINDS, "RFC6265Policy", "StorageError"])
def test_a_class_says_the_public_modules_name(kind):
    ours = getattr(nethttp.cookiejar, kind)
    assert ours.__module__ == "nethttp.cookiejar"
    assert getattr(importlib.import_module(ours.__module__), ours.__qualname__) is ours
    for function in ("request_host", "http2time", "lwp_cookie_str"):
        assert getattr(nethttp.cookiejar, function).__module__ == "nethttp.cookiejar"


def test_names_that_nothing_here_uses_do_what_they_did():
    ours, theirs = nethttp.cookiejar, http.cookiejar
    assert list(ours.deepvalues({"a": {"b": 1, "c": {"d": 2}}, "e": {}})) == [1, 2]
    for pattern, text in (
        ("HEADER_TOKEN_RE", " a=b"),
        ("HEADER_QUOTED_VALUE_RE", '="a\\"b" c'),
        ("HEADER_VALUE_RE", " = ab;"),
        ("STRICT_DATE_RE", "Thu, 03 Feb 1994 00:00:00 GMT"),
        ("LOOSE_HTTP_DATE_RE", "03-Feb-94 00:00 GMT"),
        ("ISO_DATE_RE", "1994-02-03T14:15:29-0100"),
        ("TIMEZONE_RE", "-08:00"),
        ("WEEKDAY_RE", "Thursday, 3"),
        ("IPV4_RE", "127.0.0.1"),
        ("cut_port_re", "h:80"),
        ("ESCAPED_CHAR_RE", "%2f"),
        ("HEADER_ESCAPE_RE", "\\a"),
        ("HEADER_JOIN_ESCAPE_RE", '"'),
    ):
        found = [getattr(module, pattern).search(text) for module in (ours, theirs)]
        assert found[0].groups() == found[1].groups(), pattern
        assert ours.unmatched(found[0]) == theirs.unmatched(found[1])
    for name in ("DAYS", "MONTHS", "MONTHS_LOWER", "UTC_ZONES", "EPOCH_YEAR", "HTTP_PATH_SAFE"):
        assert getattr(ours, name) == getattr(theirs, name)
    for parts in (
        ("3", "Feb", "94", None, None, None, None),
        ("3", "2", "1994", "1", "2", "3", "-8"),
    ):
        assert ours._str2time(*parts) == theirs._str2time(*parts)
    assert ours._timegm((1994, 2, 3, 4, 5, 6)) == theirs._timegm((1994, 2, 3, 4, 5, 6))
    assert ours._timegm((1969, 1, 1, 0, 0, 0)) is None
    for zone in ("GMT", "-0800", "+1:30", "EST"):
        assert ours.offset_from_tz_string(zone) == theirs.offset_from_tz_string(zone)
    assert ours.urllib.request is urllib.request
    assert ours.http.client.HTTP_PORT == 80
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        ours.nothing


def patched(name, value):
    return mock.patch(f"nethttp.cookiejar.{name}", value)


def test_a_replaced_clock_is_read():
    clock = mock.Mock(wraps=time)
    clock.time = lambda: 5e8
    with patched("time", clock):
        (cookie,) = CookieJar().make_cookies(Response("a=b; Max-Age=10"), request())
        assert cookie.expires == 500_000_010
        assert not cookie.is_expired()
    assert cookie.is_expired()
    with mock.patch("nethttp.cookiejar.time.time", return_value=5e8):
        assert not cookie.is_expired()


def test_replaced_functions_are_called():
    given = request()
    with patched("request_host", lambda _: "other.example"):
        assert nethttp.cookiejar.eff_request_host(given) == ("other.example", "other.example")
        assert nethttp.cookiejar.is_third_party(mock.Mock(origin_req_host="www.example.com"))
        (cookie,) = CookieJar().make_cookies(Response("a=b"), given)
        assert cookie.domain == "other.example"
    with patched("request_path", lambda _: "/x/y"):
        (cookie,) = CookieJar().make_cookies(Response("a=b"), given)
        assert cookie.path == "/x"
    (cookie,) = CookieJar().make_cookies(Response("a=b"), given)
    assert (cookie.domain, cookie.path) == ("www.example.com", "/a")


def test_what_was_remembered_by_a_function_goes_with_it():
    response = Response("a=b; expires=Wed, 09 Jun 2055 10:18:14 GMT; Path=/x")
    jar = CookieJar()
    before = repr(jar.make_cookies(response, request()))
    with patched("http2time", lambda _: 2_000_000_000), patched("escape_path", str.upper):
        (cookie,) = jar.make_cookies(response, request())
        assert (cookie.expires, cookie.path) == (2_000_000_000, "/X")
    assert repr(jar.make_cookies(response, request())) == before


def test_a_replaced_reader_of_fields_is_called():
    words = [[("mine", "1"), ("path", "/"), ("version", "0")]]
    with patched("parse_ns_headers", lambda _: words):
        assert [c.name for c in CookieJar().make_cookies(Response("a=b"), request())] == ["mine"]
    assert [c.name for c in CookieJar().make_cookies(Response("a=b"), request())] == ["a"]


def test_a_replaced_class_of_cookies_is_used():
    class Mine(Cookie):
        pass

    with patched("Cookie", Mine):
        (cookie,) = CookieJar().make_cookies(Response("a=b"), request())
    assert type(cookie) is Mine


def test_replaced_constants_count(tmp_path):
    with (
        patched("NETSCAPE_HEADER_TEXT", "# HTTP Cookie File\n# mine\n"),
        patched("HTTPONLY_PREFIX", "#Mine_"),
    ):
        jar = MozillaCookieJar(str(tmp_path / "cookies.txt"))
        jar.set_cookie(cookie_of(Cookie, expires=2e9, discard=False, rest={"HttpOnly": None}))
        jar.save()
    text = (tmp_path / "cookies.txt").read_text()
    assert text.startswith("# HTTP Cookie File\n# mine\n")
    assert "#Mine_www.example.com" in text


def test_debugging_goes_to_a_programs_own_logger(caplog):
    class Mine:
        said = []

        def debug(self, *message):
            self.said.append(message)

    with patched("debug", True), patched("logger", Mine()):
        CookieJar().extract_cookies(Response("a=b"), request())
    assert any("checking cookie" in message[0] for message in Mine.said)
    with patched("debug", True), caplog.at_level(logging.DEBUG, "http.cookiejar"):
        CookieJar().extract_cookies(Response("a=b"), request())
        nethttp.cookiejar._debug("mine: %s", 7)
    assert "mine: 7" in caplog.messages
    nethttp.cookiejar.logger = None
    said = []
    with patched("_debug", lambda *message: said.append(message)):
        CookieJar().extract_cookies(Response("a=b"), request())
    assert said


def test_debugging_has_a_logger_from_then_on():
    with contextlib.ExitStack() as stack:
        stack.enter_context(patched("logger", None))
        stack.enter_context(patched("debug", True))
        nethttp.cookiejar._debug("once")
        assert nethttp.cookiejar.logger is logging.getLogger("http.cookiejar")
