"""One connection, in either role: order, persistence, errors."""

from __future__ import annotations

import pytest

from nethttp.errors import IncompleteRead, LocalProtocolError, RemoteProtocolError
from nethttp.wire.events import NEED_DATA, PAUSED, Closed, Data, EndOfMessage, Request, Response
from nethttp.wire.h1.connection import ClientConnection, ServerConnection, State
from nethttp.wire.limits import Limits

GET = Request("GET", "/", [("Host", "a")])
HELLO = Response(200, "OK", [("Content-Length", "5")])


def served(request: bytes = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") -> ServerConnection:
    """Return a connection that has read a whole request."""
    server = ServerConnection()
    server.receive(request)
    while not isinstance(server.next_event(), EndOfMessage):
        pass
    return server


def asked(request: Request = GET) -> ClientConnection:
    client = ClientConnection()
    client.send_request(request)
    client.send_end()
    return client


def test_both_roles_talk_for_many_cycles():
    client, server = ClientConnection(), ServerConnection()
    post = Request("POST", "/", [("Host", "a"), ("Transfer-Encoding", "chunked")])
    for _ in range(3):
        sent = client.send_request(post) + client.send_data(b"hello")
        server.receive(sent + client.send_end([("Digest", "x")]))
        assert server.next_event()[:3] == post[:3]
        assert server.next_event() == Data(b"hello")
        assert server.next_event() == EndOfMessage([("Digest", "x")])
        assert server.next_event() is PAUSED
        client.receive(server.send_response(Response(103, "Early Hints", [("Link", "a")])))
        client.receive(server.send_response(HELLO) + server.send_data(b"hello"))
        assert server.send_end() == b""
        assert client.next_event().status == 103
        assert client.next_event().status == 200
        assert client.next_event() == Data(b"hello")
        assert client.next_event() == EndOfMessage([])
        client.next_cycle()
        server.next_cycle()
    assert client.next_event() is NEED_DATA


def test_pipelined_requests_wait_for_their_turn():
    server = ServerConnection()
    server.receive(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i for i in range(3)))
    for i in range(3):
        assert server.next_event().target == f"/{i}"
        assert server.next_event() == EndOfMessage([])
        assert server.next_event() is PAUSED
        server.send_response(Response(204, "No Content", []))
        server.send_end()
        server.next_cycle()


def test_a_response_without_a_length_ends_the_connection():
    server = served()
    head = server.send_response(Response(200, "OK", []))
    assert head.endswith(b"Connection: close\r\n\r\n")
    assert server.send_data(b"hello") == b"hello"
    assert server.send_end() == b""
    with pytest.raises(LocalProtocolError, match="lives on"):
        server.next_cycle()


@pytest.mark.parametrize("status", [204, 304])
def test_a_response_that_has_no_body_keeps_the_connection(status):
    server = served()
    server.send_response(Response(status, "", []))
    assert server.send_end() == b""
    server.next_cycle()


