"""Sessions: begun by one worker, known to all, ended by any."""

from __future__ import annotations

import pytest

from nethttp.server.files.accounts import sessions as module
from nethttp.server.files.accounts.mark import Mark
from nethttp.server.files.accounts.sessions import Sessions


@pytest.fixture
def workers(database, clock, tmp_path):
    path = str(tmp_path / "mark")
    return Sessions(database(), Mark(path), clock), Sessions(database(), Mark(path), clock)


def test_all_workers_know_a_session_until_one_ends_it(workers):
    one, other = workers
    token = one.begin("ann", b"stamp")
    for _ in range(3):
        assert one.find(token) == other.find(token) == ("ann", b"stamp")
    other.end(token)
    assert one.find(token) is None
    assert other.find(token) is None


def test_a_session_that_is_kept_ends_for_its_own_worker_too(workers):
    one, _ = workers
    token = one.begin("ann", b"")
    assert one.find(token)
    one.end(token)
    assert one.find(token) is None


def test_hole_20_tokens_that_are_none(workers):
    one, _ = workers
    one.begin("ann", b"")
    for token in ("", "x", "\udcff", "x" * 10_000):
        assert one.find(token) is None
        one.end(token)


def test_a_session_ends_after_its_life(workers, clock):
    one, other = workers
    token = one.begin("ann", b"")
    assert one.find(token)
    clock.now += module.LIFE + 1
    assert one.find(token) is None
    assert other.find(token) is None


def test_a_user_has_a_bounded_number(workers, clock, monkeypatch):
    monkeypatch.setattr(module, "MAX_OF_USER", 2)
    one, _ = workers
    bob = one.begin("bob", b"")
    tokens = []
    for _ in range(4):
        clock.now += 1
        tokens.append(one.begin("ann", b""))
    assert [one.find(token) is not None for token in tokens] == [False, False, True, True]
    assert one.find(bob)


def test_the_file_signs_nobody_in(workers, tmp_path):
    one, _ = workers
    token = one.begin("ann", b"")
    for path in tmp_path.iterdir():
        assert token.encode() not in path.read_bytes()


def test_a_session_that_is_known_costs_no_query(workers):
    one, other = workers
    token = one.begin("ann", b"")
    assert one.find(token)
    one._database, database = None, one._database
    assert one.find(token)
    one._database = database
    other.end(token)
    assert one.find(token) is None


def test_a_worker_keeps_a_bounded_number(workers, monkeypatch):
    monkeypatch.setattr(module, "MAX_KNOWN", 1)
    one, _ = workers
    tokens = [one.begin("ann", b"") for _ in range(3)]
    assert all(one.find(token) for token in tokens)
    assert len(one._known) == 1
