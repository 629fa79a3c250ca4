"""What every store does: in memory, in SQLite, at a Valkey server."""

from __future__ import annotations

import errno
from dataclasses import replace

import pytest

from nethttp.client.caching.store import MAX_VARIANTS, PIECE, Key, cost_of
from nethttp.errors import StorageError

from .conftest import URL, entry

KEY = Key(URL)


def counted(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def put(store, content: str, data: bytes = b"hello", key: Key = KEY, **more):
    """Store an entry as a recording does, and return it."""
    last = max(0, len(data) - 1) // PIECE * PIECE
    for start in range(0, last, PIECE):
        middle = start + PIECE // 3
        store.append(content, start, [data[start:middle], data[middle : start + PIECE]])
    made = replace(entry(content=content, size=len(data), **more), url=key.url)
    store.commit(key, made, last, [data[last:]])
    return made


def content_of(store, made, key: Key = KEY) -> bytes:
    content = store.open(key, made)
    found = b""
    while len(found) < made.size:
        data = content.read(len(found), made.size)
        assert data
        found += data
    content.close()
    return found


def test_what_is_committed_is_found(store):
    made = put(store, "c1")
    assert store.variants(KEY) == [made]
    assert content_of(store, made) == b"hello"
    assert store.variants(Key(URL, "other")) == []
    assert store.variants(Key(URL + "c")) == []


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_contents_of_every_size(store, size):
    data = counted(size)
    assert content_of(store, put(store, "c1", data)) == data


@pytest.mark.parametrize("start", [0, 1, PIECE // 3, PIECE - 1, PIECE, PIECE + 5, 2 * PIECE + 6])
@pytest.mark.parametrize("size", [1, 7, PIECE])
def test_any_part_of_a_content_is_read(store, start, size):
    data = counted(2 * PIECE + 7)
    content = store.open(KEY, put(store, "c1", data))
    part, stop = b"", min(start + size, len(data))
    while start + len(part) < stop:
        part += content.read(start + len(part), stop)
    content.close()
    assert part == data[start:stop]


def test_pieces_that_are_written_again_count_once(store):
    store.append("c1", 0, [b"a" * PIECE])
    store.append("c1", 0, [b"a" * PIECE])
    made = replace(entry(content="c1", size=PIECE + 1), url=URL)
    store.commit(KEY, made, PIECE, [b"b"])
    assert content_of(store, made) == b"a" * PIECE + b"b"


@pytest.mark.parametrize("make_store", ["memory", "sqlite"], indirect=True)
def test_a_content_that_was_discarded_does_not_come_back(store):
    store.append("c1", 0, [bytes(PIECE)])
    store.discard("c1")
    with pytest.raises(StorageError):
        store.append("c1", PIECE, [bytes(PIECE)])
    with pytest.raises(StorageError):
        store.commit(KEY, entry(content="c1", size=PIECE + 70_000), PIECE, [bytes(70_000)])
    assert store.variants(KEY) == []


@pytest.mark.parametrize("make_store", ["memory", "sqlite"], indirect=True)
@pytest.mark.parametrize("size", [PIECE - 1, PIECE + 1])
def test_a_content_of_another_size_than_its_entry_says_is_not_stored(store, size):
    with pytest.raises(StorageError, match=f"expected {size} bytes, got {PIECE}"):
        store.commit(KEY, entry(content="c1", size=size), 0, [bytes(PIECE)])
    assert store.variants(KEY) == []


def test_the_cost_of_an_entry_counts_all_that_a_peer_can_make_long():
    plain = cost_of(entry())
    assert cost_of(entry({"A": "x" * 1000})) >= plain + 1000
    assert cost_of(entry(selecting=(("cookie", "x" * 1000), ("a", None)))) >= plain + 1000
    assert cost_of(entry(size=1005)) == plain + 1000


def test_what_is_finished_counts_no_longer_as_unfinished(make_store):
    store = make_store(3 * PIECE)
    for number in range(5):
        put(store, f"c{number}", bytes(2 * PIECE))
    assert [made.content for made in store.variants(KEY)] == ["c4"]


def test_variants_do_not_replace_each_other(store):
    one = put(store, "c1", b"one", selecting=(("foo", "1"),))
    two = put(store, "c2", b"two", selecting=(("foo", "2"),), at=1_000_000_001.0)
    assert store.variants(KEY) == [one, two]
    again = put(store, "c3", b"3", selecting=(("foo", "1"),), at=1_000_000_009.0)
    assert store.variants(KEY) == [two, again]


def test_parts_stay_until_the_whole_is_there(store):
    parts = [
        put(store, f"p{at}", b"12345", status=206, part=(at, at + 5, 10), at=1e9 + at)
        for at in (0, 5)
    ]
    assert store.variants(KEY) == parts
    whole = put(store, "c1", b"0123456789")
    assert store.variants(KEY) == [whole]


def test_variants_are_bounded(store):
    for number in range(MAX_VARIANTS + 2):
        put(store, f"c{number}", selecting=(("foo", str(number)),), at=1e9 + number)
    names = [made.content for made in store.variants(KEY)]
    assert names == [f"c{number}" for number in range(2, MAX_VARIANTS + 2)]


def test_an_update_changes_fields_and_not_the_content(store):
    made = put(store, "c1")
    store.update(KEY, replace(made, fields=(("A", "2"),)))
    (found,) = store.variants(KEY)
    assert found.fields == (("A", "2"),)
    assert content_of(store, found) == b"hello"
    store.update(KEY, replace(made, content="other"))
    assert len(store.variants(KEY)) == 1


def test_a_removed_url_is_gone_in_all_partitions(store):
    put(store, "c1")
    put(store, "c2", key=Key(URL, "p"))
    kept = put(store, "c3", key=Key(URL + "c"))
    store.remove([URL, URL + "nothing"])
    assert store.variants(KEY) == store.variants(Key(URL, "p")) == []
    assert store.variants(Key(URL + "c")) == [kept]


def test_what_is_not_committed_is_never_found(store):
    store.append("c1", 0, [bytes(PIECE)])
    assert store.variants(KEY) == []
    store.discard("c1")
    store.discard("c1")
    assert store.variants(KEY) == []


def test_a_content_that_is_gone(store):
    with pytest.raises(StorageError) as caught:
        store.open(KEY, entry(content="c1"))
    assert caught.value.errno == errno.ENOENT


def test_a_reader_finishes_what_is_replaced_meanwhile(store):
    data = bytes(2 * PIECE + 7)
    made = put(store, "c1", data)
    content = store.open(KEY, made)
    put(store, "c2", b"new")
    assert content.read(2 * PIECE, made.size) == bytes(7)
    content.close()


def test_unfinished_contents_are_bounded_together(make_store):
    store = make_store(3 * PIECE)
    store.append("c1", 0, [bytes(PIECE)])
    store.append("c2", 0, [bytes(PIECE)])
    with pytest.raises(StorageError, match="unfinished"):
        store.append("c2", PIECE, [bytes(2 * PIECE)])
    store.discard("c2")
    store.append("c3", 0, [bytes(2 * PIECE)])


def test_the_least_used_go_when_the_bound_is_reached(make_store, clock):
    cost = cost_of(entry(size=5))
    store = make_store(3 * cost + 100)
    made = []
    for number in range(3):
        clock.now += 100
        made.append(put(store, f"c{number}", key=Key(f"{URL}{number}")))
    clock.now += 100
    store.open(Key(f"{URL}0"), made[0])
    put(store, "c3", key=Key(f"{URL}3"))
    there = [bool(store.variants(Key(f"{URL}{number}"))) for number in range(4)]
    assert there == [True, False, True, True]


def test_many_entries_stay_within_the_bound(make_store, clock):
    store = make_store(20_000)
    for number in range(100):
        clock.now += 1
        put(store, f"c{number}", bytes(500), key=Key(f"{URL}{number}"))
    kept = [number for number in range(100) if store.variants(Key(f"{URL}{number}"))]
    assert kept == list(range(100 - len(kept), 100))
    assert 10 < len(kept) * 1000 < 20_000
