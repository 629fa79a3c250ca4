"""ASGITransport: an ASGI application in place of a server, for both clients."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from nethttp.client import AsyncClient, Body, Client
from nethttp.client.policy.timeouts import Timeout
from nethttp.client.testing.asgi import ASGITransport
from nethttp.errors import InvalidResponse, LocalProtocolError, ReadError

BASE = "http://app.test:8000/"


def client_of(app, **options) -> Client:
    return Client(transport=ASGITransport(app, **options), base_url=BASE)


def async_client_of(app, **options) -> AsyncClient:
    return AsyncClient(transport=ASGITransport(app, **options), base_url=BASE)


async def read(receive) -> bytes:
    content = b""
    while True:
        message = await receive()
        assert message["type"] == "http.request"
        content += message["body"]
        if not message["more_body"]:
            return content


def start(status=200, headers=(), **more):
    return {"type": "http.response.start", "status": status, "headers": list(headers), **more}


def body(content=b"", more=False):
    return {"type": "http.response.body", "body": content, "more_body": more}


async def echo(scope, receive, send):
    """Answer with what the application was called with."""
    seen = {key: repr(value) for key, value in scope.items()}
    seen["body"] = (await read(receive)).decode()
    await send(start(headers=[(b"Content-Type", b"application/json")]))
    await send(body(json.dumps(seen).encode()))


def test_what_the_application_sees_is_what_a_server_would_receive():
    with client_of(echo, root_path="/app", client=("192.0.2.1", 7)) as client:
        seen = client.put("/a%20b/%C3%A4?c=d%20e", content=b"body", headers={"X-One": "1"}).json()
    for line in ("b'host', b'app.test:8000'", "b'x-one', b'1'", "b'content-length', b'4'"):
        assert line in seen["headers"]
    wanted = {
        "type": "'http'",
        "http_version": "'1.1'",
        "method": "'PUT'",
        "scheme": "'http'",
        "path": "'/a b/ä'",
        "raw_path": "b'/a%20b/%C3%A4'",
        "query_string": "b'c=d%20e'",
        "root_path": "'/app'",
        "client": "('192.0.2.1', 7)",
        "server": "('app.test', 8000)",
        "state": "{}",
        "body": "body",
    }
    assert {key: seen[key] for key in wanted} == wanted


async def numbers() -> AsyncIterator[bytes]:
    yield b"1"
    yield b"2"


def test_every_kind_of_body_reaches_the_application(tmp_path):
    (tmp_path / "file").write_bytes(b"12" * 50_000)

    async def main():
        async with async_client_of(echo) as client:
            assert (await client.post("/", content=numbers())).json()["body"] == "12"
            assert (await client.post("/", content=iter([b"1", b"2"]))).json()["body"] == "12"
            sent = await client.post("/", content=tmp_path / "file")
            assert sent.json()["body"] == "12" * 50_000

    asyncio.run(main())
    with client_of(echo) as client:
        assert client.post("/", content=iter([b"1", b"2"])).json()["body"] == "12"
        assert client.get("/").json()["body"] == ""


class Watched(Body):
    """A body whose iterator tells when it is closed."""

    closed = False

    def pieces(self) -> Iterator[bytes]:
        self.kept = self._pieces()
        return self.kept

    def rewind(self) -> None:
        pass

    def _pieces(self) -> Iterator[bytes]:
        try:
            yield from [b"a"] * 10
        finally:
            self.closed = True


def test_a_body_that_the_application_does_not_read_is_closed():
    body = Watched()

    async def app(scope, receive, send):
        await receive()
        assert not body.closed
        await send(start(204))
        await send({"type": "http.response.body"})

    with client_of(app) as client:
        client.post("/", content=body)
    assert body.closed


def test_bodies_stream_in_both_directions():
    steps = []

    def pieces() -> Iterator[bytes]:
        for number in range(2):
            steps.append(f"sends {number}")
            yield b"%d" % number

    async def app(scope, receive, send):
        await send(start())
        while (message := await receive())["more_body"]:
            steps.append(f"answers {message['body'].decode()}")
            await send(body(message["body"], more=True))
        await send(body())

    with client_of(app) as client, client.stream("POST", "/", content=pieces()) as response:
        assert b"".join(response.iter_raw()) == b"01"
    assert steps == ["sends 0", "answers 0", "sends 1", "answers 1"]


def test_the_application_waits_while_a_piece_is_not_read():
    sent = []

    async def app(scope, receive, send):
        await send(start())
        for number in range(100):
            sent.append(number)
            await send(body(b"%d " % number, more=True))
        await send(body())

    with client_of(app) as client, client.stream("GET", "/") as response:
        pieces = response.iter_raw()
        assert next(pieces) == b"0 "
        assert len(sent) <= 2
        assert next(pieces) == b"1 "
        assert len(sent) <= 3
        assert b"".join(pieces).split()[-1] == b"99"
    assert len(sent) == 100


def test_the_head_is_there_before_the_first_piece():
    may_go_on = threading.Event()

    async def app(scope, receive, send):
        await send(start(headers=[(b"x-one", b"1")]))
        await asyncio.to_thread(may_go_on.wait)
        await send(body(b"late"))

    with client_of(app) as client, client.stream("GET", "/") as response:
        assert response.headers["X-One"] == "1"
        may_go_on.set()
        assert response.read() == b"late"


def watcher(by_receiving: bool, told: threading.Event):
    """Return an application that notices that the client has gone."""

    async def app(scope, receive, send):
        await read(receive)
        await send(start())
        await send(body(b"a", more=True))
        if by_receiving:
            assert (await receive())["type"] == "http.disconnect"
        else:
            with pytest.raises(OSError, match="closed"):
                while True:
                    await send(body(b"a", more=True))
        told.set()

    return app


@pytest.mark.parametrize("by_receiving", [True, False])
def test_a_client_that_closes_a_response_early_is_a_disconnect(by_receiving):
    told = threading.Event()
    with client_of(watcher(by_receiving, told)) as client:
        with client.stream("GET", "/") as response:
            assert next(response.iter_raw()) == b"a"
        assert told.wait(5)
    told.clear()

    async def main():
        async with async_client_of(watcher(by_receiving, told)) as client:
            response = await client.send(client.build_request("GET", "/"), stream=True)
            await response.close()
            assert await asyncio.to_thread(told.wait, 5)

    asyncio.run(main())


def test_threads_share_a_client():
    with client_of(echo) as client:
        bodies: list[str] = []

        def ask(number: int) -> None:
            responses = (client.post("/", content=f"{number}") for _ in range(20))
            bodies.extend(response.json()["body"] for response in responses)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(bodies) == sorted(str(number) for number in range(8) for _ in range(20))


def test_after_the_response_the_application_is_told_of_the_end():
    async def app(scope, receive, send):
        await send(start())
        await read(receive)
        await send(body(b"a"))
        assert (await receive())["type"] == "http.disconnect"

    with client_of(app) as client:
        assert client.get("/").content == b"a"


def test_the_content_ends_with_the_applications_call():
    done = []

    async def app(scope, receive, send):
        await send(start())
        await send(body(b"a"))
        await asyncio.sleep(0.02)
        done.append(True)

    with client_of(app) as client:
        client.get("/")
        assert done


def test_trailers():
    async def app(scope, receive, send):
        assert "http.response.trailers" in scope["extensions"]
        await send(start(trailers=True))
        await send(body(b"a"))
        kind = "http.response.trailers"
        await send({"type": kind, "headers": [(b"x-sum", b"1")], "more_trailers": True})
        await send({"type": kind, "headers": [(b"x-end", b"2")]})

    with client_of(app) as client:
        assert client.get("/").trailers.pairs == [("x-sum", "1"), ("x-end", "2")]


async def fails(scope, receive, send):
    raise ZeroDivisionError


async def fails_late(scope, receive, send):
    await send(start())
    await send(body(b"a", more=True))
    raise ZeroDivisionError


def test_what_the_application_raises_is_raised_or_what_a_server_makes_of_it():
    for app in (fails, fails_late):
        with client_of(app) as client, pytest.raises(ZeroDivisionError):
            client.get("/")
    with client_of(fails, raises=False) as client:
        assert client.get("/").status_code == 500
    late = pytest.raises(ReadError, match="failed within its response")
    with client_of(fails_late, raises=False) as client, late:
        client.get("/")


async def says_nothing(scope, receive, send):
    pass


async def stops(scope, receive, send):
    await send(start())
    await send(body(b"a", more=True))


async def body_first(scope, receive, send):
    await send(body(b"a"))


async def starts_twice(scope, receive, send):
    await send(start())
    await send(start())


async def goes_on(scope, receive, send):
    await send(start())
    await send(body(b"a"))
    await send(body(b"b"))


@pytest.mark.parametrize("app", [says_nothing, stops, body_first, starts_twice, goes_on])
def test_what_asgi_forbids_is_named(app):
    with client_of(app) as client, pytest.raises(RuntimeError, match=r"expected .* \(ASGI\)"):
        client.get("/")


async def sends_four_for_three(scope, receive, send):
    await send(start(headers=[(b"content-length", b"3")]))
    await send(body(b"four"))


async def splits(scope, receive, send):
    await send(start(headers=[(b"x", b"a\r\nb")]))
    await send(body())


def test_a_response_is_judged_as_one_on_the_wire():
    with client_of(sends_four_for_three) as client:
        assert client.head("/").content == b""
        with pytest.raises(InvalidResponse):
            client.get("/")
    with client_of(splits) as client, pytest.raises(LocalProtocolError):
        client.get("/")


def test_a_slow_application_is_a_timeout_and_is_told():
    ended = threading.Event()

    async def app(scope, receive, send):
        await read(receive)
        assert (await receive())["type"] == "http.disconnect"
        ended.set()

    with client_of(app) as client:
        with pytest.raises(TimeoutError):
            client.get("/", timeout=Timeout(read=0.05))
        assert ended.wait(5)


def test_closing_the_client_ends_what_never_ends():
    async def app(scope, receive, send):
        await send(start())
        await asyncio.Event().wait()

    client = client_of(app)
    response = client.send(client.build_request("GET", "/"), stream=True)
    client.close()
    response.close()


# --- lifespan ------------------------------------------------------------------------------------


class WithLifespan:
    def __init__(self, fails_at=None) -> None:
        self.steps: list[str] = []
        self.fails_at = fails_at

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            self.steps.append(f"request {scope['state'].get('number')}")
            scope["state"]["number"] = 8
            await send(start())
            await send(body())
            return
        for event in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{event}"
            self.steps.append(event)
            scope["state"]["number"] = 7
            if event == self.fails_at:
                await send({"type": f"lifespan.{event}.failed", "message": "no database"})
            else:
                await send({"type": f"lifespan.{event}.complete"})


def test_the_lifespan_surrounds_the_requests_and_shares_its_state():
    app = WithLifespan()
    with ASGITransport(app) as transport, Client(transport=transport, base_url=BASE) as client:
        client.get("/")
        client.get("/")
    assert app.steps == ["startup", "request 7", "request 7", "shutdown"]

    async def main():
        async with (
            ASGITransport(app) as transport,
            AsyncClient(transport=transport, base_url=BASE) as client,
        ):
            await client.get("/")

    app = WithLifespan()
    asyncio.run(main())
    assert app.steps == ["startup", "request 7", "shutdown"]


def test_without_a_with_statement_there_is_no_lifespan():
    app = WithLifespan()
    with client_of(app) as client:
        client.get("/")
    assert app.steps == ["request None"]


def test_an_application_without_a_lifespan_is_used_without():
    with ASGITransport(fails) as transport:
        client = Client(transport=transport, base_url=BASE)
        with pytest.raises(ZeroDivisionError):
            client.get("/")


@pytest.mark.parametrize("event", ["startup", "shutdown"])
def test_an_application_that_cannot_start_or_end_says_why(event):
    failed = pytest.raises(RuntimeError, match=f"{event} failed: no database")
    with failed, ASGITransport(WithLifespan(fails_at=event)):
        pass


def test_a_start_takes_no_longer_than_it_may():
    async def app(scope, receive, send):
        await asyncio.Event().wait()

    with pytest.raises(TimeoutError), ASGITransport(app, lifespan_timeout=0.02):
        pass
