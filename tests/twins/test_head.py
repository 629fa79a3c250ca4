"""Heads, by either twin: parse and serialise."""

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
from nethttp.status import HTTPStatus
from nethttp.wire.limits import Limits

TCHARS = "!#$%&'*+-.^_`|~" + string.digits + string.ascii_letters
tokens = st.text(TCHARS, min_size=1, max_size=20)
values = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=40
).map(lambda text: text.strip(" \t"))
field_lines = st.lists(st.tuples(tokens, values), max_size=20)
targets = st.text([chr(c) for c in range(0x21, 0x7F)], min_size=1, max_size=40)


@given(method=tokens, target=targets, fields=field_lines)
def test_a_serialised_request_head_parses_to_itself(twin, method, target, fields):
    block = twin.serialise_request_head(method, target, fields)
    assert twin.parse_request_head(block) == (method, target, 11, fields)


@given(status=st.integers(100, 999), reason=values, fields=field_lines)
def test_a_serialised_response_head_parses_to_itself(twin, status, reason, fields):
    block = twin.serialise_response_head(status, reason, fields)
    assert twin.parse_response_head(block) == (11, status, reason, fields, None)


@given(fields=field_lines)
def test_a_serialised_field_section_parses_to_itself(twin, fields):
    assert twin.parse_field_section(twin.serialise_fields(fields) + b"\r\n") == fields


@given(data=st.binary(max_size=200))
def test_only_documented_errors_come_from_garbage(twin, data):
    request, response = twin.parse_request_head, twin.parse_response_head
    for parse in (request, response, twin.parse_field_section, twin.parse_chunk_line):
        with contextlib.suppress(RemoteProtocolError):
            parse(data)


almost_valid = st.lists(
    st.sampled_from(
        [b"GET", b" ", b"/", b"HTTP/1.1", b"\r\n", b"\r", b"\n", b"Host", b":", b"a", b"\t", b"\0"]
    ),
    max_size=30,
).map(b"".join)


@given(data=almost_valid)
def test_what_is_accepted_is_what_the_grammar_says(twin, data):
    try:
        method, target, _, fields = twin.parse_request_head(data)
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
def test_every_bound_of_a_head_is_reached(twin, limits, block, status):
    twin.parse_request_head(block)
    with pytest.raises(RemoteProtocolError) as refused:
        twin.parse_request_head(block, limits)
    assert refused.value.status_hint == status


def test_a_head_at_its_bounds_is_read(twin):
    block = b"GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\n\r\n"
    limits = Limits(max_start_line=16, max_field_line=6, max_field_section=12, max_fields=2)
    assert twin.parse_request_head(block, limits)[3] == [("A", "1"), ("B", "2")]


def test_response_bounds(twin):
    block = b"HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\n\r\n"
    for limits in (Limits(max_start_line=10), Limits(max_fields=1), Limits(max_field_section=5)):
        with pytest.raises(RemoteProtocolError):
            twin.parse_response_head(block, limits)
    folded = b"HTTP/1.1 200 OK\r\nA: 1\r\n b\r\nC: 2\r\n\r\n"
    with pytest.raises(RemoteProtocolError):
        twin.parse_response_head(folded, Limits(max_fields=1))


def test_a_status_line_of_http_0_9_is_read_as_1_0(twin):
    assert twin.parse_response_head(b"HTTP/0.9 200 OK\r\n\r\n") == (10, 200, "OK", [], None)


@pytest.mark.parametrize(
    ("line", "read"),
    [
        (b"HTTP/1.1 200 OK\r\n", (11, 200, "OK", True)),
        (b"HTTP/1.0 404 Not Found \r\n", (10, 404, "Not Found", True)),
        (b"HTTP/1.1 204\r\n", (11, 204, "", True)),
        (b"HTTP/1.9 200 \r\n", (11, 200, "", True)),
        (b"HTTP/1.1  200  Very  well\r\n", (11, 200, "Very  well", False)),
        (b"HTTP/1.1\t200\tOK\r\n", (11, 200, "OK", False)),
        (b"HTTP/1.1 0200 OK\r\n", (11, 200, "OK", False)),
        (b"HTTP/1.1 200 O\x01K\r\n", (11, 200, "O\x01K", False)),
        (b"HTTP/1.10 200 OK\r\n", (11, 200, "OK", False)),
        (b"HTTP/0.9 200 OK\r\n", (10, 200, "OK", True)),
        (b"HTTP/1.1 200 OK\n", (11, 200, "OK", False)),
        (b"HTTP/1.1 200 OK", (11, 200, "OK", False)),
        (b"HTTP/1.1 200\r", (11, 200, "", False)),
    ],
)
def test_a_status_line_is_read(twin, line, read):
    assert twin.parse_status_line(line) == read


