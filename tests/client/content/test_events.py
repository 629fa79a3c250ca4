"""text/event-stream: parsed as the HTML Standard says, however it is split, in bounds."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client.content.events import EventParser, ServerSentEvent
from nethttp.errors import ResponseTooLarge


def read(stream: bytes, *cuts: int, **options) -> list[ServerSentEvent]:
    parser = EventParser(**options)
    ends = [0, *sorted(cuts), len(stream)]
    return [event for start, end in pairwise(ends) for event in parser.feed(stream[start:end])]


def data_of(stream: bytes, *cuts: int) -> list[str]:
    return [event.data for event in read(stream, *cuts)]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        # The examples of the HTML Standard.
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [("message", "YHOO\n+2\n10", "")]),
        (
            b": test\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
            [("message", "first event", "1"), ("message", "second event", "")],
        ),
        (b"data\n\ndata\ndata\n\ndata:", [("message", "", ""), ("message", "\n", "")]),
        (b"data:test\n\ndata: test\n\n", [("message", "test", "")] * 2),
        # Its rules.
        (b"event: add\ndata: 1\n\ndata: 2\n\n", [("add", "1", ""), ("message", "2", "")]),
        (b"event: a\nevent:\ndata: 1\n\n", [("message", "1", "")]),
        (b"event: nothing\n\ndata: 1\n\n", [("message", "1", "")]),
        (b"id: 1\n\ndata: a\n\n", [("message", "a", "1")]),
        (b"id: 1\0\ndata: a\n\n", [("message", "a", "")]),
        (b"DATA: 1\n data: 2\nother: 3\ndata : 4\n\n", []),
        (b"data: a:b: c\n\n", [("message", "a:b: c", "")]),
        (b"\xef\xbb\xbfdata: 1\n\n\xef\xbb\xbfdata: 2\n\n", [("message", "1", "")]),
        (b"data: \xff\xe9\n\n", [("message", "��", "")]),
        ("data: a\x85b\u2028c\vd\x1c\n\n".encode(), [("message", "a\x85b\u2028c\vd\x1c", "")]),
        (b"data: 1\r\rdata: 2\r\n\r\ndata: 3\n\n", [("message", n, "") for n in "123"]),
        (b"\n\n\n", []),
        (b"", []),
    ],
)
def test_the_rules_of_the_html_standard_at_every_split(stream, events):
    for cut in range(len(stream) + 1):
        assert [event[:3] for event in read(stream, cut)] == events
    assert [event[:3] for event in read(stream, *range(len(stream)))] == events


PIECES = st.sampled_from(
    [b"data", b":", b" ", b"\r", b"\n", b"\r\n", b"id", b"event", b"retry", b"1", b"\xe9", b"\0"]
)


@given(st.lists(PIECES, max_size=40), st.lists(st.integers(0, 80), max_size=5))
def test_any_split_gives_the_same_events(pieces, cuts):
    stream = b"".join(pieces)
    assert read(stream, *(min(cut, len(stream)) for cut in cuts)) == read(stream)


def test_an_event_is_given_out_with_the_last_byte_of_its_empty_line():
    parser = EventParser()
    assert list(parser.feed(b"data: 1\r\n\r")) == [ServerSentEvent(data="1")]
    assert list(parser.feed(b"\n")) == []
    assert list(parser.feed(b"data: 2\n\n")) == [ServerSentEvent(data="2")]


def test_an_empty_piece_changes_nothing():
    parser = EventParser()
    assert list(parser.feed(b"data: 1\r")) == []
    assert list(parser.feed(b"")) == []
    assert list(parser.feed(b"\ndata: 2\n\n")) == [ServerSentEvent(data="1\n2")]


def test_the_last_id_and_the_time_to_reconnect_are_for_the_next_connection():
    parser = EventParser(last_event_id="before")
    assert parser.last_event_id == "before"
    (event,) = parser.feed(b"data: 0\n\nid: 7\nretry: 1500\n")
    assert (event.id, event.retry) == ("before", None)
    # An id counts from the end of its event on: until then it may have been cut off.
    assert (parser.last_event_id, parser.retry) == ("before", 1500)
    (event,) = parser.feed(b"data: 1\n\nid: 8\n\nid: 9\n")
    assert (event.id, event.retry) == ("7", 1500)
    assert parser.last_event_id == "8"


@pytest.mark.parametrize("value", [b"", b"-1", b"1.5", b"a", b"\xd9\xa1", b"9" * 5000])
def test_another_time_to_reconnect_is_ignored(value):
    parser = EventParser()
    list(parser.feed(b"retry: 20\nretry: " + value + b"\n\n"))
    assert parser.retry == 20


def test_json():
    assert ServerSentEvent(data="[1]").json() == [1]
    assert ServerSentEvent(data="[1]").json(loads=len) == 3
    with pytest.raises(ValueError):
        ServerSentEvent(data="[").json()


# --- bounds --------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [1, 7, 1000])
@pytest.mark.parametrize("line", [b"data: aaaa\n", b"x", b": comment without an end "])
def test_an_event_is_bounded(step, line):
    stream = line * 1000
    parser = EventParser(max_event_size=500)
    taken = 0
    with pytest.raises(ResponseTooLarge, match="at most 500 bytes") as caught:
        for at in range(0, len(stream), step):
            taken = at
            list(parser.feed(stream[at : at + step]))
    assert caught.value.limit == 500
    assert taken < 500 + step


def test_a_stream_is_not_bounded_and_neither_is_what_leaves_nothing_behind():
    parser = EventParser(max_event_size=40)
    for _ in range(100):
        list(parser.feed(b": keep-alive\nevent: a\nid: 1\n"))
    assert len(list(parser.feed(b"data: 1234567890\n\n" * 100))) == 100


def test_httpx2_2_10_tiny_pieces_take_linear_time_and_constant_memory():
    copied = 0

    class Counting(bytes):
        def splitlines(self, keepends=False):
            nonlocal copied
            copied += len(self)
            return super().splitlines(keepends)

    parser = EventParser(max_event_size=1 << 20)
    tracemalloc.start()
    try:
        for _ in range(100_000):
            list(parser.feed(Counting(b"a")))
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
    assert copied == 100_000
    list(parser.feed(b"\ndata: 1\n"))
    assert list(parser.feed(b"\n")) == [ServerSentEvent(data="1")]
