"""A TLS handshake that failed: its log line, and the answer to a client that sent plain HTTP."""

from __future__ import annotations

from typing import Any

from ...net.tls import UNSPOKEN
from ..logs.lines import host_of, write_stderr

__all__ = ["NOT_TLS_RESPONSE", "report_failed_handshake", "report_unspoken"]

NOT_TLS_RESPONSE = (
    b"HTTP/1.1 400 Bad Request\r\n"
    b"Content-Type: text/plain\r\nContent-Length: 49\r\nConnection: close\r\n\r\n"
    b"This server speaks TLS: the URL begins https://.\n"
)
"""The response to a client that sends plain HTTP to a TLS port."""


def report_failed_handshake(address: Any, error: Exception) -> bool:
    """Log why a handshake failed; return whether the client at `address` has sent plain HTTP.

    Only such a client can read an answer (`NOT_TLS_RESPONSE`), because it expects no TLS.
    """
    speaks_http = getattr(error, "reason", None) == "HTTP_REQUEST"  # OpenSSL's name
    why = (
        "expected a TLS handshake, got an HTTP request"
        if speaks_http
        else f"TLS handshake failed: {error}"
    )
    write_stderr(f"{host_of(address)}: {why}\n")
    return speaks_http


def report_unspoken(address: Any, protocol: str | None) -> bool:
    """Return whether nethttp does not speak the protocol that was negotiated; log it if so.

    `protocol` is its name in ALPN (RFC 7301). None: the client negotiated nothing, so it speaks
    HTTP/1.1.
    """
    if protocol not in UNSPOKEN:
        return False
    write_stderr(f"{host_of(address)}: expected http/1.1 from ALPN, got {protocol}\n")
    return True
