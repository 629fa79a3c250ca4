"""Bodies of requests: their pieces, their length, and whether they can be sent again."""

from __future__ import annotations

import asyncio
import gzip
import io
import os
import sys
import tempfile
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client.content.upload import (
    PIECE,
    Body,
    BytesBody,
    FileBody,
    FileSpan,
    IterableBody,
    WithProgress,
    body_of,
)
from nethttp.errors import BodyNotReplayable, LocalProtocolError


def whole(body: Body) -> bytes:
    pieces = body.pieces()
    assert isinstance(pieces, Iterator)
    collected = list(pieces)
    assert all(type(piece) is bytes and piece for piece in collected)
    return b"".join(collected)


async def whole_async(body: Body) -> bytes:
    pieces = body.pieces()
    assert isinstance(pieces, AsyncIterator)
    return b"".join([piece async for piece in pieces])


@pytest.fixture
def path(tmp_path) -> Path:
    file = tmp_path / "file"
    file.write_bytes(b"0123456789" * 20_000)
    return file


# --- in memory -----------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [b"abc", bytearray(b"abc"), memoryview(b"abc"), "abc"])
def test_bytes_and_text_are_in_memory_and_can_be_sent_again(given):
    body = body_of(given)
    assert (body.length, whole(body), whole(body), body.span()) == (3, b"abc", b"abc", None)
    body.rewind()


@given(st.text(max_size=50))
def test_text_is_sent_as_utf_8(text):
    assert whole(body_of(text)) == text.encode()


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_a_body_in_memory_is_handed_out_in_pieces(size):
    pieces = list(BytesBody(b"a" * size).pieces())
    assert sum(map(len, pieces)) == size
    assert all(0 < len(piece) <= PIECE for piece in pieces)


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("buffering", [-1, 0])
@pytest.mark.parametrize("start", [0, 1, 150_000, 200_000, 300_000])
def test_a_file_is_sent_from_where_it_stands_as_often_as_wanted(path, start, buffering):
    with open(path, "rb", buffering) as file:
        file.seek(start)
        body = body_of(file)
        rest = path.read_bytes()[start:]
        assert body.length == len(rest)
        assert body.span() == FileSpan(file, start, len(rest))
        assert whole(body) == rest
        body.rewind()
        assert whole(body) == rest


def test_reading_stops_in_the_middle_and_begins_anew(path):
    with open(path, "rb") as file:
        body = body_of(file)
        next(iter(body.pieces()))
        assert whole(body) == path.read_bytes()


def test_a_path_is_open_only_while_it_is_read(path):
    body = body_of(path)
    assert (body.length, body.span()) == (200_000, None)
    assert whole(body) == path.read_bytes()
    body.rewind()
    pieces = body.pieces()
    next(pieces)
    pieces.close()  # a file left open would be a warning, which is an error


def test_temporary_files_and_files_in_memory_have_a_length():
    for make in (tempfile.NamedTemporaryFile, tempfile.SpooledTemporaryFile, io.BytesIO):
        with make() as file:
            file.write(b"head body")
            file.seek(5)
            body = body_of(file)
            assert (body.length, whole(body), whole(body)) == (4, b"body", b"body")


def test_a_compressed_file_has_another_length_than_the_file_it_is_in(tmp_path):
    with gzip.open(tmp_path / "a.gz", "wb") as file:
        file.write(b"a" * 10_000)
    with gzip.open(tmp_path / "a.gz") as file:
        body = body_of(file)
        assert (body.length, body.span()) == (10_000, None)
        assert whole(body) == b"a" * 10_000
        assert whole(body) == b"a" * 10_000


def test_a_pipe_has_no_length_and_is_sent_once():
    reading, writing = os.pipe()
    os.write(writing, b"abc")
    os.close(writing)
    with open(reading, "rb") as file:
        body = body_of(file)
        assert (body.length, body.span()) == (None, None)
        body.rewind()
        assert whole(body) == b"abc"
        with pytest.raises(BodyNotReplayable, match="cannot be read twice"):
            body.rewind()
        with pytest.raises(BodyNotReplayable):
            whole(body)


def test_a_double_that_can_only_read_is_enough():
    class Double:
        left = [b"abc", b"", b"never"]

        def read(self, size):
            return self.left.pop(0)

    body = body_of(Double())
    assert (body.length, whole(body)) == (None, b"abc")


def test_text_handles_are_refused(path):
    with open(path) as file, pytest.raises(TypeError, match=r'opened with "rb"'):
        body_of(file)
    with pytest.raises(TypeError, match="got text"):
        body_of(io.StringIO("abc"))

    class Text:
        def read(self, size):
            return "abc"

    with pytest.raises(TypeError, match="gives bytes, got str"):
        whole(body_of(Text()))


