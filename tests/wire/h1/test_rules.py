"""What heads decide, of those that come and of those that leave."""

from __future__ import annotations

import pytest

from nethttp.errors import LocalProtocolError, RemoteProtocolError
from nethttp.wire.h1.framing import CHUNKED, UNTIL_CLOSE
from nethttp.wire.h1.rules import (
    FINAL,
    INTERIM,
    SWITCHING,
    InterimResponses,
    RequestPlan,
    ResponsePlan,
    announces_content,
    connection_option,
    declared_response,
    judge_own_request,
    judge_own_response,
    judge_request,
    judge_response,
    judge_text_request,
    keeps_alive,
    kind_of,
    plan_request,
    plan_response,
)
from nethttp.wire.limits import Limits

HOST = ("Host", "a")
CHUNKS = ("Transfer-Encoding", "chunked")
CLOSE = b"Connection: close\r\n"
KEEP = b"Connection: keep-alive\r\n"


def length(size: int) -> tuple[str, str]:
    return ("Content-Length", str(size))


# --- requests ---


@pytest.mark.parametrize(
    ("version", "fields", "verdict"),
    [
        (11, [HOST], (0, True, False)),
        (11, [HOST, length(5)], (5, True, False)),
        (11, [HOST, CHUNKS], (CHUNKED, True, False)),
        (11, [HOST, ("Connection", "close")], (0, False, False)),
        (11, [HOST, length(1), ("Expect", "100-Continue")], (1, True, True)),
        (10, [], (0, False, False)),
        (10, [("Connection", "keep-alive")], (0, True, False)),
        (10, [("Expect", "tea")], (0, False, False)),
    ],
)
def test_a_request(version, fields, verdict):
    assert judge_request("POST", "/", version, fields) == verdict


@pytest.mark.parametrize(
    ("method", "target", "fields", "status"),
    [
        ("GET", "/", [], 400),
        ("GET", "/", [HOST, HOST], 400),
        ("GET", "/", [("Host", "a/b")], 400),
        ("GET", "*", [HOST], 400),
        ("GET", "/", [HOST, length(1), CHUNKS], 400),
        ("GET", "/", [HOST, length(11)], 413),
        ("GET", "/", [HOST, ("Transfer-Encoding", "gzip")], 501),
        ("GET", "/", [HOST, ("Expect", "tea")], 417),
        ("CONNECT", "a:1", [HOST, length(1)], 400),
    ],
)
def test_a_request_that_is_refused(method, target, fields, status):
    with pytest.raises(RemoteProtocolError) as refused:
        judge_request(method, target, 11, fields, Limits(max_body=10))
    assert refused.value.status_hint == status


def test_a_text_is_never_refused():
    assert judge_text_request("GET", 11, [length(3)]) == (3, True, False)
    odd = [CHUNKS, length(1), ("Expect", "tea")]
    assert judge_text_request("GET", 11, odd) == (UNTIL_CLOSE, True, False)


def test_content_that_is_announced_in_any_way():
    assert not announces_content([HOST])
    assert announces_content([("CONTENT-length", "x")])


def test_a_request_of_this_program():
    assert judge_own_request([HOST, CHUNKS]).framing == CHUNKED
    assert not judge_own_request([HOST, ("Connection", "close")]).persistent
    for fields in ([], [HOST, HOST], [HOST, length(1), CHUNKS]):
        with pytest.raises(LocalProtocolError):
            judge_own_request(fields)


@pytest.mark.parametrize(
    ("names", "size", "has_content", "chunked", "plan"),
    [
        ({"host"}, None, False, False, (None, False)),
        ({"host"}, 0, False, False, (("Content-Length", "0"), False)),
        ({"host"}, 5, True, True, (("Content-Length", "5"), False)),
        ({"host"}, None, True, False, (("Transfer-Encoding", "chunked"), True)),
        ({"content-length"}, 5, True, True, (None, False)),
        ({"transfer-encoding"}, 5, True, True, (None, True)),
        ({"transfer-encoding"}, 5, True, False, (None, False)),
    ],
)
def test_how_a_requests_content_is_framed(names, size, has_content, chunked, plan):
    assert plan_request(names, size, has_content, chunked) == RequestPlan(*plan)


