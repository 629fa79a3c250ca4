"""Heads that can no longer become valid: known as soon as that is so, and no sooner."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.errors import IncompleteRead, RemoteProtocolError
from nethttp.wire.events import NEED_DATA
from nethttp.wire.h1.block import empty_lines_before, is_hopeless, read_request_fields
from nethttp.wire.h1.connection import ServerConnection
from nethttp.wire.limits import MAX_EMPTY_LINES

HEAD = b"GET /a HTTP/1.1\r\nHost: a\r\nB:\tc\xe9 \r\n\r\n"
HOPELESS = [
    *(
        b"\n",
        b"\r\n\n",
        b"\rG",
        b"\0",
        b" GET",
        b"GET /\0",
        b"GET\t/ HTTP/1.1\r\n",
        b"\x16\x03\x01",
    ),
    *(b"GET /\r\n", b"GET / HTTP/2.0\r\n", b"GET / HTTP/1.1 \r\n", b"GET / HTTP/1.1\n"),
    *(b"GET / HTTP/1.1\rH", b"GET /\xe9 HTTP/1.1\r\n", b"G(T / HTTP/1.1\r\n"),
    *(b"GET / HTTP/1.1\r\nA\r\n", b"GET / HTTP/1.1\r\n A: b\r\n", b"GET / HTTP/1.1\r\nA : b\r\n"),
    *(b"GET / HTTP/1.1\r\nA: b\n", b"GET / HTTP/1.1\r\nA: \rb", b"GET / HTTP/1.1\r\nA: \x01"),
    *(b"GET / HTTP/1.1\r\nA: b\r\nC: d\r\n: e\r\n", b"\r\n" * (MAX_EMPTY_LINES + 1)),
]


@pytest.mark.parametrize("data", HOPELESS)
def test_what_cannot_be_the_beginning_of_a_head(data):
    assert is_hopeless(data)
    # In whatever pieces it came.
    for place in range(1, len(data)):
        assert is_hopeless(data[:place]) or is_hopeless(data, place)
    connection = ServerConnection()
    connection.receive(data)
    with pytest.raises(RemoteProtocolError):
        connection.next_event()


@pytest.mark.parametrize("empty", range(MAX_EMPTY_LINES + 1))
def test_a_head_that_may_become_valid_is_waited_for(empty):
    head = b"\r\n" * empty + HEAD
    connection = ServerConnection()
    for place in range(len(head) - 2):
        assert not is_hopeless(head[:place])
        assert not any(is_hopeless(head[:place], seen) for seen in range(place))
        connection.receive(head[place : place + 1])
        assert connection.next_event() is NEED_DATA


@given(st.binary(max_size=12), st.integers(0, len(HEAD) - 3), st.data())
def test_pieces_say_what_the_whole_says(noise, place, data):
    head = HEAD[:place] + noise
    head = head.partition(b"\r\n\r\n")[0]
    seen = data.draw(st.integers(0, len(head)))
    assert is_hopeless(head) == (is_hopeless(head[:seen]) or is_hopeless(head, seen))


@given(st.binary(max_size=20))
def test_what_is_hopeless_is_refused_with_any_end(noise):
    head = HEAD[:20] + noise
    if b"\r\n\r\n" in head or not is_hopeless(head):
        return
    for end in (b"", b"\r\n\r\n", b"a: b\r\n\r\n", b"\n\r\n"):
        connection = ServerConnection()
        connection.receive(head + end)
        with pytest.raises(RemoteProtocolError):
            connection.next_event()


@pytest.mark.parametrize("line", [b"A\r\n", b"A : b\r\n", b" A: b\r\n", b"A: b\n", b"A: \0\r\n"])
def test_a_bad_line_is_refused_before_the_next_is_asked_for(line):
    file = io.BytesIO(b"Host: a\r\n" + line + b"B: c\r\n\r\n")
    with pytest.raises(RemoteProtocolError, match="expected 'name: value'"):
        read_request_fields(file.readline)
    assert file.read() == b"B: c\r\n\r\n"


def test_a_section_is_read_as_it_came():
    section = HEAD.partition(b"\r\n")[2]
    assert read_request_fields(io.BytesIO(section + b"more").readline) == section
    with pytest.raises(IncompleteRead):
        read_request_fields(io.BytesIO(b"Host: a\r\nB").readline)
    with pytest.raises(RemoteProtocolError):
        read_request_fields(io.BytesIO(b"Host: a\r\nB\0").readline)


def test_empty_lines_are_counted_in_bytes():
    assert [empty_lines_before(data) for data in (b"", b"\r", b"\r\n\r\nG", b"\n")] == [0, 0, 4, 0]
