"""The pool's state machine: counts, limits, order, time, threads and forks, without a network."""

from __future__ import annotations

import gc
import os
import threading
from collections import deque

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from nethttp.client.flow.pool import Pool, PoolCounts, Slot, Turn
from nethttp.client.policy.limits import PoolLimits
from nethttp.errors import PoolTimeout
from nethttp.net.effects import Address, Park
from nethttp.net.link import Link


class Line(Link):
    """A connection that does nothing but remember what became of it."""

    def __init__(self) -> None:
        super().__init__(Address(2, ("192.0.2.1", 80)))
        self.stale = False
        self.forgotten = False

    def is_stale(self) -> bool:
        return self.stale

    def close(self) -> None:
        self.closed = True

    def forget(self) -> None:
        self.forgotten = True


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def pool_of(clock: Clock | None = None, **limits: float | None) -> Pool:
    return Pool(PoolLimits(**limits), clock or Clock())  # type: ignore[arg-type]


def taken(pool: Pool, key: str = "a", holder: str = "GET /") -> Slot:
    """A slot that was free, with a connection."""
    slot = pool.take(key, holder)
    assert isinstance(slot, Slot)
    if slot.link is None:
        slot.link = Line()
    return slot


def queued(pool: Pool, key: str = "a", holder: str = "GET /") -> Turn:
    turn = pool.take(key, holder)
    assert isinstance(turn, Turn)
    return turn


def line(slot: Slot) -> Line:
    assert isinstance(slot.link, Line)
    return slot.link


# --- one slot ---


def test_a_released_connection_is_used_again_and_counts_its_uses():
    pool = pool_of()
    slot = taken(pool)
    assert (slot.uses, pool.counts()) == (0, PoolCounts(1, 0, 0))
    pool.release(slot)
    assert pool.counts() == PoolCounts(0, 1, 0)
    again = taken(pool)
    assert again is slot
    assert again.uses == 1


def test_a_discarded_connection_is_closed_and_its_place_free():
    pool = pool_of(max_connections=1)
    slot = taken(pool)
    pool.discard(slot)
    assert line(slot).closed
    assert pool.counts() == PoolCounts(0, 0, 0)
    assert taken(pool) is not slot


def test_a_slot_is_taken_back_once_however_often_it_is_returned():
    pool = pool_of(max_connections=2)
    slot = taken(pool)
    pool.discard(slot)
    pool.discard(slot)
    pool.release(slot)
    assert pool.counts() == PoolCounts(0, 0, 0)
    other = taken(pool)
    pool.release(other)
    pool.release(other)
    assert pool.counts() == PoolCounts(0, 1, 0)


def test_a_slot_that_is_handed_on_leaves_the_others_their_turn():
    """The first slot goes on without the heap; then another origin's place is free."""
    pool = pool_of(max_connections=2)
    slot, other = taken(pool, "a"), taken(pool, "b")
    turns = [queued(pool, "a"), queued(pool, "a"), queued(pool, "a")]
    pool.release(slot)
    assert turns[0].slot is slot
    pool.discard(other)
    assert turns[1].slot is not None
    assert (turns[2].slot, pool.counts()) == (None, PoolCounts(2, 0, 1))
    pool.discard(turns[1].slot)
    assert turns[2].slot is not None
    pool.discard(turns[2].slot)
    pool.discard(slot)
    assert pool.counts() == PoolCounts(0, 0, 0)


def test_the_queue_of_one_origin_leaves_nothing_behind():
    pool = pool_of(max_connections=1)
    for _ in range(3):
        slot = taken(pool)
        turn = queued(pool)
        pool.release(slot)
        assert turn.slot is slot
        pool.release(slot)
    assert (pool.counts(), pool._ready) == (PoolCounts(0, 1, 0), [])


def test_connections_are_found_by_their_key_alone():
    pool = pool_of()
    pool.release(taken(pool, "a"))
    assert taken(pool, "b").uses == 0
    assert taken(pool, "a").uses == 1


def test_the_newest_idle_connection_is_used_and_the_others_expire():
    clock = Clock()
    pool = pool_of(clock, idle_expiry=10)
    first, second = taken(pool), taken(pool)
    pool.release(first)
    clock.now += 6
    pool.release(second)
    for _ in range(3):
        clock.now += 3
        assert taken(pool) is second
        pool.release(second)
    assert line(first).closed
    assert not line(second).closed
    assert pool.counts() == PoolCounts(0, 1, 0)


def test_an_idle_connection_is_kept_until_just_before_it_expires():
    clock = Clock()
    pool = pool_of(clock, idle_expiry=10)
    slot = taken(pool)
    pool.release(slot)
    clock.now += 10
    assert taken(pool) is slot


