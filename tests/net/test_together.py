"""Flows that run at once: their results, their errors, and how soon the others end."""

from __future__ import annotations

import asyncio
import threading
import time
from math import inf

import pytest

from nethttp.net.effects import Ask, Exchange, Next, Park, Read, Sleep, Together, Waiter, Write
from nethttp.net.scripted import ScriptedNetwork
from nethttp.net.together import SLICE, run_together, until_stopped

from .test_runners import connect, echo, soon, using


def returning(value, seconds=0.0):
    yield Sleep(time.monotonic() + seconds)
    return value


class Seen:
    """What has ended, and how."""

    def __init__(self):
        self.ended = []

    def waiting(self, effect):
        try:
            yield effect
        except BaseException as error:
            self.ended.append(type(error))
            raise


def failing(error):
    yield Sleep(0.0)
    raise error


def test_results_are_in_the_order_of_the_flows(runner):
    def flow():
        return (yield Together([returning("a", 0.05), returning("b", 0.02), returning("c")]))

    assert runner(flow()) == ["a", "b", "c"]


def test_flows_wait_at_once(runner, peer):
    """Each of two flows needs what the other one does."""
    first, second = Waiter(), Waiter()

    def flow(mine, other):
        other.wake("a value")
        return (yield Park(mine, soon()))

    def both():
        return (yield Together([flow(first, second), flow(second, first)]))

    assert runner(both()) == ["a value", "a value"]


@pytest.mark.parametrize("wait", ["read", "park", "sleep", "exchange"])
def test_an_error_closes_the_others_and_is_raised_once_they_have_ended(runner, peer, wait):
    seen = Seen()
    server = peer(lambda connection: connection.recv(100) and connection.recv(100))

    def use(link):
        effects = {
            "read": Read(link, soon(60)),
            "park": Park(Waiter(), inf),
            "sleep": Sleep(soon(60)),
            "exchange": Exchange(link, b"hello", soon(60)),
        }
        yield Together([failing(KeyError("x")), seen.waiting(effects[wait])])

    began = time.monotonic()
    with pytest.raises(KeyError, match="x"):
        runner(using(server.address, use))
    assert seen.ended in ([GeneratorExit], [asyncio.CancelledError])
    assert time.monotonic() - began < 5


def test_an_error_beside_ends_the_first(runner):
    seen = Seen()

    def flow():
        yield Together([seen.waiting(Park(Waiter(), inf)), failing(KeyError("x"))])

    with pytest.raises(KeyError):
        runner(flow())
    assert len(seen.ended) == 1


def test_ctrl_c_ends_all():
    seen = Seen()

    def interrupted():
        yield Ask(lambda: None)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_together([interrupted(), seen.waiting(Park(Waiter(), inf))], _run)
    assert seen.ended == [GeneratorExit]


def test_ctrl_c_while_others_end_is_raised_too(monkeypatch):
    seen = Seen()
    joined = []

    class Impatient(threading.Thread):
        def join(self, timeout=None):
            if not joined:
                joined.append(self)
                raise KeyboardInterrupt
            super().join(timeout)

    monkeypatch.setattr("nethttp.net.together.Thread", Impatient)
    with pytest.raises(KeyboardInterrupt):
        run_together([returning("a"), seen.waiting(Park(Waiter(), inf))], _run)
    assert seen.ended == [GeneratorExit]


def _run(flow):
    from nethttp.net.blocking import run

    return run(flow)


def test_a_cancelled_task_cancels_its_flows():
    seen = Seen()

    async def main():
        from nethttp.net.aio import arun

        def flow():
            yield Together([seen.waiting(Park(Waiter(), inf)) for _ in range(2)])

        task = asyncio.create_task(arun(flow()))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert seen.ended == [asyncio.CancelledError] * 2


# --- waits in slices ------------------------------------------------------------------------------


def test_a_wait_is_as_long_as_without_slices(peer):
    server = peer(echo)

    def use(link):
        began = time.monotonic()
        try:
            yield Read(link, began + 2.5 * SLICE)
        except TimeoutError:
            waited = time.monotonic() - began
        data = yield Exchange(link, b"hello", soon())
        yield Write(link, b"again", soon())
        return waited, data, (yield Read(link, soon()))

    waited, *data = _run(until_stopped(using(server.address, use), lambda: False))
    assert 2.4 * SLICE < waited < 2.5 * SLICE + 1
    assert data == [b"hello", b"again"]


def test_effects_have_their_own_deadline_again_when_they_are_yielded_again():
    read = Read(None, inf)
    flow = until_stopped(iter_of(read), lambda: False)
    assert next(flow).deadline < inf
    with pytest.raises(StopIteration) as end:
        flow.send(b"data")
    assert (end.value.value, read.deadline) == (b"data", inf)


def iter_of(effect):
    return (yield effect)


def test_a_dialling_flow_goes_on_at_the_end_of_a_slice():
    following = Next([], time.monotonic() + 60)
    flow = until_stopped(iter_of(following), lambda: False)
    next(flow)
    assert flow.send(None) is following  # the slice has ended, not the wait
    with pytest.raises(StopIteration) as end:
        flow.send("an attempt")
    assert end.value.value == "an attempt"


def test_a_flow_is_stopped_within_a_wait_and_before_an_effect():
    stopped = threading.Event()
    seen = Seen()
    flow = until_stopped(seen.waiting(Sleep(time.monotonic() + 60)), stopped.is_set)
    next(flow)
    stopped.set()
    with pytest.raises(StopIteration) as end:
        flow.send(None)
    assert (end.value.value, seen.ended) == (None, [GeneratorExit])
    with pytest.raises(StopIteration):
        next(until_stopped(seen.waiting(Sleep(0.0)), stopped.is_set))


def test_an_error_of_an_effect_is_the_flows(runner, peer):
    server = peer(lambda _connection: None)

    def flow():
        def reading():
            link = yield from connect(server.address)
            try:
                return (yield Read(link, soon()))
            finally:
                link.close()

        return (yield Together([reading(), reading()]))

    assert runner(flow()) == [b"", b""]


# --- by the script --------------------------------------------------------------------------------


def test_a_script_runs_flows_at_once():
    network = ScriptedNetwork()

    def sleeping(seconds):
        yield Sleep(network.clock() + seconds)
        return network.clock()

    def flow():
        began = network.clock()
        ends = yield Together([sleeping(5), sleeping(2), nested()])
        return [end - began for end in ends]

    def nested():
        return max((yield Together([sleeping(3), sleeping(4)])))

    assert network.run(flow()) == [5, 2, 4]
    assert asyncio.run(network.arun(flow())) == [5, 2, 4]


def test_a_script_closes_the_others_after_an_error():
    network = ScriptedNetwork()
    seen = Seen()

    def flow():
        yield Together([seen.waiting(Park(Waiter(), inf)), failing(KeyError("x"))])

    with pytest.raises(KeyError):
        network.run(flow())
    assert seen.ended == [GeneratorExit]
    seen.ended.clear()

    def nested():
        with pytest.raises(KeyError):
            yield from flow()
        return (yield Sleep(network.clock() + 1))

    network.run(nested())
    assert seen.ended == [GeneratorExit]
