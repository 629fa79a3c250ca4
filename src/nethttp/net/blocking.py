"""Runs a flow to its end in the calling thread: `run(flow)`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from inspect import isawaitable, iscoroutine
from typing import Any, TypeVar, cast

from . import effects
from .effects import Address, Effect, Flow, Waiter
from .resolver import Answer, resolve_by
from .socketlink import LONGEST_WAIT, SocketAttempt, SocketLink, first_to_connect, wait

__all__ = ["run"]

T = TypeVar("T")


def run(flow: Flow[T]) -> T:
    """Return what `flow` returns, after performing its effects in this thread.

    Raises:
        Exception: what the flow raises. An effect's own error is raised in the flow first.

    >>> def four() -> Flow[object]:
    ...     return (yield effects.Ask(pow, 2, 2))
    >>> run(four())
    4
    """
    perform = _PERFORM
    try:
        effect = next(flow)
        while True:
            try:
                result = perform[effect.__class__](effect)
            except BaseException as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as end:
        return cast("T", end.value)


def _resolve(effect: effects.Resolve) -> list[Address]:
    waiter = Waiter()
    lookup = resolve_by(waiter.wake, effect.host, effect.port)
    try:
        answer: Answer = _park(effects.Park(waiter, effect.deadline))
    except BaseException:
        lookup.abandon()
        raise
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _dial(effect: effects.Dial) -> SocketAttempt:
    return SocketAttempt(effect.address, effect.socket)


def _next(effect: effects.Next) -> SocketAttempt | None:
    return first_to_connect(cast("list[SocketAttempt]", effect.attempts), effect.deadline)


def _read(effect: effects.Read) -> bytes:
    return cast("SocketLink", effect.link).receive(effect.size, effect.deadline)


def _write(effect: effects.Write) -> None:
    cast("SocketLink", effect.link).send_all(effect.data, effect.deadline)


def _exchange(effect: effects.Exchange) -> bytes:
    link = cast("SocketLink", effect.link)
    return link.exchange(effect.data, effect.size, effect.deadline)


def _upload(effect: effects.Upload) -> int:
    return cast("SocketLink", effect.link).upload(effect.data, effect.deadline)


def _send_file(effect: effects.SendFile) -> int:
    link = cast("SocketLink", effect.link)
    return link.send_file(effect.file, effect.offset, effect.count, effect.deadline)


def _sleep(effect: effects.Sleep) -> None:
    while (left := effect.deadline - time.monotonic()) > 0:
        time.sleep(min(left, LONGEST_WAIT))


def _park(effect: effects.Park) -> Any:
    waiter = effect.waiter
    woken = threading.Lock()
    woken.acquire()
    if waiter.notify_by(woken.release) and not wait(
        lambda seconds: woken.acquire(timeout=seconds), effect.deadline
    ):
        raise TimeoutError("expected to be woken in time")
    return waiter.value


def _call(effect: effects.Call) -> object:
    return effect.function()


def _ask(effect: effects.Ask) -> object:
    result = effect.function(*effect.arguments)
    if isawaitable(result):
        if iscoroutine(result):
            result.close()
        raise TypeError(
            f"expected a plain function, got {effect.function!r}, whose result is to be awaited"
        )
    return result


def _pull(effect: effects.Pull) -> object:
    if not isinstance(effect.source, Iterator):
        raise TypeError(f"expected an iterator, got {effect.source!r}")
    return next(effect.source, None)


def _together(effect: effects.Together) -> list[Any]:
    from .together import run_together  # start-up: few flows run others

    return run_together(effect.flows, run)


_PERFORM: dict[type[Effect], Callable[[Any], Any]] = {
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
