"""The steps of a call, from the outermost: middleware, then the transport.

Each step is a flow around the next one, and knows nothing of the others.
"""

from __future__ import annotations

from ...net.effects import Flow
from ..messages.request import Request
from ..messages.timing import Marks
from .call import Call, Handler, ResponseT
from .transport import Transport

__all__ = ["sending"]


def sending(transport: Transport) -> Handler[ResponseT]:
    """Return the innermost step: one request, by `transport`."""

    def send(call: Call[ResponseT], request: Request) -> Flow[ResponseT]:
        marks = Marks(call.deadlines.clock, call.deadlines.began)
        arrival = yield from transport.send(request, call.deadlines, marks, call.on_interim)
        return call.make_response(request, arrival, marks)

    return send
