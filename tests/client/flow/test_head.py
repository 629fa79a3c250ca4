"""What a request looks like on the wire."""

from __future__ import annotations

import pytest

from nethttp.client.content.upload import IterableBody
from nethttp.client.flow.head import common_headers, outgoing_of
from nethttp.client.messages.request import Request
from nethttp.client.messages.url import URL
from nethttp.errors import LocalProtocolError

URL_ = URL("http://a.example:81/x")
COMMON = common_headers([("Host", "a.example:81"), ("Accept", "*/*")])
LINES = b"Host: a.example:81\r\nAccept: */*\r\n"


@pytest.mark.parametrize(
    ("method", "body", "more"),
    [
        ("GET", None, b""),
        ("POST", None, b"Content-Length: 0\r\n"),
        ("QUERY", None, b"Content-Length: 0\r\n"),
        ("DELETE", None, b""),
        ("GET", b"hi", b"Content-Length: 2\r\n"),
        ("POST", b"", b"Content-Length: 0\r\n"),
        ("POST", IterableBody(iter([b"x"])), b"Transfer-Encoding: chunked\r\n"),
    ],
)
@pytest.mark.parametrize("touched", [False, True])
def test_common_headers_and_a_requests_own_look_alike(method, body, more, touched):
    request = Request.with_common(method, URL_, COMMON, body)
    if touched:
        assert len(request.headers) == 2
        assert request.common is None
    outgoing = outgoing_of(request, request.target)
    assert outgoing.head == method.encode() + b" /x HTTP/1.1\r\n" + LINES + more + b"\r\n"
    assert outgoing.persistent
    assert (outgoing.short is None) == isinstance(body, IterableBody)
    if isinstance(body, bytes):
        assert outgoing.short == outgoing.head + body


@pytest.mark.parametrize(
    ("header", "sent"),
    [
        (("Transfer-Encoding", "chunked"), b"2\r\nhi\r\n0\r\n\r\n"),
        (("Content-Length", "2"), b"hi"),
        (("Expect", "100-continue"), b"hi"),
        (("Connection", "close"), b"hi"),
    ],
)
def test_common_headers_that_frame_a_request_are_looked_at_each_time(header, sent):
    common = common_headers([("Host", "a.example:81"), header])
    outgoing = outgoing_of(Request.with_common("POST", URL_, common, b"hi"), "/x")
    lines = outgoing.head.lower()
    assert lines.count(b"content-length") + lines.count(b"transfer-encoding") == 1
    assert outgoing.content == sent
    assert outgoing.expects == (header[0] == "Expect")
    assert outgoing.persistent == (header[0] != "Connection")


def test_common_headers_that_contradict_the_content_are_refused():
    common = common_headers([("Host", "a.example:81"), ("Content-Length", "7")])
    with pytest.raises(LocalProtocolError, match="expected a Content-Length of 2"):
        outgoing_of(Request.with_common("POST", URL_, common, b"hi"), "/x")


def test_a_host_is_added_first():
    head = outgoing_of(Request("GET", URL_, {"A": "b"}), "/x").head
    assert head == b"GET /x HTTP/1.1\r\nHost: a.example:81\r\nA: b\r\n\r\n"


def test_more_lines_go_to_the_next_hop_alone():
    request = Request.with_common("GET", URL_, COMMON)
    outgoing = outgoing_of(request, "http://a.example:81/x", [("Proxy-Authorization", "x")])
    assert outgoing.head.startswith(b"GET http://a.example:81/x HTTP/1.1\r\n" + LINES)
    assert b"Proxy-Authorization: x\r\n" in outgoing.head
    assert "proxy-authorization" not in request.headers


@pytest.mark.parametrize(
    ("headers", "body", "message"),
    [
        ({"Content-Length": "3"}, b"hi", "expected a Content-Length of 2"),
        ({"Content-Length": "2", "Transfer-Encoding": "chunked"}, b"hi", "got both"),
        ([("Content-Length", "2"), ("content-length", "2")], b"hi", "one Content-Length"),
        ([("Host", "a"), ("Host", "b")], None, "one Host"),
        ({"Content-Length": "x"}, None, "1\\*DIGIT"),
    ],
)
def test_headers_that_contradict_are_refused(headers, body, message):
    with pytest.raises(LocalProtocolError, match=message):
        outgoing_of(Request("POST", URL_, headers, body), "/x")


@pytest.mark.parametrize(
    ("method", "body", "sent"),
    [
        ("POST", b"hi", b"2\r\nhi\r\n0\r\n\r\n"),
        ("POST", b"0\r\n\r\nGET /", b"a\r\n0\r\n\r\nGET /\r\n0\r\n\r\n"),
        ("POST", b"", b"0\r\n\r\n"),
        ("POST", None, b"0\r\n\r\n"),
        ("GET", None, b"0\r\n\r\n"),
        ("GET", b"x" * 100_000, b"186a0\r\n" + b"x" * 100_000 + b"\r\n0\r\n\r\n"),
    ],
)
def test_content_is_in_chunks_if_a_header_says_so(method, body, sent):
    """Content that a header announces in other frames would be read as the next request."""
    outgoing = outgoing_of(Request(method, URL_, {"Transfer-Encoding": "chunked"}, body), "/x")
    assert outgoing.head.count(b"Transfer-Encoding") == 1
    assert outgoing.content == sent
    assert not outgoing.in_chunks
    assert outgoing.length is None


@pytest.mark.parametrize("coding", ["gzip", "identity", "chunked, gzip", "chunked, chunked"])
def test_other_transfer_codings_are_refused(coding):
    request = Request("POST", URL_, {"Transfer-Encoding": coding}, b"hi")
    with pytest.raises(LocalProtocolError):
        outgoing_of(request, "/x")


def test_what_the_headers_say_of_the_connection_counts():
    assert not outgoing_of(Request("GET", URL_, {"Connection": "close"}), "/").persistent
    expecting = {"Expect": "100-continue"}
    assert outgoing_of(Request("POST", URL_, expecting, b"hi"), "/").expects
    assert not outgoing_of(Request("POST", URL_, expecting), "/").expects
