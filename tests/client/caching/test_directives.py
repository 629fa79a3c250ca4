"""The directives of Cache-Control."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client.caching.directives import FOREVER, Directives, directives_of


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("max-age=60", 60),
        ("MAX-AGE=60", 60),
        ('max-age="60"', 60),
        ("max-age=003600", 3600),
        ("max-age=99999999999", FOREVER),
        ("max-age=" + "9" * 100_000, FOREVER),
        ("max-age=1, max-age=60", 1),
        ('x="max-age=60", max-age=1', 1),
        ("max-age=1, max-age=60, max-age=7", 1),
        ("max-age", 0),
        ("max-age=", 0),
        ("max-age=-1", 0),
        ("max-age=+1", 0),
        ("max-age=1.5", 0),
        ("max-age= 60", 0),
        ("max-age='60'", 0),
        ("max-age=٣", 0),
        ("max-age =60", None),
        ("no-cache", None),
        ("", None),
    ],
)
def test_seconds(value, seconds):
    assert Directives([value]).seconds("max-age") == seconds


@pytest.mark.parametrize(
    ("value", "names", "of_all"),
    [
        ("no-cache", set(), True),
        ('no-cache="a"', {"a"}, False),
        ('no-cache="A, b"', {"a", "b"}, False),
        ('no-cache="a", no-cache="b"', {"a", "b"}, False),
        ('no-cache="a", no-cache', set(), True),
        ('no-cache=""', set(), True),
        ("max-age=5", set(), False),
    ],
)
def test_the_fields_that_a_directive_is_limited_to(value, names, of_all):
    control = Directives([value])
    assert control.names("no-cache") == names
    assert control.of_all("no-cache") is of_all


def test_lines_of_a_message_are_one_list():
    fields = [("Cache-Control", "no-store"), ("X", "y"), ("cache-control", "max-age=5")]
    control = directives_of(fields)
    assert "no-store" in control
    assert control.seconds("max-age") == 5
    assert control.argument("max-age") == "5"


@given(st.text())
def test_any_value_is_read(value):
    seconds = Directives([value]).seconds("max-age")
    assert seconds is None or 0 <= seconds <= FOREVER
