"""Decoders and writers of bodies; `test_reader` reads by them."""

from __future__ import annotations

import pytest

from nethttp.errors import LocalProtocolError
from nethttp.wire.body import (
    LAST_CHUNK,
    ChunkedDecoder,
    CloseDecoder,
    LengthDecoder,
    body_decoder,
    encode_chunk,
    encode_last_chunk,
)
from nethttp.wire.framing import CHUNKED, UNTIL_CLOSE


def test_the_decoder_of_each_framing():
    assert isinstance(body_decoder(CHUNKED), ChunkedDecoder)
    assert isinstance(body_decoder(UNTIL_CLOSE), CloseDecoder)
    assert isinstance(body_decoder(0), LengthDecoder)
    assert body_decoder(0).complete


def test_lines_do_not_belong_into_bodies_without_chunks():
    for decoder in (LengthDecoder(1), CloseDecoder()):
        assert not decoder.wants_line
        with pytest.raises(AssertionError):
            decoder.take_line(b"\r\n")


def test_writers():
    assert encode_chunk(b"") == b""
    assert encode_chunk(b"x" * 300) == b"12c\r\n" + b"x" * 300 + b"\r\n"
    assert encode_last_chunk([]) == LAST_CHUNK
    with pytest.raises(LocalProtocolError):
        encode_last_chunk([("A", "b\r\nC: d")])
