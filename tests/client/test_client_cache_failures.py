"""A cache that fails is a client without one: each request goes to its server, in bounded time."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import time
from contextlib import closing

import pytest

from nethttp.client import AsyncClient, Client, SQLiteCache, ValkeyCache
from nethttp.client.caching.store import PIECE
from nethttp.server import BaseHTTPRequestHandler

from ..valkey import valkey, valkey_program  # noqa: F401  # fixtures

LONG = b"0123456789abcdef" * (PIECE // 8)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.hits = getattr(self.server, "hits", 0) + 1
        self.send_response(200)
        self.send_header("Cache-Control", "max-age=60")
        self.send_header("Content-Length", str(len(LONG)))
        self.end_headers()
        self.wfile.write(LONG)

    def do_PUT(self):
        self.send_response(204)
        self.end_headers()

    def log_message(self, format, *args):
        pass


@pytest.fixture
def url(serve):
    return serve(Handler).url


@pytest.fixture(params=[Client, AsyncClient])
def ask(request):
    """Return a function that sends requests by a client with a store, one after the other."""

    def in_thread(store, methods, url):
        with Client(cache=store, timeout=20) as client:
            return [client.request(method, url) for method in methods]

    async def in_loop(store, methods, url):
        async with AsyncClient(cache=store, timeout=20) as client:
            return [await client.request(method, url) for method in methods]

    def ask(store, methods, url):
        if request.param is Client:
            return in_thread(store, methods, url)
        return asyncio.run(in_loop(store, methods, url))

    return ask


def check_uncached(responses):
    for response in responses:
        assert response.status_code == (204 if response.request.method == "PUT" else 200)
        assert response.content == (b"" if response.status_code == 204 else LONG)
        assert "from_cache" not in response.extensions


METHODS = ["GET", "GET", "PUT", "GET"]


def test_a_server_that_is_not_there(url, ask):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with closing(ValkeyCache(f"valkey://127.0.0.1:{port}/0")) as store:
        check_uncached(ask(store, METHODS, url))


def test_a_server_that_says_nothing_is_waited_for_once(url, ask):
    clock = [0.0]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = f"valkey://127.0.0.1:{silent.getsockname()[1]}/0"
        with closing(ValkeyCache(where, timeout=0.3, clock=lambda: clock[0])) as store:
            began = time.monotonic()
            check_uncached(ask(store, METHODS * 3, url))
            assert time.monotonic() - began >= 0.3
            silent.settimeout(5)
            silent.accept()[0].close()
            silent.settimeout(0)
            with pytest.raises(BlockingIOError):
                silent.accept()


def test_a_server_that_dies_in_the_middle_and_comes_back(url, ask, valkey):  # noqa: F811
    clock = [0.0]
    with closing(ValkeyCache(valkey.url, timeout=0.5, clock=lambda: clock[0])) as store:
        first, second = ask(store, ["GET", "GET"], url)
        check_uncached([first])
        assert second.extensions["from_cache"] is True
        assert second.content == LONG
        valkey.kill(signal.SIGKILL)
        check_uncached(ask(store, METHODS, url))
        valkey.start()
        valkey.command("PING")
        clock[0] += 2.0
        check_uncached(ask(store, ["PUT", "GET"], url))
        assert ask(store, ["GET"], url)[0].extensions["from_cache"] is True


@pytest.mark.parametrize("name", ["none/cache.db", "text"])
def test_a_file_that_cannot_be_used(url, ask, tmp_path, name, caplog):
    (tmp_path / "text").write_text("this is no database" * 1000)
    with closing(SQLiteCache(tmp_path / name)) as store:
        check_uncached(ask(store, METHODS, url))
        (record,) = [record for record in caplog.records if record.levelname == "WARNING"]
        assert store.path in record.getMessage()
    assert (tmp_path / "text").read_text() == "this is no database" * 1000


def test_a_damaged_file_is_begun_anew(url, ask, tmp_path, caplog):
    path = tmp_path / "cache.db"
    with closing(SQLiteCache(path)) as store:
        check_uncached(ask(store, ["GET"], url))
    with path.open("r+b") as file:
        file.write(os.urandom(64))
    with closing(SQLiteCache(path)) as store:
        first, second = ask(store, ["GET", "GET"], url)
        check_uncached([first])
        assert second.extensions["from_cache"] is True
        assert second.content == LONG
    assert "was damaged, and is empty now" in caplog.text


def test_a_disk_that_is_full(url, ask, tmp_path, monkeypatch, caplog):
    def refuse(descriptor, pieces):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "writev", refuse)
    with closing(SQLiteCache(tmp_path / "cache.db")) as store:
        check_uncached(ask(store, METHODS, url))
        assert os.listdir(tmp_path / "cache.db-contents") == []
    assert caplog.text.count("No space left on device") == 1


def test_a_content_that_was_damaged_on_the_disk_is_fetched_again(url, ask, tmp_path):
    with closing(SQLiteCache(tmp_path / "cache.db")) as store:
        ask(store, ["GET"], url)
        (name,) = os.listdir(tmp_path / "cache.db-contents")
        os.truncate(tmp_path / "cache.db-contents" / name, 1000)
        check_uncached(ask(store, ["GET"], url))
        assert ask(store, ["GET"], url)[0].content == LONG
        assert len(os.listdir(tmp_path / "cache.db-contents")) == 1
