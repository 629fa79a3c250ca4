"""Which thread leads: the lock alone, with threads that the test moves on."""

from __future__ import annotations

import threading

import pytest

from nethttp.server.engine import leader
from nethttp.server.engine.leader import LeaderLock
from nethttp.server.engine.threads import ThreadPool


def watched(lock: LeaderLock, hand_over) -> threading.Thread:
    """Run the watcher, whose interrupts end it alone."""

    def watch() -> None:
        try:
            lock.watch(hand_over, 10.0, lambda: None)
        except KeyboardInterrupt:
            pass

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def test_a_leader_whose_handler_returns_in_time_leads_on():
    lock = LeaderLock()
    lock.begin()
    for turn in range(3):
        epoch = lock.release_for(turn)
        assert lock.reacquire(epoch)
    lock.resign()
    lock.seize()


def test_a_leader_whose_handler_blocks_is_replaced():
    lock = LeaderLock()
    lock.begin()
    handed = threading.Event()
    given = []

    def hand_over(what, turn):
        given.append((what, turn))
        lock.begin()
        handed.set()

    watcher = watched(lock, hand_over)
    epoch = lock.release_for("slow")
    assert handed.wait(10)
    assert given == [("slow", 1)]
    # The next leader holds the lock; this thread has become a follower.
    assert not lock.reacquire(epoch)
    # Where the next leader runs a handler itself, the lock is free, and still not this thread's.
    lock.release_for("next")
    assert not lock.reacquire(epoch)
    lock.stop_watching()
    watcher.join()


def test_the_lock_is_seized_while_a_handler_runs():
    lock = LeaderLock()
    lock.begin()
    epoch = lock.release_for("slow")
    lock.seize()
    assert not lock.reacquire(epoch)


def test_an_interrupt_before_the_next_leader_begins_ends_the_wait_for_it(monkeypatch):
    monkeypatch.setattr(leader, "HAND_OVER_SECONDS", 0.02)
    lock = LeaderLock()
    lock.begin()

    def interrupted(what, turn):
        raise KeyboardInterrupt

    watcher = watched(lock, interrupted)
    lock.release_for("slow")
    watcher.join()
    lock.seize()


def test_an_interrupt_before_the_first_leader_begins_ends_the_wait_for_it(monkeypatch):
    monkeypatch.setattr(leader, "HAND_OVER_SECONDS", 0.02)
    LeaderLock().seize()


def test_a_leader_that_has_begun_is_waited_for_however_long_it_takes(monkeypatch):
    monkeypatch.setattr(leader, "HAND_OVER_SECONDS", 0.0)
    lock = LeaderLock()
    lock.begin()
    seizing = threading.Thread(target=lock.seize)
    seizing.start()
    seizing.join(0.05)
    assert seizing.is_alive()
    lock.resign()
    seizing.join()


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_that_a_started_thread_hides_is_raised(monkeypatch, interrupt):
    """`Thread.start` waits for the thread, and may raise of a lock what an interrupt has broken."""
    pool = ThreadPool(2, 2, daemon=True, name="test")
    start = threading.Thread.start

    def interrupted(thread):
        start(thread)
        try:
            raise interrupt
        except interrupt:
            raise RuntimeError("release unlocked lock")  # noqa: B904  # as an `__exit__` does

    done = threading.Event()
    blocked = threading.Event()
    pool.submit(blocked.wait)
    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(interrupt):
        pool.submit(done.set)
    assert done.wait(10)
    blocked.set()
    pool.close()
    assert pool.join(10)


def test_a_thread_that_was_never_started_is_not_waited_for(monkeypatch):
    pool = ThreadPool(2, 2, daemon=True, name="test")

    def interrupted(thread):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            pool.submit(lambda: None)
    pool.close()
    assert pool.join(10)
