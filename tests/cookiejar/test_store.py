"""How a jar keeps cookies: the seam of persistent jars, ``_cookies``, expiry, JSON."""

from __future__ import annotations

import copy
import http.cookiejar
import json
import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.cookiejar import Cookie, CookieJar


def cookie(name="a", domain="a.example", path="/", value="1", **more):
    row = {"name": name, "value": value, "domain": domain, "path": path, **more}
    return Cookie.from_dict(row)


class Told(CookieJar):
    """A jar that writes down what it is told."""

    def __init__(self):
        super().__init__()
        self.log = []

    def _stored_locked(self, cookie):
        self.log.append(("+", cookie.name))

    def _removed_locked(self, cookies):
        self.log.append(("-", *sorted(cookie.name for cookie in cookies)))


# --- the seam ------------------------------------------------------------------------------------


def test_every_change_is_told():
    jar = Told()
    for made in (cookie("a"), cookie("b"), cookie("a", value="2"), cookie("s", "b.example")):
        jar.set_cookie(made)
    assert jar.log == [("+", "a"), ("+", "b"), ("+", "a"), ("+", "s")]
    jar.log.clear()
    jar.clear("a.example", "/", "a")
    jar.set_cookie(cookie("x", expires=time.time() + 100))
    jar.clear_session_cookies()
    next(iter(jar)).expires = 1
    jar.clear_expired_cookies()
    jar.set_cookie(cookie("y"))
    jar.clear()
    jar.clear()
    assert jar.log == [("-", "a"), ("+", "x"), ("-", "b", "s"), ("-", "x"), ("+", "y"), ("-", "y")]


def test_what_programs_write_to_the_tree_is_told_too():
    jar = Told()
    jar.set_cookie(cookie("a"))
    jar._cookies["a.example"]["/"]["b"] = cookie("b")
    assert len(jar) == 2
    jar._cookies.setdefault("c.example", {}).setdefault("/", {})["c"] = cookie("c", "c.example")
    assert len(jar) == 3
    del jar._cookies["a.example"]["/"]["a"]
    jar._cookies["a.example"].pop("/")
    assert len(jar) == 1
    assert jar.log == [("+", "a"), ("+", "b"), ("+", "c"), ("-", "a", "b")]
    jar._cookies.update({"d.example": {"/": {"d": cookie("d", "d.example")}}})
    jar._cookies |= {}
    jar._cookies["d.example"]["/"].update(e=cookie("e", "d.example"))
    jar._cookies["c.example"].clear()
    assert jar._cookies.popitem()[0] == "d.example"
    assert len(jar) == 0
    jar._cookies = {"f.example": {"/": {"f": cookie("f", "f.example")}}}
    assert [found.name for found in jar] == ["f"]
    assert len(jar) == 1
    assert jar.log[4:] == [("-", "c"), ("+", "f")]


@pytest.mark.parametrize("how", ["setdefault", "assign", "update"])
def test_a_dict_read_back_from_the_tree_is_live(how):
    jar = Told()
    by_path = {"/": {}}
    if how == "setdefault":
        jar._cookies.setdefault("a.example", by_path)
    elif how == "assign":
        jar._cookies["a.example"] = by_path
    else:
        jar._cookies.update({"a.example": by_path})
        assert len(jar) == 0
    level = jar._cookies["a.example"].setdefault("/", {})
    for name in "xyz":
        level[name] = cookie(name)
        assert jar.log[-1:] != [("+", name)]
        assert len(jar) == "xyz".index(name) + 1
        assert jar.log[-1] == ("+", name)


def test_a_cookie_that_was_renamed_in_the_jar_is_still_found():
    jar = Told()
    made = cookie("a")
    jar.set_cookie(made)
    made.name, made.domain = "other", "elsewhere.example"
    made.expires = 1
    jar.clear_expired_cookies()
    assert len(jar) == 0
    assert list(jar._cookies) == []


def test_cookies_of_the_standard_library_are_taken():
    """As programs have them that read a browser's, or use both kinds of jars."""
    theirs = [
        http.cookiejar.Cookie(
            *(0, name, "1", None, False, ".a.example", True, True, "/", True, True, 9e9, False),
            *(None, None, {"HttpOnly": None}),
        )
        for name in "ab"
    ]
    jar = CookieJar()
    jar.set_cookie(theirs[0])
    jar._cookies[".a.example"]["/"]["b"] = theirs[1]
    assert len(jar) == 2
    for found, other in zip(jar, theirs, strict=True):
        assert isinstance(found, Cookie)
        assert vars(other).items() <= vars(found).items()
        assert found.http_only


