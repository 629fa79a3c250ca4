"""Forms and JSON as bodies."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client.content.forms import field_pairs, form_body, json_body

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=5))
def test_a_form_is_read_back(pairs):
    body = form_body(pairs).decode("ascii")
    assert parse_qsl(body, keep_blank_values=True) == [p for p in pairs if p != ("", "")] or any(
        p == ("", "") for p in pairs
    )


def test_what_a_form_escapes():
    assert form_body({"a b": "c+d/~é\n"}) == b"a+b=c%2Bd%2F~%C3%A9%0A"
    assert form_body({"raw": b"\xff"}) == b"raw=%FF"
    assert form_body({}) == b""


def test_values_repeat_are_left_out_and_are_spelt_as_in_json():
    data = {"a": ["1", 2], "b": None, "c": [None, True, False], "d": 1.5, "e": ()}
    assert list(field_pairs(data)) == [
        ("a", b"1"),
        ("a", b"2"),
        ("c", b"true"),
        ("c", b"false"),
        ("d", b"1.5"),
    ]


@pytest.mark.parametrize("data", [{1: "a"}, {"a": {"b": object()}.values()}, {"a": object()}])
def test_other_types_are_refused(data):
    with pytest.raises(TypeError, match="expected"):
        form_body(data)


def test_a_nested_value_is_refused_and_json_named():
    with pytest.raises(TypeError, match="json= takes nested"):
        form_body({"a": [{"b": 1}]})


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@given(JSON)
def test_json_is_read_back(value):
    assert json.loads(json_body(value)) == value


def test_json_is_utf_8_without_blanks():
    assert json_body({"a": [1, "é"]}) == b'{"a":[1,"\xc3\xa9"]}'


def test_what_is_no_json_is_refused():
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError):
            json_body(value)
    with pytest.raises(TypeError):
        json_body(object())


def test_another_writer_of_json():
    assert json_body(1, lambda value: f"<{value}>") == b"<1>"
    assert json_body(1, lambda _: b"\xff") == b"\xff"
