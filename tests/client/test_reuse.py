"""A server that ends connections at every moment around reuse: no GET fails, no POST is done twice.

RFC 9112 section 9.3.1: a client may send a request again if sending it twice does no harm, or if
the server cannot have seen it.
"""

from __future__ import annotations

import os
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from typing import Any

import pytest

from nethttp.client import PoolLimits
from nethttp.errors import NetworkError

from .both import caller

__all__ = ["caller"]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
RESET = struct.pack("ii", 1, 0)

#: What happens to a connection after the response to its first request.
MOMENTS = [
    "close at once",
    "reset at once",
    "close a little later",
    "reset a little later",
    "close when the next request arrives",
    "reset when the next request arrives",
    "send something unasked",
    "close with the response",
    "stay",
]


class Ending:
    """A server whose connections end in turn at each of `MOMENTS`; it counts what it has done."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.done: Counter[str] = Counter()
        self.seen = 0
        self._moments = cycle(MOMENTS)
        self._random = random.Random(7)
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self._open.add(connection)
                moment, pause = next(self._moments), self._random.random() / 1000
                thread = threading.Thread(target=self._serve, args=(connection, moment, pause))
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket, moment: str, pause: float) -> None:
        with suppress(OSError), connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for number in range(1, 1000):
                head = connection.recv(10_000)
                if not head:
                    break
                self.seen += 1
                if "next request" in moment and number > 1:
                    break
                self.done[head.split(b" ")[1].decode()] += 1
                unasked = b"HTTP/1.1 408 Request Timeout\r\n\r\n" if "unasked" in moment else b""
                connection.sendall(OK + unasked)
                if "at once" in moment or "with the response" in moment or unasked:
                    break
                if "later" in moment:
                    threading.Event().wait(pause)
                    break
            if "reset" in moment:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._open.discard(connection)

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in [self._accepting, *self._threads]:
            thread.join(10)


@pytest.fixture
def ending() -> Iterator[Ending]:
    server = Ending()
    yield server
    server.close()


#: In full, 10,000 requests of each kind: `make proofs`.
ROUNDS = 1_000 if os.environ.get("NETHTTP_STRESS") == "1" else 50
AT_ONCE = 10


def in_rounds(caller: Any, client: Any, method: str) -> list[Any]:
    """Return the outcomes of many requests, `AT_ONCE` at a time."""

    def sent(target: str) -> Any:
        request = client.request(method, target)
        return request if not hasattr(request, "__await__") else awaited(request)

    outcomes: list[Any] = []
    for number in range(ROUNDS):
        targets = [f"/{method}-{number}-{place}" for place in range(AT_ONCE)]
        outcomes += caller.all_of(lambda target: outcome(sent, target), targets)
    return outcomes


async def awaited(request: Any) -> Any:
    try:
        return (await request).content
    except NetworkError as error:
        return error


def outcome(sent: Any, target: str) -> Any:
    try:
        response = sent(target)
    except NetworkError as error:
        return error
    return response.content if hasattr(response, "content") else response


def test_no_get_fails(caller, ending):
    client = caller.client(base_url=ending.url, limits=PoolLimits(max_connections=AT_ONCE))
    outcomes = in_rounds(caller, client, "GET")
    assert outcomes == [b"ok"] * (ROUNDS * AT_ONCE)
    assert client.connections().held == 0
    assert ending.seen >= ROUNDS * AT_ONCE
    print(f"\n{len(outcomes)} GETs, {ending.seen} requests seen, no error")


def test_no_post_is_done_twice(caller, ending):
    client = caller.client(base_url=ending.url, limits=PoolLimits(max_connections=AT_ONCE))
    outcomes = in_rounds(caller, client, "POST")
    assert max(ending.done.values()) == 1
    failed = [each for each in outcomes if each != b"ok"]
    assert all(isinstance(each, NetworkError) for each in failed)
    print(f"\n{len(outcomes)} POSTs, none done twice, {len(failed)} failed with an error")
    # Those that the server may have seen: it had closed its side when they arrived.
    assert len(failed) < len(outcomes) / 4
    assert client.connections().held == 0


def test_a_post_that_says_so_is_sent_again(caller, ending):
    client = caller.client(
        base_url=ending.url,
        headers={"Idempotency-Key": "7"},
        limits=PoolLimits(max_connections=AT_ONCE),
    )
    assert in_rounds(caller, client, "POST") == [b"ok"] * (ROUNDS * AT_ONCE)


def test_sending_again_can_be_switched_off(caller, ending):
    client = caller.client(
        base_url=ending.url, resends=False, limits=PoolLimits(max_connections=AT_ONCE)
    )
    outcomes = in_rounds(caller, client, "GET")
    assert max(ending.done.values()) == 1
    assert any(isinstance(each, NetworkError) for each in outcomes)
