"""What leaves of a message."""

from __future__ import annotations

import pytest

from nethttp.wire.h1.encoder import LAST_CHUNK, BodyEncoder, join_head
from nethttp.wire.h1.framing import CHUNKED, UNTIL_CLOSE


def test_lines_become_a_head():
    assert join_head([]) == b"\r\n"
    assert join_head([b"A: b"]) == b"A: b\r\n\r\n"


def test_content_is_counted_against_its_length():
    body = BodyEncoder(5)
    assert (body.encode(b"abc"), body.left, body.sent) == (b"abc", 2, 3)
    assert (body.encode(memoryview(b"defg")), body.left, body.overrun) == (b"de", 0, 2)
    assert (body.encode(b"h"), body.overrun, body.sent) == (b"", 3, 5)
    assert body.end([]) == b""
    assert not body.ends_with_connection


def test_content_in_chunks():
    body = BodyEncoder(CHUNKED)
    assert body.encode(b"abc") == b"3\r\nabc\r\n"
    assert body.encode(b"") == b""
    assert (body.sent, body.overrun, body.left) == (3, 0, None)
    assert body.end([]) == LAST_CHUNK
    assert body.end([("A", "b")]) == b"0\r\nA: b\r\n\r\n"
    assert not body.ends_with_connection


def test_content_that_ends_with_the_connection():
    body = BodyEncoder(UNTIL_CLOSE)
    assert body.encode(b"abc") == b"abc"
    assert body.ends_with_connection
    assert (body.end([]), body.left) == (b"", None)


@pytest.mark.parametrize(("framing", "room"), [(5, 5), (9, 7), (UNTIL_CLOSE, 7)])
def test_what_is_sent_in_another_way_is_counted_too(framing, room):
    body = BodyEncoder(framing)
    assert body.room(7) == room
    body.passed(room)
    assert body.sent == room
    assert body.left == (None if framing == UNTIL_CLOSE else framing - room)


def test_one_encoder_serves_one_message_after_the_other():
    body = BodyEncoder(1)
    body.encode(b"ab")
    body.begin(2)
    assert (body.sent, body.overrun, body.left) == (0, 0, 2)
