"""The step that follows redirects: how many, with what history, what happens to their content."""

from __future__ import annotations

import pytest

from nethttp.client.flow.following import following
from nethttp.client.messages.request import Request
from nethttp.client.policy.redirects import Redirects
from nethttp.errors import InvalidResponse, TooManyRedirects

from .steps import Answer, Script


def to(location, status=302):
    return Answer(status, {"Location": location})


def follow(script, request=None, policy=Redirects()):  # noqa: B008
    step = following(script.send, policy)
    return script.run(step(script.call, request or Request("GET", "http://a/")))


def test_redirects_are_followed_and_kept_in_order():
    answers = [to("/1"), to("//b/2"), Answer(200)]
    script = Script(answers)
    last = follow(script)
    assert last is answers[2]
    assert [str(request.url) for request in script.requests] == ["http://a/", "http://a/1",
                                                                 "http://b/2"]  # fmt: skip
    assert last.history == answers[:2]
    assert [answer.history for answer in answers[:2]] == [[], answers[:1]]
    assert [answer.ended for answer in answers] == ["closed", "closed", None]


def test_without_permission_the_redirect_is_the_response():
    script = Script([to("/1")])
    script.call.follow_redirects = False
    response = follow(script)
    assert (response.status_code, response.history, response.ended) == (302, [], None)


def test_other_responses_of_the_call_are_in_the_history_and_not_counted():
    script = Script([to("/1"), Answer()])
    script.call.history.append(Answer(401))
    response = follow(script, policy=Redirects(max=1))
    assert [each.status_code for each in response.history] == [401, 302]


def test_too_many_leave_no_response_open():
    answers = [to("/1"), to("/2"), to("/3")]
    with pytest.raises(TooManyRedirects) as caught:
        follow(Script(answers), policy=Redirects(max=2))
    assert caught.value.response is answers[2]
    assert caught.value.history == tuple(answers[:2])
    assert [answer.ended for answer in answers] == ["closed", "closed", "abandoned"]


def test_a_bad_location_leaves_no_response_open():
    answer = to("http://")
    with pytest.raises(InvalidResponse):
        follow(Script([answer]))
    assert answer.ended == "abandoned"
