"""From bytes to complete requests, on a script: no loop, no clock."""

from __future__ import annotations

import socket

import pytest

from nethttp.server.engine.connection import AWAITING, COLLECTING, NEVER, Connection
from nethttp.server.engine.exchange import Exchange
from nethttp.server.engine.http1 import EMPTY_LINES_GRACE, Http1, Outcome
from nethttp.server.engine.timers import TimerWheel
from nethttp.wire.h1.head import usual_request
from nethttp.wire.limits import SERVER_LIMITS

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"


class Application:
    head_timeout: float | None = 10.0
    body_timeout: float | None = 75.0
    min_body_rate = 100
    body_grace = 10.0
    max_head = 1000

    def __init__(self) -> None:
        self.blocks: list[bytes] = []

    def read_head(self, exchange, block):
        self.blocks.append(block)
        head = usual_request(block, SERVER_LIMITS)
        if head is None:
            return False
        exchange.block = block
        exchange.length, exchange.persistent, exchange.method, exchange.target, *_ = head
        return True


class Peer:
    """One connection whose bytes are given by hand."""

    def __init__(self, sock: socket.socket) -> None:
        self.application = Application()
        self.http1 = Http1(self.application, TimerWheel())
        self.connection = Connection(sock, ("::1", 1))
        self.connection.deadline = NEVER
        self.exchange = Exchange()

    def send(self, data: bytes, now: float = 0.0) -> Outcome:
        if self.connection.stage == COLLECTING:
            return self.http1.collect(self.connection, data, now)
        return self.http1.receive(self.connection, data, self.exchange, now)


@pytest.fixture
def peer():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Peer(ours)


def test_a_request_is_complete_with_what_follows_left_for_the_next(peer):
    assert peer.send(GET + b"GET /2") is Outcome.COMPLETE
    assert peer.exchange.connection is peer.connection
    assert (peer.exchange.block, peer.exchange.content) == (GET, b"")
    assert peer.connection.buffer == b"GET /2"


def test_a_head_may_be_received_byte_by_byte_and_has_one_deadline(peer):
    for second, place in enumerate(range(len(GET) - 1)):
        assert peer.send(GET[place : place + 1], float(second)) is Outcome.MORE
        assert peer.connection.deadline == 10.0
    assert peer.send(GET[-1:], 30.0) is Outcome.COMPLETE
    assert peer.application.blocks == [GET]


@pytest.mark.parametrize("declared", [4000, 4_000_000])
def test_content_is_given_time_for_what_was_received_whatever_is_declared(peer, declared):
    assert peer.send(POST % declared + b"x" * 100, 5.0) is Outcome.MORE
    # Ten seconds, and one for a hundred bytes.
    assert (peer.connection.stage, peer.connection.deadline) == (COLLECTING, 16.0)
    assert peer.send(b"x" * 200, 14.0) is Outcome.MORE
    assert peer.connection.deadline == 18.0


def test_a_pause_in_the_middle_of_content_has_a_bound_of_its_own(peer):
    peer.application.body_timeout = 2.0
    peer.send(POST % 1000, 5.0)
    assert peer.connection.deadline == 7.0
    peer.send(b"x", 6.5)
    assert peer.connection.deadline == 8.5


def test_without_a_rate_only_the_pause_bounds_content(peer):
    peer.application.min_body_rate = 0
    peer.application.body_timeout = None
    peer.send(POST % 1000, 5.0)
    assert peer.connection.deadline == NEVER


def test_a_head_whose_content_is_received_later_is_read_once(peer):
    assert peer.send(POST % 6 + b"ab") is Outcome.MORE
    kept = peer.connection.exchange
    assert kept is peer.exchange
    assert peer.send(b"cd") is Outcome.MORE
    assert peer.send(b"ef" + GET) is Outcome.COMPLETE
    assert (kept.content, kept.connection) == (b"abcdef", peer.connection)
    assert (peer.connection.stage, peer.connection.exchange) == (AWAITING, None)
    assert peer.connection.buffer == GET
    assert peer.application.blocks == [POST % 6]


def test_an_application_reads_the_rest_of_what_a_client_has_broken_off(peer):
    peer.send(POST % 6 + b"ab")
    assert peer.send(b"") is Outcome.READER
    assert peer.connection.buffer == POST % 6 + b"ab"
    assert peer.connection.exchange is None


def test_a_client_that_ends_between_requests_is_done(peer):
    assert peer.send(b"") is Outcome.CLOSED


def test_a_client_that_ends_in_a_head_is_for_the_application(peer):
    peer.send(GET[:5])
    assert peer.send(b"") is Outcome.READER
    assert peer.connection.buffer == GET[:5]


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\nA: %s" % (b"x" * 1000), b"GET / HTTP/9.9\r\nHost: a\r\n\r\n"]
)
def test_what_is_too_long_or_unusual_is_for_the_application(peer, data):
    assert peer.send(data) is Outcome.READER
    assert peer.connection.buffer == data


def test_a_request_follows_empty_lines_at_once(peer):
    assert peer.send(b"\r\n\r\n", 5.0) is Outcome.MORE
    assert peer.connection.deadline == 5.0 + EMPTY_LINES_GRACE
    assert peer.send(GET, 5.1) is Outcome.COMPLETE
    assert peer.exchange.block == GET