def test_a_file_that_becomes_shorter_raises(path):
    with open(path, "rb") as file:
        body = body_of(file)
        os.truncate(path, 150_000)
        with pytest.raises(
            LocalProtocolError, match=r"expected 200000 bytes in the file .*50000 less"
        ):
            whole(body)
    body = body_of(path)
    os.truncate(path, 10)
    with pytest.raises(LocalProtocolError):
        whole(body)


def test_what_is_added_to_a_file_meanwhile_is_not_sent(path):
    before = path.read_bytes()
    with open(path, "rb") as file:
        bodies = body_of(file), body_of(path)
        with open(path, "ab") as more:
            more.write(b"more")
        assert [whole(body) for body in bodies] == [before, before]


def test_a_large_file_takes_constant_memory(tmp_path):
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(64 << 20)
    tracemalloc.start()
    try:
        assert sum(map(len, body_of(tmp_path / "sparse").pieces())) == 64 << 20
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


# --- iterators -----------------------------------------------------------------------------------


def numbers() -> Iterator[bytes]:
    yield from (b"1", b"", bytearray(b"2"), memoryview(b"3"))


async def numbers_async() -> AsyncIterator[bytes]:
    for number in numbers():
        yield number


def test_an_iterator_is_sent_once():
    body = body_of(numbers())
    body.rewind()
    assert (body.length, whole(body)) == (None, b"123")
    for again in (body.rewind, body.pieces):
        with pytest.raises(BodyNotReplayable, match="which has been consumed: pass bytes"):
            again()


def test_a_generator_that_has_ended_is_no_empty_body():
    ended = numbers()
    list(ended)
    with pytest.raises(BodyNotReplayable):
        body_of(ended).pieces()


@pytest.mark.parametrize("given", [numbers, [b"1", b"2", b"3"], (b"123",), {b"123"}])
def test_an_iterable_or_a_function_can_be_sent_again(given):
    body = body_of(given)
    assert (whole(body), whole(body)) == (b"123", b"123")
    body.rewind()


def test_asynchronous_iterators_and_functions():
    async def main():
        body = body_of(numbers_async())
        assert await whole_async(body) == b"123"
        with pytest.raises(BodyNotReplayable):
            body.rewind()
        body = body_of(numbers_async)
        assert await whole_async(body) == await whole_async(body) == b"123"
        ended = numbers_async()
        assert [piece async for piece in ended]
        with pytest.raises(BodyNotReplayable):
            body_of(ended).pieces()

    asyncio.run(main())


@pytest.mark.parametrize("given", [iter("abc"), [1, 2], [None]])
def test_an_iterator_that_does_not_give_bytes_is_refused(given):
    with pytest.raises(TypeError, match="expected an iterator that gives bytes"):
        whole(body_of(given))


@pytest.mark.parametrize("given", [1, None, {"a": "b"}, object()])
def test_other_types_are_refused(given):
    with pytest.raises(TypeError, match="expected bytes, str, a binary file"):
        body_of(given)


def test_a_function_that_returns_no_iterable_is_refused():
    with pytest.raises(TypeError, match="returns an iterable, got int"):
        IterableBody(lambda: 3).pieces()


# --- progress ------------------------------------------------------------------------------------


def test_progress_is_told_behind_each_piece_and_anew_for_each_replay():
    told = []
    body = WithProgress(BytesBody(b"a" * (PIECE + 1)), lambda *now: told.append(now))
    pieces = body.pieces()
    assert len(next(pieces)) == PIECE
    assert told == []
    assert len(next(pieces)) == 1
    assert told == [(PIECE, PIECE + 1)]
    assert next(pieces, None) is None
    assert told == [(PIECE, PIECE + 1), (PIECE + 1, PIECE + 1)]
    body.rewind()
    list(body.pieces())
    assert told[2:] == told[:2]


def test_progress_of_an_asynchronous_body_of_unknown_length():
    told = []
    body = WithProgress(body_of(numbers_async), lambda *now: told.append(now))
    assert asyncio.run(whole_async(body)) == b"123"
    assert told == [(1, None), (2, None), (3, None)]


def test_a_body_with_progress_is_not_sent_by_the_kernel(path):
    with open(path, "rb") as file:
        body = WithProgress(FileBody(file), lambda *_: None)
        assert (body.length, body.span()) == (200_000, None)


def test_a_body_with_progress_that_cannot_be_replayed_says_so():
    body = WithProgress(body_of(numbers()), lambda *_: None)
    assert whole(body) == b"123"
    with pytest.raises(BodyNotReplayable):
        body.rewind()


@pytest.mark.skipif(sys.platform == "win32", reason="no devices in the file system")
def test_a_device_has_no_length():
    with open("/dev/null", "rb", buffering=0) as file:
        assert body_of(file).span() is None
        assert whole(body_of(file)) == b""
