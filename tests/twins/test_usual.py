"""Usual heads, by either twin: what is taken in one step is what a closer look makes of it."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nethttp.wire.h1 import _head_py
from nethttp.wire.h1.rules import judge_request
from nethttp.wire.limits import Limits

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
@example(block=b"GET / HTTP/1.0\r\nHost: \t \r\nConnection:close \r\nCONTENT-LENGTH:7\t\r\n\r\n")
@example(block=b"GET / HTTP/1.0\r\nX-A: a\r\nX-A: b\r\n\r\n")
def test_the_twins_agree(twin, block):
    assert twin.usual_request(block) == _head_py.usual_request(block)
    assert twin.usual_line(block) == _head_py.usual_line(block)
    line = block.partition(b"\r\n")[0]
    assert twin.usual_line(line) == _head_py.usual_line(line)
    base = {"wsgi.version": (1, 0), "HTTP_X_A": "x"}
    assert twin.usual_environ(block, base) == _head_py.usual_environ(block, base)
    assert base == {"wsgi.version": (1, 0), "HTTP_X_A": "x"}


@pytest.mark.parametrize(
    ("line", "usual"),
    [
        (b"GET /a?b HTTP/1.1", ("GET", "/a?b", 11, "GET /a?b HTTP/1.1")),
        (b"X!y / HTTP/1.0", ("X!y", "/", 10, "X!y / HTTP/1.0")),
        (b"GET / HTTP/1.2", None),
        (b"GET / HTTP/2.0", None),
        (b"GET / HTTP/1.1\r\n", None),
        (b"GET / HTTP/1.1 ", None),
        (b"GET  / HTTP/1.1", None),
        (b"GET // HTTP/1.1", None),
        (b"GET /#a HTTP/1.1", None),
        (b"GET /\xe9 HTTP/1.1", None),
        (b"GET * HTTP/1.1", None),
        (b"GET http://a/ HTTP/1.1", None),
        (b"CONNECT / HTTP/1.1", None),
        (b"", None),
    ],
)
def test_lines(twin, line, usual):
    assert twin.usual_line(line) == usual


@pytest.mark.parametrize(
    ("section", "usual"),
    [
        (b"\r\n", (0, False)),
        (b"Host: a\r\n\r\n", (0, False)),
        (b"hOST:\r\n\r\n", (0, False)),
        (b"Host: [::1]:80 \t\r\nX: \xe9\r\n\r\n", (0, False)),
        (b"Connection: Keep-ALIVE\r\n\r\n", (0, True)),
        (b"connection:\tClose\r\nExpected: a\r\n\r\n", (0, False)),
        (b"Content-Length: 999999999999999999\r\n\r\n", (999999999999999999, False)),
        (b"Content-Length: 1000000000000000000\r\n\r\n", None),
        (b"Content-Length: \r\n\r\n", None),
        (b"Content-Length: +1\r\n\r\n", None),
        (b"Content-Length: 1\r\ncontent-length: 1\r\n\r\n", None),
        (b"Host: a\r\nX: b\r\nHOST: a\r\n\r\n", None),
        (b"Host: a@b\r\n\r\n", None),
        (b"Host: a b\r\n\r\n", None),
        (b"Host: a:80:80\r\n\r\n", None),
        (b"Connection: close, X\r\n\r\n", None),
        (b"Connection: close\r\nConnection: close\r\n\r\n", None),
        (b"Connection: keep-alive\r\nConnection: close\r\n\r\n", None),
        (b"Expect: 100-continue\r\n\r\n", None),
        (b"tRANSFER-eNCODING: chunked\r\n\r\n", None),
        (b"Host : a\r\n\r\n", None),
        (b"A: b\r\n c\r\n\r\n", None),
        (b"A: b\n\r\n", None),
        (b"A: \0\r\n\r\n", None),
        (b": a\r\n\r\n", None),
        (b"A: b\r\n", None),
        (b"A: b\r\n\r\n\r\n", None),
        (b"", None),
    ],
)
def test_sections(twin, section, usual):
    found = twin.usual_request(b"GET / HTTP/1.0\r\n" + section)
    assert (found and found[:2]) == usual
    with_environ = twin.usual_environ(b"GET / HTTP/1.0\r\n" + section, {})
    assert (with_environ and with_environ[:2]) == usual


def test_what_is_no_bytes_is_a_type_error(twin):
    with pytest.raises(TypeError):
        twin.usual_line("GET / HTTP/1.1")


@given(block=heads)
def test_what_is_usual_is_what_a_closer_look_makes_of_it(twin, block):
    usual = twin.usual_request(block)
    if usual is None:
        return
    method, target, version, fields = twin.parse_request_head(block)
    verdict = judge_request(method, target, version, fields)
    assert not verdict.expects_continue
    line = block[: block.index(b"\r\n")].decode("latin-1")
    expected = (verdict.framing, verdict.persistent, method, target, version, line)
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


SOURCE = Path(__file__).parents[2] / "src" / "nethttp" / "wire" / "h1" / "_strings.h"
NAMES = re.findall(
    '"([a-z-]+)"', SOURCE.read_text().partition("KNOWN_NAMES[] =")[2].partition(";")[0]
)
"""The names of fields whose keys the C twin has ready."""


@pytest.mark.parametrize("name", [*NAMES, "x-rare", "x-request-idle", "hos", "cookiet", "a"])
@pytest.mark.parametrize("write", [str, str.title, str.upper])
def test_each_name_has_its_key(twin, name, write):
    """Also a name that two lines or a base have, or that differs in its last letter."""
    line = f"{write(name)}: 1\r\n"
    near = f"{write(name)[:-1]}q: 3\r\n"
    for lines in (line, line + near, line + near + line.replace("1", "2")):
        block = f"GET /a HTTP/1.0\r\n{lines}X-Last: x\r\n\r\n".encode()
        for base in ({}, {"HTTP_" + name.upper().replace("-", "_"): "base"}):
            assert twin.usual_environ(block, base) == _head_py.usual_environ(block, base)


@given(
    values=st.lists(
        st.sampled_from([b"", b"a", b"ab", b"ac", b"\xe9", b"x" * 255, b"x" * 256, b"x" * 257]),
        max_size=9,
    ),
    name=st.sampled_from([b"Accept", b"Cookie", b"Content-Type", b"X-Own"]),
)
def test_a_value_is_that_of_its_own_head(twin, values, name):
    for value in values:
        block = b"GET / HTTP/1.1\r\nHost: a\r\n%b: %b\r\n\r\n" % (name, value)
        assert twin.usual_environ(block, {}) == _head_py.usual_environ(block, {})


@pytest.mark.parametrize("name", ["Cookie", "Authorization", "X-API-Key", "X-CSRF-Token"])
def test_no_secret_is_kept(twin, name):
    """A string that the twin keeps, for the next head, has one reference more."""
    key = "HTTP_" + name.upper().replace("-", "_")
    block = f"GET / HTTP/1.1\r\nHost: a\r\n{name}: hush!\r\nAccept: hush!\r\n\r\n".encode()
    environ = twin.usual_environ(block, {})[2]
    assert sys.getrefcount(environ[key]) <= sys.getrefcount(environ["HTTP_ACCEPT"])
    assert environ[key] is not twin.usual_environ(block, {})[2][key]


def test_names_are_listed():
    assert len(NAMES) == len(set(NAMES)) > 50


@pytest.mark.parametrize("kind", [Limits, type("Own", (Limits,), {}), SimpleNamespace])
@pytest.mark.parametrize(
    ("bound", "least"),
    [("max_start_line", 46), ("max_field_line", 46), ("max_field_section", 46), ("max_fields", 2)],
)
def test_each_bound_is_read_from_its_place(twin, kind, bound, least):
    """A head of 46 bytes with two fields."""
    block = b"GET /abc HTTP/1.1\r\nHost: abcd\r\nX-Abcdef: g\r\n\r\n"
    assert len(block) == 46
    for value in (least, least - 1):
        limits = kind(**{**Limits()._asdict(), bound: value})
        assert (twin.usual_request(block, limits) is None) == (value < least)
        assert (twin.usual_environ(block, {}, limits) is None) == (value < least)
