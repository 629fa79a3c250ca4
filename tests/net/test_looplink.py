"""A link of an event loop on a transport that the test plays. With real ones: `test_runners`."""

from __future__ import annotations

import asyncio
import socket
import time
from math import inf

import pytest

from nethttp.net.aio import arun
from nethttp.net.effects import Address, Exchange, Read, Upload, Write
from nethttp.net.looplink import MAX_BUFFERED, RECEIVE_SIZE, LoopLink


class Transport(asyncio.Transport):
    """Takes every byte at once, as a fast peer's would."""

    def __init__(self):
        super().__init__()
        self.taken = 0
        self.reading = True
        self.ended_by = None

    def write(self, data):
        self.taken += len(data)

    def get_write_buffer_size(self):
        return 0

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True

    def close(self):
        self.ended_by = "close"

    def abort(self):
        self.ended_by = "abort"


class Timers(asyncio.SelectorEventLoop):
    """An event loop that counts the timers that were armed."""

    armed = 0

    def call_at(self, *given, **named):
        self.armed += 1
        return super().call_at(*given, **named)


def with_link(use):
    """Run `use` with a link and its transport; return its result and how many timers it took."""

    async def main():
        loop = asyncio.get_running_loop()
        link = LoopLink(Address(socket.AF_INET, ("192.0.2.1", 80)), loop)
        transport = Transport()
        link.connection_made(transport)
        loop.armed = 0
        return await use(link, transport), loop.armed

    with asyncio.Runner(loop_factory=Timers) as runner:
        return runner.run(main())


def one(effect):
    return (yield effect)


def exchanges(link, count):
    for _ in range(count):
        asyncio.get_running_loop().call_soon(link.data_received, b"answer")
        assert (yield Exchange(link, b"request", time.monotonic() + 30)) == b"answer"


def test_many_requests_arm_one_timer():
    async def use(link, _):
        await arun(exchanges(link, 100))

    assert with_link(use)[1] == 1


def test_requests_without_a_deadline_arm_no_timer():
    async def use(link, _):
        asyncio.get_running_loop().call_soon(link.data_received, b"answer")
        return await arun(one(Exchange(link, b"request", inf)))

    assert with_link(use) == (b"answer", 0)


def test_an_idle_link_keeps_no_timer_going():
    """The timer of the last request fires once, sees that nothing waits, and is not armed again."""

    async def use(link, _):
        asyncio.get_running_loop().call_soon(link.data_received, b"answer")
        await arun(one(Exchange(link, b"request", time.monotonic() + 0.02)))
        while link._timer is not None:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0)
        return link._timer

    assert with_link(use)[0] is None


def test_bytes_that_come_after_a_cancelled_read_are_kept_for_the_next():
    async def use(link, _):
        task = asyncio.create_task(arun(one(Read(link, inf))))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        link.data_received(b"late")
        return await arun(one(Read(link, inf)))

    assert with_link(use)[0] == b"late"


def test_an_answer_that_is_there_already_is_read_after_the_request_is_sent():
    async def use(link, transport):
        link.data_received(b"early")
        return await arun(one(Exchange(link, b"request", inf))), transport.taken

    assert with_link(use)[0] == (b"early", 7)


def test_a_link_is_stale_in_another_thread_and_in_another_event_loop():
    async def use(link, _):
        return link, link.is_stale(), await asyncio.to_thread(link.is_stale)

    async def elsewhere():
        return link.is_stale()

    link, here, in_thread = with_link(use)[0]
    assert (here, in_thread, asyncio.run(elsewhere())) == (False, True, True)


def test_asyncio_receives_in_sizes_for_which_malloc_maps_no_memory():
    async def main():
        here, there = socket.socketpair()
        with here, there:
            loop = asyncio.get_running_loop()
            link = LoopLink(Address(socket.AF_UNIX, ""), loop)
            transport, _ = await loop.create_connection(lambda: link, sock=here)
            link.close()
            while not link._lost:
                await asyncio.sleep(0)
            return transport.max_size

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        assert runner.run(main()) == RECEIVE_SIZE < 128 * 1024


@pytest.mark.parametrize("effect", [Write, Upload])
def test_bytes_that_are_taken_at_once_leave_others_their_turn(effect):
    turns = []

    async def others():
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    async def use(link, transport):
        task = asyncio.create_task(others())
        await arun(one(effect(link, bytes(1 << 23), inf)))
        task.cancel()
        return transport.taken

    assert with_link(use)[0] == 1 << 23
    assert len(turns) >= 8


def test_a_link_stops_reading_while_nobody_takes_its_bytes():
    async def use(link, transport):
        link.data_received(bytes(MAX_BUFFERED))
        assert transport.reading
        link.data_received(b"x")
        assert not transport.reading
        data = await arun(one(Read(link, inf)))
        return len(data), transport.reading

    assert with_link(use)[0] == (MAX_BUFFERED + 1, True)


def test_a_closed_link_has_no_timer_and_a_closed_transport():
    async def use(link, transport):
        asyncio.get_running_loop().call_soon(link.data_received, b"answer")
        await arun(one(Exchange(link, b"request", time.monotonic() + 30)))
        link.close()
        link.close()
        return link._timer, transport.ended_by

    assert with_link(use)[0] == (None, "close")


def test_a_peer_that_does_not_read_is_cut_off():
    async def use(link, transport):
        transport.get_write_buffer_size = lambda: 9
        link.close()
        return transport.ended_by

    assert with_link(use)[0] == "abort"


def test_a_forked_child_touches_nothing():
    async def use(link, transport):
        link.forget()
        link.close()
        return link.closed, link.is_stale(), transport.ended_by

    assert with_link(use)[0] == (True, True, None)


def test_a_waiting_flow_learns_that_its_link_was_closed():
    async def use(link, _):
        task = asyncio.create_task(arun(one(Read(link, inf))))
        await asyncio.sleep(0)
        link.close()
        with pytest.raises(ConnectionAbortedError, match="this program has closed"):
            await task

    with_link(use)


def test_what_was_received_before_the_connection_broke_is_returned_first():
    async def use(link, _):
        link.data_received(b"408")
        link.connection_lost(ConnectionResetError("reset"))
        first = await arun(one(Exchange(link, b"request", inf)))
        for effect in (Exchange, Write):
            with pytest.raises(ConnectionResetError):
                await arun(one(effect(link, b"request", inf)))
        assert await arun(one(Upload(link, b"request", inf))) == 0
        return first

    assert with_link(use)[0] == b"408"
