"""Content cut into pieces of one size, and text into lines."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client.content.pieces import LineCutter, SizeCutter


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    ends = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(ends)]


CUTS = st.lists(st.integers(0, 60), max_size=6)


@given(st.binary(max_size=60), CUTS, st.integers(1, 20))
def test_pieces_have_one_size_but_the_last(data, cuts, size):
    cutter = SizeCutter(size)
    pieces = [piece for part in split(data, cuts) for piece in cutter.cut(part)]
    pieces += cutter.end()
    assert b"".join(pieces) == data
    assert all(len(piece) == size for piece in pieces[:-1])
    assert not pieces or 0 < len(pieces[-1]) <= size


@pytest.mark.parametrize("size", [0, -1])
def test_a_size_that_is_none_is_refused(size):
    with pytest.raises(ValueError, match="at least 1 byte"):
        SizeCutter(size)


def lines(parts: list[bytes], encoding: str = "utf-8") -> list[str]:
    cutter = LineCutter(encoding)
    found = [line for part in parts for line in cutter.cut(part)]
    return [*found, *cutter.end()]


TEXTS = st.lists(st.sampled_from(["a", "é", "☃", "\r", "\n", "\r\n", "\x85", "\u2028", "\v"]))


@given(TEXTS, CUTS, st.sampled_from(["utf-8", "utf-16", "utf-32-le"]))
def test_any_split_gives_the_same_lines(texts, cuts, encoding):
    text = "".join(texts)
    wanted = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not wanted[-1]:
        wanted.pop()
    assert lines(split(text.encode(encoding), cuts), encoding) == wanted


def test_what_json_may_contain_ends_no_line():
    assert lines(['"a\x85b\u2028c\u2029d\x0be\x1cf"\n[]'.encode()]) == [
        '"a\x85b\u2028c\u2029d\x0be\x1cf"',
        "[]",
    ]


def test_a_line_is_given_out_with_its_end():
    cutter = LineCutter("utf-8")
    assert list(cutter.cut(b"a\r")) == ["a"]
    assert list(cutter.cut(b"\nb\n")) == ["b"]


def test_what_is_not_in_the_encoding_is_replaced_and_a_mark_is_dropped():
    assert lines([b"\xef\xbb", b"\xbfa\xff\nb\xc3"]) == ["a\ufffd", "b\ufffd"]
    assert lines([b"a\n\xef\xbb\xbfb"]) == ["a", "\ufeffb"]


def test_tiny_pieces_of_a_long_line_take_linear_memory():
    cutter = LineCutter("latin-1")
    tracemalloc.start()
    try:
        for _ in range(50_000):
            assert not list(cutter.cut(b"a"))
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()
    assert list(cutter.cut(b"\n")) == ["a" * 50_000]


def test_a_size_is_a_number():
    with pytest.raises(TypeError, match="expected the size of pieces as a number of bytes, got 'a"):
        SizeCutter("a")
