"""A second as text."""

from __future__ import annotations

import time
from datetime import datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nethttp.server
from nethttp.server.logs import clock

SECONDS = st.integers(0, 2**32)


@pytest.fixture
def in_zone(monkeypatch):
    """Return a function that sets the local time zone."""

    def use(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        forget()

    def forget() -> None:
        for function in (clock.log_date, clock.common_log_date, clock.line_start):
            function.cache_clear()

    yield use
    monkeypatch.undo()
    time.tzset()
    forget()


def test_dates_of_one_second(in_zone):
    in_zone("XYZ-02:30")
    second = 784_111_777  # RFC 9110 section 5.6.7 has this date.
    assert clock.http_date(second) == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert clock.log_date(second) == "06/Nov/1994 11:19:37"
    assert clock.common_log_date(second) == "06/Nov/1994:11:19:37 +0230"
    assert clock.line_start("::1", second) == "::1 - - [06/Nov/1994 11:19:37] "
    assert clock.line_start("::1", second, "a\n") == r"::1 - a\x0a [06/Nov/1994 11:19:37] "


@given(SECONDS)
def test_the_common_date_can_be_read_back(second):
    found = datetime.strptime(clock.common_log_date(second), "%d/%b/%Y:%H:%M:%S %z")
    assert found.timestamp() == second


@given(SECONDS, SECONDS)
def test_what_was_said_of_one_second_is_not_said_of_another(first, second):
    for function in (clock.http_date, clock.log_date, clock.common_log_date):
        function(first)
        assert function(second) == function.__wrapped__(second)


def test_a_program_may_replace_the_clock(monkeypatch):
    monkeypatch.setattr(nethttp.server, "time", SimpleNamespace(time=lambda: 784_111_777.5))
    assert clock.http_date_now() == "Sun, 06 Nov 1994 08:49:37 GMT"
