"""`HTTPMessage`: what a field section is to programs."""

from __future__ import annotations

import io
from email import errors
from email.message import Message

import pytest
import urllib3.exceptions
import urllib3.util.response
from hypothesis import given
from hypothesis import strategies as st

import nethttp.client
from nethttp.client import HTTPMessage, parse_headers
from nethttp.message import message_from_fields

KINDS = [
    *("text/plain", "text/plain; charset=utf-8", "message/rfc822", "message/http"),
    *("message/delivery-status", "message/partial", "multipart/mixed", "application/json"),
    *("multipart/x-mixed-replace; boundary=frame", "nonsense", "", "multipart/form-data; boundary"),
]


@pytest.fixture
def urllib3_of_ours(monkeypatch):
    """Return what urllib3 checks a response's fields with, under nethttp."""
    monkeypatch.setattr(urllib3.util.response, "httplib", nethttp.client)
    return urllib3.util.response.assert_header_parsing


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_written_as_it_came_whatever_it_describes(kind):
    section = f"Content-Type: {kind}\r\nX: y\r\n\r\n"
    message = parse_headers(io.BytesIO(section.encode()))
    lines = section.replace("\r\n", "\n")
    assert str(message) == lines
    assert message.as_string() == lines
    assert message.as_bytes() == lines.encode()
    assert message.get_payload() == ""
    assert not message.defects


def test_values_beyond_ascii_and_with_controls_are_written():
    message = parse_headers(io.BytesIO(b"A: \xe4\r\nB: x\x01y\r\n\r\n"))
    assert (message["A"], message["B"]) == ("\xe4", "x\x01y")
    assert "x\x01y" in str(message)


@pytest.mark.parametrize(
    ("lines", "defect", "left"),
    [
        (
            b"Broken Header\r\nA: b\r\n",
            errors.MissingHeaderBodySeparatorDefect,
            "Broken Header\r\n",
        ),
        (b"A: b\r\nKey Space: x\r\n", errors.MissingHeaderBodySeparatorDefect, "Key Space: x\r\n"),
        (b"A: b\r\n\xc4: x\r\n", errors.MissingHeaderBodySeparatorDefect, "\xc4: x\r\n"),
        (b": Value\r\nA: b\r\n", errors.InvalidHeaderDefect, ""),
        (b":\r\nA: b\r\n", errors.InvalidHeaderDefect, ""),
        (b" folded: first\r\nA: b\r\n", errors.FirstHeaderLineIsContinuationDefect, ""),
    ],
)
def test_a_line_that_is_no_field_is_a_defect(urllib3_of_ours, lines, defect, left):
    message = parse_headers(io.BytesIO(lines + b"\r\n"))
    assert message.items() == [("A", "b")]
    assert [type(found) for found in message.defects] == [defect]
    assert message.get_payload() == left
    with pytest.raises(urllib3.exceptions.HeaderParsingError):
        urllib3_of_ours(message)


def test_a_well_formed_section_is_no_defect_to_urllib3(urllib3_of_ours):
    for kind in KINDS:
        section = f"Content-Type: {kind}\r\n\r\n".encode()
        urllib3_of_ours(parse_headers(io.BytesIO(section)))


def test_another_class_may_hold_the_fields():
    class Own(HTTPMessage):
        pass

    class Plain(Message):
        pass

    for kind in (Own, Plain):
        message = parse_headers(io.BytesIO(b"A: b\r\n\r\n"), kind)
        assert type(message) is kind
        assert message["a"] == "b"


values = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=20)
names = st.text("abcXYZ-_09", min_size=1, max_size=10)


@given(st.lists(st.tuples(names, values), max_size=10))
def test_fields_are_those_that_email_reads(fields):
    from http.client import parse_headers as their_parse_headers

    section = "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
    theirs = their_parse_headers(io.BytesIO(section.encode()))
    ours = parse_headers(io.BytesIO(section.encode()))
    assert ours.items() == theirs.items() == fields
    assert str(message_from_fields(fields)) == str(ours)
    if ours.get_content_maintype() != "multipart":
        assert str(ours) == str(theirs)
        assert ours.get_payload() == theirs.get_payload()
