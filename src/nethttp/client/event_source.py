"""`EventSource` and `AsyncEventSource`: the server-sent events of a URL, as an iterator."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Self

from ..net.effects import Flow
from .content.events import ServerSentEvent
from .flow.event_source import EventFlow
from .messages.response import AsyncResponse, Response

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["AsyncEventSource", "EventSource"]


class EventSource(Iterator[ServerSentEvent]):
    """The events of a URL, over as many connections as it takes: `Client.event_source` makes one.

    It is an iterator, and a context manager that closes the connection. A break out of its loop
    leaves the connection open, so that a later loop goes on; the ``with`` statement closes it.

    >>> from nethttp.client import Client
    >>> from nethttp.client.testing.wsgi import WSGITransport
    >>> def app(environ, start_response):
    ...     start_response("200 OK", [("Content-Type", "text/event-stream")])
    ...     return [b"data: one\\n\\n", b"data: two\\n\\n"]
    >>> client = Client(transport=WSGITransport(app))
    >>> with client.event_source("http://app.test/", reconnects=False) as events:
    ...     [event.data for event in events]
    ['one', 'two']
    """

    def __init__(self, flow: EventFlow[Response], run: Callable[[Flow[Any]], Any]) -> None:
        self._flow = flow
        self._run = run

    @property
    def last_event_id(self) -> str:
        """The id of the last event that had one, with which a later program may go on."""
        return self._flow.last_event_id

    @property
    def response(self) -> Response | None:
        """The response that the events come from; None before the first and between two."""
        return self._flow.response

    def __next__(self) -> ServerSentEvent:
        event: ServerSentEvent | None = self._run(self._flow.next())
        if event is None:
            raise StopIteration
        return event

    def close(self) -> None:
        """Close the connection; there are no more events."""
        self._run(self._flow.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._flow.abandon()


class AsyncEventSource(AsyncIterator[ServerSentEvent]):
    """The events of a URL, over as many connections as it takes: `AsyncClient.event_source`.

    It is an asynchronous iterator, and a context manager that closes the connection: see
    `EventSource`. When its waiting is cancelled, the next event comes from a new connection.
    """

    def __init__(
        self, flow: EventFlow[AsyncResponse], run: Callable[[Flow[Any]], Awaitable[Any]]
    ) -> None:
        self._flow = flow
        self._run = run

    @property
    def last_event_id(self) -> str:
        """The id of the last event that had one, with which a later program may go on."""
        return self._flow.last_event_id

    @property
    def response(self) -> AsyncResponse | None:
        """The response that the events come from; None before the first and between two."""
        return self._flow.response

    async def __anext__(self) -> ServerSentEvent:
        event: ServerSentEvent | None = await self._run(self._flow.next())
        if event is None:
            raise StopAsyncIteration
        return event

    async def close(self) -> None:
        """Close the connection; there are no more events."""
        await self._run(self._flow.close())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._flow.abandon()
