"""The ordered, case-insensitive multi-map."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.wire.fields import FieldFinder, Fields, select_fields


def test_names_compare_without_case_and_keep_their_spelling():
    fields = Fields([("Content-TYPE", "a")])
    assert fields["content-type"] == "a"
    assert "CONTENT-type" in fields
    assert list(fields) == [("Content-TYPE", "a")]
    assert 1 not in fields


def test_lines_of_one_name_read_as_one_value():
    fields = Fields({"A": "1"})
    fields.add("a", "2")
    assert fields["A"] == "1, 2"
    assert fields.get_all("A") == ["1", "2"]


def test_set_cookie_lines_are_never_joined():
    fields = Fields([("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    assert fields["set-cookie"] == "a=1"
    assert fields.get_all("set-cookie") == ["a=1", "b=2"]


def test_setting_replaces_all_lines_in_the_place_of_the_first():
    fields = Fields([("A", "1"), ("B", "2"), ("a", "3")])
    fields["A"] = "4"
    fields["C"] = "5"
    assert list(fields) == [("A", "4"), ("B", "2"), ("C", "5")]


def test_deleting_and_missing():
    fields = Fields([("A", "1"), ("a", "2"), ("B", "3")])
    del fields["a"]
    del fields["nothing"]
    assert list(fields) == [("B", "3")]
    assert fields.get("A") is None
    assert fields.get("A", "x") == "x"
    with pytest.raises(KeyError):
        fields["A"]


def test_equality_and_copies():
    fields = Fields([("A", "1")])
    copy = fields.copy()
    copy.add("B", "2")
    assert fields == Fields([("a", "1")])
    assert fields != copy
    assert fields != [("A", "1")]
    assert repr(fields) == "Fields([('A', '1')])"
    assert len(copy) == 2


def test_select_fields_takes_what_is_named_in_order():
    pairs = [("Host", "a"), ("X", "b"), ("HOST", "c")]
    assert select_fields(pairs, frozenset({"host", "expect"})) == {"host": ["a", "c"]}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Range", "RANGE", "accept", "Accept-X", "X-Range"]), st.text("a ,;=-")
        )
    )
)
def test_a_finder_finds_the_same_in_bytes_and_in_pairs(pairs):
    lines = [(name, value.strip()) for name, value in pairs]
    head = b"GET / HTTP/1.1\r\n" + b"".join(
        f"{name}: {value}\r\n".encode() for name, value in lines
    )
    finder = FieldFinder("range", "accept")
    assert finder.in_head(head + b"\r\n") == finder.in_pairs(lines)
    assert finder.in_pairs(lines).keys() <= {"range", "accept"}
