"""LoopThread: coroutines for blocking code."""

from __future__ import annotations

import asyncio

import pytest

from nethttp.client.testing.loop_thread import LoopThread


@pytest.fixture
def thread():
    thread = LoopThread()
    yield thread
    thread.close()


def test_a_coroutine_returns_and_raises(thread):
    async def fails():
        raise ZeroDivisionError

    assert thread.run(asyncio.sleep(0, 3), timeout=5) == 3
    with pytest.raises(ZeroDivisionError):
        thread.run(fails(), timeout=5)


def test_a_coroutine_takes_no_longer_than_it_may(thread):
    with pytest.raises(TimeoutError):
        thread.run(asyncio.Event().wait(), timeout=0.01)


def test_closing_cancels_what_still_runs():
    ended = []

    async def waits():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def start():
        task = asyncio.create_task(waits())
        await asyncio.sleep(0)
        return task

    thread = LoopThread()
    task = thread.run(start(), timeout=5)
    thread.close()
    assert ended
    assert task.cancelled()
