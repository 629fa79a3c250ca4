"""Rows of the message parser: heads and fields, beside the stdlib's ``parse_headers``."""

from __future__ import annotations

import http.client
import io

from nethttp.wire.head import parse_response_head

from .measure import Row, interleaved

FIELDS = [
    ("Date", "Tue, 24 Nov 2026 08:49:37 GMT"),
    ("Server", "nginx/1.22.1"),
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Length", "5123"),
    ("Connection", "keep-alive"),
    ("Last-Modified", "Mon, 23 Nov 2026 17:12:09 GMT"),
    ("ETag", '"65f1c2a9-1403"'),
    ("Vary", "Accept-Encoding"),
    ("Cache-Control", "public, max-age=3600"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ("X-Content-Type-Options", "nosniff"),
    ("Accept-Ranges", "bytes"),
]
"""A common response's twelve fields."""

SECTION = "".join(f"{name}: {value}\r\n" for name, value in FIELDS).encode() + b"\r\n"


def rows() -> list[Row]:
    """Return the rows of this file, measured now."""
    block = b"HTTP/1.1 200 OK\r\n" + SECTION
    stdlib, ours = interleaved(
        lambda: http.client.parse_headers(io.BytesIO(SECTION)),
        lambda: parse_response_head(block),
    )
    return [Row("a response head of 12 fields (stdlib: its fields alone)", stdlib, ours)]
