"""The bytes of contents that are being written."""

from __future__ import annotations

import pytest

from nethttp.client.caching.store import UNFINISHED
from nethttp.client.caching.unfinished import Unfinished
from nethttp.errors import StorageError


def test_all_together_they_are_bounded(clock):
    unfinished = Unfinished(100, clock)
    unfinished.note("a", 40)
    unfinished.note("b", 30)
    unfinished.note("a", 70)
    with pytest.raises(StorageError, match="unfinished contents fill it"):
        unfinished.note("b", 31)
    assert unfinished.end("b")
    assert not unfinished.end("b")
    unfinished.note("c", 30)
    assert unfinished.names() == ["a", "c"]


def test_what_nobody_writes_to_counts_no_longer(clock):
    unfinished = Unfinished(100, clock)
    unfinished.note("a", 100)
    clock.now += UNFINISHED
    with pytest.raises(StorageError):
        unfinished.note("b", 1)
    clock.now += 1
    unfinished.note("b", 1)
    assert unfinished.names() == ["b"]
