"""What requests make untrue."""

from __future__ import annotations

import pytest

from nethttp.client.caching.invalidation import invalidated_urls

from .conftest import URL


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "UNKNOWN"])
@pytest.mark.parametrize(
    ("status", "gone"), [(200, True), (204, True), (303, True), (404, False), (500, False)]
)
def test_a_successful_change_makes_its_url_untrue(method, status, gone):
    assert invalidated_urls(method, URL, status, []) == ([URL] if gone else [])


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "QUERY", "PROPFIND"])
def test_a_safe_method_makes_nothing_untrue(method):
    assert invalidated_urls(method, URL, 200, [("Location", "/c")]) == []


@pytest.mark.parametrize("name", ["Location", "Content-Location"])
@pytest.mark.parametrize(
    ("value", "more"),
    [
        ("/c", ["http://a.example/c"]),
        ("c#part", ["http://a.example/c"]),
        ("http://a.example:80/c", ["http://a.example/c"]),
        ("HTTP://me@A.Example:080/c?d=%20#e", ["http://a.example/c?d=%20"]),
        ("http://a.example?c", ["http://a.example/?c"]),
        ("", []),
        ("http://b.example/c", []),
        ("https://a.example/c", []),
        ("http://a.example:81/c", []),
        ("http://a.example:port/c", []),
        ("http://[::1/c", []),
    ],
)
def test_places_of_the_same_origin(name, value, more):
    assert invalidated_urls("POST", URL, 201, [(name, value)]) == [URL, *more]


def test_places_of_an_address_and_another_port():
    url = "http://[::1]:8080/b"
    there = [("Location", "http://[::1]:8080/c"), ("Content-Location", "//[::1]:8081/c")]
    assert invalidated_urls("PUT", url, 201, there) == [url, "http://[::1]:8080/c"]
