"""The decision for a request: RFC 9111 section 4."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client.caching.reuse import Step, answer_from, decide, helps_on_error

from .conftest import entry

NOW = 1_000_000_000.0
ANSWER, BOTH, VALIDATE = Step.ANSWER, Step.ANSWER_AND_VALIDATE, Step.VALIDATE
FETCH, REFUSE = Step.FETCH, Step.REFUSE


def stored(control: str, **more):
    return entry({"Cache-Control": control, "ETag": '"1"'}, **more)


@pytest.mark.parametrize(
    ("response", "request_control", "age", "step"),
    [
        ("max-age=60", "", 30, ANSWER),
        ("max-age=60", "", 60, VALIDATE),
        ("max-age=60", "", 90, VALIDATE),
        ("max-age=60, no-cache", "", 0, VALIDATE),
        ('max-age=60, no-cache="X"', "", 0, ANSWER),
        ("max-age=60, must-revalidate", "", 30, ANSWER),
        ("max-age=60", "no-cache", 0, VALIDATE),
        ("max-age=60", "no-store", 0, FETCH),
        ("max-age=60", "max-age=0", 1, VALIDATE),
        ("max-age=60, immutable", "max-age=0", 1, ANSWER),
        ("max-age=60, immutable", "max-age=0", 61, VALIDATE),
        ("max-age=60, immutable", "no-cache", 1, VALIDATE),
        ("max-age=60", "max-age=20", 10, ANSWER),
        ("max-age=60", "max-age=20", 30, VALIDATE),
        ("max-age=60", "min-fresh=20", 30, ANSWER),
        ("max-age=60", "min-fresh=30", 30, VALIDATE),
        ("max-age=60", "max-stale", 9000, ANSWER),
        ("max-age=60", "max-stale=20", 80, ANSWER),
        ("max-age=60", "max-stale=20", 81, VALIDATE),
        ("max-age=60", "max-stale=x", 61, VALIDATE),
        ("max-age=60, must-revalidate", "max-stale", 61, VALIDATE),
        ("max-age=60, stale-while-revalidate=20", "", 80, BOTH),
        ("max-age=60, stale-while-revalidate=20", "", 81, VALIDATE),
        ("max-age=60, stale-while-revalidate=0", "", 60, VALIDATE),
        ("max-age=60, stale-while-revalidate=20", "max-age=90", 70, VALIDATE),
        ("max-age=60, stale-while-revalidate=20, must-revalidate", "", 70, VALIDATE),
        ("max-age=60", "only-if-cached", 30, ANSWER),
        ("max-age=60", "only-if-cached", 61, REFUSE),
    ],
)
def test_steps(response, request_control, age, step):
    request = [("Cache-Control", request_control)] if request_control else []
    decision = decide("GET", request, [stored(response)], NOW + age)
    assert decision.step is step
    if step is VALIDATE:
        assert decision.conditions == (("If-None-Match", '"1"'),)


@pytest.mark.parametrize(
    ("method", "fields", "variants", "step"),
    [
        ("GET", {}, [], FETCH),
        ("GET", {"Cache-Control": "only-if-cached"}, [], REFUSE),
        ("HEAD", {}, [stored("max-age=60")], ANSWER),
        ("POST", {}, [stored("max-age=60")], FETCH),
        ("GET", {"Pragma": "no-cache"}, [stored("max-age=60")], VALIDATE),
        ("GET", {"Pragma": "no-cache", "Cache-Control": "x"}, [stored("max-age=60")], ANSWER),
        ("GET", {}, [entry({"Cache-Control": "max-age=0"})], FETCH),
        ("GET", {"If-None-Match": '"1"'}, [stored("max-age=60")], ANSWER),
        ("GET", {"If-None-Match": '"1"'}, [stored("max-age=0")], FETCH),
        ("GET", {"If-Match": '"1"'}, [stored("max-age=60")], FETCH),
        ("GET", {"Range": "bytes=0-1"}, [stored("max-age=60")], ANSWER),
        ("GET", {"Range": "bytes=0-1"}, [stored("max-age=0")], FETCH),
        ("GET", {"Range": "bytes=9-"}, [stored("max-age=60")], FETCH),
        ("GET", {}, [stored("max-age=60", status=206, part=(0, 5, 9))], FETCH),
        ("GET", {"Range": "bytes=1-2"}, [stored("max-age=60", status=206, part=(0, 5, 9))], ANSWER),
    ],
)
def test_steps_of_other_requests(method, fields, variants, step):
    assert decide(method, list(fields.items()), variants, NOW).step is step


def test_a_request_that_selects_no_variant_asks_for_all():
    other = stored("max-age=60", selecting=(("foo", "1"),))
    decision = decide("GET", [("Foo", "2")], [other], NOW)
    assert (decision.step, decision.entry) == (VALIDATE, None)
    assert decision.conditions == (("If-None-Match", '"1"'),)


@pytest.mark.parametrize(
    ("response", "request_control", "default", "age", "helps"),
    [
        ("max-age=60", "", 0, 61, False),
        ("max-age=60", "", 30, 90, True),
        ("max-age=60", "", 30, 91, False),
        ("max-age=60, stale-if-error=10", "", 0, 70, True),
        ("max-age=60, stale-if-error=10", "", 30, 71, False),
        ("max-age=60", "stale-if-error=20", 0, 80, True),
        ("max-age=60, stale-if-error=90", "stale-if-error=20", 0, 81, False),
        ("max-age=60, stale-if-error=10, must-revalidate", "", 30, 61, False),
        ("max-age=60, stale-if-error=10", "no-cache", 30, 61, False),
    ],
)
def test_stale_if_error(response, request_control, default, age, helps):
    request = [("Cache-Control", request_control)]
    assert helps_on_error(stored(response), request, NOW + age, default) is helps


def test_a_stored_response_is_given_with_its_age():
    made = entry({"Cache-Control": "max-age=60", "Age": "5", "A": "1"})
    answer = answer_from(made, "GET", [], NOW + 7.9)
    assert answer.status == 200
    assert answer.fields == (("Cache-Control", "max-age=60"), ("A", "1"), ("Age", "12"))
    assert answer.piece == (0, 5, 5)


def test_what_the_origin_has_confirmed_has_no_age_and_all_fields():
    made = entry({"Cache-Control": 'no-cache="a"', "A": "1"})
    assert dict(answer_from(made, "GET", [], NOW, confirmed=True).fields) == dict(made.fields)
    assert "A" not in dict(answer_from(made, "GET", [], NOW).fields)


@pytest.mark.parametrize(
    ("method", "fields", "status", "piece"),
    [
        ("HEAD", {}, 200, None),
        ("GET", {"If-None-Match": '"1"'}, 304, None),
        ("GET", {"If-None-Match": '"2"'}, 200, (0, 5, 5)),
        ("GET", {"Range": "bytes=1-2"}, 206, (1, 3, 5)),
        ("HEAD", {"Range": "bytes=1-2"}, 206, None),
        ("GET", {"Range": "bytes=1-2", "If-Range": '"2"'}, 200, (0, 5, 5)),
    ],
)
def test_answers(method, fields, status, piece):
    answer = answer_from(stored("max-age=60"), method, list(fields.items()), NOW)
    assert (answer.status, answer.piece) == (status, piece)


def test_a_stored_error_does_not_become_a_304():
    made = entry({"ETag": '"1"'}, 404)
    assert answer_from(made, "GET", [("If-None-Match", '"1"')], NOW).status == 404


@given(
    st.lists(st.tuples(st.sampled_from(["Cache-Control", "Range", "If-None-Match"]), st.text())),
    st.text(),
    st.floats(0, 2e9),
)
def test_every_request_gets_a_decision(fields, control, now):
    made = entry({"Cache-Control": control})
    decision = decide("GET", fields, [made], now)
    if decision.step is ANSWER:
        assert decision.entry is made
        answer_from(made, "GET", fields, now)
