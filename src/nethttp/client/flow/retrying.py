"""The step that sends a request again when it failed and a policy allows it."""

from __future__ import annotations

from ...errors import RequestError
from ...net.effects import Flow, Sleep
from ..messages.request import Request
from ..policy.retries import Retries
from .call import Call, Handler, ResponseT

__all__ = ["retrying"]


def retrying(send: Handler[ResponseT], policy: Retries) -> Handler[ResponseT]:
    """Return the step that sends a request by `send`, and again as often as `policy` says.

    The last outcome is the step's, whatever it is. Responses before it are in the call's history,
    and an error says in which attempt it occurred.
    """

    def step(call: Call[ResponseT], request: Request) -> Flow[ResponseT]:
        policy.budget.earn()
        deadlines = call.deadlines
        tries = 1
        while True:
            try:
                response = yield from send(call, request)
            except RequestError as error:
                error.about(request, attempt=tries)
                wait = policy.delay(
                    tries, request, error, now=deadlines.clock(), deadline=deadlines.total
                )
                if wait is None:
                    raise
            else:
                wait = policy.delay(
                    tries, request, response, now=deadlines.clock(), deadline=deadlines.total
                )
                if wait is None:
                    return response
                yield from response.close_flow()
                call.history.append(response)
            tries += 1
            yield Sleep(deadlines.clock() + wait)

    return step
