"""The scripted network: the client's real flows on it, every effect, and no second of waiting."""

from __future__ import annotations

import asyncio
import socket
import time
from math import inf

import pytest

from nethttp.client.flow.dial import Dialler, Route
from nethttp.client.messages.url import Origin
from nethttp.client.policy.proxies import Proxy
from nethttp.errors import ConnectError, ConnectTimeout, ResolveError, TLSError
from nethttp.net.effects import (
    Address,
    Ask,
    Call,
    Dial,
    Exchange,
    Next,
    Park,
    Pull,
    Read,
    Resolve,
    SendFile,
    Sleep,
    Upload,
    Waiter,
    Write,
)
from nethttp.net.scripted import START, ScriptedNetwork
from nethttp.net.scriptedlink import WINDOW

from ..flows import Stopped, stopped_at

BIG = bytes(5 * WINDOW)


class Marks:
    dns = tls = 0.0


@pytest.fixture
def network():
    return ScriptedNetwork()


def echo(link):
    while data := (yield Read(link, inf)):
        yield Write(link, data, inf)


def silent(link):
    yield Sleep(START + 999)


def using(network, use, host="a.example", deadline=inf, scheme="http", **given):
    """Connect to a host by the client's own dialler, let `use` have the link, close it."""
    route = Route(Origin(scheme, host, 80), **given)
    link = yield from Dialler(clock=network.clock).connect(route, deadline, Marks())
    try:
        return (yield from use(link))
    finally:
        link.close()


def hello(link):
    return (yield Exchange(link, b"hello", inf))


def test_bytes_pass(network):
    network.serve("a.example", 80, echo)
    assert network.run(using(network, hello)) == b"hello"
    assert network.clock() == START
    assert [link.closed for link in network.links] == [True]


def test_time_passes_only_in_the_script(network):
    def server(link):
        yield Read(link, inf)
        yield Sleep(network.clock() + 3600)
        yield Write(link, b"late", inf)

    network.name("a.example", "192.0.2.1", after=2)
    network.serve("a.example", 80, server, after=1)
    began = time.monotonic()
    assert network.run(using(network, hello)) == b"late"
    assert network.clock() == START + 3603
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("effect", ["read", "write", "upload", "exchange"])
def test_a_deadline_passes(network, effect):
    def use(link):
        with pytest.raises(TimeoutError):
            if effect == "read":
                yield Read(link, START + 60)
            elif effect == "write":
                yield Write(link, BIG, START + 60)
            elif effect == "upload":
                yield Upload(link, BIG, START + 60)
            else:
                yield Exchange(link, BIG, START + 60)

    network.serve("a.example", 80, silent)
    network.run(using(network, use))
    assert network.clock() == START + 60


def test_a_sender_waits_for_the_receiver(network):
    def server(link):
        received = 0
        while received < len(BIG):
            received += len((yield Read(link, inf)))
            yield Sleep(network.clock() + 1)
        yield Write(link, b"ok", inf)

    network.serve("a.example", 80, server)
    assert network.run(using(network, lambda link: (yield Exchange(link, BIG, inf)))) == b"ok"
    assert network.clock() == START + len(BIG) / WINDOW


def test_an_upload_stops_when_the_server_speaks(network):
    def server(link):
        yield Read(link, inf)
        yield Write(link, b"413", inf)
        link.reset()

    def use(link):
        taken = yield Upload(link, BIG, inf)
        return taken < len(BIG), (yield Read(link, inf)), link.is_stale()

    network.serve("a.example", 80, server)
    assert network.run(using(network, use)) == (True, b"413", True)


def test_a_reset_and_an_end(network):
    def use(link):
        return (yield Exchange(link, b"x", inf)), (yield Read(link, inf))

    def ends(link):
        yield Read(link, inf)
        link.end()
        yield Sleep(inf)

    def resets(link):
        yield Read(link, inf)
        link.reset()

    network.serve("ends.example", 80, ends)
    network.serve("resets.example", 80, resets)
    assert network.run(using(network, use, "ends.example")) == (b"", b"")
    with pytest.raises(ConnectionResetError):
        network.run(using(network, use, "resets.example"))


def test_a_link_is_used_again(network):
    network.serve("192.0.2.9", 80, echo)
    link = network.run(
        Dialler(clock=network.clock).connect(Route(Origin("http", "192.0.2.9", 80)), inf, Marks())
    )
    for _ in range(3):
        assert network.run(hello(link)) == b"hello"
        assert not link.is_stale()
    link.close()
    assert link.is_stale()


def test_connections_fail(network):
    network.refuse("refused.example", 80)
    network.refuse("silent.example", 80, after=inf)
    network.refuse("away.example", 80, OSError(113, "No route to host"), after=3)
    network.name("missing.example", error=socket.gaierror(-2, "Name or service not known"))
    with pytest.raises(ConnectError, match=r"192.0.2.1:80: Connection refused"):
        network.run(using(network, hello, "refused.example"))
    with pytest.raises(ConnectError, match=r"No route to host"):
        network.run(using(network, hello, "away.example"))
    assert network.clock() == START + 3
    with pytest.raises(ConnectTimeout, match=r"no answer from 192.0.2.2:80"):
        network.run(using(network, hello, "silent.example", deadline=START + 10))
    for name in ("missing.example", "unheard.example"):
        with pytest.raises(ResolveError):
            network.run(using(network, hello, name))


