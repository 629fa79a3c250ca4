"""Rows of the jar: what to send among many domains, and what to keep."""

from __future__ import annotations

import email.message
import http.cookiejar
import urllib.request
from typing import Any

import nethttp.cookiejar

from .measure import Row, interleaved

FEW, MANY = 10, 10_000


class _Response:
    """A response with one Set-Cookie field."""

    def __init__(self, value: str) -> None:
        self._fields = email.message.Message()
        self._fields["Set-Cookie"] = value

    def info(self) -> email.message.Message:
        return self._fields


def _filled(module: Any, domains: int) -> Any:
    """Return a jar of `module` with a cookie for each of so many domains."""
    jar = module.CookieJar()
    for number in range(domains):
        request = urllib.request.Request(f"http://www.site{number}.example/")
        jar.extract_cookies(_Response(f"id={number}; path=/"), request)
    return jar


def _asking(jar: Any) -> Any:
    def ask() -> None:
        request = urllib.request.Request("http://www.site7.example/page")
        jar.add_cookie_header(request)
        assert request.has_header("Cookie")

    return ask


def rows() -> list[Row]:
    """Return the rows of this file, measured now."""
    asking = {
        (module, count): _asking(_filled(module, count))
        for module in (http.cookiejar, nethttp.cookiejar)
        for count in (FEW, MANY)
    }
    few = interleaved(asking[http.cookiejar, FEW], asking[nethttp.cookiejar, FEW])
    many = interleaved(asking[http.cookiejar, MANY], asking[nethttp.cookiejar, MANY])
    own = interleaved(asking[nethttp.cookiejar, FEW], asking[nethttp.cookiejar, MANY])
    request = urllib.request.Request("http://www.example.com/")
    response = _Response("id=1; Path=/; Expires=Wed, 09 Jun 2100 10:18:14 GMT; Secure; HttpOnly")
    jars = http.cookiejar.CookieJar(), nethttp.cookiejar.CookieJar()
    taking = interleaved(
        lambda: jars[0].extract_cookies(response, request),  # type: ignore[arg-type]  # is like one
        lambda: jars[1].extract_cookies(response, request),
    )
    return [
        Row(f"add_cookie_header, {FEW} domains", *few),
        Row(f"add_cookie_header, {MANY:,} domains", *many),
        Row(
            f"nethttp's own growth: {FEW} domains (left), {MANY:,} (right)",
            *own,
            aim=0.33,
            plotted=False,
        ),
        Row("extract_cookies, one cookie", *taking),
    ]
