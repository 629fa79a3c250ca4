"""The quick verdict on a usual response is that of `judge_response`, or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.errors import RemoteProtocolError
from nethttp.wire.h1.framing import CHUNKED
from nethttp.wire.h1.rules import judge_response
from nethttp.wire.h1.usual_response import CONTENT_ENCODING, SET_COOKIE, usual_verdict

VALUES = {
    "Content-Length": ["0", "5", "+5", "", "0x1", "1_0", "²", "1" * 18, "1" * 19, "5, 5"],
    "transfer-encoding": ["chunked", "Chunked", "gzip, chunked", "identity", ""],
    "connection": ["close", "Close", "keep-alive", "Keep-Alive", "upgrade", "keep-alive, close"],
    "keep-alive": ["timeout=5"],
    "proxy-connection": ["close", "keep-alive"],
    "server": ["x"],
}

lines = st.lists(
    st.sampled_from([(name, value) for name, values in VALUES.items() for value in values]),
    max_size=4,
)


def head_of(fields: list[tuple[str, str]]) -> bytes:
    """Return a head with these fields, as a strict parser has accepted it, in lower case."""
    head = "HTTP/1.1 200 OK\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"{head}\r\n".encode("latin-1").lower()


@given(
    st.sampled_from(["GET", "HEAD", "POST", "CONNECT", None]),
    st.sampled_from([10, 11]),
    st.sampled_from([100, 101, 200, 204, 206, 304, 404, 500, 999]),
    lines,
)
def test_the_verdict_is_that_of_the_rules(method, version, status, fields):
    verdict = usual_verdict(method, version, status, head_of(fields))
    if verdict is not None:
        assert verdict == judge_response(method, version, status, fields)


@pytest.mark.parametrize(
    ("index", "framing", "persistent"),
    [
        ({"content-length": "5"}, 5, True),
        ({"content-length": "5", "connection": "keep-alive"}, 5, True),
        ({"content-length": "0", "connection": "close"}, 0, False),
        ({"transfer-encoding": "chunked"}, CHUNKED, True),
    ],
)
def test_usual_heads_have_one(index, framing, persistent):
    verdict = usual_verdict("GET", 11, 200, head_of(list(index.items())))
    assert verdict is not None
    assert (verdict.framing, verdict.persistent) == (framing, persistent)


def test_what_the_rules_refuse_has_none():
    for length in VALUES["Content-Length"]:
        try:
            judge_response("GET", 11, 200, [("Content-Length", length)])
        except RemoteProtocolError:
            assert usual_verdict("GET", 11, 200, head_of([("Content-Length", length)])) is None


def test_a_field_is_found_by_its_whole_name_alone():
    head = head_of([("Set-Cookie", "a"), ("X-Other", "content-encoding: gzip")])
    assert SET_COOKIE in head
    assert CONTENT_ENCODING not in head
    assert SET_COOKIE not in head_of([("X-Set-Cookie", "a"), ("Set-Cookie2", "b")])
