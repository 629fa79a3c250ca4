"""Parts of stored responses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client.caching.ranges import Piece, fields_of_piece, piece_for, range_applies

from .conftest import entry

OLD = "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize(
    ("value", "part", "piece"),
    [
        ("bytes=0-1", None, (0, 2, 10)),
        ("bytes=1-", None, (1, 10, 10)),
        ("bytes=-1", None, (9, 10, 10)),
        ("bytes=0-99", None, (0, 10, 10)),
        ("bytes=10-", None, None),
        ("bytes=0-1,4-5", None, None),
        ("lines=0-1", None, None),
        ("bytes=6-8", (5, 10, 20), (6, 9, 20)),
        ("bytes=5-9", (5, 10, 20), (5, 10, 20)),
        ("bytes=4-9", (5, 10, 20), None),
        ("bytes=5-10", (5, 10, 20), None),
        ("bytes=-1", (15, 20, 20), (19, 20, 20)),
    ],
)
def test_pieces(value, part, piece):
    size = 10 if part is None else part[1] - part[0]
    made = entry(size=size, part=part, status=206 if part else 200)
    assert piece_for([("Range", value)], made) == (piece and Piece(*piece))


def test_only_a_200_has_parts():
    assert piece_for([("Range", "bytes=0-1")], entry(status=404)) is None


@pytest.mark.parametrize(
    ("condition", "applies"),
    [
        ('"1"', True),
        ('W/"1"', False),
        ('"2"', False),
        (OLD, True),
        ("Sun, 06 Nov 1994 08:49:36 GMT", False),
        ("soon", False),
    ],
)
def test_if_range(condition, applies):
    made = entry({"ETag": '"1"', "Last-Modified": OLD})
    assert range_applies([("Range", "bytes=0-1"), ("If-Range", condition)], made) is applies


def test_a_date_in_the_second_of_the_response_is_weak():
    made = entry({"Last-Modified": OLD, "Date": OLD})
    assert not range_applies([("Range", "bytes=0-1"), ("If-Range", OLD)], made)


def test_without_range_the_whole_is_wanted():
    assert not range_applies([("If-Range", '"1"')], entry({"ETag": '"1"'}))


def test_a_weak_tag_makes_no_range():
    made = entry({"ETag": 'W/"1"'})
    assert not range_applies([("Range", "bytes=0-1"), ("If-Range", 'W/"1"')], made)


def test_the_fields_of_a_part():
    fields = fields_of_piece((("Content-MD5", "x"), ("A", "1")), Piece(2, 4, 10))
    assert fields == (("A", "1"), ("Content-Range", "bytes 2-3/10"), ("Content-Length", "2"))


@given(st.text(), st.integers(0, 50))
def test_a_piece_lies_within_the_content(value, size):
    piece = piece_for([("Range", f"bytes={value}")], entry(size=size))
    assert piece is None or 0 <= piece.start < piece.stop <= size
