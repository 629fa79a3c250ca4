"""Flows that run at once without an event loop: each in a thread of its own.

No thread can be interrupted from outside, so every long wait of such a flow is cut into slices,
between which it sees that it is to stop.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any, Final, TypeVar, cast

from .effects import Effect, Exchange, Flow, Next, Park, Read, Sleep, Upload

__all__ = ["run_together", "until_stopped"]

T = TypeVar("T")

SLICE: Final = 0.1
"""Seconds after which a waiting flow stops at the latest."""


def run_together(flows: list[Flow[Any]], run: Callable[[Flow[Any]], Any]) -> list[Any]:
    """Return what `flows` return, each run by `run`: the first in this thread, others beside it.

    The first error, also a KeyboardInterrupt in this thread, closes all of them, and is raised when
    their threads have ended.
    """
    stop = Event()
    results: list[Any] = [None] * len(flows)
    errors: list[BaseException] = []

    def run_one(number: int) -> None:
        try:
            results[number] = run(until_stopped(flows[number], stop.is_set))
        except BaseException as error:
            errors.append(error)
            stop.set()

    # Daemons: the system's resolver may still have the thread when the program ends.
    threads = [Thread(target=run_one, args=(each,), daemon=True) for each in range(1, len(flows))]
    for thread in threads:
        thread.start()
    try:
        run_one(0)
        for thread in threads:
            thread.join()
    except BaseException as error:  # a KeyboardInterrupt in `join`
        errors.append(error)
    stop.set()
    for thread in threads:
        thread.join()
    try:
        if errors:
            raise errors[0]
    finally:
        errors.clear()  # a traceback that holds its own error is a circle
    return results


def until_stopped(flow: Flow[T], stopped: Callable[[], bool]) -> Flow[T | None]:
    """Return what `flow` returns; or None, once it was closed because `stopped` has become true.

    This is asked before each effect and at least every `SLICE` seconds of a wait, except for names:
    the system's resolver is waited for until its deadline.
    """
    try:
        effect = next(flow)
        while True:
            if stopped():
                flow.close()
                return None
            try:
                result = yield from _in_slices(effect, stopped)
            except _Stopped:
                flow.close()
                return None
            except BaseException as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as end:
        return cast("T", end.value)


class _Stopped(Exception):
    """The flow is to stop within a wait."""


def _in_slices(effect: Effect, stopped: Callable[[], bool]) -> Flow[Any]:
    """Perform an effect; one that waits for long is performed again and again for short."""
    if isinstance(effect, Exchange):
        # The request is sent or not, but the wait for its answer can be begun anew.
        yield Upload(effect.link, effect.data, effect.deadline)
        effect = Read(effect.link, effect.deadline, effect.size)
    if not isinstance(effect, Read | Park | Next | Sleep):
        return (yield effect)
    deadline = effect.deadline
    try:
        while True:
            until = time.monotonic() + SLICE
            effect.deadline = min(deadline, until)
            try:
                result = yield effect
            except TimeoutError:
                if until >= deadline:
                    raise
            else:
                if until >= deadline or not isinstance(effect, Next | Sleep) or result is not None:
                    return result
            if stopped():
                raise _Stopped
    finally:
        effect.deadline = deadline  # a flow may yield the same effect again
