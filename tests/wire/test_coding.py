"""Content codings: what a request gets, and that it can be read again."""

from __future__ import annotations

import zlib

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.wire.coding import CODINGS, available_codings, choose_coding, encode, encoder

try:
    from compression import zstd
except ImportError:
    from backports import zstd

DECODERS = {
    "br": brotli.decompress,
    "zstd": zstd.decompress,
    "gzip": lambda data: zlib.decompress(data, 16 + zlib.MAX_WBITS),
    "deflate": zlib.decompress,
}


def test_every_coding_is_available_with_the_extras():
    assert available_codings() == CODINGS == tuple(DECODERS)


@pytest.mark.parametrize("name", CODINGS)
@given(pieces=st.lists(st.binary(max_size=3000), max_size=5))
def test_what_is_written_can_be_read(name, pieces):
    assert DECODERS[name](b"".join(encode(pieces, name))) == b"".join(pieces)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, None),
        ("", None),
        ("gzip", "gzip"),
        ("GZip", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("zstd;q=0.9, gzip;q=0.8, br;q=0.1", "zstd"),
        ("br;q=0, *", "zstd"),
        ("*", "br"),
        ("*;q=0", None),
        ("gzip;q=0", None),
        ("gzip;q=0, identity", None),
        ("identity", None),
        ("identity;q=0.5, gzip;q=0.4", None),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("identity;q=0", None),
        ("compress, sdch", None),
        ("gzip;q=1.5, deflate;q=0.1", "deflate"),
        ("gzip;q=x", None),
        ("gzip; q=0.5", "gzip"),
        (",,gzip,,", "gzip"),
    ],
)
def test_rfc_9110_12_5_3_choice(accept, expected):
    assert choose_coding(accept, CODINGS) == expected


def test_only_what_is_offered_is_chosen():
    assert choose_coding("br, gzip;q=0.1", ["gzip"]) == "gzip"
    assert choose_coding("br", []) is None


@given(st.text(max_size=60))
def test_any_text_may_be_asked_with(accept):
    assert choose_coding(accept, CODINGS) in (*CODINGS, None)


def test_a_coding_without_its_library_is_not_offered(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("importlib.util.find_spec", lambda name: None if "br" in name else object())
        available_codings.cache_clear()
        assert available_codings() == ("zstd", "gzip", "deflate")
        with pytest.raises(LookupError, match="'br'"):
            encoder("br")
    available_codings.cache_clear()


def test_a_coding_that_is_unknown_is_refused():
    with pytest.raises(LookupError, match="expected one of the content codings"):
        next(encode([b""], "compress"))
