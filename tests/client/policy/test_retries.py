"""Retries: only what does no harm, with growing random waits, within a budget and a deadline."""

from __future__ import annotations

import pickle
from threading import Thread
from types import SimpleNamespace

import pytest

from nethttp.client.messages.headers import Headers
from nethttp.client.messages.request import Request
from nethttp.client.policy.retries import Budget, Retries, as_retries, retry_after
from nethttp.errors import (
    AddressRefused,
    BodyNotReplayable,
    CertificateError,
    ConnectError,
    ConnectTimeout,
    DecodingError,
    InvalidResponse,
    PoolTimeout,
    ProxyError,
    ReadError,
    ReadTimeout,
    ResolveError,
    TooManyRedirects,
    WriteError,
    WriteTimeout,
)

NOW = 1000.0
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
DATE_SECONDS = 784111777


def policy(**settings):
    settings.setdefault("random", lambda: 1.0)
    settings.setdefault("wall_clock", lambda: float(DATE_SECONDS))
    return Retries(**settings)


def answer(status=503, **headers):
    lines = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return SimpleNamespace(status_code=status, headers=Headers(lines))


def delay(outcome, *, method="GET", headers=(), body=None, tries=1, retries=None, **when):
    request = Request(method, "http://a/", headers, body)
    return (retries or policy()).delay(tries, request, outcome, now=NOW, **when)


KEY = {"Idempotency-Key": "1"}
ALWAYS = [ConnectError, ResolveError, ConnectTimeout]
IF_IDEMPOTENT = [ReadError, WriteError, ReadTimeout, WriteTimeout]
NEVER = [AddressRefused, CertificateError, PoolTimeout, ProxyError, InvalidResponse, DecodingError,
         TooManyRedirects, ValueError, TimeoutError]  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "QUERY"])
def test_idempotent_methods(method):
    for error in [*ALWAYS, *IF_IDEMPOTENT]:
        assert delay(error("lost"), method=method) is not None
    for error in NEVER:
        assert delay(error("lost"), method=method) is None
    for status in (429, 502, 503, 504):
        assert delay(answer(status), method=method) is not None
    for status in (200, 301, 400, 404, 408, 500, 501):
        assert delay(answer(status), method=method) is None


@pytest.mark.parametrize("method", ["POST", "PATCH", "CONNECT", "OTHER"])
def test_other_methods_only_with_a_key_or_if_nothing_was_sent(method):
    for error in ALWAYS:
        assert delay(error("lost"), method=method) is not None
    for outcome in [*(error("lost") for error in IF_IDEMPOTENT), answer(503)]:
        assert delay(outcome, method=method) is None
        assert delay(outcome, method=method, headers=KEY) is not None
        assert delay(outcome, method=method, retries=policy(methods={method})) is not None


