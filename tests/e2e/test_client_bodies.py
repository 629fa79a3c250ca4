"""Bodies between the client and nginx: gzip, uploads of each kind, one that is refused early."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
import socket
import subprocess
from contextlib import closing

import pytest

from nethttp.client import AsyncClient, Client

from ..client.flow.certificates import Authority

CONFIG = """\
daemon off; master_process off; pid {dir}/pid; error_log {dir}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {dir}/b; proxy_temp_path {dir}/p;
  fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  gzip on; gzip_types text/plain; gzip_min_length 10; types {{ text/plain txt; }}
  server {{
    listen 127.0.0.1:{port}; listen 127.0.0.1:{tls} ssl;
    ssl_certificate {certificate}; ssl_certificate_key {key};
    root {dir}/site;
    location /files/ {{ client_max_body_size 1g; dav_methods PUT; create_full_put_path on; }}
    location /small/ {{ client_max_body_size 1k; dav_methods PUT; }}
  }}
}}
"""

TEXT = "some text to send, more than once. " * 20_000


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"))


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def nginx(program, tmp_path, eventually, authority):
    """Return the ports of nginx, of http and of https, and the folder of its files."""
    path, port, tls = program("nginx"), free_port(), free_port()
    (tmp_path / "site" / "files").mkdir(parents=True)
    (tmp_path / "site" / "text.txt").write_text(TEXT)
    issued = authority.ca.issue_cert("localhost")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    (tmp_path / "nginx.conf").write_text(
        CONFIG.format(dir=tmp_path, port=port, tls=tls, certificate=certificate, key=key)
    )
    arguments = [path, "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "error.log")]
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE)

    def listens() -> bool:
        assert process.poll() is None, process.stderr.read()
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", tls)) == 0

    eventually(listens)
    yield port, tls, tmp_path / "site" / "files"
    process.terminate()
    process.communicate(timeout=10)


@pytest.fixture(params=["http", "https"])
def origin(request, nginx, authority):
    """Return the URL of nginx, and what a client needs to trust it."""
    port, tls, _ = nginx
    if request.param == "http":
        return f"http://127.0.0.1:{port}/", {}
    options = {"verify": str(authority.path), "resolve": {"localhost": "127.0.0.1"}}
    return f"https://localhost:{tls}/", options


def test_content_in_gzip_is_decoded(origin):
    url, options = origin
    with Client(base_url=url, **options) as client:
        response = client.get("text.txt")
        assert response.headers["Content-Encoding"] == "gzip"
        assert response.text == TEXT
        with client.stream("GET", "text.txt") as response:
            assert b"".join(response.iter_bytes(1000)).decode() == TEXT
        with client.stream("GET", "text.txt") as response:
            assert gzip.decompress(b"".join(response.iter_raw())).decode() == TEXT
        assert client.head("text.txt").content == b""
        etag = response.headers["ETag"]
        assert client.get("text.txt", headers={"If-None-Match": etag}).status_code == 304

    async def main():
        async with AsyncClient(base_url=url, **options) as client:
            assert (await client.get("text.txt")).text == TEXT
            async with client.stream("GET", "text.txt") as response:
                pieces = [piece async for piece in response.iter_bytes()]
                assert b"".join(pieces).decode() == TEXT

    asyncio.run(main())


CONTENT = os.urandom(3 << 20)


async def pieces():
    for start in range(0, len(CONTENT), 100_000):
        yield CONTENT[start : start + 100_000]


def test_uploads_of_each_kind_arrive_whole(origin, nginx, tmp_path):
    url, options = origin
    folder = nginx[2]
    (tmp_path / "content").write_bytes(CONTENT)
    told = []
    with Client(base_url=url, **options) as client, open(tmp_path / "content", "rb") as file:
        kinds = {
            "bytes": CONTENT,
            "file": file,
            "path": tmp_path / "content",
            "iterator": (CONTENT[at : at + 70_000] for at in range(0, len(CONTENT), 70_000)),
        }
        for kind, content in kinds.items():
            assert client.put(f"files/{kind}", content=content).status_code == 201
            assert (folder / kind).read_bytes() == CONTENT
        file.seek(1_000_000)
        client.put("files/rest", content=file, progress=lambda *now: told.append(now))
        assert (folder / "rest").read_bytes() == CONTENT[1_000_000:]
    assert told[-1] == (len(CONTENT) - 1_000_000,) * 2

    async def main():
        async with AsyncClient(base_url=url, **options) as client:
            with open(tmp_path / "content", "rb") as file:
                for kind, content in {"afile": file, "aiterator": pieces()}.items():
                    assert (await client.put(f"files/{kind}", content=content)).status_code == 201
                    assert (folder / kind).read_bytes() == CONTENT

    asyncio.run(main())


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_file_arrives_by_segments(origin, nginx, tmp_path, kind):
    url, options = origin
    (nginx[2] / "big").write_bytes(CONTENT * 3)
    given = {"segments": 4, "sha256": hashlib.sha256(CONTENT * 3).hexdigest()}
    with Client(base_url=url, **options) as client:
        if kind is Client:
            client.download("files/big", tmp_path / "big", **given)
            assert client.connections().idle > 1
            return

    async def main():
        async with AsyncClient(base_url=url, **options) as client:
            await client.download("files/big", tmp_path / "big", **given)
            assert client.connections().idle > 1

    asyncio.run(main())


def test_requests_2422_an_upload_that_is_refused_early_gets_its_413(origin, tmp_path):
    url, options = origin
    with open(tmp_path / "large", "wb") as file:
        file.truncate(64 << 20)

    async def main():
        async with AsyncClient(base_url=url, **options) as client:
            for content in (tmp_path / "large", b"a" * (16 << 20)):
                assert (await client.put("small/a", content=content)).status_code == 413
            assert (await client.get("text.txt")).text == TEXT

    with Client(base_url=url, **options) as client, open(tmp_path / "large", "rb") as file:
        for content in (file, tmp_path / "large", b"a" * (16 << 20), iter([bytes(1 << 20)] * 16)):
            assert client.put("small/a", content=content).status_code == 413
            assert client.get("text.txt").text == TEXT
    asyncio.run(main())
