"""SetCookie, parse_cookie and the cookie-date: what is read, and what is refused to be written.

What a whole user agent makes of a field, ``tests/cookiejar/test_conformance.py`` has.
"""

from __future__ import annotations

import pickle
import string
import time
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.cookies import CookieError, SetCookie, parse_cookie, parse_cookie_date
from nethttp.cookies.setcookie import MAX_AGE

NOW = 1_700_000_000

# --- reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "pairs"),
    [
        ("a=1; b=2", [("a", "1"), ("b", "2")]),
        ("b=1; a=2; b=3", [("b", "1"), ("a", "2"), ("b", "3")]),
        ("a=1;b=2;;; c=3;", [("a", "1"), ("b", "2"), ("c", "3")]),
        (" \ta \t=\t b c \t", [("a", "b c")]),
        ("lonely; =alone; a=", [("", "lonely"), ("", "alone"), ("a", "")]),
        ("; =; ;a=1", [("a", "1")]),
        ('a="b; c"', [("a", '"b'), ("", 'c"')]),
        ('a={"x":[1,2]}', [("a", '{"x":[1,2]}')]),
        ("a=b=c", [("a", "b=c")]),
        ("a=\xe9\xa0\u20ac", [("a", "\xe9\xa0\u20ac")]),
        ("a=1; b=\x00; c\x7f=2; d=3", [("a", "1"), ("d", "3")]),
        ("a=1; b=2\r\n", [("a", "1"), ("b", "2")]),
        ("a=1\r\nb=2; c=3", [("c", "3")]),
        ("a=b\tc", [("a", "b\tc")]),
        ("", []),
    ],
)
def test_a_field_and_its_pairs(field, pairs):
    assert parse_cookie(field) == pairs


def test_werkzeug_2023_23934_a_nameless_cookie_becomes_no_other():
    assert parse_cookie("=__Host-x=bad; __Host-x=good") == [
        ("", "__Host-x=bad"),
        ("__Host-x", "good"),
    ]
    assert SetCookie.parse("=__Host-x=bad; Secure; Path=/") is None


@given(st.text(alphabet='ab=; \t"\\\x00\x7f\xe9\u20ac', max_size=40))
def test_no_field_raises_and_nothing_bad_comes_out(field):
    for name, value in parse_cookie(field):
        assert name or value
        assert not set(name + value) & set(";\x00\x7f")
        assert "=" not in name


def test_what_a_field_says():
    assert SetCookie.parse(
        "id=7; Domain=.EXAMPLE.com; Path=/p; Expires=Wed, 15 Nov 2023 22:13:20 GMT; Max-Age=60; "
        "secure; HTTPONLY; samesite=strict; Partitioned; Unknown=1",
        now=NOW,
    ) == SetCookie(
        *("id", "7", "example.com", "/p", NOW + 86400, 60),
        secure=True,
        http_only=True,
        same_site="Strict",
        partitioned=True,
    )


@pytest.mark.parametrize(
    ("attribute", "field"),
    [
        ("domain", "Domain="),
        ("domain", "Domain=a; Domain=."),
        ("path", "Path=p"),
        ("path", "Path=/p; Path"),
        ("expires", "Expires=soon"),
        ("max_age", "Max-Age=1h"),
        ("same_site", "SameSite=Sometimes"),
        ("same_site", "SameSite=Lax; SameSite"),
    ],
)
def test_what_says_nothing(attribute, field):
    assert getattr(SetCookie.parse(f"a=b; {field}"), attribute) is None


def test_octets_are_counted_where_text_is_beyond_iso_8859_1():
    assert SetCookie.parse("a=b; Path=/" + "\u20ac" * 341).path is not None
    assert SetCookie.parse("a=b; Path=/" + "\u20ac" * 342).path is None


