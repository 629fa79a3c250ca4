"""`BodyReader`, by every framing."""

from __future__ import annotations

import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.errors import IncompleteRead, LineTooLong, RemoteProtocolError
from nethttp.wire.h1.body import ChunkedDecoder, LengthDecoder, body_decoder
from nethttp.wire.h1.encoder import encode_chunk, encode_last_chunk
from nethttp.wire.h1.framing import CHUNKED, UNTIL_CLOSE
from nethttp.wire.h1.reader import BodyReader
from nethttp.wire.limits import Limits

BEHIND = b"GET /behind HTTP/1.1\r\n"


def reader(framing: int, data: bytes, limits: Limits | None = None) -> BodyReader:
    source = io.BufferedReader(io.BytesIO(data), buffer_size=16)
    return BodyReader(source, body_decoder(framing, limits or Limits()))


def chunked(*chunks: bytes, trailers: list[tuple[str, str]] | None = None) -> bytes:
    return b"".join(map(encode_chunk, chunks)) + encode_last_chunk(trailers or [])


@pytest.mark.parametrize(
    ("framing", "data"),
    [(11, b"hello\nworld"), (CHUNKED, chunked(b"hello\nw", b"or", b"ld")), (UNTIL_CLOSE, None)],
    ids=["length", "chunked", "until-close"],
)
class TestReading:
    @pytest.fixture
    def body(self, framing, data):
        behind = b"" if framing == UNTIL_CLOSE else BEHIND
        body = reader(framing, (data or b"hello\nworld") + behind)
        yield body
        assert body.source.read() == behind, "nothing behind the body was taken"

    def test_all_at_once(self, body):
        assert body.read() == b"hello\nworld"
        assert body.read() == b""
        assert body.complete

    def test_in_pieces(self, body):
        assert body.read(3) == b"hel"
        assert body.read(0) == b""
        assert body.read(6) == b"lo\nwor"
        assert body.read(100) == b"ld"
        assert body.read(None) == b""

    def test_one_read_at_a_time(self, body):
        pieces = list(iter(lambda: body.read1(4), b""))
        assert b"".join(pieces) == b"hello\nworld"
        assert max(map(len, pieces)) <= 4
        assert body.read1(0) == b""
        assert body.read1() == b""

    def test_into_a_buffer(self, body):
        buffer = bytearray(8)
        assert body.readinto(buffer) == 8
        assert bytes(buffer) == b"hello\nwo"
        count = body.readinto1(memoryview(buffer)[:2])
        assert count in (1, 2)
        assert bytes(buffer[:count]) + body.read() == b"rld"

    def test_lines(self, body):
        assert body.readline(3) == b"hel"
        assert body.readline() == b"lo\n"
        assert list(body) == [b"world"]
        assert body.readline() == b""

    def test_drained(self, body):
        assert body.read(2) == b"he"
        assert not body.drain(3)
        assert body.drain(100)

    def test_closed(self, body):
        body.drain(100)
        body.close()
        with pytest.raises(ValueError, match="closed"):
            body.read()
        assert not body.source.closed

    def test_is_a_file(self, body):
        assert body.readable()
        assert not body.writable()
        assert io.TextIOWrapper(body, "ascii").read() == "hello\nworld"
        body.source.seek(0, 1)


@given(
    pieces=st.lists(st.binary(min_size=1, max_size=40), max_size=20),
    amounts=st.lists(st.integers(1, 60), min_size=1, max_size=5),
    method=st.sampled_from(["read", "read1", "readinto", "readline"]),
)
def test_chunks_are_read_in_any_amounts(pieces, amounts, method):
    body = reader(CHUNKED, chunked(*pieces) + BEHIND)
    got = b""
    for amount in itertools.cycle(amounts):
        if method == "readinto":
            buffer = bytearray(amount)
            data = bytes(buffer[: body.readinto(buffer)])
        else:
            data = getattr(body, method)(amount)
        if not data:
            break
        assert len(data) <= amount
        got += data
    assert got == b"".join(pieces)
    assert body.complete
    assert body.source.read() == BEHIND


