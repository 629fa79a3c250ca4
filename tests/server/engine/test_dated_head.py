"""A head that is sent again, each time with the date."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import nethttp.server
from nethttp.server.engine.dated_head import DatedHead

SENT = (
    b"HTTP/1.1 200 OK\r\nServer: a\r\nDate: Mon, 01 Jan 2001 00:00:00 GMT\r\n"
    b"X-Date: b\r\nDate: c\r\n\r\n"
)


@pytest.fixture
def at(monkeypatch):
    """Return a function that sets the time."""

    def set_time(now: float) -> None:
        monkeypatch.setattr(nethttp.server, "time", SimpleNamespace(time=lambda: now))

    return set_time


def test_it_has_the_date_of_each_second(at):
    head = DatedHead.of(SENT)
    for now, date in (
        (784_111_777.0, b"Sun, 06 Nov 1994 08:49:37 GMT"),
        (784_111_777.9, b"Sun, 06 Nov 1994 08:49:37 GMT"),
        (784_111_778.0, b"Sun, 06 Nov 1994 08:49:38 GMT"),
        # A clock that is set back is believed.
        (784_111_777.0, b"Sun, 06 Nov 1994 08:49:37 GMT"),
    ):
        at(now)
        assert head.now() == SENT.replace(b"Mon, 01 Jan 2001 00:00:00 GMT", date)


def test_it_is_put_together_once_a_second(at):
    at(1.0)
    head = DatedHead(b"Date: ", b"\r\n")
    assert head.now() == b"Date: Thu, 01 Jan 1970 00:00:01 GMT\r\n"
    assert head.now() is head.now()
