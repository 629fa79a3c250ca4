"""Where the client differs from CPython's on purpose: what it does instead."""

from __future__ import annotations

import pytest

from nethttp.errors import RemoteProtocolError


def test_putheader_joins_values_and_refuses_folds_and_bad_names(scripted):
    connection = scripted()
    connection.putrequest("GET", "/")
    connection.putheader("IterHeader", "IterA", "IterB")
    assert connection._buffer[-1] == b"IterHeader: IterA IterB"
    connection.putheader(b"Bytes", b"\xff", 42)
    assert connection._buffer[-1] == b"Bytes: \xff 42"
    for name, value in (("A", "is\r\n folded"), ("Key Space", "x"), ("A ", "x")):
        with pytest.raises(ValueError, match="Invalid header"):
            connection.putheader(name, value)


@pytest.mark.parametrize("length", [b"-1", b"+1", b"five", b"1_0", b"", b"1, 2"])
def test_a_content_length_that_is_no_length_is_an_error(response_to, length):
    with pytest.raises(RemoteProtocolError, match="Content-Length"):
        response_to(b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\nHello\r\n")


def test_a_tunnel_is_asked_for_in_http_1_1_with_host(scripted):
    connection = scripted()
    connection.sock = None
    connection.set_tunnel("destination.com", 8888, {"User-Agent": "x"})
    assert connection._tunnel_headers == {"User-Agent": "x", "Host": "destination.com:8888"}
