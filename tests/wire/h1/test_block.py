"""Lines collected from a file, within their bounds."""

from __future__ import annotations

import io

import pytest

from nethttp.errors import IncompleteRead, LineTooLong, RemoteProtocolError
from nethttp.wire.h1.block import read_field_block
from nethttp.wire.limits import Limits


def test_the_block_ends_with_the_empty_line():
    for end in (b"\r\n", b"\n"):
        file = io.BytesIO(b"A: b" + end + end + b"rest")
        assert read_field_block(file.readline, start=b"GET\r\n") == b"GET\r\nA: b" + end + end
        assert file.read() == b"rest"


@pytest.mark.parametrize(
    ("limits", "data", "error"),
    [
        (Limits(max_field_line=6), b"A: 12\r\n\r\n", LineTooLong),
        (Limits(max_field_section=8), b"A: 1\r\nB: 2\r\n\r\n", LineTooLong),
        (Limits(max_fields=1), b"A: 1\r\nB: 2\r\n\r\n", RemoteProtocolError),
    ],
)
def test_every_bound_is_reached(limits, data, error):
    assert read_field_block(io.BytesIO(data).readline) == data
    with pytest.raises(error) as refused:
        read_field_block(io.BytesIO(data).readline, limits)
    assert refused.value.status_hint == 431


def test_an_endless_head_is_refused_before_it_is_stored():
    class Endless:
        lines = 0

        def readline(self, limit: int) -> bytes:
            self.lines += 1
            return b"A: b\r\n"

    endless = Endless()
    with pytest.raises(RemoteProtocolError, match="got more than 100 headers"):
        read_field_block(endless.readline)
    assert endless.lines < 110


def test_a_file_that_ends_early_gives_what_came():
    with pytest.raises(IncompleteRead) as cut:
        read_field_block(io.BytesIO(b"A: b\r\nC").readline, start=b"x\r\n")
    assert cut.value.partial == b"x\r\nA: b\r\nC"
