"""The steps of a call, put together: what is around what.

From the outermost to the innermost: middleware sees a call of the program; redirects make hops of
it; authentication answers the challenges of a hop; retries make attempts of what it asks for; the
pace says when each attempt may be sent; cookies and events see it, and the transport sends it. Each
step is a flow around the next one, and knows nothing of the others.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import RequestError
from ...net.effects import Flow
from ..messages.request import Request
from ..messages.timing import Marks
from ..policy.pace import Pace
from ..policy.redirects import Redirects
from ..policy.retries import Retries
from .authenticating import authenticating
from .call import Call, Handler, ResponseT
from .cookies import CookieStore, with_cookies
from .following import following
from .middleware import Events, Middleware, around_all, with_events
from .pacing import pacing
from .retrying import retrying
from .transport import Transport

__all__ = ["steps_of_a_call"]


def steps_of_a_call(
    transport: Transport,
    cookies: CookieStore,
    retries: Retries | None,
    pace: Pace | None,
    redirects: Redirects,
    middleware: Iterable[Middleware],
    events: Events | None,
) -> Handler[ResponseT]:
    """Return the outermost step of a client's calls.

    The steps that it does not need are left out, since each takes its time in every call.
    """
    send: Handler[ResponseT] = _sending(transport)
    if events:
        send = with_events(send, events)
    send = with_cookies(send, cookies)
    if pace is not None:
        send = pacing(send, pace)
    if retries is not None:
        send = retrying(send, retries)
    send = authenticating(send)
    send = following(send, redirects)
    return around_all(send, middleware)


def _sending(transport: Transport) -> Handler[ResponseT]:
    """Return the innermost step: one request, by `transport`."""

    def send(call: Call[ResponseT], request: Request) -> Flow[ResponseT]:
        marks = Marks(call.deadlines.clock, call.deadlines.began)
        try:
            arrival = yield from transport.send(request, call.deadlines, marks, call.on_interim)
        except RequestError as error:
            error.about(request)
            raise
        return call.make_response(request, arrival, marks)

    return send
