"""The pace of requests to an origin: the client's own limit, and the server's word."""

from __future__ import annotations

import pickle
from threading import Thread
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client.messages.headers import Headers
from nethttp.client.messages.url import Origin
from nethttp.client.policy import pace as module
from nethttp.client.policy.pace import Pace

A, B = Origin("http", "a", 80), Origin("http", "b", 80)
WALL = 784111777.0
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


def answer(status=200, **headers):
    lines = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return SimpleNamespace(status_code=status, headers=Headers(lines))


def test_requests_go_out_evenly_after_a_burst():
    pace = Pace(10, burst=3)
    starts = [pace.reserve(A, 100.0) for _ in range(6)]
    assert starts == pytest.approx([100.0, 100.0, 100.0, 100.1, 100.2, 100.3])
    assert pace.reserve(B, 100.0) == 100.0
    # What was not used comes back, but no more than the burst.
    starts = [pace.reserve(A, 200.0) for _ in range(4)]
    assert starts == pytest.approx([200.0, 200.0, 200.0, 200.1])


@given(st.lists(st.floats(0, 2), max_size=40), st.integers(1, 5))
def test_no_second_has_more_than_the_limit(gaps, burst):
    pace, now, starts = Pace(5, burst=burst), 0.0, []
    for gap in gaps:
        now += gap
        starts.append(pace.reserve(A, now))
        assert starts[-1] >= now
    assert starts == sorted(starts)
    for start in starts:
        assert sum(start <= other < start + 1 - 1e-9 for other in starts) <= 5 + burst


@pytest.mark.parametrize(
    ("response", "pause"),
    [
        (answer(429, Retry_After="30"), 30),
        (answer(503, Retry_After="Sun, 06 Nov 1994 08:50:07 GMT"), 30),
        (answer(200, Retry_After="30"), 0),
        (answer(429), 0),
        (answer(RateLimit='"default";r=0;t=7'), 7),
        (answer(RateLimit='"default";r=1;t=7'), 0),
        (answer(RateLimit='"a";r=5;t=99, "b"; r=0; t=8'), 8),
        (answer(RateLimit='"a";r=0'), 0),
        (answer(RateLimit_Remaining="0", RateLimit_Reset="9"), 9),
        (answer(X_RateLimit_Remaining="0", X_RateLimit_Reset="9"), 9),
        (answer(X_RateLimit_Remaining="0", X_RateLimit_Reset=str(int(WALL) + 40)), 0),
        (answer(X_RateLimit_Remaining="0", X_RateLimit_Reset="1000000040",
                Date="Sun, 09 Sep 2001 01:46:40 GMT"), 40),
        (answer(X_RateLimit_Remaining="3", X_RateLimit_Reset="9"), 0),
        (answer(X_RateLimit_Remaining="0", X_RateLimit_Reset="soon"), 0),
        (answer(429, Retry_After="5", RateLimit='"a";r=0;t=3'), 5),
        (answer(429, Retry_After="999999"), 3600),
        (answer(RateLimit="=;;,\"r=0;t=1"), 0),
    ],
)  # fmt: skip
def test_the_servers_word(response, pause):
    if response.headers.get("x-ratelimit-reset") == str(int(WALL) + 40):
        pause = 3600  # Before 2001 such a number is a number of seconds.
    pace = Pace()
    pace.learn(A, response, 100.0, WALL)
    assert pace.reserve(A, 100.0) == 100.0 + pause
    assert pace.reserve(B, 100.0) == 100.0
    assert pace.reserve(A, 5000.0) == 5000.0


def test_no_burst_when_a_pause_ends():
    pace = Pace(10, burst=5)
    pace.learn(A, answer(429, Retry_After="30"), 100.0, WALL)
    starts = [pace.reserve(A, 101.0) for _ in range(3)]
    assert starts == pytest.approx([130.0, 130.1, 130.2])
    # A shorter word later does not end the pause.
    pace.learn(A, answer(429, Retry_After="1"), 102.0, WALL)
    assert pace.reserve(A, 104.0) >= 130.0


def test_few_origins_are_kept(monkeypatch):
    monkeypatch.setattr(module, "MAX_ORIGINS", 10)
    pace = Pace(1)
    for number in range(50):
        origin = Origin("http", str(number), 80)
        pace.reserve(origin, 100.0)
        pace.learn(origin, answer(429, Retry_After="30"), 100.0, WALL)
    assert len(pace._due) == len(pace._paused) == 10
    pace.reserve(A, 200.0)
    assert list(pace._due) == [A]


def test_threads_share_it():
    pace, starts = Pace(1000), []

    def reserve():
        starts.extend(pace.reserve(A, 0.0) for _ in range(100))

    threads = [Thread(target=reserve) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(starts) == pytest.approx([number / 1000 for number in range(800)])


def test_arguments():
    for wrong in ({"per_second": 0}, {"per_second": -1}, {"burst": 0}, {"max_pause": 0}):
        with pytest.raises(ValueError, match="positive"):
            Pace(**wrong)
    again = pickle.loads(pickle.dumps(Pace(2, burst=3, max_pause=4)))
    assert (again.per_second, again.burst, again.max_pause) == (2, 3, 4)