def test_waits_grow_up_to_their_bound_and_are_random():
    retries = policy(max=10, first_wait=1.0, max_wait=10.0)
    waits = [delay(answer(), tries=tries, retries=retries) for tries in range(1, 12)]
    assert waits == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0, None]
    shares = iter([0.0, 0.25, 1.0])
    retries = policy(random=lambda: next(shares), first_wait=4.0)
    assert [delay(answer(), retries=retries) for _ in range(3)] == [0.0, 1.0, 4.0]
    assert delay(answer(), tries=5000, retries=policy(max=9999)) == 30.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "7"}, 7.0),
        ({"Retry_After": " 7 "}, 7.0),
        ({"Retry_After": "0"}, 0.0),
        ({"Retry_After": "Sun, 06 Nov 1994 08:50:07 GMT"}, 30.0),
        ({"Retry_After": "Sun, 06 Nov 1994 08:50:07 GMT", "Date": DATE}, 30.0),
        # The server's clock is an hour ahead: its own Date counts.
        ({"Retry_After": "Sun, 06 Nov 1994 09:50:07 GMT",
          "Date": "Sun, 06 Nov 1994 09:49:37 GMT"}, 30.0),
        ({"Retry_After": "Sun, 06 Nov 1994 08:00:00 GMT"}, 0.0),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "-1"}, None),
        ({"Retry_After": "1.5"}, None),
        ({"Retry_After": "99999999999"}, None),
        ({"Retry_After": ""}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_retry_after(headers, seconds):
    assert retry_after(answer(**headers).headers, float(DATE_SECONDS)) == seconds
    wait = delay(answer(**headers), retries=policy(first_wait=0.5))
    assert wait == 0.5 + (seconds or 0.0)


def test_a_server_that_asks_for_too_long_gets_its_response_returned():
    assert delay(answer(Retry_After="120")) is not None
    assert delay(answer(Retry_After="121")) is None
    assert delay(answer(Retry_After="121"), retries=policy(max_retry_after=121)) is not None


def test_no_wait_begins_that_the_deadline_would_cut():
    retries = policy(first_wait=2.0)
    assert delay(answer(), retries=retries, deadline=NOW + 2.1) == 2.0
    assert delay(answer(), retries=retries, deadline=NOW + 2.0) is None
    assert delay(answer(Retry_After="9"), retries=retries, deadline=NOW + 10) is None


def test_a_budget_bounds_the_retries_of_all_requests():
    budget = Budget(ratio=0.1, reserve=2)
    retries = policy(budget=budget)
    assert [delay(answer(), retries=retries) is not None for _ in range(4)] == [True, True, False,
                                                                                False]  # fmt: skip
    for _ in range(10):
        budget.earn()
    assert budget.left == pytest.approx(1.0, abs=0.001)
    budget.earn()
    assert delay(answer(), retries=retries) is not None
    assert delay(answer(), retries=retries) is None


def test_a_budget_is_not_spent_on_what_is_not_tried_again():
    budget = Budget(reserve=1)
    retries = policy(budget=budget)
    delay(answer(404), retries=retries)
    delay(answer(), retries=retries, tries=9)
    delay(answer(), retries=retries, deadline=NOW)
    delay(answer(), retries=retries, method="PUT", body=Source(False))
    assert budget.left == 1


def test_a_budget_is_for_all_threads():
    budget = Budget(ratio=0, reserve=500)
    spent = []

    def spend():
        spent.append(sum(budget.spend() for _ in range(200)))

    threads = [Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(spent) == 500


class Source:
    length = None

    def __init__(self, replayable):
        self.replayable = replayable
        self.rewound = 0

    def pieces(self):
        yield b"abc"

    def rewind(self):
        if not self.replayable:
            raise BodyNotReplayable("the body was an iterator")
        self.rewound += 1


def test_a_body_is_rewound_or_not_sent_again():
    source = Source(True)
    assert delay(answer(), method="PUT", body=source) is not None
    assert source.rewound == 1
    assert delay(answer(), method="PUT", body=Source(False)) is None
    error = ReadError("lost")
    assert delay(error, method="PUT", body=Source(False)) is None
    assert error.__notes__ == ["not tried again: the body was an iterator"]


def test_the_arguments_of_a_client():
    assert as_retries(None) is as_retries(False) is as_retries(0) is None
    assert as_retries(Retries(max=0)) is None
    assert as_retries(True).max == 3
    assert as_retries(7).max == 7
    given = Retries()
    assert as_retries(given) is given
    for wrong in ({"max": -1}, {"first_wait": -1}, {"max_wait": float("nan")}):
        with pytest.raises(ValueError, match="at least 0"):
            Retries(**wrong)
    with pytest.raises(ValueError, match="at least 0"):
        Budget(ratio=-1)


def test_a_policy_can_be_pickled():
    again = pickle.loads(pickle.dumps(Retries(max=2, budget=Budget(ratio=0.5, reserve=3))))
    assert (again.max, again.budget.ratio, again.budget.left) == (2, 0.5, 3)