def test_more_idle_connections_than_allowed_close_the_oldest():
    pool = pool_of(max_idle=1)
    first, second = taken(pool), taken(pool, "b")
    pool.release(first)
    pool.release(second)
    assert line(first).closed
    assert not line(second).closed
    assert pool.counts() == PoolCounts(0, 1, 0)


def test_a_stale_connection_is_dropped_before_it_is_used():
    pool = pool_of()
    slots = [taken(pool) for _ in range(3)]
    for slot in slots:
        pool.release(slot)
        line(slot).stale = True
    fresh = taken(pool)
    assert fresh.uses == 0
    assert all(line(slot).closed for slot in slots)
    assert pool.counts() == PoolCounts(1, 0, 0)


@pytest.mark.parametrize(
    "limits", [{"max_connections": 0}, {"max_per_origin": 0}, {"max_idle": -1}, {"idle_expiry": -1}]
)
def test_limits_that_let_nothing_through_are_refused(limits):
    with pytest.raises(ValueError, match=rf"expected {next(iter(limits))}"):
        Pool(PoolLimits(**limits))


# --- the queue ---


def test_a_returned_connection_goes_to_the_first_waiter_alone():
    pool = pool_of(max_connections=1)
    slot = taken(pool)
    first, second = queued(pool), queued(pool)
    pool.release(slot)
    assert (first.state, second.state) == (Turn.WOKEN, Turn.WAITING)
    assert first.slot is slot
    assert pool.counts() == PoolCounts(1, 0, 1)


def test_a_discarded_connection_gives_its_place_to_the_first_waiter():
    pool = pool_of(max_connections=1)
    slot = taken(pool)
    turn = queued(pool)
    pool.discard(slot)
    assert turn.slot is not None
    assert turn.slot.link is None
    assert pool.counts() == PoolCounts(1, 0, 0)


def test_nobody_overtakes_the_queue():
    pool = pool_of(max_connections=1)
    slot = taken(pool)
    first = queued(pool)
    pool.release(slot)
    second = queued(pool)
    assert first.slot is slot
    assert second.slot is None


def test_an_idle_connection_of_another_origin_makes_room():
    pool = pool_of(max_connections=2)
    idle, older = taken(pool, "a"), taken(pool, "b")
    pool.release(older)
    pool.release(idle)
    taken(pool, "c")
    assert line(older).closed
    assert not line(idle).closed


def test_the_oldest_waiter_is_served_whatever_its_origin():
    pool = pool_of(max_connections=1)
    slot = taken(pool, "a")
    other, same = queued(pool, "b"), queued(pool, "a")
    pool.release(slot)
    assert other.slot is not None
    assert same.slot is None
    assert line(slot).closed


def test_waiters_of_a_full_origin_let_others_pass_and_are_not_forgotten():
    pool = pool_of(max_connections=3, max_per_origin=1)
    a, b = taken(pool, "a"), taken(pool, "b")
    turns_a = [queued(pool, "a") for _ in range(3)]
    c = taken(pool, "c")
    turn_d = queued(pool, "d")
    pool.discard(b)
    assert turn_d.slot is not None
    for turn in turns_a:
        pool.release(a)
        assert turn.slot is a
    pool.release(c)
    assert pool.counts() == PoolCounts(2, 1, 0)


def test_a_waiter_of_a_full_origin_gets_the_place_of_a_closed_connection_of_its_own():
    pool = pool_of(max_connections=2, max_per_origin=1)
    a, b = taken(pool, "a"), taken(pool, "b")
    turn_a, turn_c = queued(pool, "a"), queued(pool, "c")
    pool.discard(a)
    assert turn_a.slot is not None
    assert turn_c.slot is None
    pool.discard(b)
    assert turn_c.slot is not None


def test_a_thousand_waiters_are_served_in_order():
    pool = pool_of(max_connections=4, max_per_origin=2)
    held = deque(taken(pool, key) for key in "abab")
    turns = [queued(pool, "ab"[n % 2], f"GET /{n}") for n in range(1000)]
    order = []
    for _ in range(1000):
        slot = held.popleft()
        pool.release(slot)
        (served,) = [turn for turn in turns if turn.slot is not None and turn not in order]
        order.append(served)
        held.append(served.slot)
    assert order == turns


# --- waiting ---


def test_waiting_ends_with_the_slot():
    pool = pool_of(max_connections=1)
    slot = taken(pool)
    turn = queued(pool)
    flow = pool.wait(turn, 1005.0)
    effect = next(flow)
    assert isinstance(effect, Park)
    assert (effect.waiter, effect.deadline) == (turn, 1005.0)
    pool.release(slot)
    with pytest.raises(StopIteration) as end:
        flow.send(None)
    assert end.value.value is slot


