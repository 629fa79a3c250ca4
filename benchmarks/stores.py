"""Rows of the jars that are kept: what a change costs where it is safe when the call returns.

The standard library has no such jar; its side is what its programs do instead: save the file after
each response.
"""

from __future__ import annotations

import http.cookiejar
import itertools
import os
import tempfile
import urllib.request
from collections.abc import Callable
from typing import Any

import nethttp.cookiejar

from .cookiejar import Response
from .measure import Row, interleaved

KEPT = 1000
"""How many cookies the jars have."""


def _changing(jar: Any, after: Callable[[], object]) -> Callable[[], None]:
    """Return a call that takes one cookie of a response and sees that it is kept."""
    numbers = itertools.cycle(range(KEPT))

    def change() -> None:
        number = next(numbers)
        request = urllib.request.Request(f"http://www.site{number % 100}.example/")
        jar.extract_cookies(Response(f"n{number}=1; Path=/; Max-Age=9999"), request)
        after()

    for _ in range(KEPT):
        change()
    return change


def _asking(jar: Any) -> Callable[[], None]:
    def ask() -> None:
        request = urllib.request.Request("http://www.site7.example/page")
        jar.add_cookie_header(request)
        assert request.has_header("Cookie")

    return ask


def rows() -> list[Row]:
    """Return the rows of this file, measured now."""
    with tempfile.TemporaryDirectory() as directory:
        theirs = http.cookiejar.MozillaCookieJar(os.path.join(directory, "cookies.txt"))
        with nethttp.cookiejar.SQLiteCookieJar(os.path.join(directory, "cookies.db")) as ours:
            saved, kept = interleaved(_changing(theirs, theirs.save), _changing(ours, lambda: None))
            asked = interleaved(_asking(theirs), _asking(ours))
    return [
        Row(
            f"a change kept, {KEPT:,} cookies: save(), SQLiteCookieJar",
            1e6 / saved,
            1e6 / kept,
            unit="changes/s",
            better="more",
        ),
        Row("add_cookie_header, 100 domains: SQLiteCookieJar", *asked),
    ]