def test_a_request_is_framed_in_one_way():
    with pytest.raises(LocalProtocolError, match="both"):
        plan_request({"content-length", "transfer-encoding"}, 1, True)


# --- responses ---


@pytest.mark.parametrize(
    ("method", "status", "kind"),
    [
        ("GET", 200, FINAL),
        ("GET", 100, INTERIM),
        ("GET", 199, INTERIM),
        ("GET", 101, SWITCHING),
        ("CONNECT", 200, SWITCHING),
        ("CONNECT", 299, SWITCHING),
        ("CONNECT", 300, FINAL),
        ("CONNECT", 407, FINAL),
        (None, None, FINAL),
    ],
)
def test_kinds(method, status, kind):
    assert kind_of(method, status) == kind


@pytest.mark.parametrize(
    ("method", "version", "status", "fields", "verdict"),
    [
        ("GET", 11, 200, [length(5)], (5, True, True, FINAL)),
        ("GET", 11, 200, [], (UNTIL_CLOSE, False, False, FINAL)),
        ("GET", 11, 200, [CHUNKS], (CHUNKED, True, True, FINAL)),
        ("GET", 11, 200, [CHUNKS, length(5)], (CHUNKED, False, False, FINAL)),
        ("GET", 11, 200, [length(5), ("Connection", "close")], (5, True, False, FINAL)),
        ("GET", 10, 200, [length(5)], (5, True, False, FINAL)),
        ("HEAD", 11, 200, [], (0, True, True, FINAL)),
        ("GET", 11, 204, [length(5)], (0, False, False, FINAL)),
        ("GET", 11, 103, [], (0, True, True, INTERIM)),
        ("GET", 11, 101, [], (0, True, True, SWITCHING)),
        ("CONNECT", 11, 200, [length(5)], (0, True, True, SWITCHING)),
    ],
)
def test_a_response(method, version, status, fields, verdict):
    assert judge_response(method, version, status, fields) == verdict


def test_interim_responses_are_bounded_for_each_final_one():
    interim = InterimResponses(Limits(max_interim_responses=2))
    for _ in range(2):
        interim.take()
        interim.take()
        interim.end()
    interim.take()
    interim.take()
    with pytest.raises(RemoteProtocolError, match="more than 2 interim"):
        interim.take()


@pytest.mark.parametrize(
    ("method", "version", "status", "declared", "size", "chunks", "framing", "persistent", "lines"),
    [
        # What the fields declare is obeyed.
        ("GET", 11, 200, 5, 7, True, 5, True, b""),
        ("GET", 10, 200, 5, None, False, 5, True, KEEP),
        ("GET", 11, 200, CHUNKED, None, False, CHUNKED, True, b""),
        # Nothing declared: the length, chunks, or the end of the connection.
        ("GET", 11, 200, None, 7, True, 7, True, b"Content-Length: 7\r\n"),
        ("GET", 10, 200, None, 7, True, 7, True, b"Content-Length: 7\r\n" + KEEP),
        ("GET", 11, 200, None, None, True, CHUNKED, True, b"Transfer-Encoding: chunked\r\n"),
        ("GET", 11, 200, None, None, False, UNTIL_CLOSE, False, CLOSE),
        ("GET", 10, 200, None, None, True, UNTIL_CLOSE, False, CLOSE),
        # There is no content, whatever is declared; so nothing but a wish ends the connection.
        ("HEAD", 11, 200, 5, None, True, 0, True, b""),
        ("HEAD", 11, 200, None, 0, True, 0, True, b""),
        ("HEAD", 11, 200, None, 7, True, 0, True, b"Content-Length: 7\r\n"),
        ("HEAD", 11, 200, None, None, True, 0, True, b"Transfer-Encoding: chunked\r\n"),
        ("HEAD", 11, 200, None, None, False, 0, True, b""),
        ("HEAD", 10, 200, None, None, True, 0, True, KEEP),
        ("HEAD", 11, 204, None, 7, True, 0, True, b""),
        ("HEAD", 11, 304, None, None, True, 0, True, b""),
        ("GET", 11, 204, None, 0, True, 0, True, b""),
        ("GET", 11, 304, 5, None, True, 0, True, b""),
    ],
)
def test_how_a_response_leaves(
    method, version, status, declared, size, chunks, framing, persistent, lines
):
    def plan(persistent: bool, told: bool = False) -> tuple[ResponsePlan, int, bytes]:
        measured = size is not None
        made = plan_response(
            method, version, status, declared, persistent, told, measured, chunks=chunks
        )
        assert made.kind == FINAL
        assert made.has_body is (method == "GET" and status == 200)
        if made.measured:
            return made, *made.with_length(size)
        return made, made.framing, made.lines

    made, *rest = plan(persistent=True)
    assert rest == [framing, lines]
    assert made.persistent is persistent
    made, _, added = plan(persistent=False)
    assert not made.persistent
    assert added.endswith(CLOSE)
    assert b"Connection" not in plan(persistent=False, told=True)[2]