def test_lifetimes_are_cut_to_400_days():
    cookie = SetCookie.parse("a=b; Max-Age=99999999999; Expires=1 Jan 2099 00:00:00", now=NOW)
    assert (cookie.max_age, cookie.expires) == (MAX_AGE, NOW + MAX_AGE)
    assert MAX_AGE == 34_560_000
    cookie = SetCookie.parse("a=b; Max-Age=-5; Expires=1 Jan 1970 00:00:00", now=NOW)
    assert (cookie.max_age, cookie.expires) == (0, 0)
    assert SetCookie.parse("a=b; Expires=1 Jan 2099 00:00:00").expires <= time.time() + MAX_AGE


@pytest.mark.parametrize(
    "field",
    [
        "",
        "=",
        "a=\x00",
        "a=b; Path=/\x1f",
        "a=" + "x" * 4096,
        "a=\u20ac" + "x" * 4093,
        "a=b; Domain=b\xfccher.example",
        "a=b; SameSite=None",
        "a=b; Partitioned",
        "__Secure-a=b",
        "__HOST-a=b; Secure; Path=/; Domain=example.com",
        "__http-a=b; Secure",
        "__Host-Http-a=b; Secure; Path=/",
        "=__Host-a=b",
    ],
)
def test_what_no_user_agent_takes(field):
    assert SetCookie.parse(field) is None


@given(
    st.text(max_size=60) | st.text(alphabet="a=;PathDominExrs-Ag: 0123456789/.\x00", max_size=60)
)
def test_no_set_cookie_field_raises(field):
    cookie = SetCookie.parse(field)
    assert cookie is None or cookie.name or cookie.value
    assert parse_cookie_date(field) is None or isinstance(parse_cookie_date(field), int)


# --- writing -------------------------------------------------------------------------------------

TOKENS = st.text(alphabet=string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~", min_size=1)
VALUES = st.text(alphabet=[chr(c) for c in range(0x21, 0x7F) if chr(c) not in '",;\\'], max_size=30)
LABELS = st.text(alphabet="abcABC019", min_size=1, max_size=5)
COOKIES = st.builds(
    SetCookie,
    TOKENS | st.sampled_from(["__Host-a", "__Secure-a", "__Http-b", "__host-http-c"]),
    VALUES | VALUES.map('"{}"'.format),
    st.none() | st.lists(LABELS, min_size=1, max_size=4).map(".".join),
    st.none() | st.just("/") | st.text(alphabet="ab/ %~", max_size=8).map(lambda s: f"/{s}x"),
    st.none() | st.integers(-11_000_000_000, int(time.time()) + MAX_AGE - 1000),
    st.none() | st.integers(0, MAX_AGE),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, "Strict", "lax", "NONE"]),
    st.booleans(),
)


def written(cookie):
    """Return the field that a cookie is written as, or None and why it is not."""
    try:
        return str(cookie), ""
    except CookieError as error:
        return None, str(error)


@given(COOKIES)
def test_what_is_written_is_read_back_the_same(cookie):
    field, refusal = written(cookie)
    if field is None:
        assert " needs " in refusal or "no Domain" in refusal
        return
    assert SetCookie.parse(field) == cookie
    assert parse_cookie(field.partition(";")[0]) == [(cookie.name, cookie.value)]


