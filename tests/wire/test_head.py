"""Heads: parse and serialise."""

from __future__ import annotations

import contextlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.errors import (
    BadStatusLine,
    LineTooLong,
    LocalProtocolError,
    RemoteProtocolError,
    UnknownProtocol,
)
from nethttp.wire.head import (
    parse_chunk_line,
    parse_field_section,
    parse_request_head,
    parse_response_head,
    serialise_fields,
    serialise_request_head,
    serialise_response_head,
)
from nethttp.wire.limits import Limits

TCHARS = "!#$%&'*+-.^_`|~" + string.digits + string.ascii_letters
tokens = st.text(TCHARS, min_size=1, max_size=20)
values = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=40
).map(lambda text: text.strip(" \t"))
field_lines = st.lists(st.tuples(tokens, values), max_size=20)
targets = st.text([chr(c) for c in range(0x21, 0x7F)], min_size=1, max_size=40)


@given(tokens, targets, field_lines)
def test_a_serialised_request_head_parses_to_itself(method, target, fields):
    block = serialise_request_head(method, target, fields)
    assert parse_request_head(block) == (method, target, 11, fields)


@given(st.integers(100, 999), values, field_lines)
def test_a_serialised_response_head_parses_to_itself(status, reason, fields):
    block = serialise_response_head(status, reason, fields)
    assert parse_response_head(block) == (11, status, reason, fields)


@given(field_lines)
def test_a_serialised_field_section_parses_to_itself(fields):
    assert parse_field_section(serialise_fields(fields) + b"\r\n") == fields


@given(st.binary(max_size=200))
def test_only_documented_errors_come_from_garbage(data):
    for parse in (parse_request_head, parse_response_head, parse_field_section, parse_chunk_line):
        with contextlib.suppress(RemoteProtocolError):
            parse(data)


almost_valid = st.lists(
    st.sampled_from(
        [b"GET", b" ", b"/", b"HTTP/1.1", b"\r\n", b"\r", b"\n", b"Host", b":", b"a", b"\t", b"\0"]
    ),
    max_size=30,
).map(b"".join)


@given(almost_valid)
def test_what_is_accepted_is_what_the_grammar_says(data):
    try:
        method, target, _, fields = parse_request_head(data)
    except RemoteProtocolError:
        return
    lines = data.split(b"\r\n")
    assert data.endswith(b"\r\n\r\n")
    assert lines[0].startswith(f"{method} {target} HTTP/1.".encode())
    assert len(lines) == len(fields) + 3
    assert b"\n" not in b"".join(lines)
    assert b"\r" not in b"".join(lines)


@pytest.mark.parametrize(
    ("limits", "block", "status"),
    [
        (Limits(max_start_line=20), b"GET /0123456789 HTTP/1.1\r\n\r\n", 414),
        (Limits(max_field_line=10), b"GET / HTTP/1.1\r\nName: value\r\n\r\n", 431),
        (Limits(max_field_section=16), b"GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", 431),
        (Limits(max_fields=2), b"GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", 431),
    ],
)
def test_every_bound_of_a_head_is_reached(limits, block, status):
    parse_request_head(block)
    with pytest.raises(RemoteProtocolError) as refused:
        parse_request_head(block, limits)
    assert refused.value.status_hint == status


def test_a_head_at_its_bounds_is_read():
    block = b"GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\n\r\n"
    limits = Limits(max_start_line=16, max_field_line=6, max_field_section=12, max_fields=2)
    assert parse_request_head(block, limits)[3] == [("A", "1"), ("B", "2")]


def test_response_bounds():
    block = b"HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\n\r\n"
    for limits in (Limits(max_start_line=10), Limits(max_fields=1), Limits(max_field_section=5)):
        with pytest.raises(RemoteProtocolError):
            parse_response_head(block, limits)
    folded = b"HTTP/1.1 200 OK\r\nA: 1\r\n b\r\nC: 2\r\n\r\n"
    with pytest.raises(RemoteProtocolError):
        parse_response_head(folded, Limits(max_fields=1))


def test_a_status_line_of_http_0_9_is_read_as_1_0():
    assert parse_response_head(b"HTTP/0.9 200 OK\r\n\r\n") == (10, 200, "OK", [])


def test_response_refusals_name_what_came():
    with pytest.raises(BadStatusLine, match=r"Hello\\x00"):
        parse_response_head(b"Hello\0\r\n\r\n")
    with pytest.raises(UnknownProtocol) as refused:
        parse_response_head(b"HTTP/3.0 200 OK\r\n\r\n")
    assert refused.value.version == "HTTP/3.0"
    with pytest.raises(LineTooLong):
        parse_response_head(b"x" * 70_000)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"A\r\n", "no colon"),
        (b": a\r\n", "empty name"),
        (b"A : a\r\n", "white space before the colon"),
        (b" A: a\r\n", "obs-fold"),
        (b"A(: a\r\n", "no token"),
        (b"A: a\x01\r\n", "control character"),
        (b"A: a\rb\r\n", "bare CR"),
        (b"A: a\nB: b\r\n", "bare LF"),
    ],
)
def test_a_refusal_says_what_is_wrong_with_a_line(line, problem):
    with pytest.raises(RemoteProtocolError, match=problem) as refused:
        parse_request_head(b"GET / HTTP/1.1\r\n" + line + b"\r\n")
    assert "RFC 9112" in str(refused.value)


def test_a_message_shows_at_most_eighty_bytes_escaped():
    with pytest.raises(RemoteProtocolError) as refused:
        parse_request_head(b"GET / HTTP/1.1\r\n\x1b[31m" + b"x" * 500 + b"\r\n\r\n")
    message = str(refused.value)
    assert "\x1b" not in message
    assert "x" * 81 not in message


INJECTIONS = ["a\r\nB: c", "a\nb", "a\rb", "a\0b", "a\x0bb", "a\x7f"]


@pytest.mark.parametrize("text", INJECTIONS)
def test_nothing_with_line_ends_or_controls_is_serialised(text):
    with pytest.raises(LocalProtocolError, match="Invalid header value"):
        serialise_fields([("A", text)])
    with pytest.raises(LocalProtocolError, match="Invalid header name"):
        serialise_fields([(text, "a")])
    with pytest.raises(LocalProtocolError, match="Invalid method"):
        serialise_request_head(text, "/", [])
    with pytest.raises(LocalProtocolError, match="Invalid target"):
        serialise_request_head("GET", text, [])
    with pytest.raises(LocalProtocolError, match="Invalid reason"):
        serialise_response_head(200, text, [])


@pytest.mark.parametrize("name", ["", "a b", "a:", ":a", "ä", "a: b\r\nc"])
def test_a_name_that_is_no_token_is_not_serialised(name):
    with pytest.raises(ValueError, match="Invalid header name"):
        serialise_fields([(name, "x")])


@pytest.mark.parametrize("status", [-1, 0, 99, 1000])
def test_a_status_has_three_digits(status):
    with pytest.raises(LocalProtocolError, match="three digits"):
        serialise_response_head(status, "", [])


def test_a_value_outside_latin_1_is_not_serialised():
    with pytest.raises(LocalProtocolError, match="ISO-8859-1"):
        serialise_fields([("A", "\u20ac")])


def test_a_target_outside_ascii_is_not_serialised():
    for target in ("", "/ä", "/a b"):
        with pytest.raises(LocalProtocolError, match="percent-encoded"):
            serialise_request_head("GET", target, [])
