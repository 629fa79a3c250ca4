"""A place in a queue, and how addresses are written. What runners do is in `test_runners`."""

from __future__ import annotations

import socket
import threading

import pytest

from nethttp.net.effects import Address, Dial, Read, Sleep, Waiter, ending_by


def test_a_waiter_is_woken_once_and_tells_by_which_value():
    told: list[str] = []
    waiter = Waiter()
    assert waiter.notify_by(lambda: told.append("woken"))
    assert waiter.wake(1)
    assert not waiter.wake(2)
    assert (waiter.value, told) == (1, ["woken"])
    assert not waiter.give_up()


def test_a_wake_that_comes_first_is_kept():
    waiter = Waiter()
    waiter.wake("early")
    assert not waiter.notify_by(lambda: pytest.fail("it was woken before"))
    assert waiter.value == "early"


def test_after_giving_up_the_value_stays_with_the_one_that_wakes():
    waiter = Waiter()
    waiter.notify_by(lambda: pytest.fail("it waits no longer"))
    assert waiter.give_up()
    assert not waiter.wake("a connection")
    assert waiter.value is None


def test_of_many_threads_exactly_one_wakes():
    for _ in range(200):
        waiter = Waiter()
        won: list[object] = []
        start = threading.Barrier(4)

        def wake(mine: int, waiter=waiter, won=won, start=start) -> None:
            start.wait(10)
            if waiter.wake(mine):
                won.append(mine)

        threads = [threading.Thread(target=wake, args=(n,)) for n in range(3)]
        for thread in threads:
            thread.start()
        start.wait(10)
        gave_up = waiter.give_up()
        for thread in threads:
            thread.join()
        assert won == ([] if gave_up else [waiter.value])


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (Address(socket.AF_INET, ("192.0.2.1", 80)), "192.0.2.1:80"),
        (Address(socket.AF_INET6, ("2001:db8::1", 80, 0, 0)), "[2001:db8::1]:80"),
        (Address(socket.AF_UNIX, "/run/it.sock"), "/run/it.sock"),
        (Address(socket.AF_UNIX, b"\0abstract"), "b'\\x00abstract'"),
    ],
)
def test_an_address_is_written_as_people_write_it(address, text):
    assert str(address) == text


def test_a_flow_is_bounded_by_a_sooner_deadline():
    address = Address(socket.AF_INET, ("127.0.0.1", 80))
    seen: list[object] = []

    def flow():
        yield Dial(address)
        seen.append((yield Read(None, 3.0)))
        try:
            yield Sleep(9.0)
        except TimeoutError:
            yield Sleep(9.0)
        return "done"

    bounded = ending_by(flow(), 5.0)
    assert isinstance(next(bounded), Dial)
    assert bounded.send(None).deadline == 3.0
    assert bounded.send(b"x").deadline == 5.0
    assert bounded.throw(TimeoutError()).deadline == 5.0
    with pytest.raises(StopIteration) as end:
        bounded.send(None)
    assert (end.value.value, seen) == ("done", [b"x"])


def test_a_bounded_flow_is_closed_with_its_caller():
    ended: list[str] = []

    def flow():
        try:
            yield Sleep(9.0)
        finally:
            ended.append("closed")

    bounded = ending_by(flow(), 5.0)
    next(bounded)
    bounded.close()
    assert ended == ["closed"]
