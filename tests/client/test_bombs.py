"""What decodes to gigabytes costs a client no memory, wherever it is met."""

from __future__ import annotations

import os
import sys
import zlib
from functools import cache

import brotli
import pytest

from .bodies_server import MIB, apart, serving

try:
    from compression import zstd
except ImportError:
    from backports import zstd

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

#: More in `make proofs`; either is more than the memory that a client may take.
SIZE = (160 if os.environ.get("NETHTTP_STRESS") == "1" else 96) * MIB


def gzip_of(pieces) -> bytes:
    compressor = zlib.compressobj(wbits=31)
    return b"".join(map(compressor.compress, pieces)) + compressor.flush()


def brotli_of(pieces) -> bytes:
    compressor = brotli.Compressor(quality=3)
    return b"".join(map(compressor.process, pieces)) + bytes(compressor.finish())


def zstd_of(pieces) -> bytes:
    compressor = zstd.ZstdCompressor()
    return b"".join(map(compressor.compress, pieces)) + compressor.flush()


ZEROS = [bytes(MIB)] * (SIZE // MIB)


@pytest.fixture(scope="module")
def bombs():
    gzipped = gzip_of(ZEROS)
    return {
        "gzip": ("gzip", gzipped),
        "br": ("br", brotli_of(ZEROS)),
        "zstd": ("zstd", zstd_of(ZEROS)),
        "chain": ("gzip, br", brotli_of([gzipped])),
        "members": ("gzip", gzip_of(ZEROS[:1]) * len(ZEROS)),
    }


@pytest.fixture(scope="module")
def outcome(bombs):
    """Return a function that gives what code says of a bomb, and the peak of its memory.

    One process meets all bombs: to begin takes longer than to meet one.
    """

    @cache
    def outcomes(code):
        with serving(bombs) as (url, _):
            return dict(zip(bombs, apart(code, *[url + name for name in bombs]), strict=True))

    return lambda code, name: outcomes(code)[name]


ALL = pytest.mark.parametrize("name", ["gzip", "br", "zstd", "chain", "members"])

READ = """
with Client() as client:
    try:
        client.get(argument)
    except ResponseTooLarge as error:
        said = str(error)
"""

READ_ASYNC = """
async def main():
    async with AsyncClient() as client:
        await client.get(argument)
try:
    asyncio.run(main())
except ResponseTooLarge as error:
    said = str(error)
"""

STREAM = """
with Client() as client, client.stream("GET", argument) as response:
    said = sum(map(len, response.iter_bytes()))
"""

BOUNDED = """
with Client(max_response_size=1_000_000) as client, client.stream("GET", argument) as response:
    said = 0
    try:
        for piece in response.iter_bytes():
            said += len(piece)
    except ResponseTooLarge as error:
        assert error.limit == 1_000_000
"""

DRAIN = """
with Client() as client:
    for _ in range(3):
        with client.stream("GET", argument) as response:
            pass
    with client.stream("GET", argument) as response:
        said = len(next(response.iter_bytes()))
"""

REDIRECT = """
with Client(follow_redirects=True) as client:
    said = client.get(argument + "?302").text
"""

ERROR = """
with Client() as client:
    try:
        client.get(argument + "?500")
    except ResponseTooLarge as error:
        said = str(error)
    with client.stream("GET", argument + "?500") as response:
        assert response.status_code == 500
"""


@ALL
@pytest.mark.parametrize("code", [READ, READ_ASYNC, ERROR], ids=["read", "asyncio", "error"])
def test_cve_2025_66471_aiohttp_2025_69223_a_bomb_that_is_read_whole_is_a_clear_error(
    outcome, name, code
):
    said, peak = outcome(code, name)
    assert "at most 250 bytes of content for each received byte" in said
    assert peak < 64 * MIB


@ALL
def test_a_bomb_that_is_read_in_pieces_is_read_to_its_end(outcome, name):
    said, peak = outcome(STREAM, name)
    assert said == SIZE
    assert peak < 64 * MIB


@ALL
def test_a_bound_of_the_client_holds_in_pieces_too(outcome, name):
    said, peak = outcome(BOUNDED, name)
    assert said <= 1_000_000
    assert peak < 64 * MIB


@ALL
@pytest.mark.parametrize(
    ("code", "wanted"), [(DRAIN, None), (REDIRECT, "the end")], ids=["drain", "redirect"]
)
def test_cve_2026_21441_2026_44432_a_bomb_that_nobody_reads_is_not_decoded(
    outcome, name, code, wanted
):
    said, peak = outcome(code, name)
    assert said == wanted or (wanted is None and 0 < said <= 65536)
    assert peak < 64 * MIB
