"""Field values."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.wire.values import (
    ByteRange,
    EntityTag,
    format_http_date,
    has_list_member,
    match_etags,
    parse_byte_ranges,
    parse_entity_tag,
    parse_entity_tags,
    parse_http_date,
    parse_list,
    parse_media_type,
    parse_weighted_list,
)


@given(st.integers(0, 253402300799))
def test_a_date_reads_back(timestamp):
    text = format_http_date(timestamp)
    assert parse_http_date(text) == timestamp
    assert text == datetime.fromtimestamp(timestamp, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ],
)
def test_three_forms_of_one_date(text):
    assert parse_http_date(text, this_year=2026) == 784111777


def test_two_digit_years_lie_at_most_fifty_years_ahead():
    def year(text: str) -> int:
        timestamp = parse_http_date(f"Sunday, 06-Nov-{text} 08:49:37 GMT", this_year=2026)
        assert timestamp is not None
        return datetime.fromtimestamp(timestamp, UTC).year

    assert (year("76"), year("77"), year("26"), year("00")) == (2076, 1977, 2026, 2000)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 30 Feb 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT; length=5",
    ],
)
def test_what_is_no_date(text):
    assert parse_http_date(text) is None


def test_lists():
    assert parse_list(" a ,b,, c\t") == ["a", "b", "c"]
    assert parse_list('"a,b", c, "d\\",e"') == ['"a,b"', "c", '"d\\",e"']
    assert parse_list('"unclosed, a') == ['"unclosed', "a"]
    assert parse_list("") == []
    assert has_list_member("a, CLOSE", "close")
    assert not has_list_member("closed", "close")


@given(st.text(alphabet='",\\; a', max_size=50))
def test_a_list_loses_no_text(text):
    joined = ",".join(parse_list(text))
    assert [c for c in joined if c in 'a"\\;'] == [c for c in text if c in 'a"\\;']


def test_a_list_of_open_quotes_takes_linear_time():
    # None of these quotes is closed: to look from each for its end would take hours.
    text = '"' + '\\"' * 1_000_000
    assert parse_list(text) == [text]


def test_weighted_lists():
    assert parse_weighted_list("a, b;q=0.5, c;q=0, d;q=1.000") == [
        ("a", 1.0),
        ("d", 1.0),
        ("b", 0.5),
        ("c", 0.0),
    ]
    assert parse_weighted_list("a;q=2, b;q=x, c;q=0.1234, d;q=") == []
    assert parse_weighted_list("Text/HTML;level=1;Q=0.3") == [("text/html;level=1", 0.3)]


def test_media_types():
    assert parse_media_type("text/html") == ("text/html", {})
    assert parse_media_type('Multipart/Mixed; Boundary="a;b\\"c"; x; boundary=d') == (
        "multipart/mixed",
        {"boundary": 'a;b"c'},
    )
    for text in ("", "text", "text/", "/html", "text/html/x", "te xt/html"):
        assert parse_media_type(text) is None


def test_entity_tags():
    assert parse_entity_tag('"a"') == EntityTag("a")
    assert str(parse_entity_tag('W/"a"')) == 'W/"a"'
    for text in ("", "a", '"a', 'w/"a"', '"a"b', '"a b"', "*"):
        assert parse_entity_tag(text) is None
    assert parse_entity_tags(' "a" ,, W/"b",') == [EntityTag("a"), EntityTag("b", True)]
    assert parse_entity_tags('"a" "b"') is None
    assert parse_entity_tags('"a", b') is None
    assert parse_entity_tags("") == []


@pytest.mark.parametrize(
    ("field", "current", "weakly", "strongly"),
    [
        ("*", EntityTag("a"), True, True),
        ("*", None, False, False),
        ('"a"', EntityTag("a"), True, True),
        ('W/"a"', EntityTag("a"), True, False),
        ('"a"', EntityTag("a", True), True, False),
        ('"b", "a"', EntityTag("a"), True, True),
        ('"b"', EntityTag("a"), False, False),
        ("garbage", EntityTag("a"), False, False),
        ('"a"', None, False, False),
    ],
)
def test_comparing_entity_tags(field, current, weakly, strongly):
    assert match_etags(field, current, weakly=True) is weakly
    assert match_etags(field, current, weakly=False) is strongly


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("bytes=0-0", [(0, 1)]),
        ("bytes=5-", [(5, 10)]),
        ("bytes=-3", [(7, 10)]),
        ("bytes=-100", [(0, 10)]),
        ("bytes=0-100", [(0, 10)]),
        ("Bytes= 0-1 , 5-6", [(0, 2), (5, 7)]),
        ("bytes=5-6,0-1", [(5, 7), (0, 2)]),
        ("bytes=0-5,3-7", [(0, 8)]),
        ("bytes=0-4,5-9", [(0, 10)]),
        ("bytes=10-", []),
        ("bytes=-0", []),
        ("bytes=20-30,40-", []),
        ("bytes=20-30,1-2", [(1, 3)]),
        ("bytes=" + ",".join(["0-1"] * 64), [(0, 2)]),
        ("bytes=" + ",".join(["0-1"] * 65), None),
        ("bytes=", None),
        ("bytes", None),
        ("bytes=5-4", None),
        ("bytes=a-b", None),
        ("bytes=-", None),
        ("bytes=1-2-3", None),
        ("bytes=+1-2", None),
        ("bytes=\u0661-2", None),
        ("lines=1-2", None),
        ("bytes=" + "1" * 20 + "-", None),
    ],
)
def test_byte_ranges(text, ranges):
    expected = None if ranges is None else [ByteRange(*pair) for pair in ranges]
    assert parse_byte_ranges(text, 10) == expected


@given(st.text(alphabet="bytes=0123456789-, ", max_size=40), st.integers(0, 50))
def test_ranges_stay_inside(text, length):
    for start, stop in parse_byte_ranges(text, length) or ():
        assert 0 <= start < stop <= length
