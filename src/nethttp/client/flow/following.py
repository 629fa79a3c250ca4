"""The step that follows redirects."""

from __future__ import annotations

from ...errors import RequestError
from ...net.effects import Flow
from ..messages.request import Request
from ..policy.redirects import Redirects, next_request
from .call import Call, Handler, ResponseT

__all__ = ["following"]


def following(send: Handler[ResponseT], policy: Redirects) -> Handler[ResponseT]:
    """Return the step that sends a request by `send`, and then those that redirects ask for.

    The response that is returned has all earlier ones of the call in its `history`. The content of
    a redirect is dropped: a short one is received, so that its connection can be used again.
    """

    def step(call: Call[ResponseT], request: Request) -> Flow[ResponseT]:
        return follow(call, request) if call.follow_redirects else send(call, request)

    def follow(call: Call[ResponseT], request: Request) -> Flow[ResponseT]:
        redirects: list[ResponseT] = []
        while True:
            response = yield from send(call, request)
            try:
                successor = next_request(request, response, policy, redirects)
            except BaseException as error:
                response.abandon()
                if isinstance(error, RequestError):
                    error.about(request, phase="redirect")
                raise
            if successor is None:
                response.history = list(call.history)
                return response
            yield from response.close_flow()
            response.history = list(call.history)
            redirects.append(response)
            call.history.append(response)
            request = successor

    return step
