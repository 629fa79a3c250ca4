"""A response's content is the same however its bytes arrive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.errors import IncompleteRead, RemoteProtocolError
from nethttp.wire.h1.content import ContentReader, find_response_head_end
from nethttp.wire.h1.encoder import encode_chunk, encode_last_chunk
from nethttp.wire.h1.framing import CHUNKED, UNTIL_CLOSE

HEAD = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"


def read(reader: ContentReader, wire: bytes, sizes: list[int]) -> bytes:
    """Return the content of `wire`, which arrives in pieces of these sizes, and then the rest."""
    content = b""
    for size in [*sizes, len(wire)]:
        piece, wire = wire[:size], wire[size:]
        if piece and not reader.complete:
            content += reader.receive(piece)
    return content


cuts = st.lists(st.integers(1, 12), max_size=30)
pieces = st.lists(st.binary(max_size=20), max_size=8)


@given(pieces, cuts)
def test_chunks_are_joined_wherever_they_are_cut(chunks, sizes):
    wire = b"".join(map(encode_chunk, chunks)) + encode_last_chunk([("X-Sum", "1")])
    reader = ContentReader(CHUNKED)
    assert read(reader, wire, sizes) == b"".join(chunks)
    assert (reader.complete, reader.sound) == (True, True)
    assert reader.trailers == [("X-Sum", "1")]


@given(st.binary(min_size=1, max_size=50), cuts)
def test_content_with_a_length_ends_there(content, sizes):
    reader = ContentReader(len(content))
    assert read(reader, content, sizes) == content
    assert (reader.complete, reader.sound) == (True, True)


@given(st.binary(max_size=50), cuts)
def test_content_until_close_ends_with_the_input(content, sizes):
    reader = ContentReader(UNTIL_CLOSE)
    assert read(reader, content, sizes) == content
    assert not reader.complete
    assert reader.receive(b"") == b""
    assert (reader.complete, reader.sound) == (True, False)


@pytest.mark.parametrize(
    ("framing", "wire"), [(3, b"abcX"), (CHUNKED, b"3\r\nabc\r\n0\r\n\r\nX")]
)  # fmt: skip
def test_bytes_behind_the_content_let_no_response_follow(framing, wire):
    reader = ContentReader(framing)
    assert reader.receive(wire) == b"abc"
    assert (reader.complete, reader.sound) == (True, False)


@pytest.mark.parametrize("wire", [b"", b"3", b"3\r\n", b"3\r\nab", b"3\r\nabc\r\n", b"0\r\n"])
def test_an_end_within_chunks_is_an_error(wire):
    reader = ContentReader(CHUNKED)
    if wire:
        reader.receive(wire)
    with pytest.raises(IncompleteRead):
        reader.receive(b"")


def test_an_endless_chunk_line_is_refused():
    reader = ContentReader(CHUNKED)
    with pytest.raises(RemoteProtocolError, match="4096"):
        for _ in range(5):
            reader.receive(b"1" * 1000)


@given(st.integers(0, len(HEAD)))
def test_a_head_ends_at_its_empty_line_wherever_the_search_resumes(start):
    assert find_response_head_end(HEAD[:start]) == (-1 if start < len(HEAD) else len(HEAD))
    searched = min(start, len(HEAD) - 1)
    assert find_response_head_end(HEAD + b"\r\n\r\n", searched) == len(HEAD)


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\n\n", b"\n\r\n"])
def test_either_line_end_counts(end):
    head = b"HTTP/1.1 200 OK\nA: b" + end
    assert find_response_head_end(head + b"body\n\n\r\n\r\n") == len(head)
