"""Server-sent events by both clients, from an application and over real connections."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
import zlib

import pytest

from nethttp.client import AsyncClient, Client
from nethttp.client.testing.asgi import ASGITransport
from nethttp.client.testing.wsgi import WSGITransport
from nethttp.errors import InvalidResponse

URL = "http://app.test/events"


class Events:
    """An application: each request gets the next events, and 204 after the last."""

    def __init__(self, *streams: list[bytes]) -> None:
        self.streams = list(streams)
        self.seen: list[tuple[str, str, str | None]] = []

    def __call__(self, environ, start_response):
        self.seen.append(
            (
                *(environ["REQUEST_METHOD"], environ["HTTP_ACCEPT"]),
                environ.get("HTTP_LAST_EVENT_ID"),
            )
        )
        if environ["PATH_INFO"] == "/moved":
            start_response("307 Moved", [("Location", "/events")])
            return []
        if not self.streams:
            start_response("204 No Content", [])
            return []
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return self.streams.pop(0)


def test_events_over_several_connections():
    app = Events([b"id: 1\ndata: a\n\n"], [b"data: b\n\n", b"data: c\n\n"])
    client = Client(transport=WSGITransport(app))
    with client.event_source(URL, retry=0) as events:
        assert [event.data for event in events] == ["a", "b", "c"]
        assert events.last_event_id == "1"
    accept = "text/event-stream"
    assert app.seen == [("GET", accept, None), ("GET", accept, "1"), ("GET", accept, "1")]


def test_events_of_an_asynchronous_client():
    app = Events([b"id: 1\ndata: a\n\n"], [b"data: b\n\n"])

    async def main():
        client = AsyncClient(transport=WSGITransport(app))
        async with client.event_source(URL, retry=0) as events:
            assert [event.data async for event in events] == ["a", "b"]
            assert events.last_event_id == "1"
            await events.close()
            assert [event async for event in events] == []

    asyncio.run(main())


def test_the_request_is_the_programs():
    app = Events([b"data: a\n\n"])
    client = Client(transport=WSGITransport(app))
    options = {"method": "POST", "json": {"a": 1}, "headers": {"Accept": "mine"}}
    with client.event_source(URL, reconnects=False, last_event_id="7", **options) as events:
        assert [event.data for event in events] == ["a"]
    assert app.seen == [("POST", "mine", "7")]


def test_redirects_are_followed():
    client = Client(transport=WSGITransport(Events([b"data: a\n\n"])))
    with client.event_source("http://app.test/moved", reconnects=False) as events:
        assert [event.data for event in events] == ["a"]
    events = client.event_source("http://app.test/moved", follow_redirects=False)
    with pytest.raises(InvalidResponse):
        next(events)


def test_a_loop_that_is_left_goes_on_later():
    client = Client(transport=WSGITransport(Events([b"data: a\n\ndata: b\n\n"])))
    with client.event_source(URL, retry=0) as events:
        for event in events:
            assert event.data == "a"
            break
        assert events.response is not None
        assert next(events).data == "b"


def test_the_events_of_one_response():
    app = Events([b"data: a\n\n", b"data: [1]\n\nda"])
    with (
        Client(transport=WSGITransport(app)) as client,
        client.stream("GET", URL, headers={"Accept": "text/event-stream"}) as response,
    ):
        events = response.iter_events()
        assert next(events).data == "a"
        assert next(events).json() == [1]
        assert list(events) == []

    async def main():
        transport = WSGITransport(Events([b"data: a\n\n"]))
        async with (
            AsyncClient(transport=transport) as client,
            client.stream("GET", URL) as response,
        ):
            assert [event.data async for event in response.iter_events()] == ["a"]

    asyncio.run(main())


def test_a_cancelled_wait_goes_on_with_a_new_connection():
    connections = []

    async def app(scope, receive, send):
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        connections.append(dict(scope["headers"]).get(b"last-event-id"))
        event = b"id: 1\ndata: a\n\n" if len(connections) == 1 else b"data: b\n\n"
        await send({"type": "http.response.body", "body": event, "more_body": True})
        await receive()
        await receive()

    async def main():
        client = AsyncClient(transport=ASGITransport(app))
        async with client.event_source(URL, retry=0) as events:
            assert (await anext(events)).data == "a"
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(events), 0.02)
            assert (await anext(events)).data == "b"
        await client.close()

    asyncio.run(main())
    assert connections == [None, b"1"]


# --- a real connection ---------------------------------------------------------------------------


class Server:
    """Sends bytes when the test says so."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.connection: socket.socket | None = None

    def accept(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.connection, _ = self.listener.accept()
        request = b""
        while b"\r\n\r\n" not in request:
            request += self.connection.recv(65536)

    def send(self, data: bytes) -> None:
        assert self.connection is not None
        self.connection.sendall(data)

    def close(self) -> None:
        self.listener.close()
        if self.connection is not None:
            self.connection.close()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


def test_a_compressed_event_is_given_out_when_it_was_flushed(server):
    compressor = zlib.compressobj(wbits=31)
    seen = threading.Event()

    def serve():
        server.accept()
        server.send(HEAD + b"Content-Encoding: gzip\r\n\r\n")
        for number in range(3):
            seen.clear()
            event = compressor.compress(b"data: %d\n\n" % number)
            server.send(event + compressor.flush(zlib.Z_SYNC_FLUSH))
            # The next is sent after this one was seen: nothing waits for more bytes.
            assert seen.wait(10)

    thread = threading.Thread(target=serve)
    thread.start()
    with Client() as client, client.event_source(server.url) as events:
        for number in range(3):
            assert next(events).data == str(number)
            seen.set()
    thread.join()


def test_a_connection_that_is_reset_is_followed_by_another(server):
    def serve():
        for number in range(3):
            server.accept()
            server.send(HEAD + b"Content-Length: 1000\r\n\r\ndata: %d\n\n" % number)

    thread = threading.Thread(target=serve)
    thread.start()
    with Client() as client, client.event_source(server.url, retry=0) as events:
        assert [next(events).data for _ in range(3)] == ["0", "1", "2"]
    thread.join()


def test_a_whole_response_in_gzip_is_bounded_where_it_is_read_whole(server):
    bomb = gzip.compress(bytes(50_000_000))

    def serve():
        for _ in range(2):
            server.accept()
            server.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n")
            server.send(b"Content-Length: %d\r\n\r\n" % len(bomb) + bomb)

    thread = threading.Thread(target=serve)
    thread.start()
    with Client() as client:
        with pytest.raises(Exception, match="at most 250 bytes of content for each received"):
            client.get(server.url)
        with client.stream("GET", server.url) as response:
            assert sum(map(len, response.iter_bytes())) == 50_000_000
    thread.join()