@pytest.mark.parametrize(
    "line",
    [
        *(
            b"",
            b"\r\n",
            b"HTTP/1.1\r\n",
            b"HTTP/1.1 \r\n",
            b"HTTP/1.1 20 OK\r\n",
            b"ICY 200 OK\r\n",
        ),
        *(
            b"HTTP/1.1 2000 OK\r\n",
            b"HTTP/1.1 099 OK\r\n",
            b"HTTP/1.1 -200 OK\r\n",
            b" HTTP/1.1 200\r\n",
        ),
        *(
            b"http/1.1 200 OK\r\n",
            b"HTTP/1.1 200OK\r\n",
            b"HTTP/1.1 200 a\0b\r\n",
            b"HTTP/ 200 OK\r\n",
        ),
        *(b"HTTP/1.1 200 a\rb\r\n", b"HTTP/1.1200 OK\r\n", b"HTTP/1.1 +200 OK\r\n"),
    ],
)
def test_what_is_no_status_line_is_said_as_it_came(twin, line):
    with pytest.raises(BadStatusLine) as refused:
        twin.parse_status_line(line)
    assert refused.value.line == (line.decode() or "''")


def test_a_lenient_section_says_what_it_could_not_read(twin):
    parse = twin.parse_lenient_field_section
    assert parse(b"A: b\r\n\r\n") == ([("A", "b")], None)
    assert parse(b"\r\n") == ([], None)
    assert parse(b"A: b\n\n") == ([("A", "b")], [])
    assert parse(b"A: b\r\n \t c\r\n\r\n") == ([("A", "b c")], [])
    assert parse(b"A: b\x01\x0b\r\n\r\n") == ([("A", "b\x01\x0b")], [])
    assert parse(b"no field\r\n: x\r\nA [1]: c\r\nB[]: d\r\n\r\n") == (
        [("B[]", "d")],
        ["no field", ": x", "A [1]: c"],
    )
    for line in (b"A: \0", b"A: b\rc", b"Content-Length 5", b"transfer-encoding[: chunked"):
        with pytest.raises(RemoteProtocolError, match="expected a field line"):
            parse(line + b"\r\n\r\n")


def test_response_refusals_name_what_came(twin):
    with pytest.raises(BadStatusLine, match=r"Hello\\x00"):
        twin.parse_response_head(b"Hello\0\r\n\r\n")
    with pytest.raises(UnknownProtocol) as refused:
        twin.parse_response_head(b"HTTP/3.0 200 OK\r\n\r\n")
    assert refused.value.version == "HTTP/3.0"
    with pytest.raises(LineTooLong):
        twin.parse_response_head(b"x" * 70_000)


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
def test_a_refusal_says_what_is_wrong_with_a_line(twin, line, problem):
    with pytest.raises(RemoteProtocolError, match=problem) as refused:
        twin.parse_request_head(b"GET / HTTP/1.1\r\n" + line + b"\r\n")
    assert "RFC 9112" in str(refused.value)


def test_a_message_shows_at_most_eighty_bytes_escaped(twin):
    with pytest.raises(RemoteProtocolError) as refused:
        twin.parse_request_head(b"GET / HTTP/1.1\r\n\x1b[31m" + b"x" * 500 + b"\r\n\r\n")
    message = str(refused.value)
    assert "\x1b" not in message
    assert "x" * 81 not in message


@pytest.mark.parametrize("text", ["a\r\nB: c", "a\nb", "a\rb", "a\0b", "\r\n b", "a\r\n"])
def test_no_line_end_and_no_nul_is_serialised_for_a_request(twin, text):
    with pytest.raises(LocalProtocolError, match="expected no CR, LF or NUL"):
        twin.serialise_request_fields([("A", text)])


INJECTIONS = ["a\r\nB: c", "a\nb", "a\rb", "a\0b", "a\x0bb", "a\x7f"]


@pytest.mark.parametrize("text", INJECTIONS)
def test_nothing_with_line_ends_or_controls_is_serialised(twin, text):
    with pytest.raises(LocalProtocolError, match="Invalid header value"):
        twin.serialise_fields([("A", text)])
    with pytest.raises(LocalProtocolError, match="Invalid header name"):
        twin.serialise_fields([(text, "a")])
    with pytest.raises(LocalProtocolError, match="Invalid method"):
        twin.serialise_request_head(text, "/", [])
    with pytest.raises(LocalProtocolError, match="Invalid target"):
        twin.serialise_request_head("GET", text, [])
    with pytest.raises(LocalProtocolError, match="Invalid reason"):
        twin.serialise_response_head(200, text, [])


