"""Large bodies are received in constant memory, in every way of reading them."""

from __future__ import annotations

import os
import sys

import pytest

from .bodies_server import MIB, apart, serving

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

#: 1 GiB in `make stress`.
SIZE = 1024 * MIB if os.environ.get("NETHTTP_STRESS") == "1" else 72 * MIB

STREAM = """
with Client() as client, client.stream("GET", argument["url"]) as response:
    said = sum(map(len, response.{method}()))
"""

ASYNC = """
async def main():
    async with AsyncClient() as client, client.stream("GET", argument["url"]) as response:
        return sum([len(piece) async for piece in response.iter_bytes()])
said = asyncio.run(main())
"""

DOWNLOAD = """
with Client() as client:
    said = client.download(argument["url"], argument["path"]).size
"""

CONNECTION = """
from urllib.parse import urlsplit
from nethttp.client import HTTPConnection
url = urlsplit(argument["url"])
connection = HTTPConnection(url.netloc)
connection.request("GET", url.path)
response, buffer = connection.getresponse(), bytearray(1 << 16)
said = sum(iter(lambda: {read}, 0))
connection.close()
"""

WAYS = {
    "bytes": STREAM.format(method="iter_bytes"),
    "raw": STREAM.format(method="iter_raw"),
    "asyncio": ASYNC,
    "file": DOWNLOAD,
    "read": CONNECTION.format(read="len(response.read(1 << 16))"),
    "read1": CONNECTION.format(read="len(response.read1())"),
    "readinto": CONNECTION.format(read="response.readinto(buffer)"),
}


CONTENT = bytes(SIZE)


@pytest.fixture
def url():
    with serving({"large": ("identity", CONTENT)}) as (url, _):
        yield f"{url}large"


@pytest.mark.parametrize("way", WAYS)
def test_a_large_download_takes_constant_memory(url, way, tmp_path):
    [(said, peak)] = apart(WAYS[way], {"url": url, "path": str(tmp_path / "large")})
    assert said == SIZE
    assert peak < 64 * MIB
