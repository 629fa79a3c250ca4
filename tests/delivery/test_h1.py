"""Every corpus message through `wire.h1`: whole, byte by byte, with a valid message behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import nethttp.wire.h1.body
import nethttp.wire.h1.connection
import nethttp.wire.h1.head
from nethttp import errors
from nethttp.wire.events import (
    NEED_DATA,
    PAUSED,
    Closed,
    Data,
    EndOfMessage,
    Event,
    Request,
    Response,
)
from nethttp.wire.h1.connection import ClientConnection, Connection, ServerConnection

BEHIND = b"GET /behind HTTP/1.1\r\nHost: behind\r\n\r\n"
DELIVERIES = ["whole", "bytes", "behind"]


@pytest.fixture(autouse=True)
def each_twin(twin, monkeypatch):
    """Run the connection on one twin after the other."""
    for module in (nethttp.wire.h1.connection, nethttp.wire.h1.body):
        for name in nethttp.wire.h1.head.__all__:
            if callable(getattr(module, name, None)):
                monkeypatch.setattr(module, name, getattr(twin, name))


def pieces(data: bytes, delivery: str) -> Iterator[bytes]:
    if delivery == "bytes":
        for i in range(len(data)):
            yield data[i : i + 1]
    else:
        yield data


def deliver(connection: Connection, data: bytes, delivery: str, *, ends: bool) -> list[Event]:
    """Hand `data` over and return all the events up to the end of one message."""
    events: list[Event] = []
    for piece in [*pieces(data, delivery), *([b""] if ends else [])]:
        connection.receive(piece)
        while not isinstance(event := connection.next_event(), type(NEED_DATA)):
            events.append(event)
            if isinstance(event, EndOfMessage | Closed):
                break
    return events


def content(events: list[Event]) -> str:
    return b"".join(event.content for event in events if isinstance(event, Data)).decode("latin-1")


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_server_reads_requests_as_the_corpus_says(server_message, delivery):
    outcome = server_message.outcome
    connection = ServerConnection()
    data = server_message.data + (BEHIND if delivery == "behind" else b"")
    if not server_message.valid:
        with pytest.raises(errors.RemoteProtocolError) as refused:
            deliver(connection, data, delivery, ends=True)
        assert refused.value.status_hint == outcome["status"]
        # Nothing behind a message that was refused is ever read.
        with pytest.raises(errors.RemoteProtocolError):
            connection.next_event()
        assert not connection.reusable
        return
    events = deliver(connection, data, delivery, ends=delivery != "behind")
    head, end = events[0], next(e for e in events if isinstance(e, EndOfMessage))
    assert isinstance(head, Request)
    assert head.method == outcome["method"]
    assert head.target == outcome["target"]
    assert head.version == outcome["version"]
    assert [list(field) for field in head.fields] == outcome["fields"]
    assert content(events) == outcome["body"]
    assert [list(trailer) for trailer in end.trailers] == outcome["trailers"]
    assert connection.reusable is outcome["keep_alive"]
    if delivery == "behind":
        assert connection.buffered == BEHIND
        assert connection.next_event() is PAUSED
        if connection.reusable:
            # Anything but 2xx: that answers CONNECT with a tunnel.
            connection.send_response(Response(404, "Not Found", [("Content-Length", "0")]))
            connection.send_end()
            connection.next_cycle()
            behind = connection.next_event()
            assert isinstance(behind, Request)
            assert behind.target == "/behind"


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_client_reads_responses_as_the_corpus_says(client_message, delivery):
    outcome = client_message.outcome
    connection = ClientConnection()
    method = outcome["request_method"]
    connection.send_request(Request(method, "/", [("Host", "a")]))
    connection.send_end()
    data, behind = client_message.data, b"HTTP/1.1 404 Behind\r\n\r\n"
    if delivery == "behind" and not outcome.get("ends_with_connection"):
        data += behind
    if not client_message.valid:
        with pytest.raises(getattr(errors, outcome["error"])):
            # What is cut off is complete only with something behind it.
            deliver(connection, client_message.data, delivery, ends=True)
        assert not connection.reusable
        return
    events = deliver(connection, data, delivery, ends=delivery != "behind" or data[-1:] != b"\n")
    if events[-1] == Closed():
        events.pop()
    head, end = events[0], events[-1]
    assert isinstance(head, Response)
    assert isinstance(end, EndOfMessage)
    assert head.status == outcome["status"]
    assert head.reason == outcome["reason"]
    assert head.version == outcome["version"]
    assert [list(field) for field in head.fields] == outcome["fields"]
    assert content(events) == outcome["body"]
    assert [list(trailer) for trailer in end.trailers] == outcome["trailers"]
    # With the answer to CONNECT the connection lives on, and is HTTP's no more.
    assert connection.reusable is (outcome["keep_alive"] and method != "CONNECT")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /" + b"a" * 70_000, 414),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * 300_000, 431),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 60_000, 431),
    ],
    ids=["request-line", "field-line", "field-section"],
)
def test_bounds_hold_byte_by_byte(data, status):
    connection = ServerConnection()
    with pytest.raises(errors.RemoteProtocolError) as refused:
        for i in range(len(data)):
            connection.receive(data[i : i + 1])
            connection.next_event()
    assert refused.value.status_hint == status
    assert len(connection.buffered) < 300_000


@pytest.mark.parametrize("role", ["server", "client"])
def test_a_body_of_chunks_is_read_the_same_wherever_it_is_cut(role):
    """What was searched of a line that had not come whole once outlived that line."""
    body = b"0003\r\nabc\r\n3;x\r\ndef\r\n1\r\ng\r\n1\r\nh\r\n000\r\nA: b\r\n\r\n"
    coding = b"Transfer-Encoding: chunked\r\n\r\n"
    for first in range(len(body)):
        for second in range(first, len(body), 3):
            connection: Connection = ServerConnection()
            head = b"POST / HTTP/1.1\r\nHost: a\r\n" + coding
            if role == "client":
                connection = ClientConnection()
                connection.send_request(Request("GET", "/", [("Host", "a")]))
                head = b"HTTP/1.1 200 OK\r\n" + coding
            events: list[Event] = []
            for piece in (head, body[:first], body[first:second], body[second:] + BEHIND):
                if piece:
                    events += deliver(connection, piece, "whole", ends=False)
            assert content(events) == "abcdefgh"
            assert events[-1] == EndOfMessage([("A", "b")])
            assert connection.buffered == BEHIND
