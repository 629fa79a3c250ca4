"""Ages and lifetimes: RFC 9111 section 4.2."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client.caching.freshness import (
    MAX_HEURISTIC_LIFETIME,
    current_age,
    lifetime,
    may_be_stale,
    staleness,
)
from nethttp.wire.values import format_http_date

from .conftest import entry

NOW = 1_000_000_000.0


def date(seconds: float) -> str:
    return format_http_date(NOW + seconds)


@pytest.mark.parametrize(
    ("fields", "delay", "later", "age"),
    [
        ({}, 0, 0, 0),
        ({}, 0, 7, 7),
        ({"Date": date(-10)}, 0, 7, 17),
        ({"Date": date(+10)}, 0, 7, 7),
        ({"Date": "yesterday"}, 0, 7, 7),
        ({"Age": "100"}, 0, 7, 107),
        ({"Age": "100"}, 3, 7, 110),
        ({"Age": "100", "Date": date(-200)}, 3, 0, 200),
        ({}, 3, 0, 3),
        ({"Age": "0"}, 0, -50, 0),
        ({"Age": "abc"}, 0, 0, inf),
        ({"Age": "-1"}, 0, 0, inf),
        ({"Age": "1.0"}, 0, 0, inf),
        ({"Age": "0, 0"}, 0, 0, inf),
        ({"Age": "9" * 5000}, 0, 0, inf),
    ],
)
def test_current_age(fields, delay, later, age):
    assert current_age(entry(fields, delay=delay), NOW + later) == age


def test_two_lines_of_age_are_no_age():
    twice = entry()
    twice = type(twice)(**{**twice.__dict__, "fields": (("Age", "0"), ("Age", "0"))})
    assert current_age(twice, NOW) == inf


@pytest.mark.parametrize(
    ("fields", "status", "seconds"),
    [
        ({"Cache-Control": "max-age=60"}, 200, 60),
        ({"Cache-Control": "max-age=60", "Expires": date(-5)}, 200, 60),
        ({"Cache-Control": "max-age=0", "Expires": date(+5)}, 200, 0),
        ({"Cache-Control": "s-maxage=60, max-age=1"}, 200, 1),
        ({"Cache-Control": "s-maxage=60"}, 200, 0),
        ({"Expires": date(+5)}, 200, 5),
        ({"Expires": date(+5), "Date": date(+2)}, 200, 3),
        ({"Expires": date(+5), "Date": date(+9)}, 200, 0),
        ({"Expires": "0"}, 200, 0),
        ({"Expires": "0", "Last-Modified": date(-1000)}, 200, 0),
        ({"Last-Modified": date(-1000)}, 200, 100),
        ({"Last-Modified": date(-1000), "Date": date(-500)}, 200, 50),
        ({"Last-Modified": date(+1000)}, 200, 0),
        ({"Last-Modified": "never"}, 200, 0),
        ({"Last-Modified": date(-100 * 86400)}, 200, MAX_HEURISTIC_LIFETIME),
        ({"Last-Modified": date(-1000)}, 404, 100),
        ({"Last-Modified": date(-1000)}, 403, 0),
        ({"Last-Modified": date(-1000), "Cache-Control": "public"}, 403, 100),
        ({}, 200, 0),
    ],
)
def test_lifetime(fields, status, seconds):
    assert lifetime(entry(fields, status)) == seconds


def test_staleness_is_age_without_lifetime():
    assert staleness(entry({"Cache-Control": "max-age=60"}), NOW + 50) == -10


@pytest.mark.parametrize(
    ("control", "may"),
    [
        ("max-age=1", True),
        ("", True),
        ('no-cache="Set-Cookie"', True),
        ("no-cache", False),
        ("must-revalidate", False),
        ("proxy-revalidate", False),
        ("s-maxage=5", False),
    ],
)
def test_which_responses_may_be_used_stale(control, may):
    assert may_be_stale(entry({"Cache-Control": control})) is may


@given(
    st.dictionaries(
        st.sampled_from(["Age", "Date", "Expires", "Cache-Control", "Last-Modified"]), st.text()
    ),
    st.floats(0, 2e9),
)
def test_no_age_or_lifetime_is_negative(fields, now):
    made = entry(fields)
    assert current_age(made, now) >= 0
    assert lifetime(made) >= 0
