"""Conditions to send, and what a 304 or a HEAD changes."""

from __future__ import annotations

import pytest

from nethttp.client.caching.validation import (
    confirmed_by,
    freshened,
    head_shows_change,
    is_not_modified,
    validating_fields,
)

from .conftest import entry

OLD, NEW = "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:38 GMT"


@pytest.mark.parametrize(
    ("fields", "conditions"),
    [
        ({}, ()),
        ({"ETag": 'W/"1"'}, (("If-None-Match", 'W/"1"'),)),
        ({"Last-Modified": OLD}, (("If-Modified-Since", OLD),)),
        (
            {"Last-Modified": OLD, "ETag": '"1"'},
            (("If-None-Match", '"1"'), ("If-Modified-Since", OLD)),
        ),
    ],
)
def test_the_conditions_of_one_stored_response(fields, conditions):
    assert validating_fields(entry(fields), []) == conditions


def test_a_request_that_selects_none_names_all_variants():
    one, two = entry({"ETag": '"1"'}), entry({"ETag": '"2"'})
    assert validating_fields(None, [one, two]) == (("If-None-Match", '"1", "2"'),)
    assert validating_fields(None, [entry()]) == ()
    assert confirmed_by([("ETag", '"2"')], None, [one, two]) is two
    assert confirmed_by([("ETag", '"3"')], None, [one, two]) is None
    assert confirmed_by([], None, [one, two]) is None
    assert confirmed_by([], None, [one]) is one
    assert confirmed_by([("ETag", '"2"')], one, [one, two]) is one


def test_a_304_changes_all_fields_but_those_of_the_stored_bytes():
    kept = {"Content-Encoding": "gzip", "Content-Length": "5", "Content-Range": "x", "ETag": '"1"'}
    before = entry({**kept, "Age": "50", "Content-Type": "a/b", "X": "1", "Y": "1", "Expires": OLD})
    news = [
        *(("content-encoding", "br"), ("content-length", "9"), ("content-range", "y")),
        *(("etag", '"2"'), ("Content-Type", "c/d"), ("x", "2"), ("x", "3"), ("Expires", NEW)),
        ("Connection", "close"),
    ]
    after = freshened(before, news, 5.0, 6.0)
    assert dict(after.fields) == {**kept, "Y": "1", "Content-Type": "c/d", "x": "3", "Expires": NEW}
    assert [value for name, value in after.fields if name == "x"] == ["2", "3"]
    assert (after.requested_at, after.received_at) == (5.0, 6.0)
    assert after.content == before.content


@pytest.mark.parametrize(
    ("stored", "head", "changed"),
    [
        ({"ETag": '"1"'}, {"ETag": '"1"'}, False),
        ({"ETag": '"1"'}, {"ETag": '"2"'}, True),
        ({"Content-Length": "5"}, {"Content-Length": "6"}, True),
        ({"Last-Modified": OLD}, {"Last-Modified": NEW}, True),
        ({"ETag": '"1"'}, {}, False),
        ({}, {"ETag": '"1"'}, False),
    ],
)
def test_a_head_shows_whether_the_stored_response_is_out_of_date(stored, head, changed):
    assert head_shows_change(entry(stored), list(head.items())) is changed


@pytest.mark.parametrize(
    ("request_fields", "not_modified"),
    [
        ({"If-None-Match": '"1"'}, True),
        ({"If-None-Match": 'W/"1"'}, True),
        ({"If-None-Match": '"0", "1"'}, True),
        ({"If-None-Match": "*"}, True),
        ({"If-None-Match": '"2"'}, False),
        ({"If-None-Match": '"2"', "If-Modified-Since": NEW}, False),
        ({"If-Modified-Since": OLD}, True),
        ({"If-Modified-Since": NEW}, True),
        ({"If-Modified-Since": "Sun, 06 Nov 1994 08:49:36 GMT"}, False),
        ({"If-Modified-Since": "soon"}, False),
        ({}, False),
    ],
)
def test_the_programs_own_condition(request_fields, not_modified):
    stored = entry({"ETag": '"1"', "Last-Modified": OLD})
    assert is_not_modified(list(request_fields.items()), stored) is not_modified
