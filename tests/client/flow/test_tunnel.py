"""Tunnels through proxies of HTTP, with and without TLS of their own. RFC 9110 section 9.3.6."""

from __future__ import annotations

import socket
import time

import pytest

from nethttp.client.flow.dial import Dialler, Route
from nethttp.client.messages.url import Origin
from nethttp.client.policy.auth.digest import Digest
from nethttp.client.policy.proxies import Proxy
from nethttp.errors import CertificateError, ConnectError, ConnectTimeout, ProxyError
from nethttp.net.blocking import run
from nethttp.net.effects import Read
from nethttp.net.trust import TLSSettings

from ...flows import Stopped, stopped_at
from .certificates import Authority, tls_peer
from .proxies import HTTPProxy
from .test_dial import echo, hello
from .test_handshake import Marks, soon

REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 8\r\nX-Why: rules\r\n\r\nno entry"
WANTS_BASIC = (
    b"HTTP/1.1 407 Proxy Authentication Required\r\n"
    b'Proxy-Authenticate: Basic realm="p"\r\nContent-Length: 4\r\n\r\nwho?'
)
WANTS_DIGEST = (
    b"HTTP/1.1 407 Proxy Authentication Required\r\n"
    b'Proxy-Authenticate: Digest realm="p", nonce="n", qop="auth", algorithm=SHA-256\r\n'
    b"%bContent-Length: 4\r\n\r\nwho?"
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server(peer, authority):
    """Return an https server that echoes."""
    return peer(tls_peer(authority.server("localhost", "127.0.0.1"), echo))


def way(server, authority, proxy, host="localhost"):
    return Route(Origin("https", host, server.port), TLSSettings(str(authority.path)), proxy)


def through(proxy, server, authority):
    return hello(Dialler(), way(server, authority, proxy))


def target(server):
    return server.address.sockaddr


def test_bytes_pass_through_a_tunnel(runner, peer, server, authority):
    script = HTTPProxy(target(server))
    proxy = Proxy.of(f"http://127.0.0.1:{peer(script).port}")
    proxy = proxy._replace(headers=(("User-Agent", "us"),))
    assert runner(through(proxy, server, authority))[0] == b"hello"
    name = f"localhost:{server.port}"
    assert script.heads == [f"CONNECT {name} HTTP/1.1\r\nHost: {name}\r\nUser-Agent: us\r\n\r\n"]


def test_an_ipv6_address_is_in_brackets(peer, server, authority):
    script = HTTPProxy(target(server))
    proxy = Proxy.of(f"http://127.0.0.1:{peer(script).port}")
    with pytest.raises(CertificateError):
        run(hello(Dialler(), way(server, authority, proxy, "2001:db8::1")))
    assert script.heads[0].startswith(f"CONNECT [2001:db8::1]:{server.port} HTTP/1.1\r\n")


def test_a_proxy_that_speaks_tls_has_settings_of_its_own(runner, peer, server, authority, tmp_path):
    other = Authority(tmp_path)
    script = HTTPProxy(target(server))
    at = peer(tls_peer(other.server("localhost"), script))
    proxy = Proxy.of(f"https://localhost:{at.port}")._replace(verify=str(other.path))
    assert runner(through(proxy, server, authority))[0] == b"hello"
    # The server's authority is none for the proxy.
    with pytest.raises(CertificateError, match=r"verify="):
        runner(through(proxy._replace(verify=str(authority.path)), server, authority))
    assert len(script.heads) == 1


def test_a_proxy_that_wants_a_client_certificate(runner, peer, server, authority):
    context = authority.server("localhost")
    context.verify_mode = 2  # CERT_REQUIRED
    authority.ca.configure_trust(context)
    at = peer(tls_peer(context, HTTPProxy(target(server))))
    proxy = Proxy.of(f"https://localhost:{at.port}")._replace(
        verify=str(authority.path), cert=authority.client_files()
    )
    assert runner(through(proxy, server, authority))[0] == b"hello"


def test_credentials_of_the_url_go_to_the_proxy(runner, peer, server, authority):
    script = HTTPProxy(
        target(server), lambda head: None if "Proxy-Authorization: Basic bWU6cHc=" in head else b""
    )
    proxy = Proxy.of(f"http://me:pw@127.0.0.1:{peer(script).port}")
    assert runner(through(proxy, server, authority))[0] == b"hello"


@pytest.mark.parametrize("close", [b"", b"Connection: close\r\n"])
def test_a_challenge_is_answered(runner, peer, server, authority, close):
    """On the same connection if the proxy keeps it, or else on another one."""
    script = HTTPProxy(
        target(server),
        lambda head: None if 'username="me"' in head else WANTS_DIGEST % close,
    )
    at = peer(script)
    proxy = Proxy.of(f"http://127.0.0.1:{at.port}")._replace(auth=Digest("me", "pw"))
    assert runner(through(proxy, server, authority))[0] == b"hello"
    assert len(script.heads) == 2
    assert f'uri="localhost:{server.port}"' in script.heads[1]
    assert at.accepted == (2 if close else 1)


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("http://{}", "it wants a user name and password: put them into the proxy's URL"),
        ("http://me:wrong@{}", "check the user name and password"),
    ],
)
def test_a_407_can_be_read(runner, peer, server, authority, url, remedy):
    script = HTTPProxy(target(server), lambda _: WANTS_BASIC)
    proxy = Proxy.of(url.format(f"127.0.0.1:{peer(script).port}"))
    with pytest.raises(ProxyError, match=r"refused a tunnel to localhost:\d+ by 407 ") as raised:
        runner(through(proxy, server, authority))
    assert str(raised.value).endswith(remedy)
    assert raised.value.phase == "proxy"
    assert "wrong" not in str(raised.value)
    answer = raised.value.response
    assert (answer.status_code, answer.content) == (407, b"who?")
    assert answer.headers["proxy-authenticate"] == 'Basic realm="p"'


