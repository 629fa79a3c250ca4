"""The real clients on a scripted network: pool, deadlines, retries, failures of TLS, in no time."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time

import pytest

from nethttp.client import AsyncClient, Client
from nethttp.client.policy.retries import Retries
from nethttp.client.policy.timeouts import Timeout
from nethttp.client.testing.network import START, Read, ScriptedNetwork, Sleep, Write, inf
from nethttp.errors import (
    ConnectTimeout,
    DecodingError,
    InvalidResponse,
    ReadError,
    ReadTimeout,
    RequestError,
    ResolveError,
    TLSError,
)

HI = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class Runs:
    """A client of one kind; `get` is called in the same way for both."""

    def __init__(self, kind, network, **given):
        self.client = kind(network=network, **given)

    def get(self, url, **options):
        if isinstance(self.client, Client):
            return self.client.get(url, **options)
        return asyncio.run(self.client.get(url, **options))


@pytest.fixture(params=[Client, AsyncClient])
def make(request):
    return lambda network, **given: Runs(request.param, network, **given)


@pytest.fixture
def network():
    return ScriptedNetwork()


def answers(network, *responses, after=0.0):
    """Return a server that gives one response after the other, on all connections together."""
    left = list(responses)

    def server(link):
        while (yield Read(link, inf)):
            if not left:
                return
            yield Sleep(network.clock() + after)
            yield Write(link, left.pop(0), inf)

    return server


def test_a_connection_is_used_again(make, network):
    network.serve("a.example", 80, answers(network, HI, HI, HI))
    client = make(network)
    assert [client.get("http://a.example/").text for _ in range(3)] == ["hi"] * 3
    assert len(network.links) == 1


def test_an_hour_takes_no_time(make, network):
    network.serve("a.example", 80, answers(network, HI, after=3600))
    began = time.monotonic()
    response = make(network, timeout=None).get("http://a.example/")
    assert response.timing.wait == 3600
    assert network.clock() == START + 3600
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("timeout", [60, Timeout(read=60)])
def test_a_server_that_does_not_answer(make, network, timeout):
    network.serve("a.example", 80, answers(network, HI, after=inf))
    with pytest.raises(ReadTimeout):
        make(network).get("http://a.example/", timeout=timeout)
    assert network.clock() == START + 60
    assert network.links[0].closed


def test_a_total_holds_in_every_phase(make, network):
    """One byte a second: the head, the content; a name, a connection that takes too long."""

    def drips(link):
        yield Read(link, inf)
        for byte in HI:
            yield Sleep(network.clock() + 1)
            yield Write(link, bytes([byte]), inf)

    network.serve("drips.example", 80, drips)
    network.name("slow.example", "192.0.2.99", after=99)
    network.refuse("far.example", 80, after=inf)
    client = make(network, timeout=10)
    for host, error in (
        ("drips.example", ReadTimeout),
        ("slow.example", ConnectTimeout),
        ("far.example", ConnectTimeout),
    ):
        began = network.clock()
        with pytest.raises(error):
            client.get(f"http://{host}/")
        assert network.clock() == began + 10


def test_a_retry_waits_by_the_script(make, network):
    away = b"HTTP/1.1 503 x\r\nRetry-After: 100\r\nContent-Length: 0\r\n\r\n"
    network.serve("a.example", 80, answers(network, away, HI))
    assert make(network, retries=Retries(max=2)).get("http://a.example/").text == "hi"
    assert START + 100 <= network.clock() < START + 102  # with jitter


def test_faults_are_errors_of_their_kind(make, network):
    def resets(link):
        yield Read(link, inf)
        yield Write(link, HI[:20], inf)
        link.reset()

    def alerts(link):
        yield Read(link, inf)
        yield Write(link, bytes([21, 3, 3, 0, 2, 2, 40]), inf)

    network.serve("resets.example", 80, resets)
    network.serve("tls.example", 443, alerts)
    network.name("no.example", error=socket.gaierror(-2, "Name or service not known"))
    client = make(network)
    with pytest.raises(ReadError, match="reset"):
        client.get("http://resets.example/")
    with pytest.raises(TLSError, match="pass it as cert="):
        client.get("https://tls.example/")
    with pytest.raises(ResolveError):
        client.get("http://no.example/")


def test_tasks_wait_for_the_pool(network):
    from nethttp.client.policy.limits import PoolLimits

    network.serve("a.example", 80, answers(network, *[HI] * 10, after=5))

    async def main():
        async with AsyncClient(network=network, limits=PoolLimits(max_connections=2)) as client:
            got = await asyncio.gather(*(client.get("http://a.example/") for _ in range(10)))
        return [response.text for response in got]

    assert asyncio.run(main()) == ["hi"] * 10
    assert network.clock() == START + 25
    assert len(network.links) == 2


def test_a_head_that_drips_has_the_time_of_one_wait(make, network):
    """Without a total, one byte in each minute would hold the request for two years."""

    def drips(link):
        yield Read(link, inf)
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + b"A: b\r\n" * 100:
            yield Write(link, bytes([byte]), inf)
            yield Sleep(network.clock() + 50)

    network.serve("a.example", 80, drips)
    with pytest.raises(ReadTimeout):
        make(network).get("http://a.example/")
    assert network.clock() == START + 60


TRUNCATED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"
NOT_GZIP = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nab"


@pytest.mark.parametrize(
    ("response", "kind", "said"),
    [
        (b"", ReadError, "got the end of the connection before its first byte"),
        (b"HTTP/2.0 200 OK\r\n\r\n", InvalidResponse, "HTTP/1.1 or HTTP/1.0, got 'HTTP/2.0'"),
        (b"junk\r\n\r\n", InvalidResponse, "a status line such as 'HTTP/1.1 200 OK', got 'junk"),
        (b"HTTP/1.1 99 OK\r\n\r\n", InvalidResponse, "got 'HTTP/1.1 99 OK"),
        (
            b"HTTP/1.1 101 x\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n",
            InvalidResponse,
            "got 101, which the request did not ask for",
        ),
        (TRUNCATED, InvalidResponse, "3 more bytes of content missing"),
        (NOT_GZIP, DecodingError, "expected content in gzip"),
    ],
)
def test_an_error_names_the_request(make, network, response, kind, said):
    def server(link):
        yield Read(link, inf)
        if response:
            yield Write(link, response, inf)

    network.serve("a.example", 80, server)
    with pytest.raises(kind) as raised:
        make(network).get("http://me:secret@a.example/b?token=c&d=e")
    assert said in str(raised.value)
    assert "(GET http://***@a.example/b?token=***&d=e, phase " in str(raised.value)
    assert isinstance(raised.value, RequestError)
    assert raised.value.request.url.path == "/b"


@pytest.mark.parametrize("greeting", [b"SSH-2.0-OpenSSH_9.2p1\r\n", b"220 a ESMTP", b"\x15\x03"])
def test_a_server_that_speaks_something_else_is_not_waited_for(make, network, greeting):
    def server(link):
        yield Write(link, greeting, inf)
        yield Read(link, inf)
        yield Sleep(inf)

    network.serve("a.example", 80, server)
    with pytest.raises(InvalidResponse, match=r"a status line such as .* got") as raised:
        make(network).get("http://a.example/")
    assert repr(greeting.partition(b"\r")[0].decode("latin-1"))[1:6] in str(raised.value)
    assert network.clock() == START


def test_a_head_in_single_bytes_is_read(make, network):
    def server(link):
        yield Read(link, inf)
        for byte in b"\r\n" + HI:
            yield Write(link, bytes([byte]), inf)
            yield Sleep(network.clock() + 0.1)

    network.serve("a.example", 80, server)
    assert make(network).get("http://a.example/").text == "hi"


def test_a_change_of_protocol_that_was_asked_for_is_the_programs(make, network):
    change = b"HTTP/1.1 101 x\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n"
    network.serve("a.example", 80, answers(network, change))
    fields = {"Upgrade": "a", "Connection": "upgrade"}
    assert make(network).get("http://a.example/", headers=fields).status_code == 101


def test_json_that_is_nested_too_deeply_is_no_recursion_error(make, network):
    deep = b"[" * 100_000
    network.serve(
        "a.example",
        80,
        answers(network, b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + deep),
    )
    with pytest.raises(ValueError, match="expected JSON that is nested less deeply"):
        make(network).get("http://a.example/").json()


FIFTY_CODINGS = (
    b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: 2\r\n\r\nhi"
    % b", ".join([b"gzip"] * 50)
)
CUT_GZIP = (
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 15\r\n\r\n"
    + gzip.compress(b"hello")[:15]
)
TO_NOWHERE = b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    "response",
    [FIFTY_CODINGS, TO_NOWHERE % b"http://[::", TO_NOWHERE % b"javascript:alert(1)"],
    ids=["codings", "no URL", "scheme"],
)
def test_a_response_that_is_refused_names_its_request_and_holds_no_connection(
    make, network, response
):
    network.serve("a.example", 80, answers(network, response))
    runs = make(network, follow_redirects=True)
    with pytest.raises(RequestError, match=r"\(GET http://a\.example/b") as raised:
        runs.get("http://a.example/b")
    assert raised.value.method == "GET"
    assert runs.client.connections().held == 0


@pytest.mark.parametrize(
    "response", [FIFTY_CODINGS, NOT_GZIP, CUT_GZIP], ids=["codings", "no", "cut"]
)
@pytest.mark.parametrize("way", ["pieces", "download"])
def test_content_that_is_no_gzip_names_its_request_however_it_is_read(
    network, response, way, tmp_path
):
    network.serve("a.example", 80, answers(network, response))
    client = Client(network=network)
    with pytest.raises(DecodingError, match=r"\(GET http://a\.example/b"):
        if way == "pieces":
            list(client.stream("GET", "http://a.example/b").iter_bytes())
        else:
            client.download("http://a.example/b", tmp_path / "file", retries=0)
    assert client.connections().held == 0
