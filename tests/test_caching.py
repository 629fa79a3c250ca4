"""The two kinds of cache: what they keep, and every bound."""

from __future__ import annotations

import threading
import time
from itertools import count

import pytest

from nethttp import caching
from nethttp.caching import AgeCache, SecondTimeCache


def offer(cache: SecondTimeCache[bytes, int], key: bytes, cost: int = 1) -> None:
    if cache.admits(key, len(key)):
        cache.put(key, len(key), cost)


def test_a_key_is_kept_from_the_second_time_on():
    cache = SecondTimeCache()
    offer(cache, b"abc")
    assert cache.get(b"abc") is None
    offer(cache, b"abc")
    assert cache.get(b"abc") == 3


def test_keys_that_occur_once_push_nothing_out():
    cache = SecondTimeCache(max_entries=8)
    for _ in range(2):
        offer(cache, b"repeated")
    for number in range(10_000):
        offer(cache, b"%d" % number)
    assert (len(cache), cache.get(b"repeated")) == (1, 8)


@pytest.mark.parametrize(
    ("bounds", "kept"),
    [
        ({"max_entries": 5}, 5),
        ({"max_entries": 100, "max_bytes": 70}, 7),
        ({"max_entries": 100, "max_bytes": 9}, 1),
    ],
)
def test_a_full_cache_is_emptied_and_fills_again(bounds, kept):
    cache = SecondTimeCache(**bounds)
    keys = [b"%d" % number for number in range(50)]
    sizes = []
    for key in keys:
        offer(cache, key, 10)
        offer(cache, key, 10)
        sizes.append(len(cache))
    assert max(sizes) == kept
    assert cache.get(keys[-1]) is not None


def test_what_was_pushed_out_is_back_after_one_more_reading():
    cache = SecondTimeCache(max_bytes=10)
    for key in (b"a", b"a", b"b", b"b"):
        offer(cache, key, 10)
    assert cache.get(b"a") is None
    offer(cache, b"a", 10)
    assert cache.get(b"a") == 1


def test_a_long_key_is_not_kept():
    cache = SecondTimeCache(max_key=4)
    for _ in range(3):
        offer(cache, b"12345")
        offer(cache, b"1234")
    assert (cache.get(b"12345"), cache.get(b"1234")) == (None, 4)


def test_a_second_time_cache_is_empty_after_its_life():
    cache = SecondTimeCache(life=10.0)
    for _ in range(2):
        offer(cache, b"cookie")
    for now, left in ((100.0, 1), (109.9, 1), (110.0, 0), (111.0, 0)):
        cache.drop_old(now)
        assert len(cache) == left
    # Its life begins anew with what it is given then.
    offer(cache, b"cookie")
    for now, left in ((200.0, 1), (209.9, 1), (210.0, 0)):
        cache.drop_old(now)
        assert len(cache) == left


def test_an_age_cache_is_bounded_in_number_cost_and_time():
    now = [0.0]
    cache = AgeCache(max_entries=3, max_cost=100, life=1.0, clock=lambda: now[0])
    for name in "abcd":
        cache.put(name, name, 10)
    assert [cache.get(name) for name in "abcd"] == [None, "b", "c", "d"]
    cache.put("e", "e", 90)
    assert [cache.get(name) for name in "bcde"] == [None, None, "d", "e"]
    cache.put("huge", "huge", 101)
    assert cache.get("huge") is None
    now[0] = 1.5
    assert cache.get("e") is None
    cache.put("f", "f", 1)
    assert len(cache) == 1
    cache.cache_clear()
    assert len(cache) == 0


def test_servers_age_every_cache(monkeypatch):
    now = count(time.monotonic() + 10_000, 30.0)
    aged, repeated = AgeCache(10, 10), SecondTimeCache()
    aged.put("a", 1, 1)
    for _ in range(2):
        offer(repeated, b"a")
    monkeypatch.setattr(caching.time, "monotonic", lambda: next(now))
    monkeypatch.setattr(caching, "_last_drop", 0.0)
    caching.drop_old()
    assert (len(aged), len(repeated)) == (0, 1)
    caching.drop_old()
    assert len(repeated) == 1
    caching.drop_old()
    assert len(repeated) == 0


def test_every_cache_can_be_emptied():
    aged, repeated = AgeCache(10, 10), SecondTimeCache()
    aged.put("a", 1, 1)
    for _ in range(2):
        offer(repeated, b"a")
    caching.clear_all()
    assert (len(aged), len(repeated)) == (0, 0)
    offer(repeated, b"a")
    assert len(repeated) == 0  # Fingerprints are forgotten too.


def test_threads_may_share_a_cache():
    cache = SecondTimeCache(max_entries=50, max_bytes=400)
    wrong = []

    def use(offset: int) -> None:
        for number in range(3000):
            key = b"%d" % ((number * 7 + offset) % 97)
            found = cache.get(key)
            if found not in (None, len(key)):
                wrong.append(found)
            if found is None:
                offer(cache, key, 10)

    threads = [threading.Thread(target=use, args=(offset,)) for offset in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(cache) <= 40
