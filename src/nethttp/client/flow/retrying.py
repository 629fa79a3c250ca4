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
    and an error says in which attempt it occurred. An attempt includes the content if the program
    gets the response with its content read, since only then no part of it was seen before.
    """

    def step(call: Call[ResponseT], request: Request) -> Flow[ResponseT]:
        policy.budget.earn()
        deadlines = call.deadlines
        tries = 1
        while True:
            response: ResponseT | None = None
            outcome: ResponseT | RequestError
            try:
                outcome = response = yield from send(call, request)
                if _is_the_programs(call, response, policy):
                    yield from response.read_flow()
            except RequestError as error:
                outcome = error.about(request, attempt=tries)
            wait = policy.delay(
                tries, request, outcome, now=deadlines.clock(), deadline=deadlines.total
            )
            if wait is None:
                if isinstance(outcome, RequestError):
                    raise outcome
                return outcome
            if response is not None:
                yield from response.close_flow()
                call.history.append(response)
            tries += 1
            yield Sleep(deadlines.clock() + wait)

    return step


def _is_the_programs(call: Call[ResponseT], response: ResponseT, policy: Retries) -> bool:
    """Return whether the content of a response is read as a part of the attempt."""
    if not call.whole or response.status_code in policy.statuses:
        return False
    return not (call.follow_redirects and response.is_redirect)
