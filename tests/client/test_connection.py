"""Requests: what leaves, in which order, and what must not leave."""

from __future__ import annotations

import io
import socket

import pytest

from nethttp.client import (
    CannotSendHeader,
    CannotSendRequest,
    HTTPConnection,
    HTTPSConnection,
    InvalidURL,
    NotConnected,
    RemoteDisconnected,
    ResponseNotReady,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


def test_a_get_is_one_send(scripted):
    connection = scripted(OK)
    connection.request("GET", "/x?y=z")
    assert connection.sock.sends == [
        b"GET /x?y=z HTTP/1.1\r\nHost: example.com\r\nAccept-Encoding: identity\r\n\r\n"
    ]


def test_a_head_and_a_small_body_are_one_send(scripted):
    connection = scripted(OK)
    connection.request("POST", "/", b"hello")
    assert len(connection.sock.sends) == 1
    assert connection.sock.sent.endswith(b"Content-Length: 5\r\n\r\nhello")


@pytest.mark.parametrize(
    ("method", "body", "end"),
    [
        ("POST", None, b"Content-Length: 0\r\n\r\n"),
        ("GET", None, b"identity\r\n\r\n"),
        ("PUT", "text \u00e9", b"Content-Length: 6\r\n\r\ntext \xe9"),
        ("PUT", bytearray(b"abc"), b"Content-Length: 3\r\n\r\nabc"),
        ("PUT", io.BytesIO(b"abc"), b"chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
        ("PUT", io.StringIO("abc"), b"chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
        ("PUT", iter([b"ab", b"", b"c"]), b"chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"),
    ],
    ids=["no-body", "get", "str", "bytearray", "file", "text-file", "iterable"],
)
def test_bodies(scripted, method, body, end):
    connection = scripted(OK)
    connection.request(method, "/", body)
    assert connection.sock.sent.endswith(end)


def test_a_body_with_the_callers_own_framing(scripted):
    connection = scripted(OK)
    connection.request("PUT", "/", iter([b"ab"]), {"Content-Length": "2"})
    assert connection.sock.sent.endswith(b"Content-Length: 2\r\n\r\nab")
    connection = scripted(OK)
    headers = {"Transfer-Encoding": "chunked"}
    connection.request("PUT", "/", iter([b"ab"]), headers, encode_chunked=True)
    assert connection.sock.sent.endswith(b"2\r\nab\r\n0\r\n\r\n")


def test_length_together_with_coding_is_refused(scripted):
    connection = scripted(OK)
    headers = {"Transfer-Encoding": "chunked", "content-length": "2"}
    with pytest.raises(ValueError, match="got both"):
        connection.request("PUT", "/", b"ab", headers)
    assert connection.sock.sends == []


def test_a_body_of_the_wrong_type(scripted):
    with pytest.raises(TypeError, match="bytes-like object or an iterable"):
        scripted().request("PUT", "/", 5, {"Content-Length": "1"})


def test_a_refused_request_leaves_the_connection_as_it_was(scripted):
    connection = scripted(OK)
    for bad in ({"A": "b\r\nC: d"}, {"A\r\n": "b"}, {"A": "\u20ac"}):
        with pytest.raises(ValueError):
            connection.request("GET", "/", headers=bad)
    assert connection.sock.sends == []
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"hi"


@pytest.mark.parametrize(
    ("arguments", "host", "port"),
    [
        (("example.com",), "example.com", 80),
        (("example.com:8080",), "example.com", 8080),
        (("example.com:",), "example.com", 80),
        (("example.com", 81), "example.com", 81),
        (("[::1]",), "::1", 80),
        (("[::1]:8080",), "::1", 8080),
        (("::1", 8080), "::1", 8080),
    ],
)
def test_hosts_and_ports(arguments, host, port):
    connection = HTTPConnection(*arguments)
    assert (connection.host, connection.port) == (host, port)


@pytest.mark.parametrize("host", ["a:b", "a:1_0", "a:\u0661", "a b", "a\r\nb", "a\0"])
def test_hosts_that_cannot_be(host):
    with pytest.raises(InvalidURL):
        HTTPConnection(host)


@pytest.mark.parametrize(
    ("host", "port", "url", "field"),
    [
        ("example.com", 80, "/", b"Host: example.com\r\n"),
        ("example.com", 8080, "/", b"Host: example.com:8080\r\n"),
        ("::1", 8080, "/", b"Host: [::1]:8080\r\n"),
        ("fe80::1%eth0", 80, "/", b"Host: [fe80::1]\r\n"),
        ("b\u00fccher.example", 80, "/", b"Host: xn--bcher-kva.example\r\n"),
        ("proxy", 3128, "http://example.com:81/x", b"Host: example.com:81\r\n"),
    ],
)
def test_the_host_field(scripted, host, port, url, field):
    connection = scripted(OK)
    connection.host, connection.port = host, port
    connection.request("GET", url)
    assert field in connection.sock.sent


def test_calls_out_of_order(scripted):
    connection = scripted(OK + OK)
    with pytest.raises(ResponseNotReady):
        connection.getresponse()
    with pytest.raises(CannotSendHeader):
        connection.putheader("A", "b")
    with pytest.raises(CannotSendHeader):
        connection.endheaders()
    connection.request("GET", "/")
    with pytest.raises(CannotSendRequest):
        connection.request("GET", "/")
    response = connection.getresponse()
    connection.request("GET", "/")
    with pytest.raises(ResponseNotReady):
        connection.getresponse()
    assert response.read() == b"hi"
    assert connection.getresponse().read() == b"hi"


def test_without_auto_open_nobody_connects():
    connection = HTTPConnection("example.com")
    connection.auto_open = 0
    with pytest.raises(NotConnected):
        connection.request("GET", "/")


def test_debuglevel_prints_both_directions(scripted, capsys):
    connection = scripted(OK)
    connection.set_debuglevel(1)
    connection.request("GET", "/")
    connection.getresponse()
    printed = capsys.readouterr().out
    assert "send: b'GET / HTTP/1.1" in printed
    assert "reply: 'HTTP/1.1 200 OK\\r\\n'" in printed
    assert "header: Content-Length: 2" in printed


@pytest.fixture
def connection(serve):
    from nethttp.server import BaseHTTPRequestHandler

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "2")
            if self.path == "/close":
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b"hi")

        def log_message(self, format, *args):
            pass

    with HTTPConnection("127.0.0.1", serve(Handler).port, timeout=10) as connection:
        yield connection


def test_a_connection_is_used_again_and_opened_again(connection):
    sockets = []
    for path in ("/", "/", "/close", "/"):
        connection.request("GET", path)
        sockets.append(connection.sock)
        assert connection.getresponse().read() == b"hi"
    assert sockets[0] is sockets[1] is sockets[2] is not sockets[3]


def test_nodelay_is_set(connection):
    connection.connect()
    assert connection.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_connection_closed_while_idle(scripted):
    connection = scripted(b"")
    connection.request("GET", "/")
    with pytest.raises(RemoteDisconnected, match="without response"):
        connection.getresponse()
    assert connection.sock is None


TUNNEL = b"HTTP/1.1 200 Connection established\r\nProxy-Agent: x\r\n\r\n"


def tunnelled(scripted, monkeypatch, answer=TUNNEL + OK, **options):
    connection = scripted()
    connection.sock = None
    sock = scripted(answer).sock
    sock.setsockopt = lambda *_: None
    connection._create_connection = lambda *_: sock
    connection.set_tunnel("destination.example", 8443, **options)
    return connection, sock


def test_a_tunnel(scripted, monkeypatch):
    connection, sock = tunnelled(scripted, monkeypatch, headers={"Proxy-Authorization": "x"})
    assert connection.get_proxy_response_headers() is None
    connection.request("GET", "/")
    assert sock.sends[0] == (
        b"CONNECT destination.example:8443 HTTP/1.1\r\nProxy-Authorization: x\r\n"
        b"Host: destination.example:8443\r\n\r\n"
    )
    assert b"Host: destination.example:8443\r\n" in sock.sends[1]
    assert b"Proxy-Authorization" not in sock.sends[1]
    assert connection.getresponse().read() == b"hi"
    assert connection.get_proxy_response_headers()["proxy-agent"] == "x"
    with pytest.raises(RuntimeError, match="established"):
        connection.set_tunnel("a")


def test_a_tunnel_that_the_proxy_refuses(scripted, monkeypatch):
    answer = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    connection, sock = tunnelled(scripted, monkeypatch, answer)
    with pytest.raises(OSError, match="Tunnel connection failed: 407"):
        connection.request("GET", "/")
    assert sock.closed


def test_deprecated_arguments_are_accepted_with_a_warning():
    with pytest.warns(DeprecationWarning, match="custom context"):
        connection = HTTPSConnection("example.com", check_hostname=True)
    assert connection._context.check_hostname


def test_tls_is_not_imported_before_it_is_needed():
    import subprocess
    import sys

    code = (
        "import sys, nethttp.client, nethttp.server; assert 'ssl' not in sys.modules; "
        "assert nethttp.client.HTTPSConnection and nethttp.client.ssl; assert 'ssl' in sys.modules"
    )
    subprocess.run([sys.executable, "-I", "-c", code], check=True)


@pytest.mark.parametrize(("end", "sound"), [(b"A: b\r\n\r\n", True), (b"no field\r\n\r\n", False)])
def test_a_connection_is_not_used_again_after_an_odd_end_of_chunks(scripted, end, sound):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection = scripted(head + b"2\r\nhi\r\n0\r\n" + end)
    connection.request("GET", "/")
    response = connection.getresponse()
    assert (response.read(), response.will_close) == (b"hi", not sound)
    connection.putrequest("GET", "/")
    assert (connection.sock is not None) is sound
