"""Usual responses, by either twin: what is taken in one step is what a closer look makes of it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nethttp.wire.h1 import _head_py
from nethttp.wire.h1.framing import CHUNKED
from nethttp.wire.h1.rules import FINAL, judge_response
from nethttp.wire.limits import Limits

VALUES = {
    b"Content-Length": [b"0", b"5", b"+5", b"", b"0x1", b"1_0", b"\xb2", b"1" * 18, b"1" * 19],
    b"content-length": [b"5", b" 7\t", b"5, 5", b"5 5"],
    b"Transfer-Encoding": [b"chunked", b"Chunked\t", b"gzip, chunked", b"identity", b""],
    b"Connection": [
        b"close",
        b"Close ",
        b"keep-alive",
        b"Keep-Alive",
        b"upgrade",
        b"close, a",
        b"",
    ],
    b"connection": [b"close"],
    b"Set-Cookie": [b"a=b"],
    b"set-Cookie2": [b"a=b"],
    b"Content-Encoding": [b"gzip"],
    b"X-Content-Encoding": [b"gzip"],
    b"Server": [b"x", b"\xe9", b"\0", b"a\n b", b"a\r\n b"],
    b"Server ": [b"x"],
    b"": [b"x"],
}

lines = st.lists(
    st.sampled_from(
        [b"%b: %b\r\n" % (name, value) for name, values in VALUES.items() for value in values]
    ),
    max_size=4,
)
status_lines = st.sampled_from(
    [
        *(b"HTTP/1.1 %d OK\r\n" % code for code in (100, 101, 199, 200, 204, 206, 304, 599, 600)),
        *(b"HTTP/1.1 404\r\n", b"HTTP/1.1 404 \r\n", b"HTTP/1.1 404  Not \xe9 \t\r\n"),
        *(b"HTTP/1.0 200 OK\r\n", b"HTTP/1.2 200 OK\r\n", b"HTTP/2.1 200 OK\r\n"),
        *(
            b"HTTP/1.1  200 OK\r\n",
            b"HTTP/1.1 200 OK\n",
            b"HTTP/1.1 20 OK\r\n",
            b"http/1.1 200\r\n",
        ),
        *(b"HTTP/1.1 2000\r\n", b"HTTP/1.1 200 O\0\r\n", b"\r\nHTTP/1.1 200 OK\r\n", b""),
    ]
)
heads = st.builds(
    lambda line, fields, end: line + b"".join(fields) + end,
    status_lines | st.just(b"HTTP/1.1 200 OK\r\n"),
    lines,
    st.sampled_from([b"\r\n", b"\r\nhello", b"\r\n\r\n", b"\n", b"\r", b""]),
)
methods = st.sampled_from(["GET", "HEAD", "POST", "CONNECT", None])


@given(methods, heads)
@example("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nA: b\r\n\r\n")
@example("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n")
def test_the_twins_agree(twin, method, data):
    assert twin.usual_response(method, data) == _head_py.usual_response(method, data)


@given(methods, heads)
def test_what_is_usual_is_what_a_closer_look_makes_of_it(twin, method, data):
    usual = twin.usual_response(method, data)
    if usual is None:
        return
    size, status, reason, framing, persistent, plain = usual
    assert data[:size].endswith(b"\r\n\r\n")
    *line, fields, unread = twin.parse_response_head(data[:size])
    assert line == [11, status, reason]
    assert unread is None
    assert judge_response(method, 11, status, fields) == (framing, True, persistent, FINAL)
    names = {name.lower() for name, _ in fields}
    assert plain is names.isdisjoint({"set-cookie", "content-encoding"})


@pytest.mark.parametrize(
    ("section", "usual"),
    [
        (b"Content-Length: 5\r\n", (5, True, True)),
        (b"CONTENT-LENGTH:\t0 \r\nConnection:Keep-ALIVE\r\n", (0, True, True)),
        (b"Content-Length: 999999999999999999\r\n", (999999999999999999, True, True)),
        (b"Content-Length: 1000000000000000000\r\n", None),
        (b"connection: Close\r\nTransfer-Encoding: Chunked\r\n", (CHUNKED, False, True)),
        (b"Content-Length: 5\r\nSET-Cookie: a=b\r\n", (5, True, False)),
        (b"content-encoding: gzip\r\nContent-Length: 5\r\n", (5, True, False)),
        (b"X: Set-Cookie: a\r\nContent-Length: 5\r\n", (5, True, True)),
        (b"Content-Length: 5\r\nContent-Length: 5\r\n", None),
        (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", None),
        (b"Connection: close\r\nContent-Length: 5\r\nConnection: close\r\n", None),
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", None),
        (b"Content-Length: 5\r\n folded\r\n", None),
        (b"Content-Length: 5\n", None),
        (b"Content-Length : 5\r\n", None),
        (b"", None),
    ],
)
def test_sections(twin, section, usual):
    found = twin.usual_response("GET", b"HTTP/1.1 200 OK\r\n" + section + b"\r\nhello")
    assert (found and found[3:]) == usual
    if found:
        assert found[:3] == (19 + len(section), 200, "OK")


def test_a_head_that_is_not_whole_is_not_usual(twin):
    head = b"HTTP/1.1 200 OK\r\nServer: a\r\nContent-Length: 5\r\n\r\n"
    assert twin.usual_response("GET", head) is not None
    for end in range(len(head)):
        assert twin.usual_response("GET", head[:end]) is None


def test_what_is_no_bytes_is_a_type_error(twin):
    with pytest.raises(TypeError):
        twin.usual_response("GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")


@pytest.mark.parametrize("kind", [Limits, type("Own", (Limits,), {}), SimpleNamespace])
@pytest.mark.parametrize(
    ("bound", "least"),
    [("max_start_line", 42), ("max_field_line", 42), ("max_field_section", 42), ("max_fields", 2)],
)
def test_each_bound_is_read_from_its_place(twin, kind, bound, least):
    """A head of 42 bytes with two fields; more content behind it does not count."""
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA:\r\n\r\nhello"
    assert len(data) == 42 + 5
    for value in (least, least - 1):
        limits = kind(**{**Limits()._asdict(), bound: value})
        assert (twin.usual_response("GET", data, limits) is None) == (value < least)
