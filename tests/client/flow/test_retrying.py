"""The step that tries again: with what waits, within the deadline, and every attempt to be seen."""

from __future__ import annotations

import pytest

from nethttp.client.flow.retrying import retrying
from nethttp.client.messages.request import Request
from nethttp.client.policy.retries import Budget, Retries
from nethttp.client.policy.timeouts import Timeout
from nethttp.errors import ConnectError, IncompleteRead, InvalidResponse, ReadError

from .steps import Answer, Script


def retry(script, method="GET", **settings):
    policy = Retries(random=lambda: 1.0, first_wait=1.0, **settings)
    return script.run(retrying(script.send, policy)(script.call, Request(method, "http://a/")))


def test_it_tries_until_it_works():
    answers = [ReadError("lost"), Answer(503), Answer(200)]
    script = Script(answers)
    assert retry(script) is answers[2]
    assert script.slept == [1.0, 2.0]
    assert script.call.history == [answers[1]]
    assert answers[1].ended == "closed"
    assert len(script.requests) == 3


def test_the_last_outcome_is_the_callers():
    answers = [Answer(503), Answer(503)]
    assert retry(Script(answers), max=1) is answers[1]
    assert answers[1].ended is None
    with pytest.raises(ReadError) as caught:
        retry(Script([Answer(503), ReadError("lost")]), max=1)
    assert caught.value.attempt == 2
    assert "attempt 2" in str(caught.value)


def test_what_may_have_been_done_is_not_done_again():
    with pytest.raises(ReadError):
        retry(Script([ReadError("lost")]), "POST")
    assert retry(Script([ConnectError("refused"), Answer()]), "POST").status_code == 200


def test_other_errors_pass():
    script = Script([ValueError("mine")])
    with pytest.raises(ValueError, match="mine"):
        retry(script)
    assert script.slept == []


def test_no_wait_goes_beyond_the_total_deadline():
    script = Script([Answer(503)] * 9, Timeout(3.5))
    assert retry(script, max=9).status_code == 503
    assert script.slept == [1.0, 2.0]


def test_requests_earn_the_budget_that_retries_spend():
    budget = Budget(ratio=0.5, reserve=1)
    for sent in (2, 1, 2, 1, 2):
        script = Script([Answer(503)] * 2)
        retry(script, max=1, budget=budget)
        assert len(script.requests) == sent


def cut():
    error = InvalidResponse("cut", phase="receive")
    error.__cause__ = IncompleteRead(b"", 5)
    return error


def test_content_that_was_cut_is_fetched_again_for_a_program_that_gets_it_whole():
    answers = [Answer(200, content=cut()), Answer(200, content=ReadError("lost")), Answer(200)]
    script = Script(answers)
    script.call.whole = True
    assert retry(script) is answers[2]
    assert script.call.history == answers[:2]
    script = Script([Answer(200, content=cut())])
    assert retry(script).reads == 0
    script = Script([Answer(200, content=cut())] * 2)
    script.call.whole = True
    with pytest.raises(InvalidResponse):
        retry(script, max=1)
    script = Script([Answer(200, content=cut())])
    script.call.whole = True
    with pytest.raises(InvalidResponse):
        retry(script, "POST")


def test_the_content_of_redirects_and_of_what_is_tried_again_is_not_read():
    answers = [Answer(503), Answer(302)]
    script = Script(answers)
    script.call.whole = True
    assert retry(script) is answers[1]
    assert [answer.reads for answer in answers] == [0, 0]
    script = Script([Answer(302)])
    script.call.whole, script.call.follow_redirects = True, False
    assert retry(script).reads == 1
