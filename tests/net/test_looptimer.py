"""One timer for the waits of an event loop."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref

from nethttp.net.looptimer import LoopTimer, timer_of


class Loop(asyncio.SelectorEventLoop):
    """An event loop that counts the timers that were armed."""

    armed = 0

    def call_at(self, *given, **named):
        self.armed += 1
        return super().call_at(*given, **named)


def with_timer(use):
    async def main():
        loop = asyncio.get_running_loop()
        loop.armed = 0
        return await use(loop, timer_of(loop))

    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(main())


def test_each_wait_ends_at_its_own_deadline():
    async def use(loop, timer):
        began = time.monotonic()
        ended = {}

        async def wait(seconds):
            signal = loop.create_future()
            timer.watch(signal, began + seconds)
            assert await signal is False
            ended[seconds] = time.monotonic() - began

        await asyncio.gather(*[wait(seconds) for seconds in (0.06, 0.02, 0.04, -1)])
        assert timer._handle is None
        return ended

    ended = with_timer(use)
    assert list(ended) == [-1, 0.02, 0.04, 0.06]
    assert all(took >= seconds for seconds, took in ended.items())


def test_many_waits_arm_one_timer_and_the_last_gives_it_up():
    async def use(loop, timer):
        now = time.monotonic()
        signals = [loop.create_future() for _ in range(100)]
        for place, signal in enumerate(signals):
            timer.watch(signal, now + 30 + place)
        handle = timer._handle
        for signal in signals:
            timer.forget(signal)
        return loop.armed, handle.cancelled(), timer._handle

    assert with_timer(use) == (1, True, None)


def test_a_wait_that_is_over_is_left_alone():
    async def use(loop, timer):
        over, late = loop.create_future(), loop.create_future()
        over.set_result(True)
        deadline = time.monotonic() + 0.01
        timer.watch(over, deadline)
        timer.watch(late, deadline)
        return await late, over.result()

    assert with_timer(use) == (False, True)


def test_a_timer_keeps_no_event_loop():
    async def main():
        loop = asyncio.get_running_loop()
        timer, signal = timer_of(loop), loop.create_future()
        assert isinstance(timer, LoopTimer)
        timer.watch(signal, time.monotonic() + 30)
        timer.forget(signal)
        return weakref.ref(loop)

    gone = asyncio.run(main())
    gc.collect()
    assert gone() is None
