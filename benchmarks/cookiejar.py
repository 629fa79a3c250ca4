"""Rows of the jar: what to send among many domains, and what to keep."""

from __future__ import annotations

import email.message
import gc
import http.cookiejar
import statistics
import time
import urllib.request
from typing import Any

import nethttp.cookiejar

from .measure import Row, interleaved

FEW, MANY, MOST = 10, 10_000, 100_000
STORED = 100_000
ROUNDS = 3
"""How often so many cookies are stored by each side."""

FIELD = "id={}; Path=/; Expires=Wed, 09 Jun 2100 10:18:14 GMT; HttpOnly; SameSite=Lax"
"""A cookie of the kind that a site sets."""


class Response:
    """A response with one Set-Cookie field."""

    def __init__(self, value: str) -> None:
        self._fields = email.message.Message()
        self._fields["Set-Cookie"] = value

    def info(self) -> email.message.Message:
        return self._fields


_Exchange = tuple[Any, urllib.request.Request]


def _exchanges(count: int) -> list[_Exchange]:
    """Return responses of so many sites, each with a cookie, and their requests."""
    return [
        (
            Response(FIELD.format(number)),
            urllib.request.Request(f"http://www.site{number}.example/"),
        )
        for number in range(count)
    ]


def _filled(module: Any, exchanges: list[_Exchange]) -> Any:
    """Return a jar of `module` with the cookies of all these responses."""
    jar = module.CookieJar()
    for response, request in exchanges:
        jar.extract_cookies(response, request)
    return jar


def _asking(jar: Any) -> Any:
    def ask() -> None:
        request = urllib.request.Request("http://www.site7.example/page")
        jar.add_cookie_header(request)
        assert request.has_header("Cookie")

    return ask


def _storing(exchanges: list[_Exchange]) -> tuple[float, float]:
    """Return the median microseconds a cookie, of the stdlib and of nethttp, taken in turns."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for module, times in zip((http.cookiejar, nethttp.cookiejar), taken, strict=True):
            # As `timeit` does: what is collected meanwhile is mostly the responses.
            gc.collect()
            gc.disable()
            began = time.perf_counter()
            jar = _filled(module, exchanges)
            times.append((time.perf_counter() - began) / len(exchanges) * 1e6)
            gc.enable()
            assert len(jar) == len(exchanges)
    return statistics.median(taken[0]), statistics.median(taken[1])


def rows() -> list[Row]:
    """Return the rows of this file, measured now."""
    exchanges = _exchanges(STORED)
    storing = _storing(exchanges)
    theirs = {count: _asking(_filled(http.cookiejar, exchanges[:count])) for count in (FEW, MANY)}
    ours = {
        count: _asking(_filled(nethttp.cookiejar, exchanges[:count])) for count in (FEW, MANY, MOST)
    }
    few = interleaved(theirs[FEW], ours[FEW])
    many = interleaved(theirs[MANY], ours[MANY])
    own = interleaved(ours[FEW], ours[MOST])
    response, request = exchanges[0]
    jars = http.cookiejar.CookieJar(), nethttp.cookiejar.CookieJar()
    taking = interleaved(
        lambda: jars[0].extract_cookies(response, request),
        lambda: jars[1].extract_cookies(response, request),
    )
    return [
        Row(f"add_cookie_header, {FEW} domains", *few),
        Row(f"add_cookie_header, {MANY:,} domains", *many, aim=500),
        Row(
            f"add_cookie_header, {MOST:,} domains, beside {FEW}",
            *own,
            aim=1 / 1.5,
            plotted=False,
            peer="itself",
        ),
        Row("extract_cookies, one cookie", *taking),
        Row(f"storing {STORED:,} cookies from responses, each", *storing, aim=3),
    ]
