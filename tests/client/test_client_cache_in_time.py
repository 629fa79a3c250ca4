"""Caches where peers are silent: both clients on a scripted network, whose clock takes no time."""

from __future__ import annotations

import asyncio
from math import inf

import pytest

from nethttp.client import AsyncClient, Client, MemoryCache, SQLiteCache
from nethttp.client.flow.exchange import DRAIN_WAIT, MAX_DRAIN
from nethttp.client.testing.network import START, Read, ScriptedNetwork, Sleep, Write

HEAD = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: %d\r\n\r\n"


@pytest.fixture
def network():
    return ScriptedNetwork()


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    store = MemoryCache() if request.param == "memory" else SQLiteCache(tmp_path / "cache.db")
    yield store
    store.close()


@pytest.fixture(params=[Client, AsyncClient])
def leave(request, network, store):
    """Return a function that streams a response, takes a piece of it if asked, and closes it."""

    def in_thread(take: bool) -> None:
        with (
            Client(network=network, cache=store, timeout=60) as client,
            client.stream("GET", "http://a.example/") as response,
        ):
            if take:
                next(response.iter_raw())

    async def in_loop(take: bool) -> None:
        async with (
            AsyncClient(network=network, cache=store, timeout=60) as client,
            client.stream("GET", "http://a.example/") as response,
        ):
            if take:
                await anext(response.iter_raw())

    def leave(*, take: bool = False) -> float:
        in_thread(take) if request.param is Client else asyncio.run(in_loop(take))
        return network.clock() - START

    return leave


def server(network, *pieces, pause=0.0):
    """Return a server that sends these bytes, with a pause after each, and is silent then."""

    def serve(link):
        yield Read(link, inf)
        for piece in pieces:
            yield Write(link, piece, inf)
            yield Sleep(network.clock() + pause)
        yield Read(link, inf)

    return serve


@pytest.mark.parametrize("take", [False, True])
def test_a_silent_peer_is_left_after_a_moment(network, leave, take):
    network.serve("a.example", 80, server(network, HEAD % 1000, b"x" * 10))
    assert leave(take=take) == DRAIN_WAIT


def test_a_peer_that_drips_is_left_after_the_same_moment(network, leave):
    serve = server(network, HEAD % 1000, *[b"x"] * 1000, pause=DRAIN_WAIT / 4)
    network.serve("a.example", 80, serve)
    assert leave() == DRAIN_WAIT


def test_of_a_long_rest_a_bounded_part_is_read(network, leave):
    taken = []

    def serve(link):
        yield Read(link, inf)
        yield Write(link, HEAD % (100 * MAX_DRAIN), inf)
        try:
            for _ in range(100):
                yield Write(link, bytes(MAX_DRAIN), inf)
                taken.append(MAX_DRAIN)
        except OSError:
            return

    network.serve("a.example", 80, serve)
    assert leave() == 0.0
    assert len(taken) < 20


def test_a_short_rest_that_comes_in_time_is_stored(network, leave, store):
    serve = server(network, HEAD % 4, b"te", b"xt", pause=DRAIN_WAIT / 4)
    network.serve("a.example", 80, serve)
    assert leave() < DRAIN_WAIT
    with Client(network=network, cache=store) as client:
        assert client.get("http://a.example/").text == "text"


def test_a_stored_response_that_is_left_is_not_read(network, leave, store, monkeypatch):
    network.serve("a.example", 80, server(network, HEAD % 4, b"text"))
    leave(take=True)
    opened = []

    class Unread:
        closed = False

        def read(self, start, stop):
            pytest.fail("it is read")

        def close(self):
            self.closed = True

    def open_content(self, key, entry):
        opened.append(Unread())
        return opened[-1]

    monkeypatch.setattr(type(store), "open", open_content)
    assert leave() < DRAIN_WAIT
    assert [content.closed for content in opened] == [True]
