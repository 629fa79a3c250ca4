"""Where cookies differ from CPython's on purpose: what is done instead."""

from __future__ import annotations

import pytest

from nethttp.cookies import CookieError, SimpleCookie


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("foo=bar; baz", ["foo"]),
        ("baz; foo=bar", ["foo"]),
        ("secure;foo=bar", ["foo"]),
        ("Version=1;foo=bar", ["foo"]),
        ("a=1; b c=2; d=3", ["a", "d"]),
        ("a=1; =2; b=3", ["a", "b"]),
        ('a=1; "b"=2; c=3', ["a", "c"]),
        ("a=1; b=\x01; c=3", ["a", "c"]),
        ('a=1; b="x; c=3', ["a", "b", "c"]),
        ("a=1;;; ;b=2", ["a", "b"]),
        ("Set-Cookie: foo=bar", []),
    ],
)
def test_a_bad_cookie_costs_no_other(field, names):
    assert sorted(SimpleCookie(field)) == names


def test_a_name_with_separators_is_read_and_raises_nothing():
    cookies = SimpleCookie("a=b; c,d=e; f(g)=h; [x]=y")
    assert {name: morsel.value for name, morsel in cookies.items()} == {
        "a": "b",
        "c,d": "e",
        "f(g)": "h",
        "[x]": "y",
    }
    with pytest.raises(CookieError, match="Illegal key"):
        cookies["c,d"].output()