@pytest.mark.parametrize("character", [chr(code) for code in (*range(9), 9, 31, 32, 127, 255)])
def test_a_request_may_give_back_control_characters_but_no_line_ends_and_no_nul(twin, character):
    fields = [("Cookie", f"a={character}b")]
    if character == "\0":
        with pytest.raises(LocalProtocolError, match="expected no CR, LF or NUL"):
            twin.serialise_request_fields(fields)
    else:
        line = f"Cookie: a={character}b\r\n".encode("latin-1")
        assert twin.serialise_request_fields(fields) == line
    with pytest.raises(LocalProtocolError, match="Invalid header name"):
        twin.serialise_request_fields([(f"A\x01{character}", "b")])


@pytest.mark.parametrize("name", ["", "a b", "a:", ":a", "ä", "a: b\r\nc"])
def test_a_name_that_is_no_token_is_not_serialised(twin, name):
    with pytest.raises(ValueError, match="Invalid header name"):
        twin.serialise_fields([(name, "x")])


@pytest.mark.parametrize("status", [-1, 0, 99, 1000])
def test_a_status_has_three_digits(twin, status):
    with pytest.raises(LocalProtocolError, match="three digits"):
        twin.serialise_response_head(status, "", [])


def test_a_value_outside_latin_1_is_not_serialised(twin):
    for serialise in (twin.serialise_fields, twin.serialise_request_fields):
        with pytest.raises(UnicodeEncodeError, match="value of A goes in ISO-8859-1"):
            serialise([("B", "b"), ("A", "\u20ac")])


def test_a_target_outside_ascii_is_not_serialised(twin):
    for target in ("", "/ä", "/a b"):
        with pytest.raises(LocalProtocolError, match="percent-encoded"):
            twin.serialise_request_head("GET", target, [])


def octets_accepted(parse, before: bytes, after: bytes) -> set[int]:
    """Return which octets `parse` takes between `before` and `after`."""
    accepted = set()
    for octet in range(256):
        with contextlib.suppress(RemoteProtocolError):
            parse(before + bytes([octet]) + after)
            accepted.add(octet)
    return accepted


def test_the_octets_of_every_part_are_those_of_the_grammar(twin):
    line, request = b"GET / HTTP/1.1\r\n", twin.parse_request_head
    visible, tchars = set(range(0x21, 0x7F)), set(TCHARS.encode())
    text = {9, *range(0x20, 0x7F), *range(0x80, 0x100)}
    assert octets_accepted(request, b"GE", b"T / HTTP/1.1\r\n\r\n") == tchars
    assert octets_accepted(request, b"GET /", b"x HTTP/1.1\r\n\r\n") == visible
    assert octets_accepted(request, b"GET / HTTP/1.", b"\r\n\r\n") == set(b"0123456789")
    # The colon ends the name, and what follows it is a value.
    assert octets_accepted(request, line + b"n", b"n: v\r\n\r\n") == {*tchars, ord(":")}
    assert octets_accepted(request, line + b"n: v", b"v\r\n\r\n") == text
    # A response keeps control characters (RFC 9110 section 5.5), and a bare LF ends a line.
    response, status = twin.parse_response_head, b"HTTP/1.1 200 "
    assert octets_accepted(response, status + b"a", b"a\r\n\r\n") == set(range(256)) - {0, 13}
    assert octets_accepted(response, status + b"\r\nn: v", b"v\r\n\r\n") == set(range(256)) - {
        0,
        13,
    }
    digits = octets_accepted(twin.parse_chunk_line, b"1", b"1\r\n")
    assert digits == {*string.hexdigits.encode(), ord(";")}
    assert octets_accepted(twin.parse_chunk_line, b"1;a", b"b\r\n") == {*tchars, *b"=;"}
    assert octets_accepted(twin.parse_chunk_line, b"1;a=b", b"b\r\n") == {*tchars, *b";"}
    quoted = octets_accepted(twin.parse_chunk_line, b'1;a="', b'b"\r\n')
    assert quoted == text - {ord('"')}


@pytest.mark.parametrize(
    ("line", "read"),
    [
        (b"0\r\n", (0, 0)),
        (b"1A\r\n", (26, 0)),
        (b"ffffffffffffffff\r\n", (2**64 - 1, 0)),
        (b"0000000000000001\r\n", (1, 0)),
        (b"1;a\r\n", (1, 2)),
        (b"1; a\t= b ;c\r\n", (1, 10)),
        (b'1;a="b;\\"c"\r\n', (1, 10)),
    ],
)
def test_a_chunk_line_is_read(twin, line, read):
    assert twin.parse_chunk_line(line) == read


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"\r\n", b"1", b"1\n", b"1\r", b"\n1\r\n", b"1\r\n\r\n", b" 1\r\n", b"1 \r\n"),
        *(b"-1\r\n", b"+1\r\n", b"0x1\r\n", b"1_0\r\n", b"g\r\n", b"1\x00\r\n", b"1,a\r\n"),
        *(b"00000000000000001\r\n", b"1;\r\n", b"1;=a\r\n", b"1;a=\r\n", b"1;a \r\n"),
        *(b"1;a= \r\n", b"1;a=b c\r\n", b"1;;a\r\n", b"1; ;a\r\n", b'1;a="\r\n', b'1;a="b\r\n'),
        *(b'1;a="b"c\r\n', b'1;a="b\\"\r\n', b'1;a="\n"\r\n'),
    ],
)
def test_a_chunk_line_of_another_form_is_refused(twin, line):
    with pytest.raises(RemoteProtocolError, match="chunk size in hexadecimal"):
        twin.parse_chunk_line(line)


