"""Requests of http that a proxy forwards: what the proxy sees, and how it is answered."""

from __future__ import annotations

import asyncio

import pytest

from nethttp.client.aclient import AsyncClient
from nethttp.client.client import Client
from nethttp.client.content.upload import body_of
from nethttp.client.policy.auth import Basic, Bearer, Digest
from nethttp.client.policy.proxies import Proxy
from nethttp.errors import BodyNotReplayable

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
WANTS = (
    b'HTTP/1.1 407 Who?\r\nProxy-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\n'
    b"Content-Length: 4\r\n\r\nwho?"
)


class HTTPProxy:
    """A proxy that answers by itself: `answers` one after the other, then 200."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    def __call__(self, connection):
        with connection.makefile("rb") as lines:
            while head := _head(lines):
                length = next(
                    (int(line.split(b":")[1]) for line in head.split(b"\r\n")
                     if line.lower().startswith(b"content-length")), 0
                )  # fmt: skip
                self.requests.append((head.decode("latin-1"), lines.read(length)))
                connection.sendall(self.answers.pop(0) if self.answers else OK)

    def lines(self, name):
        """Return the value that each request has of a field, None without it."""
        found = []
        for head, _ in self.requests:
            values = [line.partition(": ")[2] for line in head.split("\r\n")
                      if line.lower().startswith(f"{name.lower()}:")]  # fmt: skip
            found.append(values[0] if values else None)
        return found


def _head(lines):
    """Return a head without its empty line; b"" at the end of the connection."""
    head = b""
    while (line := lines.readline()) not in (b"\r\n", b""):
        head += line
    return head


@pytest.fixture
def proxied(peer):
    """Return a function: a client whose requests go to `script`, which `proxy` may describe."""

    def make(script, kind=Client, **described):
        proxy = Proxy.of(f"http://127.0.0.1:{peer(script).port}")._replace(**described)
        return kind(proxy=proxy, trust_env=False)

    return make


def test_the_proxy_gets_the_whole_url_and_lines_of_its_own(proxied):
    script = HTTPProxy()
    with proxied(script, headers=(("X-For-Proxy", "1"),), auth=("me", "pw")) as client:
        response = client.get("http://u:p@a.example:8080/x%2Fy?b=c#d", auth=("server", "word"))
        assert client.connections().idle == 1
    assert response.content == b"ok"
    [(head, _)] = script.requests
    assert head.startswith("GET http://a.example:8080/x%2Fy?b=c HTTP/1.1\r\n")
    assert script.lines("Host") == ["a.example:8080"]
    assert script.lines("X-For-Proxy") == ["1"]
    assert script.lines("Authorization") == [Basic("server", "word").value]
    assert script.lines("Proxy-Authorization") == [Basic("me", "pw").value]
    # What was for the proxy alone is not in the request that the program sees.
    assert "proxy-authorization" not in response.request.headers
    assert "x-for-proxy" not in response.request.headers


def test_a_challenge_is_answered_and_the_next_request_needs_none(proxied):
    script = HTTPProxy(WANTS)
    with proxied(script, auth=Digest("me", "pw")) as client:
        for _ in range(2):
            response = client.post("http://a.example/x", content=b"body")
            assert (response.status_code, response.history) == (200, [])
        assert client.connections().idle == 1
    first, second, third = script.lines("Proxy-Authorization")
    assert first is None
    assert 'uri="http://a.example/x"' in second
    assert "nc=00000001" in second
    assert "nc=00000002" in third
    assert [body for _, body in script.requests] == [b"body"] * 3


@pytest.mark.parametrize("auth", [None, ("me", "wrong"), Digest("me", "wrong")])
def test_a_refusal_is_the_response(proxied, auth):
    script = HTTPProxy(WANTS, WANTS)
    with proxied(script, auth=auth) as client:
        response = client.get("http://a.example/")
        assert client.connections().held == 0
    assert (response.status_code, response.content) == (407, b"who?")


def test_a_servers_challenge_is_not_the_proxys(proxied):
    script = HTTPProxy(WANTS.replace(b"407", b"401").replace(b"Proxy-", b"WWW-"))
    with proxied(script, auth=Digest("me", "pw")) as client:
        assert client.get("http://a.example/").status_code == 401
    assert script.lines("Proxy-Authorization") == [None]
    assert script.lines("Authorization") == [None]


def test_a_body_is_rewound(proxied):
    script = HTTPProxy(WANTS)
    with proxied(script, auth=Digest("me", "pw")) as client:
        response = client.put("http://a.example/", content=body_of([b"a", b"b"]),
                              headers={"Content-Length": "2"})  # fmt: skip
    assert response.status_code == 200
    assert [body for _, body in script.requests] == [b"ab", b"ab"]


def test_a_body_that_can_be_read_once_is_an_error(proxied):
    script = HTTPProxy(WANTS)
    with proxied(script, auth=Digest("me", "pw")) as client:
        with pytest.raises(BodyNotReplayable):
            client.put("http://a.example/", content=iter([b"ab"]), headers={"Content-Length": "2"})
        assert client.connections().held == 0


def test_a_token_may_come_from_an_async_function(proxied):
    script = HTTPProxy()

    async def provide():
        await asyncio.sleep(0)
        return "token"

    async def main():
        async with proxied(script, AsyncClient, auth=Bearer(provide)) as client:
            return await client.get("http://a.example/")

    assert asyncio.run(main()).status_code == 200
    assert script.lines("Proxy-Authorization") == ["Bearer token"]
