"""Runs a flow to its end in a task of an event loop, asyncio's or uvloop's: `await arun(flow)`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from inspect import isawaitable
from math import inf
from threading import get_ident
from typing import Any, TypeVar, cast

from . import effects
from .effects import Address, Effect, Flow, Waiter
from .looplink import PIECE, LoopAttempt, LoopLink
from .looptimer import timer_of
from .resolver import Answer, resolve_by

__all__ = ["arun"]

T = TypeVar("T")


async def arun(flow: Flow[T]) -> T:
    """Return what `flow` returns, after performing its effects in the running event loop.

    A cancellation of the task is raised in the flow, at the effect that it waits for.

    Raises:
        Exception: what the flow raises. An effect's own error is raised in the flow first.

    >>> def four() -> Flow[object]:
    ...     return (yield effects.Ask(pow, 2, 2))
    >>> asyncio.run(arun(four()))
    4
    """
    perform = _PERFORM
    try:
        effect = next(flow)
        while True:
            try:
                result = await perform[effect.__class__](effect)
            except BaseException as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as end:
        return cast("T", end.value)


async def _signalled(signal: asyncio.Future[bool], deadline: float) -> bool:
    """Wait for `signal`; return its result, or False at the deadline."""
    if deadline == inf:
        return await signal
    seconds = max(0.0, deadline - time.monotonic())
    timer = asyncio.get_running_loop().call_later(seconds, _set, signal, False)
    try:
        return await signal
    finally:
        timer.cancel()


def _set(signal: asyncio.Future[bool], value: bool) -> None:
    if not signal.done():
        signal.set_result(value)


def _in_time(deadline: float) -> asyncio.Timeout:
    """Return a context manager that raises a TimeoutError inside it when the deadline passes."""
    return asyncio.timeout(None if deadline == inf else max(0.0, deadline - time.monotonic()))


def _from_thread(
    signal: asyncio.Future[bool], loop: asyncio.AbstractEventLoop
) -> Callable[[], None]:
    """Return a function that any thread may call: `signal` of the running `loop` then says True."""
    thread = get_ident()

    def tell() -> None:
        if get_ident() == thread and loop.is_running():  # see `LoopLink.is_stale`
            if not signal.done():
                signal.set_result(True)
            return
        with suppress(RuntimeError):  # the event loop was closed, and nothing waits any more
            loop.call_soon_threadsafe(_set, signal, True)

    return tell


async def _resolve(effect: effects.Resolve) -> list[Address]:
    waiter = Waiter()
    lookup = resolve_by(waiter.wake, effect.host, effect.port)
    try:
        answer: Answer = await _park(effects.Park(waiter, effect.deadline))
    except BaseException:
        lookup.abandon()
        raise
    if isinstance(answer, BaseException):
        raise answer
    return answer


async def _dial(effect: effects.Dial) -> LoopAttempt:
    return LoopAttempt(effect.address, effect.socket)


async def _next(effect: effects.Next) -> LoopAttempt | None:
    attempts = cast("list[LoopAttempt]", effect.attempts)
    signal: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def tell(_task: object) -> None:
        _set(signal, True)

    for attempt in attempts:
        attempt.when_ended(tell)
    try:
        await _signalled(signal, effect.deadline)
    finally:
        for attempt in attempts:
            attempt.no_more(tell)
    return next((attempt for attempt in attempts if attempt.ended), None)


async def _read(effect: effects.Read) -> bytes:
    link = cast("LoopLink", effect.link)
    data = link.take()
    return await link.answer(effect.deadline) if data is None else data


async def _write(effect: effects.Write) -> None:
    await _send(cast("LoopLink", effect.link), effect.data, effect.deadline)


async def _send(link: LoopLink, data: bytes | memoryview, deadline: float) -> None:
    view = memoryview(data)
    link.check()
    for start in range(0, len(view), PIECE):
        link.give(view[start : start + PIECE])
        await link.room(deadline)


def _exchange(effect: effects.Exchange) -> Awaitable[bytes]:
    link = cast("LoopLink", effect.link)
    if len(effect.data) <= PIECE and link.is_quiet:
        return link.ask(effect.data, effect.deadline)  # the usual request needs no coroutine
    return _exchange_in_pieces(effect)


async def _exchange_in_pieces(effect: effects.Exchange) -> bytes:
    link = cast("LoopLink", effect.link)
    try:
        await _send(link, effect.data, effect.deadline)
    except TimeoutError:
        raise
    except OSError:
        if not link.speaks:
            raise
    data = link.take()
    return await link.answer(effect.deadline) if data is None else data


async def _upload(effect: effects.Upload) -> int:
    link = cast("LoopLink", effect.link)
    view = memoryview(effect.data)
    taken = 0
    while taken < len(view) and not link.speaks:
        piece = view[taken : taken + PIECE]
        link.check()
        link.give(piece)
        taken += len(piece)
        await link.room(effect.deadline, or_bytes=True)
    return taken


async def _send_file(effect: effects.SendFile) -> int:
    link = cast("LoopLink", effect.link)
    link.check()
    return await link.send_file(effect.file, effect.offset, effect.count, effect.deadline)


async def _sleep(effect: effects.Sleep) -> None:
    await asyncio.sleep(max(0.0, effect.deadline - time.monotonic()))


async def _park(effect: effects.Park) -> Any:
    waiter = effect.waiter
    loop = asyncio.get_running_loop()
    signal: asyncio.Future[bool] = loop.create_future()
    if not waiter.notify_by(_from_thread(signal, loop)):
        return waiter.value
    if effect.deadline == inf:
        await signal
        return waiter.value
    timer = timer_of(loop)
    timer.watch(signal, effect.deadline)
    try:
        if not await signal:
            raise TimeoutError("expected to be woken in time")
    finally:
        timer.forget(signal)
    return waiter.value


async def _call(effect: effects.Call) -> object:
    async with _in_time(effect.deadline):
        return await asyncio.get_running_loop().run_in_executor(None, effect.function)


async def _ask(effect: effects.Ask) -> object:
    result = effect.function(*effect.arguments)
    if not isawaitable(result):
        return result
    async with _in_time(effect.deadline):
        return cast("object", await result)


async def _pull(effect: effects.Pull) -> object:
    source = effect.source
    if isinstance(source, Iterator):
        return next(source, None)
    async with _in_time(effect.deadline):
        return await anext(source, None)


async def _together(effect: effects.Together) -> list[Any]:
    tasks = [asyncio.ensure_future(arun(flow)) for flow in effect.flows]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


_PERFORM: dict[type[Effect], Callable[[Any], Awaitable[Any]]] = {
    effects.Resolve: _resolve,
    effects.Dial: _dial,
    effects.Next: _next,
    effects.Read: _read,
    effects.Write: _write,
    effects.Exchange: _exchange,
    effects.Upload: _upload,
    effects.SendFile: _send_file,
    effects.Sleep: _sleep,
    effects.Park: _park,
    effects.Call: _call,
    effects.Ask: _ask,
    effects.Pull: _pull,
    effects.Together: _together,
}
