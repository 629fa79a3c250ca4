"""What the engine is made of: deadlines, kinds, a pool, a queue."""

from __future__ import annotations

import functools
import select
import threading
import time
import weakref

from nethttp.server.engine.connection import NEVER
from nethttp.server.engine.slow_kinds import TRIALS, SlowKinds
from nethttp.server.engine.threads import ThreadPool
from nethttp.server.engine.timers import TimerWheel
from nethttp.server.engine.wakeup import WakeupQueue


class FakeConnection:
    """What the wheel asks of a connection."""

    def __init__(self, fd: int) -> None:
        self.fd, self.timer_slot, self.deadline = fd, 0, 0.0


def test_the_wheel_finds_who_is_due_and_nobody_else():
    wheel = TimerWheel()
    early, late, moved, never = (FakeConnection(fd) for fd in range(4))
    wheel.put(early, 1.0)
    wheel.put(late, 5.0)
    wheel.put(moved, 1.0)
    wheel.put(never, NEVER)
    moved.deadline = 3.0
    assert list(wheel.due(0.9)) == []
    assert list(wheel.due(1.2)) == [early]
    assert list(wheel.due(3.2)) == [moved]
    wheel.remove(late)
    assert list(wheel.due(9.0)) == []
    assert wheel.next == NEVER


def test_who_was_not_looked_at_is_due_the_next_time():
    wheel = TimerWheel()
    lying = {FakeConnection(fd) for fd in range(5)}
    for connection in lying:
        wheel.put(connection, 1.0)
    first = next(wheel.due(2.0))
    assert wheel.next < 2.0
    assert {first, *wheel.due(2.0)} == lying
    assert wheel.next == NEVER


def test_a_deadline_may_come_closer():
    wheel = TimerWheel()
    connection = FakeConnection(1)
    wheel.put(connection, 75.0)
    wheel.put(connection, 10.0)
    assert list(wheel.due(10.2)) == [connection]


def test_a_slow_kind_is_quick_again_once_it_has_shown_it():
    kinds = SlowKinds()
    kinds.record_block("a", 1000, 0.0)
    assert kinds.is_slow("a", 0.0)
    assert not kinds.is_slow("b", 0.0)
    for _ in range(TRIALS):
        assert kinds.is_slow("a", 0.0)
        kinds.record_duration("a", 0.0001, 0.0)
    assert not kinds.is_slow("a", 0.0)


def test_where_much_blocks_all_is_handed_over_but_what_is_quick():
    kinds = SlowKinds()
    kinds.record_block("a", 1000, 0.0)
    kinds.record_block("b", 1010, 0.0)
    assert kinds.is_slow("c", 0.0)
    kinds.record_duration("c", 0.0001, 0.0)
    assert not kinds.is_slow("c", 0.0)
    assert not kinds.is_slow("d", 100.0)


def test_the_crew_is_bounded_and_urgent_work_is_never_refused():
    pool = ThreadPool(1, 1, daemon=False, name="pool")
    go, done = threading.Event(), threading.Semaphore(0)

    def work() -> None:
        go.wait(10)
        done.release()

    assert pool.submit(work)
    assert pool.submit(work)
    assert not pool.submit(work)
    assert pool.submit(work, urgent=True)
    go.set()
    for _ in range(3):
        assert done.acquire(timeout=10)
    pool.close()
    assert pool.join(10)


def test_a_crew_is_joined_until_its_threads_have_ended_for_good():
    pool = ThreadPool(8, 1000, daemon=True, name="pool")
    for _ in range(200):
        assert pool.submit(lambda: None)
    pool.close()
    assert pool.join(10)
    assert "pool" not in [thread.name for thread in threading.enumerate()]


def test_a_crew_is_waited_for_no_longer_than_that():
    pool = ThreadPool(2, 0, daemon=True, name="pool")
    go = threading.Event()
    for _ in range(2):
        assert pool.submit(lambda: go.wait(10))
    assert not pool.join(0.01)
    go.set()
    pool.close()
    assert pool.join(10)


def test_what_lies_in_a_mailbox_is_told_once_and_kept_to_the_end():
    box: WakeupQueue[int] = WakeupQueue()
    assert box.take() is None
    for i in range(3):
        box.put(i)
        box.wake()
    assert select.select([box], [], [], 10)[0]
    box.clear_wakeup()
    assert not select.select([box], [], [], 0)[0]
    assert [box.take(), box.take()] == [0, 1]
    box.wake()
    assert select.select([box], [], [], 10)[0]
    box.close()
    box.wake()
    assert box.take() == 2
    assert box.fileno() == -1


def until_idle(pool: ThreadPool, count: int) -> None:
    deadline = time.monotonic() + 10
    while len(pool._idle) != count:
        assert time.monotonic() < deadline
        time.sleep(0)


def test_the_last_thread_to_become_idle_works_first():
    """So that those a burst has started find nothing to do, and end."""
    pool = ThreadPool(5, 5, daemon=False, name="pool")
    leave = threading.Event(), threading.Event()
    worked = []

    def work(left: threading.Event) -> None:
        assert left.wait(10)
        worked.append(threading.current_thread())

    for number in range(2):
        assert pool.submit(lambda number=number: work(leave[number]))
    for number in range(2):
        leave[number].set()
        until_idle(pool, number + 1)
    for _ in range(3):
        assert pool.submit(lambda: work(leave[0]))
        until_idle(pool, 2)
    assert worked[1:] == [worked[1]] * 4 != [worked[0]] * 4
    pool.close()
    assert pool.join(10)


def test_an_idle_thread_keeps_nothing_of_its_last_work():
    pool = ThreadPool(1, 1, daemon=False, name="pool")
    kept = FakeConnection(1)
    left = weakref.ref(kept)
    assert pool.submit(functools.partial(str, kept))
    del kept
    until_idle(pool, 1)
    assert left() is None
    pool.close()
    assert pool.join(10)


def test_a_thread_without_work_ends(monkeypatch):
    monkeypatch.setattr("nethttp.server.engine.threads.IDLE_SECONDS", 0.01)
    pool = ThreadPool(1, 1, daemon=False, name="pool")
    assert pool.submit(lambda: None)
    assert pool.join(10)
    assert pool.threads == 0