def test_head_announces_and_sends_nothing():
    server = served(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
    server.send_response(HELLO)
    with pytest.raises(LocalProtocolError, match="at most 0"):
        server.send_data(b"hello")
    assert server.send_end() == b""


def test_http_1_0_is_told_that_the_connection_lives_on():
    server = served(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert b"Connection: keep-alive" in server.send_response(HELLO)
    server.send_data(b"hello")
    server.send_end()
    server.next_cycle()
    server = served(b"GET / HTTP/1.0\r\n\r\n")
    assert b"Connection: close" in server.send_response(HELLO)


def test_http_1_0_gets_no_chunks():
    server = served(b"GET / HTTP/1.0\r\n\r\n")
    with pytest.raises(LocalProtocolError, match=r"HTTP/1\.0"):
        server.send_response(Response(200, "OK", [("Transfer-Encoding", "chunked")]))


def test_an_upgrade_leaves_what_follows_in_the_buffer():
    server = served(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n\x01\x02"
    )
    server.send_response(Response(101, "", [("Connection", "upgrade"), ("Upgrade", "x")]))
    assert server.buffered == b"\x01\x02"
    assert not server.reusable
    client = asked()
    client.receive(b"HTTP/1.1 101 Switching\r\n\r\n\x03")
    assert client.next_event().status == 101
    assert client.next_event() == EndOfMessage([])
    assert client.buffered == b"\x03"


def test_the_answer_to_connect_leaves_what_follows_to_the_tunnel():
    server = served(b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n\x01")
    head = server.send_response(Response(200, "", []))
    assert head == b"HTTP/1.1 200 \r\n\r\n"
    assert server.send_end() == b""
    assert server.buffered == b"\x01"
    client = asked(Request("CONNECT", "a:80", [("Host", "a:80")]))
    client.receive(head + b"\x02")
    assert client.next_event().status == 200
    assert client.next_event() == EndOfMessage([])
    assert client.buffered == b"\x02"
    for connection in (server, client):
        assert not connection.reusable
        with pytest.raises(LocalProtocolError, match="lives on"):
            connection.next_cycle()


def test_a_tunnel_that_is_refused_leaves_the_connection_as_it_was():
    server = served(b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n")
    server.send_response(Response(407, "", [("Content-Length", "0")]))
    server.send_end()
    server.next_cycle()


def test_a_length_is_kept():
    server = served()
    server.send_response(HELLO)
    with pytest.raises(LocalProtocolError, match="5 more"):
        server.send_end()
    with pytest.raises(LocalProtocolError, match="at most 5"):
        server.send_data(b"hello!")
    with pytest.raises(LocalProtocolError, match="trailers"):
        server.send_end([("A", "b")])


def test_messages_come_in_order():
    server = ServerConnection()
    with pytest.raises(LocalProtocolError, match="request before a response"):
        server.send_response(HELLO)
    client = ClientConnection()
    for out_of_order in (lambda: client.send_data(b""), client.send_end, client.next_cycle):
        with pytest.raises(LocalProtocolError):
            out_of_order()
    client.send_request(GET)
    with pytest.raises(LocalProtocolError, match="exchange before"):
        client.send_request(GET)
    with pytest.raises(LocalProtocolError, match="one Host"):
        ClientConnection().send_request(Request("GET", "/", []))


def test_nothing_may_come_before_a_request_was_sent():
    client = ClientConnection()
    client.receive(b"HTTP/1.1 200 OK\r\n\r\n")
    with pytest.raises(RemoteProtocolError, match="before a request"):
        client.next_event()


def test_the_end_of_the_connection():
    server = ServerConnection()
    server.receive(b"")
    assert server.next_event() == Closed()
    assert server.receiving is State.CLOSED
    server = ServerConnection()
    server.receive(b"GET / HT")
    server.receive(b"")
    with pytest.raises(IncompleteRead):
        server.next_event()
    with pytest.raises(RemoteProtocolError, match="no more reading"):
        server.next_event()
    server = served()
    server.receive(b"")
    assert server.next_event() == Closed()


def test_a_client_waits_for_a_bounded_number_of_interim_responses():
    client = ClientConnection(Limits(max_interim_responses=2))
    client.send_request(GET)
    client.receive(b"HTTP/1.1 102 Processing\r\n\r\n" * 3)
    client.next_event()
    client.next_event()
    with pytest.raises(RemoteProtocolError, match="more than 2 interim"):
        client.next_event()


def test_expectations_are_told():
    server = ServerConnection()
    server.receive(
        b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"
    )
    assert server.next_event().expects_continue
    assert server.next_event() is NEED_DATA
    assert server.send_response(Response(100, "Continue", [])).startswith(b"HTTP/1.1 100 ")
    server.receive(b"x")
    assert server.next_event() == Data(b"x")


def test_a_byte_of_a_head_is_searched_once(monkeypatch):
    starts: list[int] = []
    find = ServerConnection._find_block_end

    def recording(self: ServerConnection, start: int) -> int:
        starts.append(start)
        return find(self, start)

    monkeypatch.setattr(ServerConnection, "_find_block_end", recording)
    server = ServerConnection()
    head = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 1000 + b"\r\n\r\n"
    for i in range(len(head)):
        server.receive(head[i : i + 1])
        server.next_event()
    assert starts == list(range(len(head)))


def test_repr_is_a_diagnosis():
    assert repr(served()) == "<ServerConnection receiving=DONE sending=IDLE buffered=0>"


class CountingBuffer(bytearray):
    """Counts the bytes that are searched."""

    searched = 0

    def find(self, sought, start=0, *rest):
        found = super().find(sought, start, *rest)
        self.searched += (len(self) if found < 0 else found + len(sought)) - start
        return found


@pytest.mark.parametrize("role", [ServerConnection, ClientConnection])
def test_a_head_that_comes_byte_by_byte_is_searched_once(role):
    connection = role()
    connection._buffer = CountingBuffer()
    first = b"GET / HTTP/1.1\r\nHost: a\r\n"
    if role is ClientConnection:
        connection.send_request(Request("GET", "/", [("Host", "a")]))
        first = b"HTTP/1.1 200 OK\r\n"
    head = first + b"".join(b"A-%d: b\r\n" % number for number in range(90)) + b"\r\n"
    for place in range(len(head)):
        connection.receive(head[place : place + 1])
        event = connection.next_event()
    assert isinstance(event, Request | Response)
    # Each byte a few times: the end of a line is looked for from three bytes before.
    assert connection._buffer.searched < 8 * len(head)
