"""When a request is sent a second time, and when it is not: with peers that a test scripts."""

from __future__ import annotations

import pytest

from nethttp.client.flow.deadlines import Deadlines
from nethttp.client.flow.transport import HTTPTransport, is_idempotent
from nethttp.client.messages.request import Request
from nethttp.client.messages.timing import Marks
from nethttp.client.policy.timeouts import Timeout
from nethttp.errors import ReadError, UnsupportedProtocol

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def sent(transport, request):
    """Send a request; return the exchange, whose content was read."""
    deadlines = Deadlines(Timeout(10))
    marks = Marks(deadlines.clock, deadlines.began)
    exchange = yield from transport.send(request, deadlines, marks)
    yield from exchange.read_all()
    return exchange


def answering(*answers):
    """Return a script: the answers to a connection's requests; None closes it unanswered."""

    def serve(connection):
        for answer in answers:
            if not connection.recv(65536):
                break
            if answer is None:
                break
            connection.sendall(answer)

    return serve


def to(server, method="GET", **given):
    return Request(method, f"http://127.0.0.1:{server.port}/", **given)


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_request_on_a_stale_connection_is_sent_again_once(runner, peer, method):
    server = peer(answering(OK, None))
    transport = HTTPTransport()

    def three():
        for _ in range(3):
            yield from sent(transport, to(server, method))
        transport.close()

    runner(three())
    assert server.accepted == 3


def test_a_new_connection_that_fails_is_not_tried_again(runner, peer):
    server = peer(answering(None))
    transport = HTTPTransport()
    with pytest.raises(ReadError, match="before its first byte"):
        runner(sent(transport, to(server)))
    assert server.accepted == 1
    assert transport.pool.counts() == (0, 0, 0)


@pytest.mark.parametrize(
    ("settings", "given"),
    [({}, {"method": "POST", "body": b"x"}), ({"resends": False}, {"method": "GET"})],
)
def test_a_request_that_the_server_may_have_seen_is_not_sent_again(runner, peer, settings, given):
    server = peer(answering(OK, None))
    transport = HTTPTransport(**settings)

    def two():
        yield from sent(transport, to(server, **given))
        yield from sent(transport, to(server, **given))

    with pytest.raises(ReadError):
        runner(two())
    assert server.accepted == 1


def test_a_post_with_a_key_is_sent_again(runner, peer):
    server = peer(answering(OK, None))
    transport = HTTPTransport()

    def two():
        for _ in range(2):
            request = to(server, "POST", headers={"Idempotency-Key": "1"}, body=b"x")
            yield from sent(transport, request)
        transport.close()

    runner(two())
    assert server.accepted == 2


def test_an_expectation_that_fails_is_given_up(runner, peer):
    heads = []

    def serve(connection):
        heads.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
        connection.recv(65536)

    def serve_again(connection):
        if not heads:
            serve(connection)
            return
        heads.append(connection.recv(65536))
        connection.sendall(OK)

    server = peer(serve_again)
    transport = HTTPTransport()

    def one():
        request = to(server, "POST", headers={"Expect": "100-continue"}, body=b"hi")
        exchange = yield from sent(transport, request)
        transport.close()
        return exchange.status

    assert runner(one()) == 200
    assert b"Expect" in heads[0]
    assert b"Expect" not in heads[1]
    assert heads[1].endswith(b"\r\n\r\nhi")


def test_another_scheme_is_refused(runner):
    with pytest.raises(UnsupportedProtocol, match="got one of gopher"):
        runner(sent(HTTPTransport(), Request("GET", "gopher://a/")))


def test_what_may_be_sent_twice():
    assert is_idempotent(Request("QUERY", "http://a/"))
    assert not is_idempotent(Request("PATCH", "http://a/"))
    assert is_idempotent(Request("PATCH", "http://a/", {"idempotency-key": "1"}))
