"""Decoders and writers of bodies; `test_reader` reads by them."""

from __future__ import annotations

import pytest

from nethttp.errors import IncompleteRead, LineTooLong, LocalProtocolError, RemoteProtocolError
from nethttp.wire.h1.body import (
    ChunkedDecoder,
    ChunkLines,
    CloseDecoder,
    LengthDecoder,
    LenientChunkLines,
    body_decoder,
    response_decoder,
)
from nethttp.wire.h1.encoder import LAST_CHUNK, encode_chunk, encode_last_chunk
from nethttp.wire.h1.framing import CHUNKED, UNTIL_CLOSE
from nethttp.wire.limits import Limits


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


def test_whether_a_message_may_follow():
    assert body_decoder(3).sound
    assert body_decoder(CHUNKED).sound
    assert not body_decoder(UNTIL_CLOSE).sound
    decoder = response_decoder(CHUNKED)
    decoder.take_line(b"1\n")
    assert not decoder.sound


@pytest.mark.parametrize(
    ("line", "size"),
    [
        (b"5\n", 5),
        (b" 5\r\n", 5),
        (b"\t5 \t\r\n", 5),
        (b"5 ;x= \r\n", 5),
        (b"5;\r\n", 5),
        (b'5;a="\r\n', 5),
        (b"0 \r\n", 0),
    ],
)
def test_size_lines_that_only_a_client_reads(line, size):
    lines = LenientChunkLines()
    assert lines.take_size(line) == size
    assert not lines.sound
    with pytest.raises(RemoteProtocolError):
        ChunkLines().take_size(line)


@pytest.mark.parametrize(
    "line",
    [
        *(b"\r\n", b" \r\n", b"x\r\n", b"+5\r\n", b"-5\r\n", b"0x5\r\n", b"5_0\r\n", b"5 5\r\n"),
        *(
            b"5;\0\r\n",
            b"5;a\rb\r\n",
            b"5\r\r\n",
            b"\x0b5\r\n",
            b"00000000000000005\r\n",
            b";a\r\n",
        ),
    ],
)
def test_size_lines_that_nobody_reads(line):
    for lines in (ChunkLines(), LenientChunkLines()):
        with pytest.raises(RemoteProtocolError, match="chunk size"):
            lines.take_size(line)


def test_what_ends_a_chunk():
    ChunkLines().take_end(b"\r\n")
    lines = LenientChunkLines()
    lines.take_end(b"\r\n")
    assert lines.sound
    lines.take_end(b"\n")
    assert not lines.sound
    for lines in (ChunkLines(), LenientChunkLines()):
        with pytest.raises(RemoteProtocolError, match="CRLF after the chunk"):
            lines.take_end(b"xx")
        for line in (b"", b"\r", b"x"):
            with pytest.raises(IncompleteRead):
                lines.take_end(line)
    with pytest.raises(RemoteProtocolError, match="CRLF after the chunk"):
        ChunkLines().take_end(b"\n")


def test_trailers_that_a_client_cannot_use_are_dropped():
    lines = LenientChunkLines()
    for line in (b"A: b\r\n", b"no field\r\n", b"Host: c\r\n", b"Content-Length: 1\r\n"):
        assert not lines.take_trailer(line)
    assert lines.take_trailer(b"\r\n")
    assert (lines.trailers, lines.sound) == ([("A", "b")], False)


@pytest.mark.parametrize("kind", [ChunkLines, LenientChunkLines])
def test_every_bound_of_chunk_lines_holds(kind):
    with pytest.raises(LineTooLong):
        kind(Limits(max_chunk_line=4)).take_size(b"1;ab\r\n")
    with pytest.raises(RemoteProtocolError, match="extensions"):
        kind(Limits(max_chunk_extensions=2)).take_size(b"1;ab\r\n")
    with pytest.raises(RemoteProtocolError, match="content"):
        kind(Limits(max_body=1)).take_size(b"2\r\n")
    with pytest.raises(RemoteProtocolError, match="more than 0 trailers"):
        kind(Limits(max_trailers=0)).take_trailer(b"A: b\r\n")
    with pytest.raises(LineTooLong):
        kind(Limits(max_trailer_section=5)).take_trailer(b"A: b\r\n")
    with pytest.raises(LineTooLong):
        kind(Limits(max_trailer_section=5)).take_trailer(b"A: b\r")