def test_a_request_that_waits_in_vain_is_told_who_holds_the_connections():
    clock = Clock()
    pool = pool_of(clock, max_connections=2)
    taken(pool, "a", "GET http://a/slow")
    clock.now += 7
    taken(pool, "a", "GET http://a/new")
    flow = pool.wait(queued(pool), 1012.0)
    next(flow)
    clock.now += 5
    with pytest.raises(PoolTimeout) as error:
        flow.throw(TimeoutError())
    assert error.value.holders == ("GET http://a/slow for 12.0 s", "GET http://a/new for 5.0 s")
    assert str(error.value) == (
        "expected a free connection to a within 5.0 s; all are held: "
        "GET http://a/slow for 12.0 s; GET http://a/new for 5.0 s"
    )
    assert error.value.phase == "queue"
    assert pool.counts() == PoolCounts(2, 0, 0)


def test_only_the_oldest_holders_are_shown_but_all_are_listed():
    pool = pool_of(max_connections=12)
    for number in range(12):
        taken(pool, "a", f"GET {number}")
    flow = pool.wait(queued(pool), 0.0)
    next(flow)
    with pytest.raises(PoolTimeout, match=r"GET 9 for 0.0 s; and 2 more$") as error:
        flow.throw(TimeoutError())
    assert len(error.value.holders) == 12


def test_a_slot_that_arrives_with_the_deadline_is_used():
    pool = pool_of(max_connections=1)
    slot = taken(pool)
    flow = pool.wait(queued(pool), 0.0)
    next(flow)
    pool.release(slot)
    with pytest.raises(StopIteration) as end:
        flow.throw(TimeoutError())
    assert end.value.value is slot


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit(), ValueError()])
def test_a_request_that_gives_up_leaves_the_queue(error):
    pool = pool_of(max_connections=1)
    slot = taken(pool)
    first, second = queued(pool), queued(pool)
    flow = pool.wait(first, 0.0)
    next(flow)
    with pytest.raises(type(error)):
        flow.throw(error)
    assert pool.counts().waiting == 1
    pool.release(slot)
    assert second.slot is slot


def test_a_request_that_gives_up_with_its_slot_passes_it_on():
    pool = pool_of(max_connections=1)
    slot = taken(pool)
    first, second = queued(pool), queued(pool)
    flow = pool.wait(first, 0.0)
    next(flow)
    pool.release(slot)
    assert first.slot is slot
    with pytest.raises(KeyboardInterrupt):
        flow.throw(KeyboardInterrupt())
    assert second.slot is slot
    assert pool.counts() == PoolCounts(1, 0, 0)


def test_a_connection_that_was_made_for_a_request_that_gave_up_becomes_idle():
    pool = pool_of()
    slot = taken(pool)
    pool.give_back(slot)
    assert pool.counts() == PoolCounts(0, 1, 0)
    assert taken(pool).uses == 0


def test_a_slot_without_a_connection_that_is_given_back_frees_its_place():
    pool = pool_of(max_connections=1)
    slot = pool.take("a", "")
    assert isinstance(slot, Slot)
    turn = queued(pool)
    pool.give_back(slot)
    assert turn.slot is not None


# --- the end ---


def test_a_closed_pool_closes_what_is_idle_and_later_what_is_returned():
    pool = pool_of(max_connections=2)
    held, idle = taken(pool), taken(pool)
    pool.release(idle)
    pool.close()
    assert line(idle).closed
    assert not line(held).closed
    pool.release(held)
    assert line(held).closed
    assert pool.counts() == PoolCounts(0, 0, 0)
    with pytest.raises(RuntimeError, match="expected an open client"):
        pool.take("a", "")


def test_a_request_in_the_queue_of_a_pool_that_is_closed_is_told_so():
    pool = pool_of(max_connections=1)
    taken(pool)
    turn = queued(pool)
    flow = pool.wait(turn, 0.0)
    next(flow)
    pool.close()
    assert turn.state == Turn.WOKEN
    with pytest.raises(RuntimeError, match="closed meanwhile"):
        flow.send(None)


def test_a_lost_slot_is_found_even_if_its_finaliser_runs_within_the_lock():
    pool = pool_of(max_connections=1)
    slot = taken(pool)
    with pool._lock:  # as when memory is collected while this thread holds the lock
        pool.lose(slot)
    assert not line(slot).closed
    assert pool.counts() == PoolCounts(0, 0, 0)
    assert line(slot).closed


def test_a_lost_slot_goes_to_the_waiter_at_once():
    pool = pool_of(max_connections=1)
    slot = taken(pool)
    turn = queued(pool)
    pool.lose(slot)
    assert turn.slot is not None


