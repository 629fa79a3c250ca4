"""A share of the fuzzing with fixed seeds; `make fuzz MINUTES=n` looks further."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings

pytest.importorskip("nethttp.wire.h1._head_c", reason="the C twin was not built")
sys.path.insert(0, str(Path(__file__).parent.parent))

from fuzz import messages
from fuzz.framing import check_stream
from fuzz.properties import PROPERTIES
from fuzz.readings import State, by_h11, by_llhttp, by_nethttp

from nethttp.wire.h1 import head, rules


@pytest.mark.parametrize("name", PROPERTIES)
def test_mutations_of_the_corpus_break_no_property(name):
    for data in messages.mutations(name, 2026, 3000):
        PROPERTIES[name](data)


@pytest.mark.parametrize("name", PROPERTIES)
def test_almost_valid_messages_break_no_property(name):
    @seed(2026)
    @settings(max_examples=400, database=None, suppress_health_check=list(HealthCheck))
    @given(messages.STRATEGIES[name])
    def run(data):
        PROPERTIES[name](data)

    run()


@pytest.mark.parametrize("name", ["requests", "responses"])
def test_most_messages_get_past_the_start_line(name):
    """Fuzzing that only ever meets a refused start line finds nothing."""
    role = {"requests": "server", "responses": "client"}[name]
    readings = [by_nethttp(data, role) for data in messages.mutations(name, 7, 500)]
    assert sum(reading.state is State.MESSAGE for reading in readings) > 60
    assert sum("start line" not in reading.why for reading in readings) > 250


WHOLE = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET"


@pytest.mark.parametrize("read", [by_nethttp, by_llhttp, by_h11])
def test_each_parser_gives_its_reading(read):
    assert read(WHOLE, "server")[:3] == (State.MESSAGE, b"abc", len(WHOLE) - 3)
    assert read(WHOLE[:-8], "server").state is State.BODY_INCOMPLETE
    assert read(WHOLE[:20], "server").state is State.HEAD_INCOMPLETE
    assert read(WHOLE.replace(b"Host: a", b"Host a"), "server").state is State.REFUSED


def test_a_laxer_nethttp_would_be_seen(monkeypatch):
    monkeypatch.setattr("nethttp.wire.h1.rules.request_framing", lambda *_: 0)
    with pytest.raises(AssertionError, match=r"laxer|differ"):
        check_stream(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\nabc", "server")


def test_a_client_that_reads_otherwise_would_be_seen(monkeypatch):
    judge = rules.judge_response
    monkeypatch.setattr(
        "nethttp.client.response.judge_response",
        lambda method, version, status, fields: judge(method, version, status, fields[:-1]),
    )
    with pytest.raises(AssertionError, match="HTTPResponse reads"):
        check_stream(b"HTTP/1.1 200 OK\r\nConnection: a\r\nContent-Length: 1\r\n\r\nabc", "client")
    with pytest.raises(AssertionError, match="HTTPResponse takes"):
        check_stream(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nabc", "client")


def test_a_client_that_reads_usual_heads_otherwise_would_be_seen(monkeypatch):
    def usual_response(method, data, limits):
        usual = head.usual_response(method, data, limits)
        return usual and (*usual[:3], usual[3] + 1, *usual[4:])

    monkeypatch.setattr("nethttp.client.response.usual_response", usual_response)
    with pytest.raises(AssertionError, match="HTTPResponse reads"):
        check_stream(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc", "client")