def test_many_small_chunks_meet_the_bound_of_a_body():
    data = chunked(*[b"a"] * 11)
    for size, buffer in ((10, 1024), (11, 1024), (10, 16)):
        source = io.BufferedReader(io.BytesIO(data), buffer_size=buffer)
        body = BodyReader(source, ChunkedDecoder(Limits(max_body=size)))
        if size == 11:
            assert body.read() == b"a" * 11
            continue
        with pytest.raises(RemoteProtocolError, match="at most 10 bytes") as refused:
            body.read()
        assert refused.value.status_hint == 413


def test_trailers_are_read_and_the_dangerous_ones_dropped():
    body = reader(CHUNKED, chunked(b"a", trailers=[("Digest", "x"), ("Host", "b")]) + BEHIND)
    assert body.read() == b"a"
    assert body.trailers == [("Digest", "x")]
    assert body.source.read() == BEHIND


@pytest.mark.parametrize(
    ("framing", "data", "partial", "expected"),
    [
        (10, b"hello", b"hello", 5),
        (CHUNKED, b"a\r\nhello", b"hello", 5),
        (CHUNKED, b"5\r\nhello", b"hello", None),
        (CHUNKED, b"5\r\nhello\r\n", b"hello", None),
        (CHUNKED, b"5\r\nhello\r\n0", b"hello", None),
        (CHUNKED, b"5\r\nhello\r\n0\r\n", b"hello", None),
        (CHUNKED, b"", b"", None),
    ],
)
def test_a_body_cut_off_gives_what_came(framing, data, partial, expected):
    with pytest.raises(IncompleteRead) as cut:
        reader(framing, data).read()
    assert (cut.value.partial, cut.value.expected) == (partial, expected)
    with pytest.raises(IncompleteRead) as cut:
        reader(framing, data).readinto(bytearray(100))
    assert (cut.value.partial, cut.value.expected) == (partial, expected)
    cut_off = reader(framing, data)
    with pytest.raises(IncompleteRead):
        while cut_off.read1(100):
            pass
    cut_off = reader(framing, data)
    with pytest.raises(IncompleteRead):
        while cut_off.readline():
            pass


def test_a_huge_length_reserves_nothing():
    class Counting(io.BytesIO):
        largest = 0

        def read(self, size: int | None = -1, /) -> bytes:
            Counting.largest = max(Counting.largest, size or 0)
            return super().read(size)

    body = BodyReader(Counting(b"x" * 100), LengthDecoder(10**18))
    with pytest.raises(IncompleteRead) as cut:
        body.read()
    assert len(cut.value.partial) == 100
    assert Counting.largest <= 1 << 20


@pytest.mark.parametrize(
    ("limits", "data", "error", "status"),
    [
        (Limits(max_chunk_line=8), b"1;abcdefgh\r\na\r\n0\r\n\r\n", LineTooLong, 400),
        (Limits(max_chunk_extensions=4), b"1;ab\r\na\r\n1;ab\r\na\r\n0\r\n\r\n", None, 400),
        (Limits(max_body=3), chunked(b"ab", b"cd"), None, 413),
        (Limits(max_trailers=1), b"0\r\nA: 1\r\nB: 2\r\n\r\n", None, 431),
        (Limits(max_trailer_section=10), b"0\r\nA: 1\r\nB: 2\r\n\r\n", LineTooLong, 431),
        (Limits(max_trailer_section=10), b"0\r\nA: 123456789\r\n\r\n", LineTooLong, 431),
    ],
)
def test_every_bound_of_a_chunked_body_is_reached(limits, data, error, status):
    reader(CHUNKED, data).read()
    with pytest.raises(error or RemoteProtocolError) as refused:
        reader(CHUNKED, data, limits).read()
    assert refused.value.status_hint == status


@given(st.lists(st.binary(max_size=30), max_size=10), st.data())
def test_any_reading_of_any_chunking_gives_the_content(chunks, data):
    body = reader(CHUNKED, chunked(*chunks) + BEHIND)
    content = b""
    while not body.complete:
        content += data.draw(st.sampled_from([body.read, body.read1, body.readline]))(
            data.draw(st.integers(1, 20))
        )
    assert content == b"".join(chunks)
    assert body.source.read() == BEHIND
