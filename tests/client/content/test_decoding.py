"""Content is decoded in bounded pieces, however it arrives, and bombs cost no memory."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client.content import codings
from nethttp.client.content.decoding import MAX_CODINGS, Bounds, accept_encoding, decoder_for
from nethttp.errors import DecodingError, ResponseTooLarge
from nethttp.wire import coding as writing

try:
    from compression import zstd
except ImportError:
    from backports import zstd


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


ENCODE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda data: bytes(brotli.compress(data, quality=4)),
    "zstd": lambda data: bytes(zstd.compress(data)),
}


def encoded(data: bytes, field: str) -> bytes:
    for name in field.split(", "):
        data = ENCODE[name](data)
    return data


def decoded(data: bytes, field: str | None, *cuts: int) -> bytes:
    decoder = decoder_for(field)
    ends = [0, *sorted(cuts), len(data)]
    out = [piece for start, end in pairwise(ends) for piece in decoder.decode(data[start:end])]
    decoder.finish()
    assert all(0 < len(piece) <= codings.PIECE for piece in out)
    return b"".join(out)


FIELDS = [*ENCODE, "gzip, br", "br, zstd", "deflate, gzip, zstd, br, gzip"]


@pytest.mark.parametrize("field", FIELDS)
@given(
    data=st.binary(max_size=300), times=st.sampled_from([1, 700]), cuts=st.lists(st.floats(0, 1))
)
def test_any_split_of_the_input_gives_the_same_output(field, data, times, cuts):
    coded = encoded(data * times, field)
    assert decoded(coded, field, *(int(cut * len(coded)) for cut in cuts)) == data * times


@pytest.mark.parametrize("field", FIELDS)
def test_byte_by_byte(field):
    coded = encoded(b"one two three" * 9, field)
    assert decoded(coded, field, *range(len(coded))) == b"one two three" * 9


@pytest.mark.parametrize("size", [codings.PIECE - 1, codings.PIECE, codings.PIECE + 1, 1 << 20])
@pytest.mark.parametrize("field", FIELDS)
def test_nothing_is_left_in_a_library_at_the_edge_of_a_piece(field, size):
    assert decoded(encoded(b"\0" * size, field), field) == b"\0" * size


def test_no_output_waits_in_the_library_for_more_input():
    coded = gzip.compress(b"\0" * (3 * codings.PIECE))
    for end in range(len(coded)):
        wanted = zlib.decompressobj(31).decompress(coded[:end])
        assert b"".join(decoder_for("gzip").decode(coded[:end])) == wanted


def test_raw_deflate_is_read_as_old_servers_send_it():
    assert decoded(raw_deflate(b"abc" * 99), "deflate") == b"abc" * 99
    assert decoded(raw_deflate(b"abc" * 99), "deflate", 1) == b"abc" * 99


@given(st.binary(max_size=200), st.sampled_from(range(10)))
def test_raw_deflate_is_never_taken_for_zlib(data, level):
    compressor = zlib.compressobj(level, wbits=-15)
    assert decoded(compressor.compress(data) + compressor.flush(), "deflate") == data


MEMBERS = {
    "gzip": [gzip.compress(b"one "), gzip.compress(b""), gzip.compress(b"two")],
    "zstd": [
        zstd.compress(b"one "),
        bytes.fromhex("502a4d18") + (4).to_bytes(4, "little") + b"skip",
        zstd.compress(b"two"),
    ],
}


@pytest.mark.parametrize("field", MEMBERS)
def test_aiohttp_3_14_no_member_or_frame_is_dropped_wherever_they_are_split(field):
    coded = b"".join(MEMBERS[field])
    for cut in range(len(coded)):
        assert decoded(coded, field, cut) == b"one two"


@pytest.mark.parametrize("rest", [b"\0" * 512, b"\x1f", b"\x1fx", b"junk"])
@pytest.mark.parametrize("field", ["gzip", "deflate"])
def test_bytes_behind_the_last_member_are_ignored_as_by_gzip(field, rest):
    coded = ENCODE[field](b"abc")
    assert decoded(coded + rest, field) == b"abc"
    assert decoded(coded + rest, field, len(coded), len(coded) + 1) == b"abc"


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("field", ["br", "zstd"])
def test_bytes_behind_the_end_are_refused_where_they_have_no_meaning(field, apart):
    coded = ENCODE[field](b"abc")
    with pytest.raises(DecodingError):
        decoded(coded + b"junk!", field, *([len(coded)] if apart else []))


@pytest.mark.parametrize("field", FIELDS)
def test_content_that_ends_early_raises(field):
    coded = encoded(os.urandom(500), field)
    for cut in range(1, len(coded)):
        with pytest.raises(DecodingError, match="got the end of the message after"):
            decoded(coded[:cut], field)


def test_a_second_member_that_ends_early_raises():
    with pytest.raises(DecodingError):
        decoded(gzip.compress(b"a") + gzip.compress(b"b")[:-1], "gzip")


@pytest.mark.parametrize("field", FIELDS)
def test_no_content_at_all_is_whole(field):
    assert decoded(b"", field) == b""


@pytest.mark.parametrize("field", FIELDS)
@given(data=st.binary(min_size=1, max_size=100))
def test_garbage_raises_one_kind_of_error(field, data):
    try:
        decoded(data, field)
    except DecodingError:
        pass


@given(field=st.sampled_from(FIELDS), at=st.floats(0, 0.99), byte=st.integers(0, 255))
def test_damage_raises_one_kind_of_error(field, at, byte):
    coded = bytearray(encoded(b"some text, some text" * 20, field))
    coded[int(at * len(coded))] = byte
    try:
        decoded(bytes(coded), field)
    except DecodingError:
        pass


def test_an_error_says_what_was_expected_and_what_came():
    with pytest.raises(DecodingError, match=r"expected content in gzip .*'<html>'.* 0 decoded"):
        decoded(b"<html>", "gzip")


@pytest.mark.parametrize(
    "field", [None, "", "identity", "IDENTITY, identity", "utf-8", "none, gzip"]
)
def test_without_a_known_coding_content_is_passed_on_as_it_is(field):
    assert decoded(b"abc", field) == b"abc"
    assert list(decoder_for(field).decode(b"")) == []


def test_names_are_compared_in_any_case_and_identity_is_nothing():
    assert decoded(gzip.compress(b"abc"), " GZip ,, identity") == b"abc"


def test_cve_2025_66418_a_chain_is_bounded():
    assert decoded(encoded(b"a", ", ".join(["gzip"] * MAX_CODINGS)), "gzip," * MAX_CODINGS) == b"a"
    with pytest.raises(DecodingError, match="at most 5 content codings, got 6"):
        decoder_for("gzip," * (MAX_CODINGS + 1))


def test_the_memory_of_a_chain_is_bounded():
    assert decoded(encoded(b"a", "br, gzip, br"), "br, gzip, br") == b"a"
    with pytest.raises(DecodingError, match="at most 37748736 bytes of memory, got br, zstd, br"):
        decoder_for("br, zstd, br")


def test_a_window_over_rfc_9659_is_refused():
    options = {zstd.CompressionParameter.window_log: 24}
    compressor = zstd.ZstdCompressor(options=options)
    with pytest.raises(DecodingError, match="zstd"):
        decoded(compressor.compress(b"a" * 99) + compressor.flush(), "zstd")


# --- flushes --------------------------------------------------------------------------------------


class Flushing:
    """Compressors that are flushed behind each event."""

    @staticmethod
    def gzip(events: list[bytes]) -> Iterator[bytes]:
        compressor = zlib.compressobj(wbits=31)
        for event in events:
            yield compressor.compress(event) + compressor.flush(zlib.Z_SYNC_FLUSH)

    @staticmethod
    def deflate(events: list[bytes]) -> Iterator[bytes]:
        compressor = zlib.compressobj()
        for event in events:
            yield compressor.compress(event) + compressor.flush(zlib.Z_SYNC_FLUSH)

    @staticmethod
    def br(events: list[bytes]) -> Iterator[bytes]:
        compressor = brotli.Compressor()
        for event in events:
            yield bytes(compressor.process(event) + compressor.flush())

    @staticmethod
    def zstd(events: list[bytes]) -> Iterator[bytes]:
        compressor = zstd.ZstdCompressor()
        for event in events:
            yield compressor.compress(event, mode=compressor.FLUSH_BLOCK)


@pytest.mark.parametrize("field", ["gzip", "deflate", "br", "zstd"])
def test_a_flush_lets_an_event_through_at_once(field):
    events = [b"data: %d\n\n" % number for number in range(20)]
    decoder = decoder_for(field)
    for event, coded in zip(events, getattr(Flushing, field)(events), strict=True):
        assert b"".join(decoder.decode(coded)) == event


# --- bounds --------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", [None, *FIELDS])
def test_the_decoded_size_is_bounded_to_the_byte(field):
    coded = encoded(b"a" * 1000, field) if field else b"a" * 1000
    assert len(b"".join(decoder_for(field, Bounds(max_size=1000)).decode(coded))) == 1000
    with pytest.raises(ResponseTooLarge, match="at most 999 bytes"):
        list(decoder_for(field, Bounds(max_size=999)).decode(coded))


def test_the_ratio_counts_from_a_mebibyte_on():
    bounds = Bounds(max_ratio=100)
    assert list(decoder_for("gzip", bounds).decode(gzip.compress(b"\0" * (1 << 20))))
    with pytest.raises(ResponseTooLarge, match="at most 100 bytes of content for each received"):
        list(decoder_for("gzip", bounds).decode(gzip.compress(b"\0" * ((1 << 20) + 1))))
    mixed = os.urandom(1 << 20) + b"\0" * (1 << 20)
    assert list(decoder_for("gzip", bounds).decode(gzip.compress(mixed)))


def test_the_ratio_is_judged_inside_a_chain():
    # The outer gzip makes 4 MiB of empty members, of which the inner one makes nothing.
    empty = gzip.compress(b"")
    with pytest.raises(ResponseTooLarge):
        list(
            decoder_for("gzip, gzip", Bounds(max_ratio=100)).decode(
                gzip.compress(empty * ((4 << 20) // len(empty)))
            )
        )


def test_an_error_keeps_the_limit_and_the_phase_in_a_pickle():
    with pytest.raises(ResponseTooLarge) as caught:
        list(decoder_for(None, Bounds(max_size=2)).decode(b"abc"))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.limit, again.phase) == (2, "decode")


MIB = 1 << 20


def repeated(field: str, mebibytes: int) -> bytes:
    """Return content that decodes to this many MiB of zeros, made of one piece that repeats."""
    zeros = b"\0" * MIB
    if field in ("gzip", "zstd"):
        return ENCODE[field](zeros) * mebibytes
    if field == "deflate":
        compressor = zlib.compressobj(wbits=-15)
        block = compressor.compress(zeros) + compressor.flush(zlib.Z_FULL_FLUSH)
        return block * mebibytes + compressor.flush()
    compressor = brotli.Compressor(quality=4)
    blocks = [compressor.process(zeros) + compressor.flush() for _ in range(3)]
    assert blocks[1] == blocks[2]
    return blocks[0] + blocks[1] * (mebibytes - 1) + bytes(compressor.finish())


DECODE = """
import json, sys
from nethttp.client.content.decoding import Bounds, decoder_for
from nethttp.errors import ResponseTooLarge

