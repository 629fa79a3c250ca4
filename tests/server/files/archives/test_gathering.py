"""Which bytes of an archive are sent, and in which pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nethttp.server.files.archives import gathering
from nethttp.server.files.archives.gathering import Beginning, gathered


def generated(pieces, ended=None):
    try:
        yield from pieces
    finally:
        if ended is not None:
            ended.append(True)


@given(st.lists(st.binary(max_size=9), min_size=1), st.data())
def test_the_first_bytes_behind_a_beginning(pieces, data):
    whole = b"".join(pieces)
    start = data.draw(st.integers(0, len(whole)))
    length = data.draw(st.integers(0, len(whole) - start))
    beginning = Beginning(start)
    rest = generated([beginning.rest(piece) for piece in pieces])
    assert b"".join(gathered(rest, length)) == whole[start : start + length]


def test_what_is_covered_need_not_be_made():
    beginning = Beginning(10)
    assert beginning.covers(4)
    assert not beginning.covers(7)
    assert beginning.part_of(7) == 6
    assert not beginning.covers(1)
    assert beginning.part_of(5) == 0


def test_small_pieces_are_joined_and_large_ones_go_on_as_they_are(monkeypatch):
    monkeypatch.setattr(gathering, "PIECE", 4)
    large = b"defg"
    got = list(gathered(generated([b"a", b"b", b"c", large, large, b"x", b"yz"]), 14))
    assert got == [b"abcdefg", large, b"xyz"]
    assert got[1] is large


def test_what_waits_is_sent_before_what_takes_time():
    assert list(gathered(generated([b"ab", b"", b"c"]), 3)) == [b"ab", b"", b"c"]


def test_what_makes_the_pieces_ends_with_the_last_byte_and_with_a_client_that_goes():
    for stop in (True, False):
        ended = []
        pieces = gathered(generated([b"ab", b"", b"cd"], ended), 2 if stop else 4)
        assert next(pieces) == b"ab"
        if stop:
            assert list(pieces) == []
        else:
            pieces.close()
        assert ended == [True]
