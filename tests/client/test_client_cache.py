"""`Client(cache=…)` and `AsyncClient(cache=…)`, with a server on a socket."""

from __future__ import annotations

import asyncio
import threading

import pytest

from nethttp.client import AsyncClient, Cache, Client, MemoryCache, SQLiteCache
from nethttp.server import BaseHTTPRequestHandler


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    seen: list[str | None] = []

    def do_GET(self):
        self.seen.append(self.headers.get("If-None-Match"))
        hits = self.server.hits = getattr(self.server, "hits", 0) + 1
        tag = '"v"'
        age = self.path.partition("=")[2] or "60"
        if self.headers.get("If-None-Match") == tag:
            self.send_response(304)
            self.send_header("ETag", tag)
            self.end_headers()
            return
        body = f"answer {hits} to {self.headers.get('Authorization')}".encode()
        self.send_response(302 if self.path.startswith("/moved") else 200)
        if self.path.startswith("/moved"):
            self.send_header("Location", "/there")
        self.send_header("Cache-Control", f"max-age={age}")
        self.send_header("ETag", tag)
        self.send_header("Set-Cookie", f"hit={hits}")
        self.send_header("Vary", "X")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_DELETE(self):
        self.send_response(204)
        self.end_headers()

    def log_message(self, format, *args):
        pass


@pytest.fixture
def url(serve):
    Handler.seen.clear()
    return serve(Handler).url


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_client_answers_from_its_cache(url, tmp_path, kind):
    store = MemoryCache() if kind == "memory" else SQLiteCache(tmp_path / "cache.db")
    with Client(cache=store) as client:
        first, second = client.get(url), client.get(url)
        assert first.text == second.text == "answer 1 to None"
        assert "from_cache" not in first.extensions
        assert second.extensions["from_cache"] is True
        assert second.headers["age"] == "0"
        client.delete(url)
        assert client.get(url).text == "answer 2 to None"
    with Client(cache=store) as other:
        assert other.get(url).text == "answer 2 to None"
    store.close()


def test_an_event_loop_does(url, tmp_path):
    store = SQLiteCache(tmp_path / "cache.db")

    async def main() -> list[str]:
        async with AsyncClient(cache=store) as client:
            first = await client.get(url)
            texts = [(await client.get(url)).text for _ in range(3)]
            return [first.text, *texts]

    assert asyncio.run(main()) == ["answer 1 to None"] * 4
    store.close()


def test_a_cookie_of_a_stored_response_is_not_set_again(url):
    with Client(cache=MemoryCache()) as client:
        client.get(url)
        client.cookies.clear()
        assert client.get(url).headers["set-cookie"] == "hit=1"
        assert len(client.cookies) == 0


def test_credentials_share_nothing(url):
    store = MemoryCache()
    with (
        Client(cache=store, auth=("ann", "1")) as ann,
        Client(cache=store, auth=("bob", "2")) as bob,
    ):
        assert ann.get(url).text.startswith("answer 1 to Basic")
        assert bob.get(url).text.startswith("answer 2 to Basic")
        assert ann.get(url).text.startswith("answer 1 to Basic")


@pytest.mark.parametrize(
    "option", [{"verify": False}, {"resolve": {"127.0.0.1": "127.0.0.1"}}, {"cert": __file__}]
)
def test_another_way_to_send_shares_nothing(url, option):
    store = MemoryCache()
    with Client(cache=store, **option) as odd, Client(cache=store) as usual:
        assert odd.get(url).text == "answer 1 to None"
        assert usual.get(url).text == "answer 2 to None"
        assert odd.get(url).text == "answer 1 to None"


def test_redirects_are_stored_hop_by_hop(url):
    with Client(cache=MemoryCache(), follow_redirects=True) as client:
        assert client.get(url + "/moved").text == "answer 2 to None"
        again = client.get(url + "/moved")
        assert again.text == "answer 2 to None"
        assert [hop.status_code for hop in again.history] == [302]


def test_a_304_keeps_its_connection(url):
    with Client(cache=MemoryCache()) as client:
        for _ in range(5):
            assert client.get(url + "/?age=0").text == "answer 1 to None"
        assert client.connections().idle == 1


def test_a_stale_response_is_renewed_in_the_background(url):
    with Client(cache=MemoryCache()) as client:
        soon = url + "/?age=0,stale-while-revalidate=60"
        assert client.get(soon).text == "answer 1 to None"
        assert client.get(soon).extensions["from_cache"] is True
        while len(Handler.seen) < 2 or client.connections().held:
            threading.Event().wait(0.01)

    async def main() -> None:
        async with AsyncClient(cache=MemoryCache()) as client:
            assert (await client.get(soon)).text == "answer 3 to None"
            assert (await client.get(soon)).extensions["from_cache"] is True
            while len(Handler.seen) < 4 or client.connections().held:
                await asyncio.sleep(0.01)

    asyncio.run(main())
    assert Handler.seen == [None, '"v"', None, '"v"']


def test_threads_ask_once(url):
    with Client(cache=Cache(MemoryCache())) as client:
        client.get(url + "/?age=0")
        texts: list[str] = []
        threads = [
            threading.Thread(target=lambda: texts.append(client.get(url + "/?age=0").text))
            for _ in range(16)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert texts == ["answer 1 to None"] * 16
