"""Large bodies go out in constant memory, from wherever they come."""

from __future__ import annotations

import os
import sys
import zlib

import pytest

from .bodies_server import MIB, apart, serving

#: 10 GiB in `make stress`.
SIZE = 10 * 1024 * MIB if os.environ.get("NETHTTP_STRESS") == "1" else 72 * MIB

WAYS = {
    "file": 'client.put(argument["url"], content=open(argument["path"], "rb"))',
    "path": 'client.put(argument["url"], content=__import__("pathlib").Path(argument["path"]))',
    "progress": (
        'client.put(argument["url"], content=open(argument["path"], "rb"), progress=told)'
    ),
    "iterator": (
        'client.put(argument["url"],'
        ' content=iter(lambda f=open(argument["path"], "rb"): f.read(1 << 20), b""))'
    ),
}

CODE = """
last = None
def told(sent, total):
    global last
    assert last is None or sent > last[0]
    last = sent, total
with Client() as client:
    assert {call}.status_code == 200
said = last
"""

FORM = """
with Client() as client:
    said = client.put(argument["url"], data={"a": "b"}, files={"f": open(argument["path"], "rb")})
    said = said.request.body.length
"""

ASYNC = """
async def main():
    async with AsyncClient() as client:
        response = await client.put(argument["url"], content=open(argument["path"], "rb"))
        assert response.status_code == 200
asyncio.run(main())
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "large"
    with open(path, "wb") as file:
        file.write(b"start")
        file.truncate(SIZE - 3)
        file.seek(0, os.SEEK_END)
        file.write(b"end")
    return str(path)


def checksum(path: str) -> int:
    found = 0
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            found = zlib.crc32(piece, found)
    return found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.filterwarnings("default::ResourceWarning")
@pytest.mark.parametrize("way", [*WAYS, "asyncio"])
def test_aiohttp_3_12_8_a_large_upload_takes_constant_memory(path, way):
    code = ASYNC if way == "asyncio" else CODE.format(call=WAYS[way])
    with serving() as (url, handler):
        [(said, peak)] = apart(code, {"url": url, "path": path})
    assert handler.received == [(SIZE, checksum(path))]
    assert said == ([SIZE, SIZE] if way == "progress" else None)
    assert peak < 64 * MIB


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_large_form_takes_constant_memory_and_has_its_length(path):
    with serving() as (url, handler):
        [(length, peak)] = apart(FORM, {"url": url, "path": path})
    ((received, _),) = handler.received
    assert received == length > SIZE
    assert peak < 64 * MIB
