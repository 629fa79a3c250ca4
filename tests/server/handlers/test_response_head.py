"""Finished heads: what is kept of them, and its bounds."""

from __future__ import annotations

import pytest

from nethttp.caching import clear_all
from nethttp.server.handlers import response_head
from nethttp.server.handlers.response_head import ending_of


@pytest.fixture(autouse=True)
def nothing_is_kept():
    clear_all()
    yield
    clear_all()


def finish(value: str, second: int = 0) -> bytes:
    lines = [
        *response_head.opening("HTTP/1.1", 200, "OK", "a", "b", second),
        response_head.field_line("Content-Length", "0"),
        response_head.field_line("X", value),
    ]
    return ending_of(lines, "GET", 11, "HTTP/1.1", False).head.data


def test_a_head_is_kept_from_the_second_time_on_and_as_it_is():
    for kept in (0, 1, 1):
        head = finish("y")
        assert head.startswith(
            b"HTTP/1.1 200 OK\r\nServer: a b\r\nDate: Thu, 01 Jan 1970 00:00:00 "
        )
        assert head.endswith(b"\r\nContent-Length: 0\r\nX: y\r\n\r\n")
        assert len(response_head._ENDINGS) == kept


def test_each_second_has_its_own_date():
    for second in (0, 0, 0, 1, 1, 1, 0):
        assert b"Date: Thu, 01 Jan 1970 00:00:0%d GMT\r\n" % second in finish("y", second)


def test_heads_that_differ_each_time_are_not_kept():
    """A session's Set-Cookie, for one."""
    for number in range(50):
        assert f"X: {number}\r\n".encode() in finish(str(number))
    assert len(response_head._ENDINGS) == 0


def test_a_long_head_is_not_kept():
    for _ in range(3):
        finish("y" * response_head.MAX_KEPT_HEAD)
    assert len(response_head._ENDINGS) == 0


def test_kept_heads_have_a_bound_in_bytes():
    kept = response_head._ENDINGS
    most = 0
    for number in range(kept.max_entries):
        for _ in range(2):
            finish(f"{number:0800d}")
        most = max(most, len(kept))
    assert 0 < most < kept.max_bytes / (2 * 800) < kept.max_entries


def test_kept_heads_are_dropped_with_their_date():
    for _ in range(2):
        finish("y")
    for now, left in ((100.0, 1), (100.9, 1), (101.0, 0)):
        response_head._ENDINGS.drop_old(now)
        assert len(response_head._ENDINGS) == left