@pytest.mark.parametrize(
    ("answer", "content"),
    [
        (REFUSAL, b"no entry"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", b""),
        (b"HTTP/1.1 502 \x1b[31m\r\n\r\n", b""),
        (b"HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b"HTTP/1.1 500 x\r\nContent-Length: 100000\r\n\r\n" + bytes(100_000), bytes(65536)),
        (b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.0 403 x\r\n\r\n", b""),
    ],
)
def test_a_refusal_can_be_read(runner, peer, server, authority, answer, content):
    def script(connection):
        connection.recv(65536)
        connection.sendall(answer)

    proxy = Proxy.of(f"http://127.0.0.1:{peer(script).port}")
    with pytest.raises(ProxyError, match=r"refused a tunnel") as raised:
        runner(through(proxy, server, authority))
    assert str(raised.value).isprintable()
    assert repr(raised.value.response).isprintable()
    assert raised.value.response.content == content


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"", "ended the connection without an answer"),
        (b"HTTP/1.1 2", "sent an invalid answer"),
        (b"SSH-2.0\r\n\r\n", "sent an invalid answer"),
        (b"HTTP/1.1 407 x\r\nContent-Length: 9\r\n\r\n", "sent an invalid answer"),
    ],
)
def test_an_answer_that_is_none(runner, peer, server, authority, answer, says):
    def script(connection):
        connection.recv(65536)
        connection.sendall(answer)

    at = peer(script)
    with pytest.raises(ProxyError, match=f"http://127.0.0.1:{at.port} {says}"):
        runner(through(Proxy.of(f"http://127.0.0.1:{at.port}"), server, authority))


def test_what_follows_a_success_is_the_servers(runner, peer, server):
    script = HTTPProxy(target(server))
    script.behind = b"first"
    proxy = Proxy.of(f"http://127.0.0.1:{peer(script).port}")
    dialler = Dialler(lambda *_: True)  # a guard makes a tunnel for http too

    def flow():
        route = Route(Origin("http", "127.0.0.1", server.port), proxy=proxy)
        link = yield from dialler.connect(route, soon(), Marks())
        try:
            return (yield Read(link, soon()))
        finally:
            link.close()

    assert runner(flow()) == b"first"


def test_a_request_is_forwarded_without_a_tunnel(runner, peer, server):
    script = HTTPProxy(target(server))
    at = peer(echo)
    route = Route(Origin("http", "a.example", 80), proxy=Proxy.of(f"http://127.0.0.1:{at.port}"))
    assert runner(hello(Dialler(), route)) == (b"hello", at.address)
    assert script.heads == []


def test_with_a_guard_the_proxy_is_told_an_address(runner, peer, server, authority, monkeypatch):
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, server.port))
        for host in ("127.0.0.9", "127.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
    script = HTTPProxy(target(server))
    proxy = Proxy.of(f"http://127.0.0.1:{peer(script).port}")
    dialler = Dialler(lambda address, _: address == "127.0.0.1")
    assert runner(hello(dialler, way(server, authority, proxy)))[0] == b"hello"
    assert script.heads[0].startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\n")


def test_a_proxy_that_is_not_there(runner, server, authority):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        said = f"127.0.0.1:{port}: Connection refused; http://127.0.0.1:{port} is the proxy that"
        with pytest.raises(ConnectError, match=said):
            runner(through(Proxy.of(f"http://127.0.0.1:{port}"), server, authority))


def test_a_proxy_that_stalls(runner, peer, server, authority):
    at = peer(lambda connection: connection.recv(65536) and connection.recv(1))
    proxy = Proxy.of(f"http://127.0.0.1:{at.port}")
    with pytest.raises(ConnectTimeout, match=r"expected the tunnel through http://.* in time"):
        runner(hello(Dialler(), way(server, authority, proxy), time.monotonic() + 0.1))


@pytest.mark.parametrize("how", ["throw", "close", "cancel"])
def test_stopped_at_any_yield_it_leaves_nothing_open(runner, peer, opened, server, authority, how):
    """The longest way of all: TLS within TLS, after a challenge on a connection that ends."""
    if runner is run and how == "cancel":
        how = "throw"  # a thread cannot be cancelled
    script = HTTPProxy(
        target(server),
        lambda head: None if 'username="me"' in head else WANTS_DIGEST % b"Connection: close\r\n",
    )
    at = peer(tls_peer(authority.server("localhost"), script))
    for number in range(100):
        proxy = Proxy.of(f"https://localhost:{at.port}")._replace(
            auth=Digest("me", "pw"), verify=str(authority.path)
        )
        try:
            result = runner(stopped_at(number, through(proxy, server, authority), how))
        except Stopped:
            pass
        else:
            assert result[0] == b"hello"
            break
        finally:
            assert [sock for sock in opened if sock.fileno() >= 0] == []
    assert number >= 14
