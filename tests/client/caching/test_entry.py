"""Entries as JSON: what a store gives back may be damaged."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as st

from nethttp.client.caching.entry import Entry
from nethttp.client.caching.freshness import current_age, lifetime
from nethttp.client.caching.reuse import answer_from, decide
from nethttp.client.caching.store import cost_of

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
SOUND = Entry(
    "http://a.example/",
    200,
    "OK",
    (("A", "b"),),
    (("c", None), ("d", "e")),
    1.0,
    2.0,
    "c1",
    5,
    (0, 5, 9),
)


def test_what_was_written_is_read():
    assert Entry.from_json(SOUND.to_json()) == SOUND


@given(st.text() | st.binary(max_size=50) | VALUES.map(json.dumps))
def test_anything_else_is_a_value_error(text):
    with suppress(ValueError):
        Entry.from_json(text)


@given(st.sampled_from(sorted(asdict(SOUND))), VALUES)
def test_an_entry_with_a_damaged_value_is_refused_or_usable(name, value):
    damaged = json.dumps({**asdict(SOUND), name: value})
    with suppress(ValueError):
        entry = Entry.from_json(damaged)
        assert cost_of(entry) is not None
        current_age(entry, 10.0)
        lifetime(entry)
        decide("GET", (("d", "e"),), [entry], 10.0)
        answer_from(entry, "GET", (), 10.0)
