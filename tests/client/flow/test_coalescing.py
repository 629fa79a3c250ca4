"""Coalescing: one request for many, each with a response of its own, and none hangs on another."""

from __future__ import annotations

import asyncio
from math import inf
from threading import Barrier, Thread

import pytest

from nethttp.client import AsyncClient, Client
from nethttp.client.flow import coalescing
from nethttp.client.testing.network import Read, ScriptedNetwork, Sleep, Write
from nethttp.errors import ReadTimeout

BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\n"


class Network(ScriptedNetwork):
    """A server that answers a second later, and counts the requests."""

    def __init__(self, answer=BODY + b"hi"):
        super().__init__()
        self.answer = answer
        self.asked = 0
        self.serve("a.example", 80, self.server)

    def server(self, link):
        while (yield Read(link, inf)):
            self.asked += 1
            yield Sleep(self.clock() + 1)
            answer = self.answer(self.asked) if callable(self.answer) else self.answer
            if answer is None:
                link.close()
                return
            yield Write(link, answer, inf)


def gather(network, calls, **settings):
    """Return what calls of one client give, all begun at once: responses and errors."""

    async def all_of_them():
        async with AsyncClient(network=network, coalesce=True, **settings) as client:
            given = [call(client) for call in calls]
            outcomes = await asyncio.gather(*given, return_exceptions=True)
            assert client.transport._waiting == {}
            assert client.connections().held == 0
            return outcomes

    return asyncio.run(all_of_them())


def get(path="/", **options):
    return lambda client: client.get(f"http://a.example{path}", **options)


def test_one_request_serves_all_that_are_the_same():
    network = Network()
    responses = gather(network, [get()] * 5)
    assert [response.content for response in responses] == [b"hi"] * 5
    assert network.asked == 1
    responses[0].headers["x-a"] = "changed"
    assert [response.headers["x-a"] for response in responses[1:]] == ["b"] * 4


@pytest.mark.parametrize(
    "other",
    [get("/other"), get(params={"a": 1}), get(headers={"A": "b"}), get(cookies={"a": "b"}),
     get(auth=("me", "secret")), get(raw_target="*"),
     lambda client: client.head("http://a.example/"),
     lambda client: client.post("http://a.example/"),
     lambda client: client.get("http://a.example/", content=b"x")],
)  # fmt: skip
def test_what_differs_is_sent_by_itself(other):
    network = Network()
    gather(network, [get(), other])
    assert network.asked == 2


def test_one_after_the_other_is_sent_twice():
    network = Network()
    with Client(network=network, coalesce=True) as client:
        client.get("http://a.example/")
        client.get("http://a.example/")
    assert network.asked == 2


def test_when_the_first_fails_the_others_are_sent():
    network = Network(lambda number: None if number == 1 else BODY + b"hi")
    first, *others = gather(network, [get()] * 4, resends=False)
    assert isinstance(first, ConnectionError)
    assert [response.content for response in others] == [b"hi"] * 3
    assert network.asked == 4


def test_when_the_first_is_cancelled_the_others_are_sent():
    async def cancel(client):
        task = asyncio.ensure_future(client.get("http://a.example/"))
        await asyncio.sleep(0)
        task.cancel()
        return await asyncio.gather(task, client.get("http://a.example/"), return_exceptions=True)

    network = Network()
    [(cancelled, response)] = gather(network, [cancel])
    assert isinstance(cancelled, asyncio.CancelledError)
    assert response.content == b"hi"


def test_one_that_waits_keeps_its_own_deadline():
    network = Network()
    first, second = gather(network, [get(), get(timeout=0.5)])
    assert first.content == b"hi"
    assert isinstance(second, ReadTimeout)
    assert second.phase == "wait"
    assert network.asked == 1


def test_content_that_is_long_or_has_no_length_is_not_shared(monkeypatch):
    network = Network(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    network.answer += b"2\r\nhi\r\n0\r\n\r\n"
    assert [each.content for each in gather(network, [get()] * 3)] == [b"hi"] * 3
    monkeypatch.setattr(coalescing, "MAX_SHARED", 3)
    network = Network(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlong")
    assert [each.content for each in gather(network, [get()] * 3)] == [b"long"] * 3


def test_an_encoded_content_is_decoded_for_each():
    import gzip

    packed = gzip.compress(b"hello")
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    network = Network(head.encode() + packed)
    assert [each.text for each in gather(network, [get()] * 3)] == ["hello"] * 3
    assert network.asked == 1


def test_threads_share_too(peers):
    together, contents = Barrier(8), []
    with Client(coalesce=True) as client:

        def ask():
            together.wait(10)
            contents.append(client.get(f"{peers.urls[0]}/slow").content)

        threads = [Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert contents == [b"slow"] * 8
    assert len(peers.taken()) < 8
