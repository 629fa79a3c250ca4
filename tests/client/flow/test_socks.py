"""Tunnels through SOCKS 5 proxies: RFC 1928 and 1929."""

from __future__ import annotations

import socket
import time

import pytest

from nethttp.client.flow.dial import Dialler, Route
from nethttp.client.messages.url import Origin
from nethttp.client.policy.auth.digest import Digest
from nethttp.client.policy.proxies import Proxy
from nethttp.errors import ConnectTimeout, ProxyError
from nethttp.net.blocking import run
from nethttp.net.effects import Read

from ...flows import Stopped, stopped_at
from .proxies import SOCKSProxy
from .test_dial import echo, hello
from .test_handshake import Marks, soon


def through(url, server, host="a.example", deadline=None):
    route = Route(Origin("http", host, server.port), proxy=Proxy.of(url))
    return hello(Dialler(resolve={"a.example": "127.0.0.1"}), route, deadline)


@pytest.fixture
def server(peer):
    return peer(echo)


@pytest.mark.parametrize(
    ("scheme", "host", "told"),
    [
        ("socks5h", "a.example", (3, b"a.example")),
        ("socks5", "a.example", (1, bytes([127, 0, 0, 1]))),
        ("socks5h", "127.0.0.1", (1, bytes([127, 0, 0, 1]))),
        ("socks5", "::1", (4, bytes(15) + b"\1")),
    ],
)
@pytest.mark.parametrize("kind", [1, 3, 4])
def test_bytes_pass_through_a_tunnel(runner, peer, server, scheme, host, told, kind):
    script = SOCKSProxy(server.address.sockaddr, kind=kind)
    url = f"{scheme}://127.0.0.1:{peer(script).port}"
    assert runner(through(url, server, host))[0] == b"hello"
    assert script.asked == [(5, [0]), (*told, server.port)]


def test_what_follows_a_success_is_the_servers(runner, peer, server):
    script = SOCKSProxy(server.address.sockaddr)
    script.behind = b"first"
    proxy = Proxy.of(f"socks5h://127.0.0.1:{peer(script).port}")

    def flow():
        route = Route(Origin("http", "a.example", server.port), proxy=proxy)
        link = yield from Dialler().connect(route, soon(), Marks())
        try:
            return (yield Read(link, soon()))
        finally:
            link.close()

    assert runner(flow()) == b"first"


def test_a_user_name_and_password(runner, peer, server):
    script = SOCKSProxy(server.address.sockaddr, method=2)
    url = f"socks5h://me:p%C3%A4ss@127.0.0.1:{peer(script).port}"
    assert runner(through(url, server))[0] == b"hello"
    assert script.asked[:2] == [(5, [0, 2]), ["me", "päss"]]


@pytest.mark.parametrize(
    ("script", "user", "says"),
    [
        ({"method": 2, "password_is_right": False}, "me:pw@", "refused the user name and password"),
        ({"method": 2}, "", "wants a user name and password"),
        ({"method": 255}, "me:pw@", "wants another authentication"),
        ({"reply": 2}, "", "opened no connection: its rules do not allow the connection"),
        ({"reply": 4}, "", "opened no connection: the host is unreachable, or its name is unknown"),
        ({"reply": 99}, "", "opened no connection: reply 99"),
        ({"kind": 9}, "", "sent an address of the unknown kind 9"),
    ],
)
def test_a_refusal_says_why(runner, peer, server, script, user, says):
    at = peer(SOCKSProxy(server.address.sockaddr, **script))
    with pytest.raises(ProxyError, match=f"^socks5h://127.0.0.1:{at.port} {says}") as raised:
        runner(through(f"socks5h://{user}127.0.0.1:{at.port}", server))
    assert raised.value.phase == "proxy"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"", "ended the connection without an answer"),
        (b"\5", "ended the connection within an answer"),
        (b"HTTP/1.1 400", r"does not speak SOCKS 5, but answered 'H'"),
        (b"\5\0", "ended the connection"),
        (b"\5\0\5\0\0\3\5pro", "ended the connection within an answer"),
    ],
)
def test_an_answer_that_is_none(runner, peer, server, answer, says):
    def script(connection):
        connection.recv(100)
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(100)

    with pytest.raises(ProxyError, match=says):
        runner(through(f"socks5h://127.0.0.1:{peer(script).port}", server))


@pytest.mark.parametrize(
    ("auth", "says"),
    [
        (Digest("me", "pw"), "expected a user name and password for a SOCKS proxy"),
        (("", "pw"), "of 1 to 255 bytes, got one of 0"),
        (("me", "p" * 256), "of 1 to 255 bytes, got one of 256"),
    ],
)
def test_credentials_that_cannot_be_sent(peer, server, auth, says):
    script = SOCKSProxy(server.address.sockaddr, method=2)
    proxy = Proxy.of(f"socks5h://127.0.0.1:{peer(script).port}")._replace(auth=auth)
    with pytest.raises(ProxyError, match=says):
        run(hello(Dialler(), Route(Origin("http", "a.example", 80), proxy=proxy)))


def test_a_name_that_is_too_long(peer, server):
    url = f"socks5h://127.0.0.1:{peer(SOCKSProxy(server.address.sockaddr)).port}"
    with pytest.raises(ProxyError, match="expected a name of at most 255 bytes, got 300"):
        run(through(url, server, "a" * 300))


def test_a_proxy_that_stalls(runner, peer, server):
    url = f"socks5h://127.0.0.1:{peer(lambda c: c.recv(100) and c.recv(1)).port}"
    with pytest.raises(ConnectTimeout, match=r"expected the tunnel through socks5h://.* in time"):
        runner(through(url, server, deadline=time.monotonic() + 0.1))


@pytest.mark.parametrize("how", ["throw", "close", "cancel"])
def test_stopped_at_any_yield_it_leaves_nothing_open(runner, peer, opened, server, how):
    if runner is run and how == "cancel":
        how = "throw"  # a thread cannot be cancelled
    at = peer(SOCKSProxy(server.address.sockaddr, method=2))
    for number in range(100):
        try:
            flow = through(f"socks5h://me:pw@127.0.0.1:{at.port}", server)
            result = runner(stopped_at(number, flow, how))
        except Stopped:
            pass
        else:
            assert result[0] == b"hello"
            break
        finally:
            assert [sock for sock in opened if sock.fileno() >= 0] == []
    assert number >= 7
