"""WSGITransport: a WSGI application in place of a server, streaming in both directions."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
from flask import Flask, jsonify, request

from nethttp.client import AsyncClient, Body, Client
from nethttp.client.testing.wsgi import WSGITransport
from nethttp.errors import InvalidResponse, LocalProtocolError

BASE = "http://app.test:8000/"


def client_of(app, **options) -> Client:
    return Client(transport=WSGITransport(app, **options), base_url=BASE)


def respond(status="200 OK", headers=(), pieces=(b"content",)):
    def app(environ, start_response):
        start_response(status, list(headers))
        return list(pieces)

    return app


def echo(environ, start_response):
    """Answer with what the application was called with."""
    start_response("200 OK", [("Content-Type", "application/json")])
    plain = {key: value for key, value in environ.items() if isinstance(value, str | bool)}
    plain["body"] = environ["wsgi.input"].read().decode()
    return [json.dumps(plain).encode()]


def test_a_flask_application():
    app = Flask("app")

    @app.post("/items/<name>")
    def item(name):
        return jsonify([name, request.args["q"], request.get_json(), request.host])

    with client_of(app) as client:
        response = client.post("items/ä?q=1", json={"a": 1})
        assert response.json() == ["ä", "1", {"a": 1}, "app.test:8000"]
        assert client.get("nowhere").status_code == 404


def test_what_the_application_sees_is_what_a_server_would_receive():
    with client_of(echo, script_name="/app", remote_addr="192.0.2.1") as client:
        seen = client.put("/app/a%20b?c=d%20e", content=b"body", headers={"X-One": "1"}).json()
    wanted = {
        "REQUEST_METHOD": "PUT",
        "SCRIPT_NAME": "/app",
        "PATH_INFO": "/a b",
        "QUERY_STRING": "c=d%20e",
        "SERVER_NAME": "app.test",
        "SERVER_PORT": "8000",
        "REMOTE_ADDR": "192.0.2.1",
        "HTTP_HOST": "app.test:8000",
        "HTTP_X_ONE": "1",
        "CONTENT_LENGTH": "4",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "body": "body",
        "wsgi.url_scheme": "http",
        "wsgi.input_terminated": True,
        "wsgi.run_once": False,
    }
    assert {key: seen[key] for key in wanted} == wanted


def test_a_body_without_a_length_is_read_to_its_end():
    with client_of(echo) as client:
        seen = client.post("/", content=iter([b"one ", b"two"])).json()
    assert seen["body"] == "one two"
    assert seen["HTTP_TRANSFER_ENCODING"] == "chunked"
    assert "CONTENT_LENGTH" not in seen


def test_bodies_stream_in_both_directions():
    steps = []

    def body() -> Iterator[bytes]:
        for number in range(2):
            steps.append(f"sends {number}")
            yield b"%d\n" % number

    def app(environ, start_response):
        start_response("200 OK", [])
        for line in environ["wsgi.input"]:
            steps.append(f"answers {line.decode().strip()}")
            yield line

    with client_of(app) as client, client.stream("POST", "/", content=body()) as response:
        steps.append("head")
        steps.extend(f"reads {piece.decode().strip()}" for piece in response.iter_raw())
    assert steps == [
        *("sends 0", "answers 0", "head", "reads 0"),
        *("sends 1", "answers 1", "reads 1"),
    ]


class Closing:
    def __init__(self, pieces) -> None:
        self.pieces = iter(pieces)
        self.closed = 0

    def __iter__(self):
        return self.pieces

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize("whole", [True, False])
def test_the_iterable_is_closed_once(whole):
    made = Closing([b"a", b"b"])

    def app(environ, start_response):
        start_response("200 OK", [])
        return made

    with client_of(app) as client, client.stream("GET", "/") as response:
        pieces = response.iter_raw()
        assert next(pieces) == b"a"
        if whole:
            assert list(pieces) == [b"b"]
        assert made.closed == whole
    assert made.closed == 1


def test_what_is_written_comes_first():
    def app(environ, start_response):
        write = start_response("200 OK", [])
        write(b"written ")
        write(b"twice ")
        return [b"", b"returned"]

    with client_of(app) as client:
        assert client.get("/").content == b"written twice returned"


@pytest.mark.parametrize(
    ("method", "status", "headers"),
    [
        ("HEAD", "200 OK", [("Content-Length", "7")]),
        ("GET", "204 No Content", []),
        ("GET", "304 Not Modified", [("Content-Length", "7")]),
    ],
)
def test_what_has_no_content_on_the_wire_has_none_here(method, status, headers):
    with client_of(respond(status, headers)) as client:
        response = client.request(method, "/")
    assert response.content == b""
    assert response.headers.pairs == headers


@pytest.mark.parametrize("length", ["6", "8"])
def test_a_content_length_that_is_not_kept_is_an_error(length):
    refused = pytest.raises(InvalidResponse, match="as Content-Length says")
    with client_of(respond(headers=[("Content-Length", length)])) as client, refused:
        client.get("/")


@pytest.mark.parametrize("header", [("X", "a\r\nb"), ("X Y", "a"), ("", "a")])
def test_a_header_that_no_server_would_send_is_refused(header):
    with client_of(respond(headers=[header])) as client, pytest.raises(LocalProtocolError):
        client.get("/")


def fails(environ, start_response):
    raise ZeroDivisionError


def fails_late(environ, start_response):
    start_response("200 OK", [])
    yield b"a"
    raise ZeroDivisionError


def test_what_the_application_raises_is_raised_or_a_500():
    with client_of(fails) as client, pytest.raises(ZeroDivisionError):
        client.get("/")
    with client_of(fails, raises=False) as client:
        response = client.get("/")
        assert (response.status_code, response.text) == (500, "Internal Server Error")
    with client_of(fails_late) as client, client.stream("GET", "/") as response:
        pieces = response.iter_raw()
        assert next(pieces) == b"a"
        with pytest.raises(ZeroDivisionError):
            next(pieces)


def replaces(late):
    def app(environ, start_response):
        start_response("200 OK", [])
        if late:
            yield b"a"
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            start_response("500 Oh", [], sys.exc_info())
        yield b"b"

    return app


def test_start_response_may_replace_its_head_until_the_first_piece():
    with client_of(replaces(late=False)) as client:
        assert client.get("/").status_code == 500
    with client_of(replaces(late=True)) as client, pytest.raises(ZeroDivisionError):
        client.get("/")


def twice(environ, start_response):
    start_response("200 OK", [])
    start_response("200 OK", [])
    return []


@pytest.mark.parametrize(
    ("app", "error"),
    [
        (lambda *_: [b"a"], "to call start_response"),
        (lambda *_: [], "to call start_response"),
        (twice, "one call of start_response"),
        (respond("OK"), "expected a status"),
        (respond("20x OK"), "expected a status"),
    ],
)
def test_what_pep_3333_forbids_is_named(app, error):
    with client_of(app) as client, pytest.raises(RuntimeError, match=error):
        client.get("/")


def test_errors_go_where_the_program_wants():
    def app(environ, start_response):
        environ["wsgi.errors"].write("oh")
        start_response("200 OK", [])
        return []

    errors = io.StringIO()
    with client_of(app, errors=errors) as client:
        client.get("/")
    assert errors.getvalue() == "oh"


async def numbers() -> AsyncIterator[bytes]:
    yield b"1"
    yield b"2"


def test_an_asynchronous_client_calls_it_in_threads():
    async def main():
        async with AsyncClient(transport=WSGITransport(echo), base_url=BASE) as client:
            assert (await client.get("/a")).json()["PATH_INFO"] == "/a"
            assert (await client.post("/", content=numbers())).json()["body"] == "12"
            assert (await client.post("/", content=iter([b"3"]))).json()["body"] == "3"

    asyncio.run(main())


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
            yield from [b"a" * 10_000] * 10
        finally:
            self.closed = True


def test_a_body_that_the_application_does_not_read_is_closed():
    body = Watched()

    def app(environ, start_response):
        environ["wsgi.input"].read(1)
        assert not body.closed
        start_response("200 OK", [])
        return []

    with client_of(app) as client:
        client.post("/", content=body)
    assert body.closed
