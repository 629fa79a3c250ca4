"""The step that signs requests and answers challenges, by the call's `Auth`."""

from __future__ import annotations

from typing import Any

from ...errors import RequestError, RequestTimeout
from ...net.effects import Flow
from ..messages.request import Request
from ..policy.auth.auth import Auth
from .call import Call, Handler, ResponseT

__all__ = ["authenticating"]


def authenticating(send: Handler[ResponseT]) -> Handler[ResponseT]:
    """Return the step that sends a request by `send` as ``call.auth`` signs it, and its answers.

    The step runs for each redirect. The first that leaves the origin of the call's first request
    ends ``call.auth`` for good, since credentials belong to one origin (RFC 9110 section
    11.5). Challenges that were answered are in the call's history.
    """

    def step(call: Call[ResponseT], request: Request) -> Flow[ResponseT]:
        if call.auth is None:
            return send(call, request)
        origin = request.url.origin
        if call.auth_origin is None:
            call.auth_origin = origin
        elif call.auth_origin != origin:
            call.auth = None
            return send(call, request)
        return _signed(send, call, call.auth, request)

    return step


def _signed(
    send: Handler[ResponseT], call: Call[ResponseT], auth: Auth, request: Request
) -> Flow[ResponseT]:
    """Send what the flow of `auth` yields; return the response to its last request."""
    response: ResponseT | None = None
    result: Any
    flow = auth.flow(request)
    try:
        step = next(flow)
        while True:
            try:
                if isinstance(step, Request):
                    if response is not None:
                        yield from _put_aside(call, response, step)
                    request = step
                    result = response = yield from send(call, request)
                    if auth.requires_response_body:
                        yield from response.read_flow()
                else:
                    step.deadline = min(step.deadline, call.deadlines.total)
                    result = yield step
            except Exception as error:
                step = flow.throw(error)
            else:
                step = flow.send(result)
    except StopIteration:
        if response is None:
            raise TypeError(f"expected {auth!r} to yield a request, got none") from None
        return response
    except BaseException as error:
        if response is not None:
            response.abandon()
        if isinstance(error, TimeoutError) and not isinstance(error, RequestError):
            raise RequestTimeout(
                "the time for the request ran out before its credentials were there",
                request=request,
                phase="auth",
            ) from error
        raise
    finally:
        flow.close()


def _put_aside(call: Call[ResponseT], response: ResponseT, successor: Request) -> Flow[None]:
    """Take leave of a challenge, and have the body ready for the request that answers it."""
    yield from response.close_flow()
    call.history.append(response)
    body = successor.body
    if body is not None and not isinstance(body, bytes):
        try:
            body.rewind()
        except RequestError as error:
            error.about(successor, phase="auth")
            raise