def test_a_pool_without_users_is_freed():
    pool = pool_of()
    pool.release(taken(pool))
    gone = threading.Event()
    import weakref

    weakref.finalize(pool, gone.set)
    del pool
    gc.collect()
    assert gone.is_set()


def test_origins_that_are_not_used_are_forgotten():
    pool = pool_of(max_connections=1)
    for number in range(100):
        pool.release(taken(pool, str(number)))
    assert len(pool._origins) == 1
    turn = queued(pool, "x") if pool._held else None
    assert turn is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_a_forked_child_begins_anew_and_sends_nothing():
    pool = pool_of(max_connections=2)
    held, idle = taken(pool), taken(pool)
    pool.release(idle)
    with pool._lock:  # as if another thread held it
        child = os.fork()
        if child == 0:
            fine = pool.counts() == PoolCounts(0, 0, 0)
            fine = fine and line(idle).forgotten and not line(idle).closed
            pool.discard(held)  # an object that the child inherited is collected there
            fine = fine and line(held).forgotten and not line(held).closed
            fine = fine and taken(pool).uses == 0 and pool.counts() == PoolCounts(1, 0, 0)
            os._exit(0 if fine else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert pool.counts() == PoolCounts(1, 1, 0)


def test_threads_share_a_pool():
    pool = pool_of(max_connections=3)
    seen: set[int] = set()
    errors: list[str] = []
    lock = threading.Lock()

    def work() -> None:
        for _ in range(200):
            slot = pool.take("a", "")
            if isinstance(slot, Turn):
                woken = threading.Event()
                if slot.notify_by(woken.set):
                    assert woken.wait(10)
                slot = slot.slot
            with lock:
                if id(slot) in seen:
                    errors.append("two holders")
                seen.add(id(slot))
            if slot.link is None:
                slot.link = Line()
            with lock:
                seen.discard(id(slot))
            pool.release(slot)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not errors
    counts = pool.counts()
    assert (counts.held, counts.waiting) == (0, 0)
    assert counts.idle <= 3


# --- any order of calls ---


class PoolMachine(RuleBasedStateMachine):
    """Any calls in any order keep the limits, the counts and the order of the queue."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.pool = pool_of(
            self.clock, max_connections=4, max_per_origin=2, max_idle=3, idle_expiry=10
        )
        self.held: list[Slot] = []
        self.turns: list[Turn] = []
        self.lines: list[Line] = []

    def hold(self, slot: Slot) -> None:
        assert slot not in self.held
        if slot.link is None:
            slot.link = Line()
            self.lines.append(slot.link)
        assert not line(slot).closed
        self.held.append(slot)

    def collect(self) -> None:
        served = [turn for turn in self.turns if turn.slot is not None]
        for turn in served:
            self.turns.remove(turn)
            older = [one for one in self.turns if one.number < turn.number]
            assert all(one.origin is not turn.origin for one in older)
            self.hold(turn.slot)

    @rule(key=st.sampled_from("abc"), passes=st.floats(0, 6))
    def take(self, key: str, passes: float) -> None:
        self.clock.now += passes
        found = self.pool.take(key, "")
        if isinstance(found, Turn):
            self.turns.append(found)
        else:
            self.hold(found)

    @precondition(lambda self: self.held)
    @rule(
        which=st.integers(0, 10), how=st.sampled_from(["release", "discard", "give_back", "lose"])
    )
    def give(self, which: int, how: str) -> None:
        slot = self.held.pop(which % len(self.held))
        getattr(self.pool, how)(slot)
        self.collect()

    @precondition(lambda self: self.turns)
    @rule(which=st.integers(0, 10))
    def give_up(self, which: int) -> None:
        turn = self.turns.pop(which % len(self.turns))
        flow = self.pool.wait(turn, 0.0)
        next(flow)
        with pytest.raises(KeyboardInterrupt):
            flow.throw(KeyboardInterrupt())
        self.collect()

    @rule()
    def turn_stale(self) -> None:
        for one in self.lines:
            one.stale = True

    @invariant()
    def holds(self) -> None:
        counts = self.pool.counts()
        assert counts.held == len(self.held)
        assert counts.waiting == len(self.turns)
        assert counts.held + counts.idle == sum(not one.closed for one in self.lines) <= 4
        for key in "abc":
            assert sum(slot.origin.key == key for slot in self.held) <= 2
        for turn in self.turns:  # nobody waits for a place that is free
            mine = sum(slot.origin is turn.origin for slot in self.held)
            assert mine == 2 or counts.held == 4


TestPoolMachine = PoolMachine.TestCase
TestPoolMachine.settings = settings(max_examples=100, stateful_step_count=40)
