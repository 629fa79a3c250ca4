"""`Auth`: a request and its answers to challenges, as a generator that both clients run."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeAlias

if TYPE_CHECKING:
    from ...messages.headers import Headers
    from ...messages.url import URL

__all__ = ["Answered", "Auth", "AuthFlow", "Signed"]


class Signed(Protocol):
    """What an `Auth` reads of a request, and where it puts credentials."""

    method: str
    headers: Headers
    body: Any
    """None, bytes, or a source with ``pieces()`` and ``rewind()``."""

    @property
    def url(self) -> URL:
        """The URL of this hop."""
        ...

    @property
    def target(self) -> str:
        """The request target exactly as it is sent."""
        ...

    def copy(self) -> Self:
        """Return a request of its own headers and the same body."""
        ...


class Answered(Protocol):
    """What an `Auth` reads of a response: its body may be unread."""

    @property
    def status_code(self) -> int:
        """The status, as a number of three digits."""
        ...

    @property
    def headers(self) -> Headers:
        """The field lines."""
        ...


AuthFlow: TypeAlias = Generator[Any, Any, None]
"""What `Auth.flow` returns: it yields requests to send and effects, and receives what they gave."""


class Auth:
    """A way to authenticate, to be given as ``auth=``; this one sends requests as they are.

    A subclass overrides `flow`. The client runs it for each request, and again for each redirect
    that stays at the same origin: it sees the request last, with its final target, body and order
    of headers, so it may sign them. A flow that yields again has its request sent again; a body
    that can be read only once then makes the client raise `BodyNotReplayable`.

    >>> class Token(Auth):
    ...     def flow(self, request):
    ...         request.headers["X-Token"] = "first"
    ...         response = yield request
    ...         if response.status_code == 401:
    ...             request = request.copy()
    ...             request.headers["X-Token"] = "second"
    ...             yield request
    """

    requires_response_body: bool = False
    """Whether the client reads a response's body before it gives the response to `flow`."""

    def flow(self, request: Any) -> AuthFlow:
        """Yield `request` with credentials, receive its response, and yield again to answer it.

        A flow may also yield effects of `nethttp.net.effects`, such as `Ask` to call an ``async``
        function; it receives their results. The last response is the client's.
        """
        yield request
