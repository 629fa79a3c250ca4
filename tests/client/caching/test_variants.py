"""Vary: which stored response a request selects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client.caching.variants import newest, selected, selecting_fields, vary_names
from nethttp.wire.values import format_http_date

from .conftest import entry

LANGUAGE = "accept-language"


def stored(vary: str, request: dict[str, str], fields: dict[str, str] | None = None, **more):
    names = vary_names([("Vary", vary)])
    return entry(fields, selecting=selecting_fields(names, request.items()), **more)


@pytest.mark.parametrize(
    ("vary", "first", "second", "same"),
    [
        ("Foo", {"Foo": "1"}, {"foo": "1"}, True),
        ("Foo", {"Foo": "1"}, {"Foo": "2"}, False),
        ("Foo", {"Foo": "1"}, {}, False),
        ("Foo", {}, {"Foo": "1"}, False),
        ("Foo", {}, {}, True),
        ("Foo", {}, {"Foo": ""}, False),
        ("Foo", {"Foo": "1"}, {"Foo": "1", "Other": "3"}, True),
        ("Foo, Bar", {"Foo": "1", "Bar": "2"}, {"Bar": "2", "Foo": "1"}, True),
        ("Foo, Bar", {"Foo": "1", "Bar": "2"}, {"Foo": "1"}, False),
        ("Foo", {"Foo": "1,2"}, {"Foo": " 1, 2 "}, True),
        ("Foo", {"Foo": "1,2"}, {"Foo": "2,1"}, False),
        ("Foo", {"Foo": "a"}, {"Foo": "A"}, False),
        (LANGUAGE, {LANGUAGE: "en, de"}, {LANGUAGE: "DE,  en"}, True),
        (LANGUAGE, {LANGUAGE: "en, de;q=0.5"}, {LANGUAGE: "de, en;q=0.5"}, False),
        (LANGUAGE, {LANGUAGE: "en"}, {}, False),
    ],
)
def test_selection(vary, first, second, same):
    assert bool(selected([stored(vary, first)], list(second.items()))) is same


@pytest.mark.parametrize(
    ("accepted", "same"),
    [("fr;q=0.5, de", True), ("de", True), ("de, fr", False), ("fr, de;q=0.9", False), ("", False)],
)
def test_the_language_that_is_wanted_most_selects_a_response_in_it(accepted, same):
    german = stored(LANGUAGE, {LANGUAGE: "en, de"}, {"Content-Language": "de"})
    assert bool(selected([german], [("Accept-Language", accepted)])) is same


def test_two_lines_of_a_field_are_one_list():
    one = stored("Foo", {"Foo": "1, 2"})
    assert selected([one], [("Foo", "1"), ("Foo", "2")]) == [one]


def test_the_newest_is_that_of_the_latest_date():
    old = entry({"Date": format_http_date(999_999_000)}, content="old")
    new = entry({"Date": format_http_date(999_999_500)}, content="new")
    assert newest([new, old]) is newest([old, new]) is new
    assert newest([]) is None


@given(st.text(), st.text())
def test_a_request_selects_what_its_like_has_stored(name, value):
    made = stored("Foo, accept-language", {"Foo": value, LANGUAGE: name})
    assert selected([made], [("Foo", value), (LANGUAGE, name)]) == [made]