def test_happy_eyeballs_by_the_clock(network):
    network.name("a.example", "2001:db8::1", "192.0.2.1")
    network.refuse("2001:db8::1", 80, after=inf)
    network.serve("192.0.2.1", 80, echo)
    assert network.run(using(network, hello)) == b"hello"
    assert network.clock() == START + 0.25


def test_an_alert_of_tls(network):
    def server(link):
        yield Read(link, inf)
        yield Write(link, bytes([21, 3, 3, 0, 2, 2, 40]), inf)

    network.serve("a.example", 80, server)
    with pytest.raises(TLSError, match=r"pass it as cert="):
        network.run(using(network, hello, scheme="https"))


def test_proxies_are_flows_too(network):
    def proxy(link):
        yield Read(link, inf)
        yield Write(link, b"\5\0", inf)
        yield Read(link, inf)
        yield Write(link, b"\5\0\0\1" + bytes(6), inf)
        yield from echo(link)

    network.serve("proxy", 1080, proxy)
    flow = using(network, hello, proxy=Proxy.of("socks5h://proxy"))
    assert network.run(flow) == b"hello"


def test_the_other_effects(network):
    def flow():
        attempt = yield Dial(Address(socket.AF_UNIX, "/missing"))
        assert (yield Next([attempt], inf)).error is not None
        assert (yield Next([], START + 1)) is None
        waiter = Waiter()
        waiter.wake("value")
        woken = yield Park(waiter, inf)
        items = iter([1])
        return (
            woken,
            (yield Call(lambda: 2)),
            (yield Ask(divmod, 7, 2)),
            (yield Pull(items)),
            (yield Pull(items)),
        )

    assert network.run(flow()) == ("value", 2, (3, 1), 1, None)

    def refused():
        with pytest.raises(TypeError, match=r"awaited"):
            yield Ask(asyncio.sleep, 0)
        with pytest.raises(TimeoutError):
            yield Park(Waiter(), START + 5)
        with pytest.raises(ValueError, match=r"can send files"):
            yield SendFile(None, None, 0, 1, inf)

    network.run(refused())


def test_a_flow_that_would_wait_for_ever_is_told(network):
    network.serve("a.example", 80, echo)
    with pytest.raises(RuntimeError, match=r"wait for ever: Read, Read"):
        network.run(using(network, lambda link: (yield Read(link, inf))))
    assert network.links[0].closed


def test_a_mistake_of_a_server_is_raised(network):
    def server(link):
        yield Read(link, inf)
        raise AssertionError("not what was expected")

    network.serve("a.example", 80, server)
    with pytest.raises(AssertionError, match=r"not what was expected"):
        network.run(using(network, hello))


def test_tasks_share_a_network(network):
    """One parks until the other wakes it; a third awaits a coroutine meanwhile."""
    network.serve("a.example", 80, echo)
    waiter = Waiter()

    def first():
        return (yield Park(waiter, START + 50))

    def second():
        yield Sleep(network.clock() + 5)
        waiter.wake((yield from using(network, hello)))

    async def double(number):
        for _ in range(3):
            await asyncio.sleep(0)
        return 2 * number

    async def numbers():
        yield 1

    def third():
        items = numbers()
        return (yield Ask(double, 4)), (yield Pull(items)), (yield Pull(items))

    async def main():
        return await asyncio.gather(*map(network.arun, (first(), second(), third())))

    assert asyncio.run(main()) == [b"hello", None, (8, 1, None)]
    assert network.clock() == START + 5


def test_an_error_is_raised_to_its_own_task(network):
    def fails():
        yield Sleep(START + 1)
        raise KeyError("mine")

    def goes_on():
        yield Sleep(START + 2)
        return "fine"

    async def main():
        return await asyncio.gather(
            network.arun(fails()), network.arun(goes_on()), return_exceptions=True
        )

    error, result = asyncio.run(main())
    assert isinstance(error, KeyError)
    assert result == "fine"


def test_a_cancelled_task_closes_its_link(network):
    network.serve("a.example", 80, silent)

    async def main():
        task = asyncio.create_task(network.arun(using(network, hello)))
        while not network.links:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert network.links[0].closed


@pytest.mark.parametrize("how", ["throw", "close"])
def test_stopped_at_any_yield_it_leaves_nothing_open(how):
    for number in range(100):
        network = ScriptedNetwork()
        network.name("a.example", "2001:db8::1", "192.0.2.1")
        network.refuse("2001:db8::1", 80, after=inf)
        network.serve("192.0.2.1", 80, echo)
        try:
            result = network.run(stopped_at(number, using(network, hello), how))
        except Stopped:
            assert all(link.closed for link in network.links)
        else:
            assert result == b"hello"
            break
    assert number == 6


def test_names_are_resolved(network):
    network.name("a.example", "2001:db8::1", "192.0.2.1")

    def flow():
        return (yield Resolve("a.example", 80))

    assert list(map(str, network.run(flow()))) == ["[2001:db8::1]:80", "192.0.2.1:80"]