@pytest.mark.parametrize(
    ("cookie", "message"),
    [
        (SetCookie("", "b"), "name to be a token, got ''"),
        (SetCookie("a b", "c"), "name to be a token"),
        (SetCookie("a\r\nX", "c"), r"got 'a\\r\\nX'"),
        (SetCookie("a", "b;c"), "value to have no blank"),
        (SetCookie("a", "b c"), "value to have no blank"),
        (SetCookie("a", "b,c"), "value to have no blank"),
        (SetCookie("a", 'b"c'), "value to have no blank"),
        (SetCookie("a", '"b'), "value to have no blank"),
        (SetCookie("a", "b\\c"), "value to have no blank"),
        (SetCookie("a", "\xe9"), "value to have no blank"),
        (SetCookie("a", "b\r\nSet-Cookie: c=d"), "value to have no blank"),
        (SetCookie("a", "x" * 4096), "at most 4096 octets"),
        (SetCookie("a", "b", domain="exa mple"), "Domain to be a host name"),
        (SetCookie("a", "b", domain="a;b"), "Domain to be a host name"),
        (SetCookie("a", "b", domain="a..b"), "Domain to be a host name"),
        (SetCookie("a", "b", domain="-a"), "Domain to be a host name"),
        (SetCookie("a", "b", domain="b\xfccher.example"), "Domain to be a host name"),
        (SetCookie("a", "b", domain=""), "Domain to be a host name"),
        (SetCookie("a", "b", path="p"), "Path to be '/'"),
        (SetCookie("a", "b", path="/; Domain=evil"), "Path to be '/'"),
        (SetCookie("a", "b", path="/p "), "Path to be '/'"),
        (SetCookie("a", "b", path="/" + "p" * 1024), "1023 octets more, got"),
        (SetCookie("a", "b", same_site="Sometimes"), "Strict, Lax or None, got 'Sometimes'"),
        (SetCookie("a", "b", max_age=-1), "no less than 0, got '-1'"),
        (SetCookie("a", "b", expires=10**12), "in the years 1601 to 9999"),
        (SetCookie("a", "b", same_site="None"), "SameSite=None needs Secure"),
        (SetCookie("a", "b", partitioned=True), "Partitioned needs Secure"),
        (SetCookie("__Secure-a", "b"), "__Secure-a needs Secure"),
        (SetCookie("__Host-a", "b", secure=True), "__Host-a needs Path=/"),
        (SetCookie("__Host-a", "b", "x.example", "/", secure=True), "must have no Domain"),
        (SetCookie("__http-a", "b", secure=True), "__http-a needs HttpOnly"),
    ],
)
def test_what_must_not_be_written(cookie, message):
    with pytest.raises(CookieError, match=message):
        str(cookie)
    assert repr(cookie).startswith("SetCookie(name=")


def test_every_attribute_is_written():
    cookie = SetCookie("a", "b", ".Example.com", "/p", 0, 60, True, True, "lax", True)
    assert str(cookie) == (
        "a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60; Domain=example.com; Path=/p; "
        "Secure; HttpOnly; SameSite=Lax; Partitioned"
    )


def test_it_is_frozen_hashable_and_picklable():
    cookie = SetCookie("a", "b", path="/")
    with pytest.raises(AttributeError):
        cookie.name = "c"
    assert pickle.loads(pickle.dumps(cookie)) == cookie
    assert cookie._replace(value="c") != cookie
    assert len({cookie, SetCookie("a", "b", path="/")}) == 1


# --- time ----------------------------------------------------------------------------------------

HUGE = 400_000


@contextmanager
def linear_time():
    """Linear work on `HUGE` characters takes well under a second; quadratic takes minutes."""
    began = time.process_time()
    yield
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    "text",
    [
        *('"', "\\", ";", " ", "=", "a=", "; ", '="', "\t", "a;", "-", ":", "1:", "0 ", "\xe9"),
        ";path=",
        ";Expires=1-c-1" + " " * 2000 + "!",
        ";Max-Age=" + "9" * 900,
        ";Domain=" + "." * 900,
    ],
    ids=lambda text: repr(text[:8]),
)
def test_cve_2024_7592_bpo_38804_any_field_takes_linear_time(text):
    field = "a=" + text * (HUGE // len(text))
    with linear_time():
        parse_cookie(field)
        SetCookie.parse(field)
        SetCookie.parse("a=b; Expires=" + field)
        parse_cookie_date(field)
        for cookie in (SetCookie(field, "b"), SetCookie("a", field), SetCookie("a", "b", field)):
            with pytest.raises(CookieError):
                str(cookie)
        with pytest.raises(CookieError):
            str(SetCookie("a", "b", path="/" + field))
