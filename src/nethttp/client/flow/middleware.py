"""Steps that a program adds to each call: middleware around it, and events that only look.

A middleware is a generator function, so that the same one serves `Client` and `AsyncClient`: it
yields the requests to be sent, is sent their responses, and returns one::

    def with_request_id(request: Request) -> MiddlewareFlow:
        request.headers["X-Request-Id"] = uuid4().hex
        response = yield request
        return response
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any, TypeAlias, TypedDict

from ...net.effects import Ask, Effect, Flow
from ...wire.fields import FieldLines
from ..messages.headers import Headers
from ..messages.request import Request
from .call import Call, Handler, ResponseT

__all__ = ["Events", "Middleware", "MiddlewareFlow", "around", "with_events"]

MiddlewareFlow: TypeAlias = Generator[Request | Effect, Any, Any]
"""What a middleware returns: it yields requests (or effects of `nethttp.net.effects`)."""

Middleware: TypeAlias = Callable[[Request], MiddlewareFlow]


class Events(TypedDict, total=False):
    """Functions that are called as a call goes on, for each hop and attempt.

    Those of an `AsyncClient` may be coroutine functions, except that of `interim`.
    """

    request: Callable[[Request], Any]
    """Before a request is sent; cookies and credentials are in it."""
    response: Callable[[Any], Any]
    """After the head of a response was received; its content is unread."""
    interim: Callable[[int, Headers], Any]
    """For each interim response, with its status and headers. RFC 9110 section 15.2."""


def around(send: Handler[ResponseT], middleware: Middleware) -> Handler[ResponseT]:
    """Return the step that lets `middleware` decide what is sent by `send`, and what comes back.

    A response that it does not return is closed, since nothing else would.
    """

    def step(call: Call[ResponseT], request: Request) -> Flow[ResponseT]:
        flow = middleware(request)
        if not isinstance(flow, Generator):
            raise TypeError(
                "expected a middleware that yields its request, as a generator function does;"
                f" {middleware!r} returned {type(flow).__name__}"
            )
        last: ResponseT | None = None
        try:
            asked = next(flow)
            while True:
                try:
                    if isinstance(asked, Request):
                        if last is not None:
                            yield from last.close_flow()
                        last = result = yield from send(call, asked)
                    else:
                        result = yield asked
                except BaseException as error:
                    asked = flow.throw(error)
                else:
                    asked = flow.send(result)
        except StopIteration as end:
            response: ResponseT = end.value
            if response is None:
                if last is not None:
                    last.abandon()
                raise TypeError(
                    f"expected a middleware to return a response, {middleware!r} returned None"
                ) from None
            if last is not None and last is not response:
                yield from last.close_flow()
            return response
        except BaseException:
            if last is not None:
                last.abandon()
            raise
        finally:
            flow.close()

    return step


def around_all(send: Handler[ResponseT], middleware: Iterable[Middleware]) -> Handler[ResponseT]:
    """Return the step of all `middleware`, the first of which is the outermost."""
    for each in reversed(list(middleware)):
        send = around(send, each)
    return send


def with_events(send: Handler[ResponseT], events: Events) -> Handler[ResponseT]:
    """Return the step that calls the functions in `events`: see `Events`, which says when.

    They see each hop and each attempt, since this step is within those of redirects and retries; so
    one of a response is called before its content is read.
    """
    on_request, on_response = events.get("request"), events.get("response")
    interim = events.get("interim")
    on_interim = None if interim is None else _with_headers(interim)

    def step(call: Call[ResponseT], request: Request) -> Flow[ResponseT]:
        call.on_interim = on_interim
        if on_request is not None:
            yield Ask(on_request, request, deadline=call.deadlines.total)
        response = yield from send(call, request)
        if on_response is not None:
            try:
                yield Ask(on_response, response, deadline=call.deadlines.total)
            except BaseException:
                response.abandon()
                raise
        return response

    return step


def _with_headers(function: Callable[[int, Headers], Any]) -> Callable[[int, FieldLines], Any]:
    return lambda status, fields: function(status, Headers.received(list(fields)))
