"""`Call`: one use of a client, from the program's call to the response that it gets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar

from ...net.effects import Flow
from ..messages.arrival import Arrival
from ..messages.base_response import BaseResponse
from ..messages.request import Request
from ..messages.timing import Marks
from ..messages.url import Origin
from ..policy.auth.auth import Auth
from .deadlines import Deadlines
from .incoming import OnInterim

__all__ = ["Call", "Handler", "ResponseT"]

ResponseT = TypeVar("ResponseT", bound=BaseResponse)


class Call(Generic[ResponseT]):
    """What the steps of one call share."""

    # Without slots, so that these need not be set.
    on_interim: OnInterim | None = None
    """Is called with the status and the fields of each interim response."""
    auth_origin: Origin | None = None
    """The origin of the first request, to which `auth` belongs."""
    whole = False
    """Whether the program gets the response with its content read: then a cut of the content
    can be mended by another attempt."""

    def __init__(
        self,
        deadlines: Deadlines,
        make_response: Callable[[Request, Arrival, Marks], ResponseT],
        follow_redirects: bool,
        auth: Auth | None = None,
    ) -> None:
        self.deadlines = deadlines
        self.make_response = make_response
        self.follow_redirects = follow_redirects
        self.auth = auth
        """What signs the requests; None once a redirect has left `auth_origin`."""
        self.history: list[ResponseT] = []
        """The responses so far that are not the program's: redirects, challenges, retries."""


Handler: TypeAlias = Callable[[Call[ResponseT], Request], Flow[ResponseT]]
"""A step: sends a request, by the next step, and returns its response."""
