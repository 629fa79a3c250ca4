"""Ways to a server: names, guard, Unix sockets, and nothing left open whatever is raised where."""

from __future__ import annotations

import os
import socket
import threading
import time

import pytest

from nethttp.client.flow.dial import Dialler, Route
from nethttp.client.messages.url import Origin
from nethttp.client.policy.proxies import Proxy
from nethttp.errors import (
    AddressRefused,
    ConnectError,
    ConnectTimeout,
    InvalidURL,
    ResolveError,
)
from nethttp.net.blocking import run
from nethttp.net.effects import Address, Exchange, Resolve, Socket
from nethttp.net.trust import TLSSettings

from ...flows import Stopped, stopped_at
from .certificates import Authority, tls_peer
from .test_handshake import Marks, soon


def echo(connection):
    while data := connection.recv(65536):
        connection.sendall(data)


def hello(dialler, way, deadline=None):
    """Connect, exchange a word, close; return the word and the peer's address."""
    link = yield from dialler.connect(way, deadline or soon(), Marks())
    try:
        return (yield Exchange(link, b"hello", soon())), link.address
    finally:
        link.close()


def http(host, port, **given):
    return Route(Origin("http", host, port), **given)


@pytest.fixture
def names(monkeypatch):
    """Have DNS answer from a dictionary; return it, and those that were asked for."""
    known = {}
    asked = []

    def getaddrinfo(host, port, *rest):
        asked.append(host)
        found = known.get(host)
        if found is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if isinstance(found, threading.Event):
            found.wait(10)
            return []
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "",
             (one, port, 0, 0) if ":" in one else (one, port))
            for one in found
        ]  # fmt: skip

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known, asked


def test_a_name_is_resolved_and_dialled(runner, peer, names):
    known, _ = names
    known["a.example"] = ["127.0.0.1"]
    server = peer(echo)
    assert runner(hello(Dialler(), http("a.example", server.port))) == (b"hello", server.address)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_address_needs_no_dns(runner, peer, names, host):
    try:
        server = peer(echo, host)
    except OSError:
        pytest.skip("this machine has no IPv6")
    answer, address = runner(hello(Dialler(), http(host, server.port)))
    assert (answer, address.host, names[1]) == (b"hello", host, [])


def test_the_address_that_answered_is_dialled_first(peer, names):
    known, _ = names
    known["a.example"] = ["127.0.0.2", "127.0.0.1"]
    server = peer(echo)
    dialler = Dialler()
    dialled = []
    connect = dialler._dial

    def watch(*given):
        flow = connect(*given)
        effect = next(flow)
        while True:
            if hasattr(effect, "address"):
                dialled.append(effect.address.host)
            try:
                effect = flow.send((yield effect))
            except StopIteration as end:
                return end.value

    dialler._dial = watch
    for _ in range(2):
        run(hello(dialler, http("a.example", server.port)))
    assert dialled == ["127.0.0.2", "127.0.0.1", "127.0.0.1"]


def test_the_program_gives_addresses(runner, peer, names):
    server = peer(echo)
    for given in (
        {"A.example": "127.0.0.1"},
        {f"a.example:{server.port}": ["127.0.0.1"], "a.example": "192.0.2.1"},
    ):
        answer, _ = runner(hello(Dialler(resolve=given), http("a.example", server.port)))
        assert answer == b"hello"
    assert names[1] == []


def test_an_address_that_is_none_is_refused(runner):
    with pytest.raises(ResolveError, match=r"expected IP addresses as resolve= for 'a.example'"):
        runner(hello(Dialler(resolve={"a.example": "b.example"}), http("a.example", 80)))


def test_a_name_without_an_address(runner, names):
    with pytest.raises(
        ResolveError, match=r"no address of 'no.example': Name or service"
    ) as raised:
        runner(hello(Dialler(), http("no.example", 80)))
    assert raised.value.phase == "dns"
    assert isinstance(raised.value.__cause__, socket.gaierror)


def test_dns_that_does_not_answer(runner, names):
    names[0]["slow.example"] = answer = threading.Event()
    started = time.monotonic()
    with pytest.raises(ConnectTimeout, match=r"no answer from DNS for 'slow.example'"):
        runner(hello(Dialler(), http("slow.example", 80), deadline=time.monotonic() + 0.05))
    assert time.monotonic() - started < 1
    answer.set()


def test_the_seconds_of_dns_and_tls_are_marked(peer, names, tmp_path):
    authority = Authority(tmp_path)
    names[0]["localhost"] = ["127.0.0.1"]
    server = peer(tls_peer(authority.server("localhost"), echo))
    marks = Marks()
    way = Route(Origin("https", "localhost", server.port), TLSSettings(str(authority.path)))
    run(Dialler().connect(way, soon(), marks)).close()
    assert 0 < marks.dns < 1
    assert 0 < marks.tls < 1


