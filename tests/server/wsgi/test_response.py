"""What is kept of the heads that WSGI applications send."""

from __future__ import annotations

import pytest

from nethttp.caching import clear_all
from nethttp.server.engine.http1_exchange import Http1Exchange
from nethttp.server.wsgi import response

HEADS = Http1Exchange.heads


@pytest.fixture(autouse=True)
def nothing_is_kept():
    clear_all()
    yield
    clear_all()


def head_of(name: str, value: str) -> bytes:
    return response._head_of(
        Http1Exchange(), "200 OK", [("Date", "then"), (name, value)]
    ).begun.now()


def test_a_head_is_kept_from_the_second_time_on():
    """A Set-Cookie, for one, is seldom sent twice."""
    for number in range(20):
        assert b"\r\nSet-Cookie: a=%d\r\n" % number in head_of("Set-Cookie", f"a={number}")
    assert len(HEADS) == 0
    for _ in range(3):
        assert b"\r\nVary: Cookie\r\n" in head_of("Vary", "Cookie")
    assert len(HEADS) == 1


def test_a_long_head_is_not_kept():
    for _ in range(3):
        assert head_of("X", "a" * HEADS.max_key).count(b"a") > 2048
    assert len(HEADS) == 0


def test_kept_heads_have_a_bound_in_bytes():
    cache = HEADS
    most = 0
    for number in range(cache.max_entries):
        for _ in range(2):
            head_of("X", f"{number:01900d}")
        most = max(most, len(cache))
    assert 0 < most < cache.max_bytes / (3 * 1900) < cache.max_entries


def test_fields_as_lists_are_read_each_time():
    for _ in range(3):
        assert response._head_of(Http1Exchange(), "200 OK", [["A", "b"]]).status == 200
    assert len(HEADS) == 0
