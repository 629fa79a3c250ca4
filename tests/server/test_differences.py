"""Where the server differs from CPython's on purpose: what it does instead."""

from __future__ import annotations


def test_a_bare_lf_after_the_request_line_is_400(raw):
    raw.send(b"XYZBOGUS / HTTP/1.1\n\r\nHost: a\r\n\r\n")
    assert raw.response()[0] == 400
    assert raw.is_closed()


def test_a_request_line_over_its_bound_is_414_uri_too_long(raw):
    raw.send(b"GET /" + b"x" * 65537 + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert raw.file.readline() in (
        b"HTTP/1.1 414 URI Too Long\r\n",
        b"HTTP/1.0 414 URI Too Long\r\n",
    )
    raw.rest()
