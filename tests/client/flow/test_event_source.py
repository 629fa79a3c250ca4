"""EventFlow: when a client connects again, how long it waits, and what it says it has seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from nethttp.client.flow.event_source import EventFlow
from nethttp.client.messages.request import Request
from nethttp.client.messages.response import Response
from nethttp.errors import (
    CertificateError,
    DecodingError,
    InvalidResponse,
    ReadError,
    ResponseTooLarge,
    StatusError,
)
from nethttp.net.effects import Flow, Sleep

NOW = 1000.0


class Scripted:
    """A response whose pieces are given; an exception among them is raised."""

    def __init__(self, *pieces: bytes | BaseException, status=200, fields=None) -> None:
        self.version = 11
        self.status = status
        self.reason = ""
        self.fields = [("Content-Type", "text/event-stream")] if fields is None else fields
        self.trailers: list[tuple[str, str]] = []
        self.complete = False
        self.abandoned = False
        self._pieces = list(pieces)

    def read(self) -> Flow[bytes]:
        piece = self._pieces.pop(0) if self._pieces else b""
        if isinstance(piece, BaseException):
            raise piece
        self.complete = piece == b""
        return piece
        yield

    def drain(self) -> Flow[None]:
        return
        yield

    def abandon(self) -> None:
        self.abandoned = True

    lose = abandon


class Server:
    """Answers each connection as the script says, and remembers what was asked."""

    def __init__(self, *script: Scripted | BaseException) -> None:
        self.script = list(script)
        self.asked: list[dict[str, str]] = []
        self.waited: list[float] = []

    def call(self, headers: dict[str, str]) -> Flow[Response]:
        self.asked.append(headers)
        answer = self.script.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return Response(Request("GET", "http://a.test/"), answer)
        yield

    def flow(self, **options: Any) -> EventFlow[Response]:
        settings = {
            "last_event_id": "",
            "reconnects": True,
            "max_event_size": 100,
            "retry": 3.0,
            "clock": lambda: NOW,
            "chance": lambda: 1.0,
            **options,
        }
        return EventFlow(self.call, **settings)

    def run(self, flow: Flow[Any]) -> Any:
        try:
            effect = next(flow)
            while True:
                assert isinstance(effect, Sleep)
                self.waited.append(effect.deadline - NOW)
                effect = flow.send(None)
        except StopIteration as end:
            return end.value

    def data(self, **options: Any) -> Iterator[str]:
        flow = self.flow(**options)
        while (event := self.run(flow.next())) is not None:
            yield event.data


END = Scripted(status=204)


def stream(*events: bytes | BaseException, **options) -> Scripted:
    return Scripted(
        *(e if isinstance(e, BaseException) else e + b"\n\n" for e in events), **options
    )


def test_a_stream_that_ends_is_followed_by_another():
    server = Server(stream(b"id: 1\ndata: a"), stream(b"data: b", b"id: 2\ndata: c"), END)
    assert list(server.data()) == ["a", "b", "c"]
    assert server.waited == [3.0, 3.0]
    assert [asked.get("Last-Event-ID") for asked in server.asked] == [None, "1", "2"]
    assert server.asked[0] == {"Accept": "text/event-stream", "Cache-Control": "no-store"}


def test_the_last_event_id_goes_out_in_utf_8():
    server = Server(END)
    assert list(server.data(last_event_id="ä☃")) == []
    assert server.asked[0]["Last-Event-ID"].encode("latin-1") == "ä☃".encode()


def test_an_event_that_was_cut_off_is_dropped_with_its_id():
    server = Server(Scripted(b"id: 1\ndata: a\n\nid: 2\nda"), stream(b"data: b"), END)
    assert list(server.data()) == ["a", "b"]
    assert server.asked[1]["Last-Event-ID"] == "1"


def test_the_stream_says_how_long_to_wait_up_to_a_bound():
    server = Server(
        stream(b"retry: 500\ndata: a"), stream(b"data: b"), stream(b"retry: 999999999\n:"), END
    )
    assert list(server.data()) == ["a", "b"]
    assert server.waited == [0.5, 0.5, 3600.0]


def test_a_lost_stream_is_followed_by_another():
    lost = stream(b"data: a", ReadError("reset"))
    server = Server(lost, stream(b"data: b"), END)
    assert list(server.data()) == ["a", "b"]
    assert lost.abandoned


def test_failures_in_a_row_wait_longer_each_time_and_by_chance():
    failures = [ReadError("refused")] * 7
    server = Server(stream(b"data: a"), *failures, stream(b"data: b"), END)
    assert list(server.data()) == ["a", "b"]
    assert server.waited == [3, 3, 6, 12, 24, 48, 60, 60, 3]
    server = Server(stream(b"data: a"), *failures, END)
    assert list(server.data(chance=lambda: 0.0)) == ["a"]
    assert server.waited == [3] * 8


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_status_that_may_pass_is_tried_again_after_what_it_asks_for(status):
    busy = Scripted(status=status, fields=[("Retry-After", "20")])
    server = Server(stream(b"data: a"), busy, stream(b"data: b"), END)
    assert list(server.data()) == ["a", "b"]
    assert server.waited == [3, 20, 3]
    assert busy.abandoned


@pytest.mark.parametrize("status", [400, 401, 404, 500, 503])
def test_the_first_connection_is_not_tried_again(status):
    answer = Scripted(status=status)
    with pytest.raises(StatusError):
        list(Server(answer).data())
    assert answer.abandoned
    with pytest.raises(ReadError):
        list(Server(ReadError("refused")).data())


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Scripted(status=404), StatusError),
        (Scripted(status=201), InvalidResponse),
        (Scripted(status=304), InvalidResponse),
        (Scripted(fields=[("Content-Type", "text/html")]), InvalidResponse),
        (Scripted(fields=[]), InvalidResponse),
        (CertificateError("expired"), CertificateError),
        (stream(DecodingError("no gzip")), DecodingError),
        (stream(b"data: " + b"a" * 100), ResponseTooLarge),
        (stream(ZeroDivisionError()), ZeroDivisionError),
    ],
)
def test_what_another_attempt_would_meet_again_ends_the_stream(answer, error):
    server = Server(stream(b"data: a"), answer)
    flow = server.flow()
    assert server.run(flow.next()).data == "a"
    with pytest.raises(error):
        server.run(flow.next())
    assert server.run(flow.next()) is None
    assert isinstance(answer, BaseException) or answer.abandoned


def test_parameters_of_the_media_type_do_no_harm():
    fields = [("Content-Type", "Text/Event-Stream; charset=utf-8")]
    assert list(Server(stream(b"data: a", fields=fields), END).data()) == ["a"]


def test_without_reconnecting_the_stream_ends_with_its_response():
    assert list(Server(stream(b"data: a")).data(reconnects=False)) == ["a"]
    with pytest.raises(ReadError):
        list(Server(stream(b"data: a", ReadError("reset"))).data(reconnects=False))
    with pytest.raises(StatusError):
        list(Server(Scripted(status=503)).data(reconnects=False))


def test_a_program_that_waits_no_longer_goes_on_with_a_new_connection():
    interrupted = stream(b"id: 1\ndata: a", KeyboardInterrupt())
    server = Server(interrupted, stream(b"data: b"), END)
    flow = server.flow()
    assert server.run(flow.next()).data == "a"
    with pytest.raises(KeyboardInterrupt):
        server.run(flow.next())
    assert interrupted.abandoned
    assert server.run(flow.next()).data == "b"
    assert server.asked[1]["Last-Event-ID"] == "1"
    flow.abandon()


def test_closing():
    for close in (lambda server, flow: server.run(flow.close()), lambda _, flow: flow.abandon()):
        answer = stream(b"data: a", b"data: b")
        server = Server(answer)
        flow = server.flow()
        close(server, flow)
        assert server.run(flow.next()) is None
        flow = server.flow()
        assert server.run(flow.next()).data == "a"
        close(server, flow)
        assert server.run(flow.next()) is None
        assert answer.abandoned
        assert flow.response is None