@pytest.mark.parametrize(("method", "status"), [("GET", 103), ("GET", 101), ("CONNECT", 200)])
def test_nothing_is_added_to_a_head_behind_which_no_content_comes(method, status):
    for persistent in (True, False):
        plan = plan_response(method, 10, status, None, persistent)
        assert (plan.framing, plan.has_body, plan.lines) == (0, False, b"")
        assert plan.persistent is persistent


def test_nothing_is_added_to_a_head_without_a_status():
    plan = plan_response("GET", 11, None, None, persistent=True)
    assert (plan.kind, plan.framing, plan.lines) == (FINAL, UNTIL_CLOSE, b"")
    assert plan.persistent


def test_what_fields_declare():
    assert declared_response({}) == (None, False, False, False)
    selected = {"content-length": ["5"], "connection": ["a", "Close"]}
    assert declared_response(selected) == (5, True, True, False)
    selected = {"content-length": ["x"], "transfer-encoding": ["chunked"]}
    assert declared_response(selected) == (CHUNKED, False, False, True)
    assert "content-length" in selected
    with pytest.raises(LocalProtocolError):
        declared_response({"content-length": ["x"]})


def test_a_response_whose_fields_say_all():
    plan = judge_own_response("GET", 11, 200, [length(5), ("Connection", "close")], True)
    assert (plan.framing, plan.persistent, plan.lines) == (5, False, b"")
    with pytest.raises(LocalProtocolError, match="both"):
        judge_own_response("GET", 11, 200, [length(5), CHUNKS], True)
    with pytest.raises(LocalProtocolError, match=r"HTTP/1\.0"):
        judge_own_response("GET", 10, 200, [CHUNKS], True)


# --- both ---


@pytest.mark.parametrize(
    ("version", "fields", "alive"),
    [
        (11, [], True),
        (10, [], False),
        (11, [("Connection", "close")], False),
        (11, [("Connection", "keep-alive, Close")], False),
        (11, [("Connection", "a"), ("Connection", "close")], False),
        (11, [("Connection", "closed")], True),
        (10, [("Connection", "Keep-Alive")], True),
        (10, [("Connection", "keep-alive, close")], False),
        (10, [("Connection", "keep-alive"), CHUNKS], False),
        (10, [("Keep-Alive", "timeout=5")], True),
        (10, [("Proxy-Connection", "Keep-Alive")], True),
        (10, [("Proxy-Connection", "close")], False),
        (10, [("Connection", "close"), ("Keep-Alive", "timeout=5")], False),
    ],
)
def test_persistence(version, fields, alive):
    assert keeps_alive(version, fields) is alive


def test_what_a_connection_field_says():
    assert connection_option("CLOSE") is False
    assert connection_option("Keep-Alive, x") is True
    assert connection_option("upgrade") is None
