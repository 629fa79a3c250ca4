"""Rows of cookies: reading a Cookie field, beside ``http.cookies`` and werkzeug."""

from __future__ import annotations

import http.cookies

import werkzeug.http

import nethttp.cookies

from .measure import Row, interleaved

FIELD = (
    "session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; lang=en-US; "
    "_ga=GA1.2.1789321.1700000000; _gid=GA1.2.99812.1700000001; consent=yes; "
    "csrftoken=Zk3x9QpL7vTn2bRw; last=1700000002; ab_test=variant-b; tz=Europe/Berlin"
)
"""Ten cookies of the kind that a site sets."""


def rows() -> list[Row]:
    """Return the rows of this file, measured now."""
    simple = interleaved(
        lambda: http.cookies.SimpleCookie(FIELD), lambda: nethttp.cookies.SimpleCookie(FIELD)
    )
    pairs = interleaved(
        lambda: werkzeug.http.parse_cookie(FIELD), lambda: nethttp.cookies.parse_cookie(FIELD)
    )
    return [
        Row("SimpleCookie.load, 10 cookies", *simple, aim=4),
        Row("parse_cookie, 10 cookies", *pairs, aim=1.5, peer="werkzeug"),
    ]
