"""A transport that sends one request for all that are the same and under way at once."""

from __future__ import annotations

import threading
from typing import Final

from ...errors import ReadTimeout
from ...net.effects import Flow, Park, Waiter
from ...wire.fields import FieldLines
from ..messages.arrival import Arrival
from ..messages.headers import Headers
from ..messages.request import Request
from ..messages.timing import Marks
from .deadlines import Deadlines
from .incoming import OnInterim
from .transport import Transport

__all__ = ["CoalescingTransport"]

MAX_SHARED: Final = 1024 * 1024
"""The most bytes of content that requests share; with more each is sent by itself."""

#: What makes requests the same: the URL, the target and every header line.
Key = tuple[str, str, tuple[tuple[str, str], ...]]


class CoalescingTransport:
    """Sends requests by `transport`, but of those that are the same at one time only the first.

    The same are GET requests without content for one URL with the same header lines, credentials
    and cookies included. The others wait for the response to the first, and each gets it as its
    own. If the first fails, is cancelled, or receives more than `MAX_SHARED` bytes or a content
    without a length, each of the others is sent by itself.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self._waiting: dict[Key, list[Waiter]] = {}
        self._lock = threading.Lock()

    def send(
        self,
        request: Request,
        deadlines: Deadlines,
        marks: Marks,
        on_interim: OnInterim | None = None,
    ) -> Flow[Arrival]:
        """Return the response, once its head was received.

        Raises:
            ReadTimeout: the response that it waited for did not arrive in time.
        """
        if request.method != "GET" or request.body is not None or on_interim is not None:
            return (yield from self.transport.send(request, deadlines, marks, on_interim))
        key = (str(request.url), request.target, tuple(request.headers.pairs))
        waiter = self._join(key)
        if waiter is None:
            return (yield from self._lead(key, request, deadlines, marks))
        try:
            shared: _Shared | None = yield Park(waiter, deadlines.total)
        except TimeoutError as error:
            raise ReadTimeout(
                "expected the response to the same request in time", request=request, phase="wait"
            ) from error
        finally:
            waiter.give_up()
        if shared is None:
            return (yield from self.transport.send(request, deadlines, marks))
        marks.acquired = marks.head = deadlines.clock()
        return shared.copy()

    def close(self) -> None:
        """Close the transport below."""
        self.transport.close()

    def _join(self, key: Key) -> Waiter | None:
        """Return a place among those that wait for a request; None: there is none, so be it."""
        with self._lock:
            waiters = self._waiting.get(key)
            if waiters is None:
                self._waiting[key] = []
                return None
            waiter = Waiter()
            waiters.append(waiter)
            return waiter

    def _lead(
        self, key: Key, request: Request, deadlines: Deadlines, marks: Marks
    ) -> Flow[Arrival]:
        """Send a request for all that wait, and give them its response."""
        shared = None
        try:
            arrival = yield from self.transport.send(request, deadlines, marks)
            if _is_short(arrival):
                content = yield from arrival.read_all()
                shared = _Shared(arrival, content)
                return shared.copy()
            return arrival
        finally:
            with self._lock:
                waiters = self._waiting.pop(key)
            for waiter in waiters:
                waiter.wake(shared)


def _is_short(arrival: Arrival) -> bool:
    """Return whether a response says that its content is short enough to be shared."""
    length = Headers.received(arrival.fields).get("Content-Length") or ""
    return arrival.complete or (length.isdecimal() and int(length) <= MAX_SHARED)


class _Shared:
    """A response that was received whole, as an `Arrival` of its own for each request."""

    def __init__(self, arrival: Arrival, content: bytes) -> None:
        self.version = arrival.version
        self.status = arrival.status
        self.reason = arrival.reason
        self.fields: FieldLines = list(arrival.fields)
        self.trailers: FieldLines = list(arrival.trailers)
        self.complete = True
        self._content = content

    def copy(self) -> _Shared:
        """Return the response for one more request."""
        return _Shared(self, self._content)

    def read(self) -> Flow[bytes]:
        content, self._content = self._content, b""
        return content
        yield  # a flow that waits for nothing

    def read_all(self) -> Flow[bytes]:
        return (yield from self.read())

    def drain(self) -> Flow[None]:
        yield from self.read()

    def abandon(self) -> None:
        self._content = b""

    def lose(self) -> None:
        self._content = b""
