"""One request and its response, on a socket pair whose other end the test holds."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from math import inf

import pytest

from nethttp.client.content.upload import Body
from nethttp.client.flow.deadlines import Deadlines
from nethttp.client.flow.exchange import DRAIN_WAIT, MAX_DRAIN, Exchange
from nethttp.client.flow.head import outgoing_of
from nethttp.client.flow.outgoing import PIECE, Outgoing
from nethttp.client.flow.pool import Pool, PoolCounts, Slot
from nethttp.client.messages.request import Request
from nethttp.client.messages.timing import Marks
from nethttp.client.policy.timeouts import Timeout
from nethttp.errors import (
    InvalidResponse,
    LocalProtocolError,
    ReadError,
    ReadTimeout,
    WriteTimeout,
)
from nethttp.net.blocking import run
from nethttp.net.effects import Address
from nethttp.net.socketlink import SocketLink
from nethttp.wire.h1.head import parse_response_head

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


TEN_SECONDS = Timeout(10)


class DrippingLink(SocketLink):
    """A link whose bytes arrive one by one."""

    def receive(self, size: int, deadline: float) -> bytes:
        return super().receive(1, deadline)


class Peer:
    """The pool, a held slot whose connection is one end of a socket pair, and the other end."""

    def __init__(self, kind: type[SocketLink] = SocketLink) -> None:
        here, self.sock = socket.socketpair()
        here.setblocking(False)
        self.sock.settimeout(10)
        self.pool = Pool()
        slot = self.pool.take("a", "GET /")
        assert isinstance(slot, Slot)
        slot.link = kind(here, Address(socket.AF_UNIX, ""))
        self.slot = slot

    def exchange(self, method: str = "GET", timeout: Timeout = TEN_SECONDS) -> Exchange:
        deadlines = Deadlines(timeout)
        marks = Marks(deadlines.clock, deadlines.began)
        return Exchange(self.pool, self.slot, method, deadlines, marks)

    def answers(self, data: bytes, *, ends: bool = False) -> None:
        self.sock.sendall(data)
        if ends:
            self.sock.shutdown(socket.SHUT_WR)

    def received(self) -> bytes:
        """All that was sent; the connection must be closed, or nothing more expected."""
        data = b""
        self.sock.setblocking(False)
        try:
            while piece := self.sock.recv(65536):
                data += piece
        except BlockingIOError:
            pass
        return data

    def close(self) -> None:
        self.pool.close()
        assert self.slot.link is not None
        self.slot.link.close()
        self.sock.close()


@pytest.fixture(params=[SocketLink])
def peer(request: pytest.FixtureRequest) -> Iterator[Peer]:
    peer = Peer(request.param)
    yield peer
    peer.close()


drip_too = pytest.mark.parametrize("peer", [SocketLink, DrippingLink], indirect=True)


def in_thread(work: Callable[[], object]) -> threading.Thread:
    """Start `work` in a thread; that the client has closed the connection is no error."""

    def run_it() -> None:
        with suppress(OSError):
            work()

    thread = threading.Thread(target=run_it)
    thread.start()
    return thread


RELEASED, CLOSED = PoolCounts(0, 1, 0), PoolCounts(0, 0, 0)


# --- responses ---


@pytest.mark.parametrize(
    ("method", "wire", "ends", "content", "after"),
    [
        ("GET", OK, False, b"hello", RELEASED),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", False, b"", RELEASED),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", False, b"", RELEASED),
        (
            "GET",
            CHUNKED + b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
            False,
            b"hello",
            RELEASED,
        ),
        ("GET", b"HTTP/1.1 200 OK\n\nhello", True, b"hello", CLOSED),
        ("GET", b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", False, b"hello", CLOSED),
        ("GET", OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), False, b"hello", CLOSED),
        ("GET", OK + b"more", False, b"hello", CLOSED),
        ("GET", b"\r\n" + OK, False, b"hello", RELEASED),
        ("GET", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nA: b\r\n\r\n" + OK, False,
         b"hello", RELEASED),
        ("GET", OK.replace(b"Content-Length", b"no field\r\nContent-Length"), False, b"hello",
         CLOSED),
        ("CONNECT", b"HTTP/1.1 200 OK\r\n\r\n", False, b"", CLOSED),
    ],
)  # fmt: skip
@drip_too
def test_a_response_is_read_to_its_end_and_its_connection_kept_if_it_may_be(
    peer, method, wire, ends, content, after
):
    exchange = peer.exchange(method)
    peer.answers(wire, ends=ends)
    run(exchange.begin(Outgoing(GET)))
    assert run(exchange.read_all()) == content
    assert exchange.complete
    if isinstance(exchange.link, DrippingLink) and wire.endswith(b"more"):
        after = RELEASED  # what follows is not received yet, and found before the next use
        assert exchange.link.is_stale()
    assert peer.pool.counts() == after
    assert peer.received() == GET


def test_the_fields_of_a_usual_head_are_parsed_when_they_are_read(peer, monkeypatch):
    parsed = []

    def parse(*given):
        parsed.append(given)
        return parse_response_head(*given)

    monkeypatch.setattr("nethttp.client.flow.incoming.parse_response_head", parse)
    exchange = peer.exchange()
    peer.answers(OK)
    run(exchange.begin(Outgoing(GET)))
    assert (run(exchange.read_all()), exchange.plain, parsed) == (b"hello", True, [])
    assert exchange.fields == exchange.fields == [("Content-Length", "5")]
    assert len(parsed) == 1


@drip_too
def test_the_head_and_the_trailers_are_there(peer):
    exchange = peer.exchange()
    peer.answers(
        b"HTTP/1.0 404 Not here\r\nA: b\r\na: c\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\nX: y\r\n\r\n"
    )
    run(exchange.begin(Outgoing(GET)))
    assert run(exchange.read_all()) == b""
    assert (exchange.version, exchange.status, exchange.reason) == (10, 404, "Not here")
    assert exchange.fields[:2] == [("A", "b"), ("a", "c")]
    assert exchange.trailers == [("X", "y")]


def test_interim_responses_are_shown(peer):
    exchange = peer.exchange()
    seen = []
    exchange.on_interim = lambda status, fields: seen.append((status, fields))
    peer.answers(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK)
    run(exchange.begin(Outgoing(GET)))
    assert seen == [(103, [("Link", "</a>")])]


def test_interim_responses_are_bounded(peer):
    peer.answers(b"HTTP/1.1 102 Processing\r\n\r\n" * 101 + OK)
    with pytest.raises(InvalidResponse, match="more than 100 interim responses"):
        run(peer.exchange().begin(Outgoing(GET)))
    assert peer.pool.counts() == CLOSED


@pytest.mark.parametrize(
    ("wire", "error", "message"),
    [
        (b"", ReadError, "the end of the connection before its first byte"),
        (b"HTTP/1.1 200 OK\r\nContent", InvalidResponse, "the connection within it"),
        (b"SSH-2.0\r\n\r\n", InvalidResponse, "SSH-2.0"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", InvalidResponse, "1\\*DIGIT"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"x" * 400_000, InvalidResponse, "more than 262144 bytes"),
        (b"HTTP/1.1 101 x\r\nUpgrade: x\r\n\r\n", InvalidResponse, "got 101, which the request"),
        (
            b"HTTP/1.1 200 " + b"x" * 70_000,
            InvalidResponse,
            "more than 65536 bytes when reading st",
        ),
    ],
)
def test_what_is_no_response_is_an_error_and_ends_the_connection(peer, wire, error, message):
    sender = in_thread(lambda: peer.answers(wire, ends=True))
    with pytest.raises(error, match=message) as caught:
        run(peer.exchange().begin(Outgoing(GET)))
    assert caught.value.phase == "wait"
    assert peer.pool.counts() == CLOSED
    peer.sock.close()
    sender.join()


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        (OK.replace(b"5", b"9"), "4 more bytes of content missing"),
        (
            CHUNKED + b"5\r\nhel",
            "the connection within it",
        ),
        (
            CHUNKED + b"5\r\nhello\r\nx",
            "the connection within it",
        ),
    ],
)
@drip_too
def test_content_that_is_cut_off_is_an_error(peer, wire, message):
    peer.answers(wire, ends=True)
    exchange = peer.exchange()
    run(exchange.begin(Outgoing(GET)))
    with pytest.raises(InvalidResponse, match=message) as caught:
        run(exchange.read_all())
    assert caught.value.phase == "receive"
    assert peer.pool.counts() == CLOSED


def test_malformed_chunks_are_an_error(peer):
    peer.answers(CHUNKED + b"zz\r\n")
    with pytest.raises(InvalidResponse):
        run(peer.exchange().begin(Outgoing(GET)))
    assert peer.pool.counts() == CLOSED


@pytest.mark.parametrize("timeout", [Timeout(0.02), Timeout(read=0.02)])
def test_a_silent_peer_is_waited_for_no_longer_than_allowed(peer, timeout):
    began = time.monotonic()
    with pytest.raises(ReadTimeout, match="expected the head of a response within ") as caught:
        run(peer.exchange(timeout=timeout).begin(Outgoing(GET)))
    assert time.monotonic() - began < 5
    assert caught.value.phase == "wait"
    assert peer.pool.counts() == CLOSED


# --- requests ---


def test_short_content_goes_out_with_the_head(peer):
    peer.answers(OK)
    run(peer.exchange("POST").begin(outgoing_of(Request("POST", "http://a/", body=b"hi"), "/")))
    assert peer.received() == b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"


class Pieces(Body):
    """Content in pieces, of unknown length unless it is given."""

    def __init__(self, *pieces: bytes, length: int | None = None) -> None:
        self._pieces = pieces
        self.length = length

    def pieces(self) -> Iterator[bytes]:
        return iter(self._pieces)

    def rewind(self) -> None:
        pass


def posted(body: bytes | Pieces, headers: dict[str, str] | None = None) -> Outgoing:
    return outgoing_of(Request("POST", "http://a/", headers or {}, body), "/")


def test_content_of_unknown_length_goes_out_in_chunks(peer):
    outgoing = posted(Pieces(b"hello", b", ", b"world"))
    server = in_thread(lambda: (read_until(peer.sock, b"0\r\n\r\n"), peer.answers(OK)))
    exchange = peer.exchange("POST")
    run(exchange.begin(outgoing))
    server.join()
    assert outgoing.head.endswith(b"Transfer-Encoding: chunked\r\n\r\n")
    assert peer.pool.counts() == RELEASED


def read_until(sock: socket.socket, end: bytes) -> bytes:
    data = b""
    while not data.endswith(end):
        piece = sock.recv(65536)
        assert piece
        data += piece
    return data


@pytest.mark.parametrize(("length", "got"), [(6, "1 fewer"), (4, "more")])
def test_content_that_is_not_as_long_as_declared_is_an_error(peer, length, got):
    with pytest.raises(LocalProtocolError, match=f"expected {length} bytes of content.*got {got}"):
        run(peer.exchange("POST").begin(posted(Pieces(b"hel", b"lo", length=length))))
    assert peer.pool.counts() == CLOSED


def test_a_final_response_during_an_upload_is_returned(peer):
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!"

    def refuse() -> None:
        read_until(peer.sock, b"x")
        peer.answers(refusal)

    server = in_thread(refuse)
    exchange = peer.exchange("POST")
    run(exchange.begin(posted(b"x" * 50_000_000)))
    server.join()
    assert (exchange.status, run(exchange.read_all())) == (413, b"no!")
    assert peer.pool.counts() == CLOSED


def test_an_interim_response_during_an_upload_does_not_end_it(peer):
    size = 3_000_000

    def serve() -> None:
        read_until(peer.sock, b"x")
        peer.answers(b"HTTP/1.1 103 x\r\n\r\n")
        left = size
        while left > 1_000_000:
            left -= len(peer.sock.recv(65536))
        peer.answers(b"HTTP/1.1 102 x\r\n\r\n")
        read_until(peer.sock, b"y")
        peer.answers(OK)

    server = in_thread(serve)
    exchange = peer.exchange("POST")
    run(exchange.begin(posted(b"x" * (size - 1) + b"y")))
    server.join()
    assert (exchange.status, peer.pool.counts()) == (200, RELEASED)


def test_a_peer_that_takes_nothing_is_waited_for_no_longer_than_allowed(peer):
    with pytest.raises(WriteTimeout) as caught:
        run(peer.exchange("POST", Timeout(write=0.05)).begin(posted(b"x" * 50_000_000)))
    assert caught.value.phase == "send"
    assert peer.pool.counts() == CLOSED


EXPECTS = {"Expect": "100-continue"}


def test_expected_content_is_sent_when_the_server_asks_for_it(peer):
    def serve() -> None:
        assert read_until(peer.sock, b"\r\n\r\n").endswith(b"\r\n\r\n")
        peer.answers(b"HTTP/1.1 103 x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
        read_until(peer.sock, b"hi")
        peer.answers(OK)

    server = in_thread(serve)
    exchange = peer.exchange("POST")
    run(exchange.begin(posted(b"hi", EXPECTS)))
    server.join()
    assert (exchange.status, peer.pool.counts()) == (200, RELEASED)


def test_expected_content_is_not_sent_after_a_final_response(peer):
    peer.answers(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
    exchange = peer.exchange("POST")
    run(exchange.begin(posted(b"secret", EXPECTS)))
    assert exchange.status == 401
    assert b"secret" not in peer.received()
    assert peer.pool.counts() == CLOSED


def test_expected_content_is_sent_after_a_while_whatever_the_server_says(peer, monkeypatch):
    monkeypatch.setattr("nethttp.client.flow.outgoing.CONTINUE_WAIT", 0.01)
    server = in_thread(lambda: (read_until(peer.sock, b"hi"), peer.answers(OK)))
    exchange = peer.exchange("POST")
    run(exchange.begin(posted(b"hi", EXPECTS)))
    server.join()
    assert exchange.status == 200


def test_waiting_for_100_continue_ends_with_the_request(peer):
    with pytest.raises(WriteTimeout):
        run(peer.exchange("POST", Timeout(0.02)).begin(posted(b"hi", EXPECTS)))


def test_a_request_that_closes_the_connection_is_the_last(peer):
    peer.answers(OK)
    run(
        peer.exchange().begin(
            outgoing_of(Request("GET", "http://a/", {"Connection": "close"}), "/")
        )
    )
    assert peer.pool.counts() == CLOSED


# --- unread content ---


def test_a_short_rest_is_read_and_the_connection_kept(peer):
    peer.answers(OK[:-2])
    exchange = peer.exchange()
    run(exchange.begin(Outgoing(GET)))
    peer.answers(OK[-2:])
    run(exchange.drain())
    assert peer.pool.counts() == RELEASED


def test_a_peer_that_sends_no_rest_is_not_waited_for(peer):
    peer.answers(OK[:-2])
    exchange = peer.exchange(timeout=Timeout(read=60))
    run(exchange.begin(Outgoing(GET)))
    began = time.monotonic()
    run(exchange.drain())
    assert time.monotonic() - began < 10 * DRAIN_WAIT
    assert peer.pool.counts() == CLOSED


def test_all_waits_for_the_rest_end_together(peer):
    peer.answers(OK[:-2])
    exchange = peer.exchange(timeout=Timeout(read=60))
    run(exchange.begin(Outgoing(GET)))
    for effect in exchange.drain():
        assert effect.deadline <= time.monotonic() + DRAIN_WAIT
        break
    deadlines = Deadlines(Timeout(100, read=60), clock=lambda: 1000.0).ending_in(0.5)
    assert (deadlines.read(), deadlines.total) == (1000.5, 1000.5)


def test_a_long_rest_closes_the_connection(peer):
    size = MAX_DRAIN + PIECE
    peer.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (10 * size))
    exchange = peer.exchange()
    run(exchange.begin(Outgoing(GET)))
    sender = in_thread(lambda: peer.answers(b"x" * size))
    run(exchange.drain())
    assert peer.pool.counts() == CLOSED
    peer.sock.close()
    sender.join()


def test_an_abandoned_exchange_closes_its_connection_at_once(peer):
    peer.answers(OK[:-2])
    exchange = peer.exchange()
    run(exchange.begin(Outgoing(GET)))
    exchange.abandon()
    exchange.abandon()
    assert peer.pool.counts() == CLOSED


@pytest.mark.parametrize("step", [0, 1, 2])
def test_a_cancellation_at_each_yield_closes_the_connection(peer, step):
    peer.answers(OK[:10])
    exchange = peer.exchange()

    def whole():
        yield from exchange.begin(Outgoing(GET))
        yield from exchange.read_all()

    flow = whole()
    effect = next(flow)
    for data in (OK[:10], OK[10:-2])[:step]:
        effect = flow.send(data)
    assert effect.deadline < inf
    with pytest.raises(KeyboardInterrupt):
        flow.throw(KeyboardInterrupt())
    assert peer.pool.counts() == CLOSED
