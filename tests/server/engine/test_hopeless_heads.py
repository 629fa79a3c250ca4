"""A head that cannot become valid is refused at once, on the engine and without it."""

from __future__ import annotations

import time

import pytest

from nethttp.server import BaseHTTPRequestHandler
from nethttp.server.wsgi import WSGIServer

START = b"GET / HTTP/1.1\r\nHost: a\r\n"


class OnItsOwn(BaseHTTPRequestHandler):
    def handle(self):
        super().handle()


def app(_environ, start_response):
    start_response("200 OK", [])
    return [b""]


@pytest.fixture(params=["engine", "handle", "wsgi"])
def served(request, serve, echo, monkeypatch):
    """Return a server whose heads may take for ever, also behind empty lines."""
    monkeypatch.setattr("nethttp.server.engine.http1.EMPTY_LINES_GRACE", 60)
    quiet = {"head_timeout": None, "log_message": lambda *_: None}
    if request.param == "wsgi":
        server = serve(app, WSGIServer)
        server.server.RequestHandlerClass = type("Own", (server.server.RequestHandlerClass,), quiet)
        return server
    bases = (echo,) if request.param == "engine" else (OnItsOwn, echo)
    return serve(type("Own", bases, quiet))


@pytest.mark.parametrize(
    "data",
    [
        *(b"\r\n\n", b"\n", b"GET foo\r\n", b"GET / HTTP/1.1\n", b"GET /\xe9 HTTP/1.1\r\n"),
        *(b"GARBAGE\r\n", b"GET / HTTP/1.1 \r\n", b"\r\n" * 6, b"\r\n" * 1000),
        *(START + b"A\r\n", START + b" b\r\n", START + b"A: b\n", START + b"A: \0\r\n"),
        *(START + b"A : b\r\n", b"\r\nGET / HTTP/1.1\r\n: b\r\n"),
    ],
)
@pytest.mark.parametrize("drips", [False, True])
def test_it_is_400_without_the_rest(served, connect, data, drips):
    with connect(served.address) as raw:
        if drips and len(data) < 100:
            raw.drip(data)
        else:
            raw.send(data)
        assert raw.response()[0] == 400


@pytest.mark.parametrize("data", [b"GET /\0", START + b"A: \x01", START + b"A: \rb", b"\x00"])
def test_on_the_engine_not_even_the_lines_end_is_waited_for(serve, connect, echo, data):
    with connect(serve(type("Own", (echo,), {"head_timeout": None})).address) as raw:
        raw.send(data)
        assert raw.response()[0] == 400


def test_a_version_is_refused_at_once_too(serve, connect, echo):
    with connect(serve(type("Own", (echo,), {"head_timeout": None})).address) as raw:
        raw.send(b"GET / HTTP/2.0\r\n")
        assert raw.response()[0] == 505


@pytest.mark.parametrize("drips", [False, True])
@pytest.mark.parametrize("empty", [1, 2, 5])
def test_a_handful_of_empty_lines_is_passed_over(served, connect, empty, drips):
    with connect(served.address) as raw:
        for _ in range(2):
            send = raw.drip if drips else raw.send
            send(b"\r\n" * empty + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert raw.response()[0] == 200


def test_nothing_but_empty_lines_is_given_a_moment(serve, connect, echo):
    with connect(serve(type("Own", (echo,), {"head_timeout": 60})).address) as raw:
        began = time.monotonic()
        raw.send(b"\r\n\r\n")
        assert raw.response()[0] == 408
        assert time.monotonic() - began < 30


@pytest.mark.parametrize("target", ["foo", "!", "/a#b", '/"<', "/a>", '/?"', "?a", "dir/"])
def test_what_is_no_target_is_400(served, connect, target):
    with connect(served.address) as raw:
        raw.send(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert raw.response()[0] == 400
        assert raw.is_closed()


def test_what_browsers_do_not_escape_is_a_target(serve, connect, echo):
    target = "/[a]{b}|c^d`e\\f?[g]{h}|i^j`k\\l'"
    with connect(serve(echo).address) as raw:
        raw.send(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert raw.response()[2] == target.encode()