@pytest.mark.parametrize("kind", [bytes, bytearray])
@pytest.mark.parametrize(
    ("data", "start", "room", "read"),
    [
        (b"", 0, 9, (b"", 0)),
        (b"3\r\nabc\r\n", 0, 9, (b"abc", 8)),
        (b"3\r\nabc\r\n", 0, 3, (b"abc", 8)),
        (b"3\r\nabc\r\n", 0, 2, (b"", 0)),
        (b"3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", 0, 9, (b"abcd", 14)),
        (b"3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", 0, 3, (b"abc", 8)),
        (b"\r\n000000000000000A\r\n0123456789\r\nx", 2, 10, (b"0123456789", 32)),
        (b"1\r\na\r\n", 6, 9, (b"", 6)),
        (b"1\r\na\r\n", 60, 9, (b"", 60)),
        (b"1\r\na\r\n00000000000000001\r\nb\r\n", 0, 9, (b"a", 6)),
        (b"1\r\na\r\n1;x\r\nb\r\n", 0, 9, (b"a", 6)),
        (b"1\r\na\r\n3\r\nbc", 0, 9, (b"a", 6)),
        (b"1\r\na\r\n3\r\nbcd", 0, 9, (b"a", 6)),
        (b"1\r\na\r\n3\r\nbcd\r", 0, 9, (b"a", 6)),
        (b"1\r\na\r\n3\r\nbcde\r\n", 0, 9, (b"a", 6)),
        (b"1\r\na\r\n1\nb\r\n", 0, 9, (b"a", 6)),
        (b"1\r\na\n1\r\nb\r\n", 0, 9, (b"", 0)),
        (b"1_0\r\n" + b"a" * 16 + b"\r\n", 0, 99, (b"", 0)),
        (b"ffffffffffffffff\r\na\r\n", 0, 2**62, (b"", 0)),
    ],
)
def test_whole_chunks_are_joined(twin, kind, data, start, room, read):
    assert twin.parse_chunks(kind(data), start, room) == read


@given(pieces=st.lists(st.binary(min_size=1, max_size=40), max_size=20), cut=st.integers(0, 900))
def test_chunks_of_any_size_are_joined(twin, pieces, cut):
    data = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    assert twin.parse_chunks(data + b"0\r\n\r\n", 0, 10_000) == (b"".join(pieces), len(data))
    content, end = twin.parse_chunks(data[:cut], 0, 10_000)
    assert b"".join(pieces).startswith(content)
    assert end <= cut


@pytest.mark.parametrize("name", ["parse_request_head", "parse_response_head", "serialise_fields"])
@pytest.mark.parametrize("argument", [None, "text", 1, memoryview(b"GET / HTTP/1.1\r\n\r\n")])
def test_what_is_of_another_kind_is_a_type_error(twin, name, argument):
    with pytest.raises((TypeError, AttributeError, ValueError)):
        getattr(twin, name)(argument)


def test_a_bytearray_is_read_as_bytes_are(twin):
    assert twin.parse_request_head(bytearray(b"GET / HTTP/1.1\r\n\r\n")) == ("GET", "/", 11, [])


def test_a_head_of_any_size_is_written(twin):
    for size in (0, 1, 2000, 2040, 2048, 4096, 100_000):
        fields = [("A", "x" * size), ("B", ""), *[("C", "y")] * 200]
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields).encode()
        assert twin.serialise_fields(fields) == lines
        assert twin.serialise_request_head("GET", "/", fields) == (
            b"GET / HTTP/1.1\r\n" + lines + b"\r\n"
        )


def test_text_of_iso_8859_1_is_written_and_read(twin):
    fields = [("A", "\xe4\xff"), ("B", "\t\x80")]
    assert twin.serialise_fields(fields) == b"A: \xe4\xff\r\nB: \t\x80\r\n"
    head = twin.serialise_response_head(200, "Gr\xfc\xdfe", [("A", "\xe4")])
    assert twin.parse_response_head(head) == (11, 200, "Gr\xfc\xdfe", [("A", "\xe4")], None)


def test_a_status_may_be_a_member_of_httpstatus(twin):
    assert twin.serialise_response_head(HTTPStatus.NOT_FOUND, "x", []) == b"HTTP/1.1 404 x\r\n\r\n"
