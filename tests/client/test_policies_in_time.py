"""Policies where names change and hours pass: both clients on a scripted network."""

from __future__ import annotations

import asyncio
from math import inf

import pytest

from nethttp.client import AsyncClient, Client, Pace, Retries, public_only
from nethttp.client.testing.network import START, Read, ScriptedNetwork, Write
from nethttp.errors import AddressRefused, RequestTimeout

HI = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
CLOSED = b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def busy(seconds):
    lines = f"HTTP/1.1 503 Busy\r\nRetry-After: {seconds}\r\nContent-Length: 0\r\n\r\n"
    return lines.encode()


@pytest.fixture
def network():
    return ScriptedNetwork()


@pytest.fixture(params=[Client, AsyncClient])
def get(request, network):
    """Return a function that makes a client on the network, and sends a request."""
    client = None

    def send(url, *, timeout=None, **settings):
        nonlocal client
        if client is None:
            client = request.param(network=network, timeout=None, **settings)
        result = client.get(url, timeout=timeout)
        return result if request.param is Client else asyncio.run(result)

    return send


def server(*answers, before=lambda: None):
    """Return a server with these answers, one a request; `before` is called before each."""
    left = list(answers)

    def serve(link):
        while (yield Read(link, inf)):
            before()
            answer = left.pop(0)
            yield Write(link, answer, inf)
            if b"Connection: close" in answer:
                link.close()
                return

    return serve


# --- the guard, while names change ----------------------------------------------------------------


def test_a_name_that_is_rebound_between_two_connections_is_refused(network, get):
    def rebind():
        network.name("evil.example", "127.0.0.1")

    network.name("evil.example", "9.9.9.9")
    network.serve("evil.example", 80, server(CLOSED, before=rebind))
    network.serve("127.0.0.1", 80, server(HI))
    with pytest.raises(AddressRefused) as caught:
        get("http://evil.example/", guard=public_only, follow_redirects=True)
    assert "127.0.0.1" in str(caught.value)


def test_of_several_addresses_only_the_public_ones_are_dialled(network, get):
    network.name("evil.example", "9.9.9.9")
    network.serve("evil.example", 80, server(HI))
    network.serve("10.0.0.1", 80, server(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret"))
    network.name("evil.example", "10.0.0.1", "::ffff:10.0.0.1", "9.9.9.9")
    assert get("http://evil.example/", guard=public_only).text == "hi"


# --- hours ----------------------------------------------------------------------------------------


def test_retry_after_is_obeyed_to_the_second(network, get):
    network.serve("a.example", 80, server(busy(100), busy(50), HI))
    response = get("http://a.example/", retries=Retries(random=lambda: 0.0))
    assert response.text == "hi"
    assert [each.status_code for each in response.history] == [503, 503]
    assert network.clock() - START == pytest.approx(150)


def test_waits_double(network, get):
    network.refuse("a.example", 80)
    with pytest.raises(ConnectionError):
        get("http://a.example/", retries=Retries(max=4, first_wait=10, random=lambda: 1.0))
    assert network.clock() - START == pytest.approx(10 + 20 + 30 + 30)


def test_the_total_deadline_holds_over_retries(network, get):
    network.serve("a.example", 80, server(*[busy(20)] * 9))
    policy = Retries(max=9, random=lambda: 0.0)
    assert get("http://a.example/", timeout=50, retries=policy).status_code == 503
    assert network.clock() - START == pytest.approx(40)


def test_a_pace_of_a_request_a_minute(network, get):
    network.serve("a.example", 80, server(*[HI] * 4))
    network.serve("b.example", 80, server(HI))
    pace = Pace(1 / 60)
    for _ in range(3):
        get("http://a.example/", pace=pace)
    get("http://b.example/")
    assert network.clock() - START == pytest.approx(120)
    with pytest.raises(RequestTimeout, match=r"in 60\.0 s"):
        get("http://a.example/", timeout=59)
    assert network.clock() - START == pytest.approx(120)


def test_all_requests_wait_while_a_server_wants_none(network, get):
    limited = HI.replace(b"\r\n\r\n", b'\r\nRateLimit: "hour";r=0;t=1800\r\n\r\n')
    network.serve("a.example", 80, server(limited, HI))
    get("http://a.example/", pace=Pace())
    get("http://a.example/")
    assert network.clock() - START == pytest.approx(1800)


def test_a_server_that_dies_in_the_middle_is_asked_again(network, get):
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\nhalf"
    network.serve("a.example", 80, server(half, half, HI))
    policy = Retries(first_wait=1, random=lambda: 1.0)
    assert get("http://a.example/", retries=policy).text == "hi"
    assert network.clock() - START == pytest.approx(3)