def test_levels_that_become_empty_go():
    jar = CookieJar()
    jar.set_cookie(cookie("a"))
    jar.clear("a.example", "/", "a")
    assert jar._cookies == {}


def test_partitions_lie_side_by_side_and_are_cleared_together():
    jar = CookieJar()
    for key in (None, "https://one.example", "https://two.example"):
        jar.set_cookie(cookie("a", partition_key=key))
    assert len(jar) == 3
    jar.clear("a.example", "/", "a")
    assert len(jar) == 0
    with pytest.raises(KeyError):
        jar.clear("a.example", "/", "a")


def test_a_cookie_put_in_the_place_of_another_keeps_its_creation_time():
    jar = CookieJar()
    jar.set_cookie(cookie("a"))
    (before,) = jar
    jar.set_cookie(cookie("a", value="2"))
    (after,) = jar
    assert after.value == "2"
    assert after.creation_time == before.creation_time
    assert after.last_access_time > before.last_access_time


def test_times_differ_even_where_the_clock_stands_still(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    jar = CookieJar()
    for number in range(50):
        jar.set_cookie(cookie(f"n{number}"))
    times = [made.creation_time for made in jar]
    assert times == sorted(set(times))


# --- expiry --------------------------------------------------------------------------------------


def test_expiry_asks_none_but_those_that_are_over(monkeypatch):
    jar = CookieJar()
    now = int(time.time())
    for number in range(200):
        jar.set_cookie(cookie(f"n{number}", f"h{number}.example", expires=now + number + 1))
    asked = []
    monkeypatch.setattr(Cookie, "is_expired", lambda *arguments: asked.append(arguments))
    with jar._cookies_lock:
        jar._expire_locked(now + 10)
    assert len(jar) == 200 - 10
    assert not asked


def test_each_cookie_goes_when_its_time_is_over():
    jar = CookieJar()
    now = int(time.time())
    for number in range(5):
        jar.set_cookie(cookie(f"n{number}", expires=now + 10 * number + 10))
    with jar._cookies_lock:
        for left in range(5, 0, -1):
            assert len(jar) == left
            jar._expire_locked(now + 10 * (6 - left))
    assert len(jar) == 0


def test_a_cookie_that_was_given_more_time_stays():
    jar = CookieJar()
    now = time.time()
    made = cookie("a", expires=now - 5)
    jar.set_cookie(made)
    made.expires = int(now) + 500
    with jar._cookies_lock:
        jar._expire_locked(now)
        jar._expire_locked(now)
    assert len(jar) == 1


def test_a_cookie_replaced_a_thousand_times_is_kept_track_of_once():
    jar = CookieJar()
    for number in range(1000):
        jar.set_cookie(cookie("a", expires=time.time() + 1000 + number))
    assert len(jar._index.expiring) + len(jar._index.expiries) < 100


# --- copies and JSON -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "clone",
    [copy.copy, copy.deepcopy, lambda jar: pickle.loads(pickle.dumps(jar))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_copies_share_no_dicts(clone):
    jar = CookieJar()
    jar.set_cookie(cookie("a", partition_key="https://top.example"))
    other = clone(jar)
    other.set_cookie(cookie("b"))
    assert (len(jar), len(other)) == (1, 2)
    other.clear()
    assert [found.name for found in jar] == ["a"]
    assert next(iter(jar)).partition_key == "https://top.example"


def test_a_pickle_of_an_older_jar_is_read():
    """Its cookies have none of the new attributes, its dicts are plain."""
    jar = CookieJar()
    made = cookie("a")
    state = {"_policy": jar._policy, "_now": 0, "_cookies": {"a.example": {"/": {"a": made}}}}
    jar = CookieJar.__new__(CookieJar)
    jar.__setstate__(state)
    jar.set_cookie(cookie("b"))
    assert len(jar) == 2


ATTRIBUTES = st.dictionaries(
    st.sampled_from(["HttpOnly", "httponly", "SameSite", "Partitioned", "Odd"]),
    st.none() | st.sampled_from(["", "Lax", "none"]),
)
COOKIES = st.builds(
    Cookie,
    version=st.sampled_from([None, 0, 1]),
    name=st.text(max_size=5),
    value=st.none() | st.text(max_size=5),
    port=st.just("80"),
    port_specified=st.booleans(),
    domain=st.sampled_from(["a.example", ".a.example", "[::1]", ""]),
    domain_specified=st.booleans(),
    domain_initial_dot=st.booleans(),
    path=st.sampled_from(["/", "/p"]),
    path_specified=st.booleans(),
    secure=st.booleans(),
    expires=st.none() | st.integers(4_000_000_000, 5_000_000_000),
    discard=st.booleans(),
    comment=st.none() | st.text(max_size=3),
    comment_url=st.none(),
    rest=ATTRIBUTES,
    rfc2109=st.booleans(),
    partition_key=st.none() | st.just("https://top.example"),
    creation_time=st.none() | st.floats(1, 1e9),
    last_access_time=st.none() | st.floats(1, 1e9),
)


@given(COOKIES)
def test_a_cookie_and_its_mapping(made):
    row = json.loads(json.dumps(made.to_dict()))
    again = Cookie.from_dict(row)
    assert vars(again) == vars(made)
    assert (row["host_only"], row["http_only"], row["same_site"]) == (
        made.host_only,
        made.http_only,
        made.same_site,
    )


@given(st.lists(COOKIES, max_size=5))
def test_a_jar_and_its_json(made):
    jar = CookieJar()
    for one in made:
        jar.set_cookie(one)
    again = CookieJar.from_json(jar.to_json(indent=1))
    assert [vars(found) for found in again] == [vars(found) for found in jar]


def test_the_json_that_is_documented():
    jar = CookieJar()
    jar.set_cookie(cookie("id", "7.example", creation_time=5.5, last_access_time=6))
    assert json.loads(jar.to_json()) == {
        "format": "nethttp.cookiejar",
        "version": 1,
        "cookies": [
            {
                "name": "id",
                "value": "1",
                "domain": "7.example",
                "domain_specified": False,
                "domain_initial_dot": False,
                "host_only": True,
                "path": "/",
                "path_specified": True,
                "secure": False,
                "http_only": False,
                "same_site": None,
                "expires": None,
                "discard": True,
                "partition_key": None,
                "creation_time": 5.5,
                "last_access_time": 6,
                "version": 0,
                "port": None,
                "port_specified": False,
                "comment": None,
                "comment_url": None,
                "rfc2109": False,
                "rest": {},
            }
        ],
    }


def test_a_short_mapping_is_enough():
    made = Cookie.from_dict(
        {
            "name": "id",
            "value": "7",
            "domain": ".example.com",
            "http_only": True,
            "same_site": "Strict",
            "expires": 9e9,
            "unknown": 1,
        }
    )
    assert made.http_only
    assert (made.host_only, made.same_site, made.persistent) == (False, "Strict", True)
    assert (made.domain_specified, made.domain_initial_dot) == (True, True)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({}, "expected a cookie with a 'name'"),
        ({"name": 1, "value": "", "domain": ""}, "expected 'name' to be text, got '1'"),
        ({"name": "", "value": "", "domain": None}, "expected 'domain' to be text"),
        ({"name": "", "value": "", "domain": "", "secure": 1}, "to be true or false"),
        ({"name": "", "value": "", "domain": "", "expires": True}, "a whole number or a number"),
        ({"name": "", "value": "", "domain": "", "rest": []}, "a mapping"),
    ],
)
def test_a_mapping_that_is_no_cookie(row, message):
    with pytest.raises(ValueError, match=message):
        Cookie.from_dict(row)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Expecting"),
        ("[]", 'expected an object with "format"'),
        ('{"format": "other"}', '"nethttp.cookiejar", got'),
        ('{"format": "nethttp.cookiejar", "version": 2}', "expected version 1, got '2'"),
        ('{"format": "nethttp.cookiejar", "version": 1}', '"cookies" to be a list'),
        ('{"format": "nethttp.cookiejar", "version": 1, "cookies": [1]}', "cookie 0: expected an"),
        ('{"format": "nethttp.cookiejar", "version": 1, "cookies": [{}]}', "cookie 0: expected a"),
    ],
)
def test_a_document_that_is_none(text, message):
    with pytest.raises(ValueError, match=message):
        CookieJar.from_json(text)