outcomes = []
for ratio in (None, 250):
    decoder = decoder_for(sys.argv[1], Bounds(max_ratio=ratio))
    total = largest = 0
    error = None
    with open(sys.argv[2], "rb") as file:
        try:
            while data := file.read(64 * 1024):
                for piece in decoder.decode(data):
                    total += len(piece)
                    largest = max(largest, len(piece))
            decoder.finish()
        except ResponseTooLarge as caught:
            error = str(caught)
    outcomes.append([total, largest, error])
# The peak since this program began: ru_maxrss would count its parent's too.
status = open("/proc/self/status").read()
print(json.dumps([*outcomes, int(status.partition("VmHWM:")[2].split()[0]) * 1024]))
"""

FULL = os.environ.get("NETHTTP_STRESS") == "1"
#: 10 GiB from about 10 MiB in `make stress`.
MEBIBYTES = 10 * 1024 if FULL else 96


def decode_apart(field: str, path: Path) -> list[Any]:
    """Return what a process has decoded, its largest piece and its error, first without a bound on
    the ratio and then with one; and the peak of its memory."""
    run = subprocess.run(
        [sys.executable, "-c", DECODE, field, str(path)], capture_output=True, text=True, check=True
    )
    outcomes: list[Any] = json.loads(run.stdout)
    return outcomes


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize(
    "field",
    ["gzip", "deflate", "br", "zstd", "gzip, gzip", "br, gzip", "zstd, br", "br, br"],
)
def test_a_bomb_costs_no_memory_and_with_a_bound_on_the_ratio_no_time(field, tmp_path):
    inner, *outer = field.split(", ")
    bomb = tmp_path / "bomb"
    coded = repeated(inner, MEBIBYTES)
    bomb.write_bytes(encoded(coded, ", ".join(outer)) if outer else coded)
    unbounded, bounded, peak = decode_apart(field, bomb)
    total, largest, error = unbounded
    assert (total, error) == (MEBIBYTES * MIB, None)
    assert largest <= codings.PIECE
    total, _, error = bounded
    assert error is not None
    assert total <= 8 * MIB
    assert peak < 64 * MIB


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_widest_windows_that_are_allowed_fit_into_memory(tmp_path):
    data = os.urandom(20 * MIB)
    for _ in range(2):
        data = brotli.compress(data, quality=1, lgwin=24)
    (tmp_path / "wide").write_bytes(data)
    (total, *_), _, peak = decode_apart("br, br", tmp_path / "wide")
    assert total == 20 * MIB
    assert 40 * MIB < peak < 64 * MIB


def test_many_empty_members_take_linear_time():
    coded = gzip.compress(b"") * 20_000
    copied = 0

    class Counting:
        def __init__(self) -> None:
            self._inflate = zlib.decompressobj(31)

        def unpack(self, data: bytes) -> Iterator[bytes]:
            nonlocal copied
            copied += len(data)
            yield from [self._inflate.decompress(data)]

        eof = property(lambda self: self._inflate.eof)
        unused_data = property(lambda self: self._inflate.unused_data)

    with pytest.MonkeyPatch.context() as patch:
        table = {"gzip": codings.CODINGS["gzip"]._replace(unpacker=lambda _: Counting())}
        patch.setattr("nethttp.client.content.decoding.CODINGS", table)
        decoder = decoder_for("gzip")
        list(decoder.decode(coded))
        decoder.finish()
    assert copied < 500 * len(coded)


# --- what is offered -----------------------------------------------------------------------------


@pytest.fixture
def no_memory():
    caches = (accept_encoding, codings.decodable, writing.available_codings)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def test_all_that_is_installed_is_offered():
    assert accept_encoding() == "gzip, deflate, br, zstd"


def test_a_coding_without_its_library_is_not_offered_and_an_error_names_the_extra(
    monkeypatch, no_memory
):
    monkeypatch.setattr(writing, "_is_there", lambda module: module == "zlib")
    assert accept_encoding() == "gzip, deflate"
    with pytest.raises(DecodingError, match=r"install nethttp\[br\].*iter_raw"):
        decoder_for("br")
    with pytest.raises(DecodingError, match="expected content in gzip"):
        decoded(b"junk", "gzip")


def test_a_brotli_that_cannot_bound_its_output_is_not_used(monkeypatch, no_memory):
    monkeypatch.setattr(brotli, "Decompressor", object)
    assert accept_encoding() == "gzip, deflate, zstd"
