"""`AsyncClient`: requests from any number of tasks, over connections that are used again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, Self, TypeVar, Unpack

from ..net.aio import arun
from ..net.effects import Flow
from .base import BaseClient
from .messages.arrival import Arrival
from .messages.request import Request
from .messages.response import AsyncResponse
from .messages.timing import Marks
from .messages.url import URL
from .options import CallOptions, GetOptions, RequestOptions

if TYPE_CHECKING:
    from os import PathLike
    from types import TracebackType

    from ..net.scripted import ScriptedNetwork
    from .event_source import AsyncEventSource
    from .flow.download import Download, Progress
    from .policy.retries import Retries

__all__ = ["AsyncClient"]

T = TypeVar("T")


class Run(Protocol):
    """What runs a flow in an event loop: `nethttp.net.aio.arun`, or a script."""

    async def __call__(self, flow: Flow[T], /) -> T:
        """Return what `flow` returns."""
        ...


class AsyncClient(BaseClient[AsyncResponse]):
    """A client of HTTP/1.1 for programs with an event loop: asyncio's or uvloop's.

    Tasks may share a client: its connections serve all of them. Its methods and arguments are those
    of `Client`, but they are awaited. ``async with`` closes it.

    >>> import asyncio
    >>> async def main() -> None:
    ...     async with AsyncClient(base_url="https://example.com/api", timeout=10) as client:
    ...         print(client.build_request("GET", "users", params={"page": 2}))
    >>> asyncio.run(main())
    GET https://example.com/api/users?page=2
    """

    _run: Run = staticmethod(arun)

    async def request(
        self, method: str, url: str | URL, **options: Unpack[RequestOptions]
    ) -> AsyncResponse:
        """Return the response to a request, with its content read.

        Raises:
            RequestError: there is no response; its subclass and `phase` say why.
            InvalidURL, LocalProtocolError: the request cannot be sent.
        """
        return await self._run(self._whole_call(method, url, options))

    async def get(self, url: str | URL, **options: Unpack[RequestOptions]) -> AsyncResponse:
        """Return the response to a GET request: see `request`."""
        return await self._run(self._whole_call("GET", url, options))

    async def head(self, url: str | URL, **options: Unpack[RequestOptions]) -> AsyncResponse:
        """Return the response to a HEAD request, which has no content: see `request`."""
        return await self._run(self._whole_call("HEAD", url, options))

    async def options(self, url: str | URL, **options: Unpack[RequestOptions]) -> AsyncResponse:
        """Return the response to an OPTIONS request: see `request`."""
        return await self._run(self._whole_call("OPTIONS", url, options))

    async def delete(self, url: str | URL, **options: Unpack[RequestOptions]) -> AsyncResponse:
        """Return the response to a DELETE request: see `request`."""
        return await self._run(self._whole_call("DELETE", url, options))

    async def post(self, url: str | URL, **options: Unpack[RequestOptions]) -> AsyncResponse:
        """Return the response to a POST request: see `request`."""
        return await self._run(self._whole_call("POST", url, options))

    async def put(self, url: str | URL, **options: Unpack[RequestOptions]) -> AsyncResponse:
        """Return the response to a PUT request: see `request`."""
        return await self._run(self._whole_call("PUT", url, options))

    async def patch(self, url: str | URL, **options: Unpack[RequestOptions]) -> AsyncResponse:
        """Return the response to a PATCH request: see `request`."""
        return await self._run(self._whole_call("PATCH", url, options))

    async def query(self, url: str | URL, **options: Unpack[RequestOptions]) -> AsyncResponse:
        """Return the response to a QUERY request: a GET with content. See `request`."""
        return await self._run(self._whole_call("QUERY", url, options))

    @asynccontextmanager
    async def stream(
        self, method: str, url: str | URL, **options: Unpack[RequestOptions]
    ) -> AsyncIterator[AsyncResponse]:
        """Return the response to a request once its head is received: use it in ``async with``.

        Raises:
            RequestError: there is no response; its subclass and `phase` say why.
            InvalidURL, LocalProtocolError: the request cannot be sent.
        """
        async with await self._run(self._call(method, url, options)) as response:
            yield response

    def event_source(
        self,
        url: str | URL,
        *,
        method: str = "GET",
        last_event_id: str = "",
        reconnects: bool = True,
        retry: float = 3.0,
        max_event_size: int = 1024 * 1024,
        **options: Unpack[RequestOptions],
    ) -> AsyncEventSource:
        """Return an iterator over the server-sent events of a URL; see `AsyncEventSource`.

        When the stream ends or is lost, the client connects again, unless `reconnects` is false: in
        `retry` seconds, or when the stream says, and with the id of the last event, which begins as
        `last_event_id`. Redirects are followed. An event of more than `max_event_size` bytes is an
        error. A `timeout` bounds each connection.

        The iterator raises what the first connection raises, and a StatusError where the server
        refuses a later one; it ends when the server answers with 204.
        """
        from .event_source import AsyncEventSource  # start-up: few programs read events

        return AsyncEventSource(
            self._events(
                method,
                url,
                options,
                last_event_id=last_event_id,
                reconnects=reconnects,
                retry=retry,
                max_event_size=max_event_size,
            ),
            self._run,
        )

    async def download(
        self,
        url: str | URL,
        path: str | PathLike[str],
        *,
        sha256: str | None = None,
        segments: int = 1,
        retries: int | Retries = 5,
        progress: Progress | None = None,
        **options: Unpack[GetOptions],
    ) -> Download:
        """Return the size and response of a GET request whose content is then in the file `path`.

        The file appears under its name when it is whole. After a cut the download goes on where it
        was, in this call or in a later one, if the server's entity tag says that the version is
        still the same; else it begins again. Redirects are followed. `sha256` is the expected
        checksum in hexadecimal, `retries` how often to go on after a failure that brought nothing
        new, and `progress` is called with the bytes that are there and their total or None.

        Up to `segments` requests, at most 16, fetch parts of the file at once, each on a connection
        of its own. For this the file must have 2 MiB or more, and the server must give a strong
        entity tag and ranges; else one request fetches it.

        Raises:
            RequestError: it failed too often; what is there can be resumed.
            StatusError: the server answered with another status than success.
            ChecksumError: the file is not the expected one.
            OSError: the file cannot be written, or another download to it is under way.
        """
        from .part_file import PartFile  # start-up: few programs download into files

        with PartFile(path, sha256) as part:
            return await self._run(
                self._downloaded(url, part, segments, retries, progress, options)
            )

    async def send(
        self, request: Request, *, stream: bool = False, **options: Unpack[CallOptions]
    ) -> AsyncResponse:
        """Return the response to a request that was built before.

        With `stream` its content is unread, as for the method of that name.

        Raises:
            RequestError: there is no response; its subclass and `phase` say why.
            TypeError: it is no `Request`, or an option is not one of `CallOptions`.
        """
        return await self._run(self._sent_as_built(request, stream, options))

    async def close(self) -> None:
        """Close the connections: idle ones now, the others when their responses are read."""
        self.transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def _run_on(self, network: ScriptedNetwork) -> None:
        self._run = network.arun

    def _run_beside(self, flow: Flow[None]) -> object:
        task = asyncio.ensure_future(self._run(flow))
        self._beside.add(task)  # the event loop itself keeps no task alive
        task.add_done_callback(self._beside.discard)
        return task

    @cached_property
    def _beside(self) -> set[asyncio.Future[None]]:
        """The flows that nothing waits for."""
        return set()

    def _make_response(self, request: Request, arrival: Arrival, marks: Marks) -> AsyncResponse:
        response = AsyncResponse(request, arrival, marks, self._bounds)
        response.default_encoding = self.default_encoding
        if self._loads is not None:
            response._loads = self._loads
        response._run = self._run
        return response
