"""A middleware decides what is sent and what comes back; nothing that it leaves stays open."""

from __future__ import annotations

import pytest

from nethttp.client.flow.middleware import around, around_all, with_events
from nethttp.client.messages.request import Request
from nethttp.net.effects import Ask, Sleep

from .steps import Answer, Script

REQUEST = Request("GET", "http://a/")


def run(middleware, *outcomes):
    script = Script(outcomes)
    step = around(script.send, middleware)
    return script, script.run(step(script.call, REQUEST))


def test_it_may_return_a_response_of_its_own():
    own = object()

    def never(request):
        return own
        yield

    script, response = run(never)
    assert response is own
    assert script.requests == []


def test_what_it_does_not_return_is_closed():
    first, second = Answer(500), Answer(200)

    def twice(request):
        yield request
        return (yield request)

    _, response = run(twice, first, second)
    assert response is second
    assert first.ended == "closed"
    assert second.ended is None

    own = object()

    def instead(request):
        yield request
        return own

    answer = Answer(200)
    _, response = run(instead, answer)
    assert response is own
    assert answer.ended == "closed"


def test_it_may_catch_what_fails():
    def patient(request):
        try:
            yield request
        except OSError:
            yield Sleep(101.0)
            return (yield request)

    script, response = run(patient, OSError(), Answer(200))
    assert response.status_code == 200
    assert script.slept == [1.0]


def test_its_own_error_abandons_the_response():
    def broken(request):
        yield request
        raise KeyError

    answer = Answer(200)
    with pytest.raises(KeyError):
        run(broken, answer)
    assert answer.ended == "abandoned"


def test_a_stop_closes_it_at_its_yield():
    closed = []

    def careful(request):
        try:
            return (yield request)
        finally:
            closed.append(True)

    def endless(call, request):
        yield Sleep(1e9)

    flow = around(endless, careful)(None, REQUEST)
    next(flow)
    flow.close()
    assert closed == [True]


def test_the_first_is_the_outermost():
    order = []

    def named(name):
        def middleware(request):
            order.append(name)
            response = yield request
            order.append(f"{name} after")
            return response

        return middleware

    script = Script([Answer(200)])
    step = around_all(script.send, [named("a"), named("b")])
    script.run(step(script.call, REQUEST))
    assert order == ["a", "b", "b after", "a after"]


def test_events_are_told_in_order_and_may_fail():
    answer = Answer(200)
    script = Script([answer])
    step = with_events(script.send, {"request": print, "response": print})
    flow = step(script.call, REQUEST)
    first = next(flow)
    assert isinstance(first, Ask)
    assert first.arguments == (REQUEST,)
    second = flow.send(None)
    assert isinstance(second, Ask)
    assert second.arguments == (answer,)
    with pytest.raises(ZeroDivisionError):
        flow.throw(ZeroDivisionError())
    assert answer.ended == "abandoned"


def yields_nothing(request):
    """Return nothing, and yield nothing."""


def returns_nothing(request):
    yield request


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (yields_nothing, r"that yields its request.*yields_nothing.* returned NoneType"),
        (returns_nothing, r"to return a response, .*returns_nothing.* returned None"),
    ],
)
def test_a_middleware_that_is_none_is_an_error_that_says_so(wrong, said):
    with pytest.raises(TypeError, match=said):
        run(wrong, Answer(200))
