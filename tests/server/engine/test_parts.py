"""What the engine is made of: deadlines, pace, a crew, a mailbox."""

from __future__ import annotations

import functools
import select
import threading
import time
import weakref

from nethttp.server.engine.connection import NEVER
from nethttp.server.engine.slow_kinds import TRIALS, Pace
from nethttp.server.engine.threads import Crew
from nethttp.server.engine.timers import Wheel
from nethttp.server.engine.wakeup import Mailbox


class Lying:
    """What the wheel asks of a connection."""

    def __init__(self, fd: int) -> None:
        self.fd, self.slot, self.deadline = fd, 0, 0.0


def test_the_wheel_finds_who_is_due_and_nobody_else():
    wheel = Wheel()
    early, late, moved, never = (Lying(fd) for fd in range(4))
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
    wheel = Wheel()
    lying = {Lying(fd) for fd in range(5)}
    for connection in lying:
        wheel.put(connection, 1.0)
    first = next(wheel.due(2.0))
    assert wheel.next < 2.0
    assert {first, *wheel.due(2.0)} == lying
    assert wheel.next == NEVER


def test_a_deadline_may_come_closer():
    wheel = Wheel()
    connection = Lying(1)
    wheel.put(connection, 75.0)
    wheel.put(connection, 10.0)
    assert list(wheel.due(10.2)) == [connection]


def test_a_slow_kind_is_quick_again_once_it_has_shown_it():
    pace = Pace()
    pace.has_blocked("a", 1000, 0.0)
    assert pace.is_slow("a", 0.0)
    assert not pace.is_slow("b", 0.0)
    for _ in range(TRIALS):
        assert pace.is_slow("a", 0.0)
        pace.took("a", 0.0001, 0.0)
    assert not pace.is_slow("a", 0.0)


def test_where_much_blocks_all_is_handed_over_but_what_is_quick():
    pace = Pace()
    pace.has_blocked("a", 1000, 0.0)
    pace.has_blocked("b", 1010, 0.0)
    assert pace.is_slow("c", 0.0)
    pace.took("c", 0.0001, 0.0)
    assert not pace.is_slow("c", 0.0)
    assert not pace.is_slow("d", 100.0)


def test_the_crew_is_bounded_and_urgent_work_is_never_refused():
    crew = Crew(1, 1, daemon=False, name="crew")
    go, done = threading.Event(), threading.Semaphore(0)

    def work() -> None:
        go.wait(10)
        done.release()

    assert crew.take(work)
    assert crew.take(work)
    assert not crew.take(work)
    assert crew.take(work, urgent=True)
    go.set()
    for _ in range(3):
        assert done.acquire(timeout=10)
    crew.dismiss()
    assert crew.join(10)


def test_a_crew_is_joined_until_its_threads_have_ended_for_good():
    crew = Crew(8, 1000, daemon=True, name="crew")
    for _ in range(200):
        assert crew.take(lambda: None)
    crew.dismiss()
    assert crew.join(10)
    assert "crew" not in [thread.name for thread in threading.enumerate()]


def test_a_crew_is_waited_for_no_longer_than_that():
    crew = Crew(2, 0, daemon=True, name="crew")
    go = threading.Event()
    for _ in range(2):
        assert crew.take(lambda: go.wait(10))
    assert not crew.join(0.01)
    go.set()
    crew.dismiss()
    assert crew.join(10)


def test_what_lies_in_a_mailbox_is_told_once_and_kept_to_the_end():
    box: Mailbox[int] = Mailbox()
    assert box.take() is None
    for i in range(3):
        box.put(i)
        box.wake()
    assert select.select([box], [], [], 10)[0]
    box.hear()
    assert not select.select([box], [], [], 0)[0]
    assert [box.take(), box.take()] == [0, 1]
    box.wake()
    assert select.select([box], [], [], 10)[0]
    box.close()
    box.wake()
    assert box.take() == 2
    assert box.fileno() == -1


def until_idle(crew: Crew, count: int) -> None:
    deadline = time.monotonic() + 10
    while len(crew._idle) != count:
        assert time.monotonic() < deadline
        time.sleep(0)


def test_the_last_thread_to_become_idle_works_first():
    """So that those a burst has started find nothing to do, and end."""
    crew = Crew(5, 5, daemon=False, name="crew")
    leave = threading.Event(), threading.Event()
    worked = []

    def work(left: threading.Event) -> None:
        assert left.wait(10)
        worked.append(threading.current_thread())

    for number in range(2):
        assert crew.take(lambda number=number: work(leave[number]))
    for number in range(2):
        leave[number].set()
        until_idle(crew, number + 1)
    for _ in range(3):
        assert crew.take(lambda: work(leave[0]))
        until_idle(crew, 2)
    assert worked[1:] == [worked[1]] * 4 != [worked[0]] * 4
    crew.dismiss()
    assert crew.join(10)


def test_an_idle_thread_keeps_nothing_of_its_last_work():
    crew = Crew(1, 1, daemon=False, name="crew")
    kept = Lying(1)
    left = weakref.ref(kept)
    assert crew.take(functools.partial(str, kept))
    del kept
    until_idle(crew, 1)
    assert left() is None
    crew.dismiss()
    assert crew.join(10)


def test_a_thread_without_work_ends(monkeypatch):
    monkeypatch.setattr("nethttp.server.engine.threads.PATIENCE", 0.01)
    crew = Crew(1, 1, daemon=False, name="crew")
    assert crew.take(lambda: None)
    assert crew.join(10)
    assert crew.threads == 0
