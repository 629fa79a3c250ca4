"""What tests of a call's steps share: a scripted transport, and a clock that sleeping turns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nethttp.client.flow.call import Call
from nethttp.client.flow.deadlines import Deadlines
from nethttp.client.messages.headers import Headers
from nethttp.client.policy.timeouts import Timeout
from nethttp.net.effects import Sleep


class Answer:
    """A response as the steps of a call see it."""

    def __init__(self, status=200, headers=(), content=b""):
        self.status_code = status
        self.headers = Headers(headers)
        self.content = content
        self.history = []
        self.ended = None
        self.reads = 0
        self.is_redirect = 300 <= status < 400

    def read_flow(self):
        self.reads += 1
        if isinstance(self.content, Exception):
            raise self.content
        return self.content
        yield

    def close_flow(self):
        self.ended = "closed"
        return
        yield

    def abandon(self):
        self.ended = self.ended or "abandoned"


class Script:
    """Answers requests one by one: an `Answer`, an exception to raise, or a function of both."""

    def __init__(self, outcomes: Iterable[Any], timeout: Timeout = Timeout()) -> None:  # noqa: B008
        self.outcomes = iter(outcomes)
        self.requests: list[Any] = []
        self.now = 100.0
        self.slept: list[float] = []
        self.call: Call[Any] = Call(Deadlines(timeout, lambda: self.now), lambda *_: None, True)

    def send(self, call, request):
        self.requests.append(request)
        outcome = next(self.outcomes)
        if callable(outcome):
            outcome = outcome(request)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome
        yield

    def run(self, flow):
        """Return what a flow returns; sleeping turns the clock."""
        try:
            effect = next(flow)
            while True:
                assert isinstance(effect, Sleep)
                self.slept.append(effect.deadline - self.now)
                self.now = effect.deadline
                effect = flow.send(None)
        except StopIteration as stop:
            return stop.value