def test_the_guard_is_asked_for_each_address_after_dns(runner, peer, names):
    names[0]["a.example"] = ["127.0.0.9", "127.0.0.1"]
    server = peer(echo)
    asked = []

    def guard(address, port):
        asked.append((address, port))
        return address == "127.0.0.1"

    answer, _ = runner(hello(Dialler(guard), http("a.example", server.port)))
    assert answer == b"hello"
    assert asked == [("127.0.0.9", server.port), ("127.0.0.1", server.port)]


@pytest.mark.parametrize("host", ["a.example", "127.0.0.1"])
def test_nothing_is_dialled_that_the_guard_refuses(runner, peer, names, host):
    names[0]["a.example"] = ["127.0.0.1"]
    server = peer(echo)
    with pytest.raises(AddressRefused, match=f"no address of '{host}': 127.0.0.1:") as raised:
        runner(hello(Dialler(lambda *_: False), http(host, server.port)))
    assert raised.value.addresses == (f"127.0.0.1:{server.port}",)
    assert server.accepted == 0


def test_a_unix_socket(runner, tmp_path):
    path = os.fspath(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def serve():
            with listener.accept()[0] as connection:
                echo(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        answer, address = runner(hello(Dialler(), http("a.example", 80, unix_path=path)))
        thread.join()
    assert (answer, address) == (b"hello", Address(socket.AF_UNIX, path))
    with pytest.raises(ConnectError, match=f"no connection to '{path}': {path}: Connection ref"):
        runner(hello(Dialler(), http("a.example", 80, unix_path=path)))


def test_a_local_address_is_bound_and_chooses_the_family(runner, peer, names):
    names[0]["a.example"] = ["::1", "127.0.0.1"]
    seen = []

    def script(connection):
        seen.append(connection.getpeername()[0])
        echo(connection)

    server = peer(script)
    dialler = Dialler(socket=Socket(local_address=("127.0.0.3", 0)))
    assert runner(hello(dialler, http("a.example", server.port)))[0] == b"hello"
    assert seen == ["127.0.0.3"]


def test_routes_are_keys():
    origin = Origin("https", "a.example", 443)
    one = Route(origin, TLSSettings("a.pem"), Proxy.of("http://me:pw@proxy:1"))
    same = Route(origin, TLSSettings("a.pem"), Proxy.of("http://me:pw@proxy:1"))
    assert one == same
    assert hash(one) == hash(same)
    assert one != one._replace(server_hostname="b.example")
    with pytest.raises(InvalidURL):
        Proxy.of("gopher://proxy")


@pytest.mark.parametrize(
    ("scheme", "proxy", "guard", "tunnels"),
    [
        ("http", None, None, False),
        ("http", "http://p", None, False),
        ("http", "https://p", None, False),
        ("https", "http://p", None, True),
        ("wss", "http://p", None, True),
        ("http", "socks5://p", None, True),
        ("http", "http://p", lambda *_: True, True),
    ],
)
def test_which_routes_are_tunnels(scheme, proxy, guard, tunnels):
    way = Route(Origin(scheme, "a.example", 1), proxy=proxy and Proxy.of(proxy))
    assert Dialler(guard).tunnels(way) is tunnels


@pytest.mark.parametrize("how", ["throw", "close", "cancel"])
def test_stopped_at_any_yield_it_leaves_nothing_open(runner, peer, opened, names, tmp_path, how):
    """The longest way without a proxy; those with one are in `test_tunnel`."""
    if runner is run and how == "cancel":
        how = "throw"  # a thread cannot be cancelled
    authority = Authority(tmp_path)
    names[0]["localhost"] = ["127.0.0.1"]
    server = peer(tls_peer(authority.server("localhost"), echo))
    way = Route(Origin("https", "localhost", server.port), TLSSettings(str(authority.path)))
    for number in range(100):
        try:
            result = runner(stopped_at(number, hello(Dialler(), way), how))
        except Stopped:
            pass
        else:
            assert result == (b"hello", server.address)
            break
        finally:
            assert [sock for sock in opened if sock.fileno() >= 0] == []
    assert number >= 6  # Resolve, Dial, Next, Call at first, three of TLS, the exchange


def test_the_guard_and_a_name_that_only_the_resolver_knows():
    flow = Dialler(lambda *_: True).connect(http("a.example", 80), 1.0, Marks())
    effect = next(flow)
    assert isinstance(effect, Resolve)
    assert (effect.host, effect.port, effect.deadline) == ("a.example", 80, 1.0)
    flow.close()
