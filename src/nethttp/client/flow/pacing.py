"""The step that sends no more to an origin than a `Pace` allows."""

from __future__ import annotations

import time

from ...errors import RequestTimeout
from ...net.effects import Flow, Sleep
from ..messages.request import Request
from ..policy.pace import Pace
from .call import Call, Handler, ResponseT

__all__ = ["pacing"]


def pacing(send: Handler[ResponseT], pace: Pace) -> Handler[ResponseT]:
    """Return the step that sends each request by `send` when `pace` allows it.

    A request whose moment would be after the deadline of its call fails at once, since a wait for
    it would be in vain.
    """

    def step(call: Call[ResponseT], request: Request) -> Flow[ResponseT]:
        deadlines = call.deadlines
        origin = request.url.origin
        now = deadlines.clock()
        start = pace.reserve(origin, now)
        if start > now:
            if start >= deadlines.total:
                raise RequestTimeout(
                    f"expected to send within the time that is left, but the pace for {origin} "
                    f"allows it in {start - now:.1f} s",
                    request=request,
                    phase="queue",
                )
            yield Sleep(start)
        response = yield from send(call, request)
        pace.learn(origin, response, deadlines.clock(), time.time())
        return response

    return step
