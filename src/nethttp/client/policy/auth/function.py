"""`FunctionAuth`: a program's function that signs each request."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ....net.effects import Ask
from .auth import Auth

if TYPE_CHECKING:
    from .auth import AuthFlow

__all__ = ["FunctionAuth"]


class FunctionAuth(Auth):
    """Calls a function with each request before it is sent: what ``auth=function`` means.

    The function changes the request, or returns another one. It may be ``async`` for an
    `AsyncClient`.

    >>> from types import SimpleNamespace
    >>> request = SimpleNamespace(headers={})
    >>> flow = FunctionAuth(lambda request: request.headers.update(a="b")).flow(request)
    >>> ask = next(flow)
    >>> flow.send(ask.function(*ask.arguments)).headers
    {'a': 'b'}
    """

    def __init__(self, function: Callable[[Any], object]) -> None:
        self._function = function

    def flow(self, request: Any) -> AuthFlow:
        """Yield the request that the function returned, or `request` if it returned None."""
        signed = yield Ask(self._function, request)
        yield request if signed is None else signed
