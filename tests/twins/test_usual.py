"""Usual heads, by either twin: what is taken in one step is what a closer look makes of it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nethttp.wire import _head_py
from nethttp.wire.fields import select_fields
from nethttp.wire.framing import FRAMING_FIELDS, keeps_alive, request_framing
from nethttp.wire.limits import Limits
from nethttp.wire.target import check_host, check_target

pieces = st.sampled_from(
    [
        b"GET",
        b"CONNECT",
        b" ",
        b"/",
        b"/a%20b?c",
        b"//",
        b"#",
        b"*",
        b"HTTP/1.1",
        b"HTTP/1.0",
        b"\r\n",
        b"HTTP/1.2",
        b"Host",
        b"host",
        b":",
        b"a:80",
        b"[::1]:8",
        b"a@b",
        b"Content-Length",
        b"5",
        b"Connection",
        b"close",
        b"Keep-Alive",
        b"Transfer-Encoding",
        b"chunked",
        b"Expect",
        b"\t",
        b"X_Y",
        b"Proxy",
        b"Cookie",
        b"Content-Type",
        b"\xe9",
        b"\0",
        b"%zz",
        b"x" * 70,
        b",",
    ]
)
lines = st.lists(
    st.builds(
        lambda name, value: name + b": " + b"".join(value) + b"\r\n",
        st.sampled_from(
            [
                b"Host",
                b"hOST",
                b"Content-Length",
                b"Connection",
                b"Cookie",
                b"X-A",
                b"x-a",
                b"X_A",
                b"Proxy",
                b"Content-Type",
                b"Expect",
                b"Transfer-Encoding",
                b"Y" * 70,
            ]
        ),
        st.lists(pieces.filter(lambda piece: b"\r" not in piece), max_size=2),
    ),
    max_size=5,
)
heads = st.builds(
    lambda line, fields: line + b"Host: a\r\n" * (len(fields) % 2) + b"".join(fields) + b"\r\n",
    st.sampled_from(
        [
            b"GET / HTTP/1.1\r\n",
            b"POST /a%C3%A9%2?b=%20 HTTP/1.0\r\n",
            b"CONNECT /a HTTP/1.1\r\n",
            b"GET //a HTTP/1.1\r\n",
            b"GET /# HTTP/1.1\r\n",
            b"G E T\r\n",
            b"GET * HTTP/1.1\r\n",
        ]
    ),
    lines,
)


@given(block=heads | st.lists(pieces, max_size=25).map(b"".join))
@example(block=b"GET / HTTP/1.1\r\nHost: a\r\nConnection: \r\n\r\n")
def test_the_twins_agree(twin, block):
    assert twin.usual_request(block) == _head_py.usual_request(block)
    base = {"wsgi.version": (1, 0)}
    assert twin.usual_environ(block, base) == _head_py.usual_environ(block, base)
    assert base == {"wsgi.version": (1, 0)}


@given(block=heads)
def test_what_is_usual_is_what_a_closer_look_makes_of_it(twin, block):
    usual = twin.usual_request(block)
    if usual is None:
        return
    method, target, version, fields = twin.parse_request_head(block)
    selected = select_fields(fields, FRAMING_FIELDS)
    check_host(version, selected.get("host", []))
    check_target(method, target)
    framing = request_framing(method, version, selected)
    line = block[: block.index(b"\r\n")].decode("latin-1")
    expected = (framing, keeps_alive(version, selected), method, target, version, line)
    assert usual == expected


@pytest.mark.parametrize(
    "limits",
    [
        Limits(max_fields=1),
        Limits(max_start_line=20),
        Limits(max_field_line=20),
        Limits(max_field_section=20),
    ],
)
def test_what_is_near_a_limit_is_not_usual(twin, limits):
    block = b"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n"
    assert twin.usual_request(block) is not None
    assert twin.usual_request(block, limits) is None
    assert twin.usual_environ(block, {}, limits) is None
