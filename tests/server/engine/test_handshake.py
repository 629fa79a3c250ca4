"""What is said of a TLS handshake that fails."""

from __future__ import annotations

import ssl

import pytest

from nethttp.server.engine.handshake import NOT_TLS_RESPONSE, report_failed_handshake


@pytest.mark.parametrize(
    ("data", "speaks_http", "said"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", True, "expected a TLS handshake, got an HTTP request"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", False, "TLS handshake failed: "),
        (b"", False, "TLS handshake failed: "),
    ],
)
def test_a_client_that_speaks_http_is_told_from_others(capfd, certificate, data, speaks_http, said):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    incoming = ssl.MemoryBIO()
    server = context.wrap_bio(incoming, ssl.MemoryBIO(), server_side=True)
    incoming.write(data)
    incoming.write_eof()
    with pytest.raises(OSError) as failed:
        server.do_handshake()
    assert report_failed_handshake(("192.0.2.1", 5), failed.value) is speaks_http
    assert capfd.readouterr().err.startswith(f"192.0.2.1: {said}")


def test_the_answer_has_the_length_that_it_declares():
    head, _, content = NOT_TLS_RESPONSE.partition(b"\r\n\r\n")
    assert b"\r\nContent-Length: %d\r\n" % len(content) in head
