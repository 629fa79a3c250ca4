"""The step that keeps the pace: it waits, or fails at once if the wait would be in vain."""

from __future__ import annotations

import pytest

from nethttp.client.flow.pacing import pacing
from nethttp.client.messages.request import Request
from nethttp.client.policy.pace import Pace
from nethttp.client.policy.timeouts import Timeout
from nethttp.errors import RequestTimeout

from .steps import Answer, Script


def send(script, pace, url="http://a/"):
    return script.run(pacing(script.send, pace)(script.call, Request("GET", url)))


def test_requests_wait_for_their_moment():
    script, pace = Script([Answer()] * 9), Pace(2)
    for _ in range(3):
        send(script, pace)
    send(script, pace, "http://b/")
    assert script.slept == [0.5, 0.5]


def test_a_pause_that_the_server_asks_for_is_kept_by_all():
    script, pace = Script([Answer(429, {"Retry-After": "7"}), Answer()]), Pace()
    assert send(script, pace).status_code == 429
    assert send(script, pace).status_code == 200
    assert script.slept == [7.0]


def test_a_wait_beyond_the_deadline_is_not_begun():
    script, pace = Script([Answer()], Timeout(3)), Pace(0.1)
    send(script, pace)
    with pytest.raises(RequestTimeout, match=r"in 10\.0 s") as caught:
        send(script, pace)
    assert caught.value.phase == "queue"
    assert script.slept == []
