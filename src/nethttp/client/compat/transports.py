"""Transports with httpx's interface: `handle_request` takes a request and returns its response.

Those that send are nethttp's own transports behind that interface, for threads and for asyncio.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from inspect import isawaitable
from types import TracebackType
from typing import Any, Final, Self

from ...errors import ConnectError, ConnectTimeout
from ...net.aio import arun
from ...net.blocking import run
from ...net.effects import Flow, Sleep, Socket
from ...net.trust import TLSSettings
from ..content.upload import Body, body_of
from ..flow.deadlines import Deadlines
from ..flow.dial import Dialler
from ..flow.transport import HTTPTransport as NativeHTTPTransport
from ..messages.arrival import Arrival
from ..messages.timing import Marks
from ..policy.proxies import Proxies, choose_proxies
from .config import DEFAULT_LIMITS, Limits, native_limits, native_proxy, native_timeout
from .errors import translated
from .request import Request, native_of
from .response import Response
from .streams import AsyncByteStream, ByteStream, SyncByteStream

__all__ = [
    "AsyncBaseTransport",
    "AsyncHTTPTransport",
    "BaseTransport",
    "HTTPTransport",
    "MockTransport",
]

FIRST_PAUSE: Final = 0.5
"""Seconds before the second attempt to connect again; each pause is longer by as much."""


class BaseTransport:
    """Sends the requests of a `Client`. A subclass overrides `handle_request`.

    >>> class Teapot(BaseTransport):
    ...     def handle_request(self, request):
    ...         return Response(418)
    """

    def handle_request(self, request: Request) -> Response:
        """Return the response to a request; its content may be unread."""
        raise NotImplementedError("a BaseTransport has to implement handle_request")

    def close(self) -> None:
        """Do nothing; a subclass frees what it holds."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()


class AsyncBaseTransport:
    """Sends the requests of an `AsyncClient`. A subclass overrides `handle_async_request`.

    >>> class Teapot(AsyncBaseTransport):
    ...     async def handle_async_request(self, request):
    ...         return Response(418)
    """

    async def handle_async_request(self, request: Request) -> Response:
        """Return the response to a request; its content may be unread."""
        raise NotImplementedError("an AsyncBaseTransport has to implement handle_async_request")

    async def aclose(self) -> None:
        """Do nothing; a subclass frees what it holds."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()


class MockTransport(AsyncBaseTransport, BaseTransport):
    """Answers requests by a function, for tests; an `AsyncClient` may have an ``async`` one.

    >>> MockTransport(lambda request: Response(418)).handle_request(Request("GET", "http://a/"))
    <Response [418 I'm a Teapot]>
    """

    def __init__(self, handler: Callable[[Request], Any]) -> None:
        self.handler = handler

    def handle_request(self, request: Request) -> Response:
        """Return the function's response.

        Raises:
            TypeError: the function is asynchronous.
        """
        request.read()
        response = self.handler(request)
        if not isinstance(response, Response):
            raise TypeError("expected a Response of the handler, got an asynchronous function")
        return response

    async def handle_async_request(self, request: Request) -> Response:
        """Return the function's response."""
        await request.aread()
        response = self.handler(request)
        return await response if isawaitable(response) else response  # type: ignore[no-any-return]


class NativeTransport(BaseTransport):
    """A transport of nethttp, for threads."""

    def __init__(self, native: Any, retries: int = 0) -> None:
        self._native = native
        self._retries = retries

    def handle_request(self, request: Request) -> Response:
        """Return the response to a request, its content unread.

        Raises:
            RuntimeError: the request's body is an asynchronous one.
            TransportError: there is no response.
        """
        if not isinstance(request.stream, SyncByteStream):
            raise RuntimeError("expected a body for a for loop, got an asynchronous one")
        with translated(request):
            arrival = run(_sent(self._native, request, self._retries, iter))
        return _response(arrival, _ArrivalStream(arrival))

    def close(self) -> None:
        """Close the connections."""
        self._native.close()


class AsyncNativeTransport(AsyncBaseTransport):
    """A transport of nethttp, for asyncio."""

    def __init__(self, native: Any, retries: int = 0) -> None:
        self._native = native
        self._retries = retries

    async def handle_async_request(self, request: Request) -> Response:
        """Return the response to a request, its content unread.

        Raises:
            RuntimeError: the request's body is for a ``for`` loop.
            TransportError: there is no response.
        """
        if not isinstance(request.stream, AsyncByteStream):
            raise RuntimeError("expected an asynchronous body, got one for a for loop")
        with translated(request):
            arrival = await arun(_sent(self._native, request, self._retries, aiter))
        return _response(arrival, _AsyncArrivalStream(arrival))

    async def aclose(self) -> None:
        """Close the connections."""
        self._native.close()


class HTTPTransport(NativeTransport):
    """Sends requests over connections of a pool; `retries` more attempts are made to connect.

    HTTP/1.1 is spoken, whatever `http2` says.

    >>> with HTTPTransport(retries=1) as transport:
    ...     pass

    Raises:
        ValueError: `http1` is off.
    """

    def __init__(
        self,
        verify: Any = True,
        cert: Any = None,
        trust_env: bool = True,
        http1: bool = True,
        http2: bool = False,
        limits: Limits = DEFAULT_LIMITS,
        proxy: Any = None,
        uds: str | None = None,
        local_address: str | None = None,
        retries: int = 0,
    ) -> None:
        super().__init__(
            _native(verify, cert, trust_env, http1, limits, proxy, uds, local_address), retries
        )


class AsyncHTTPTransport(AsyncNativeTransport):
    """Sends requests over connections of a pool; `retries` more attempts are made to connect.

    HTTP/1.1 is spoken, whatever `http2` says.

    Raises:
        ValueError: `http1` is off.

    >>> transport = AsyncHTTPTransport(retries=1)
    """

    def __init__(
        self,
        verify: Any = True,
        cert: Any = None,
        trust_env: bool = True,
        http1: bool = True,
        http2: bool = False,
        limits: Limits = DEFAULT_LIMITS,
        proxy: Any = None,
        uds: str | None = None,
        local_address: str | None = None,
        retries: int = 0,
    ) -> None:
        super().__init__(
            _native(verify, cert, trust_env, http1, limits, proxy, uds, local_address), retries
        )


def _native(
    verify: Any,
    cert: Any,
    trust_env: bool,
    http1: bool,
    limits: Limits,
    proxy: Any,
    uds: str | None,
    local_address: str | None,
) -> NativeHTTPTransport:
    if not http1:
        raise ValueError("expected http1=True: HTTP/1.1 is the version that is spoken")
    chosen = None
    if isinstance(proxy, Proxies):
        chosen = proxy
    elif proxy is not None:
        chosen = choose_proxies(native_proxy(proxy), None)
    local = None if local_address is None else (local_address, 0)
    return NativeHTTPTransport(
        native_limits(limits),
        dialler=Dialler(socket=Socket(local)),
        tls=TLSSettings(verify, cert, trust_env),
        proxies=chosen,
        unix_path=uds,
    )


def _sent(
    native: Any, request: Request, retries: int, iterated: Callable[[Any], Any]
) -> Flow[Arrival]:
    """Return the response to a request, by a transport of nethttp.

    `iterated` is `iter` or `aiter`: the body of a form has both kinds of pieces.
    """
    deadlines = Deadlines(native_timeout(request.extensions.get("timeout") or {}))
    attempt = 0
    while True:
        try:
            marks = Marks(deadlines.clock, deadlines.began)
            sending: Flow[Arrival] = native.send(
                native_of(request, _body(request, iterated)), deadlines, marks
            )
            return (yield from sending)
        except (ConnectError, ConnectTimeout):
            if attempt == retries:
                raise
        yield Sleep(deadlines.clock() + FIRST_PAUSE * attempt)
        attempt += 1


def _body(request: Request, iterated: Callable[[Any], Any]) -> bytes | Body | None:
    """Return the body of a request for a transport of nethttp."""
    if isinstance(request.stream, ByteStream):
        return request.read() or None
    return body_of(lambda: iterated(request.stream))


def _response(arrival: Arrival, stream: SyncByteStream | AsyncByteStream) -> Response:
    version = b"HTTP/1.0" if arrival.version == 10 else b"HTTP/1.1"
    return Response(
        arrival.status,
        headers=[
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in arrival.fields
        ],
        stream=stream,
        extensions={
            "http_version": version,
            "reason_phrase": arrival.reason.encode("latin-1", "replace"),
        },
    )


class _Arrived:
    """The content of a response that a transport of nethttp has received the head of."""

    def __init__(self, arrival: Arrival) -> None:
        self._arrival = arrival

    def __del__(self) -> None:
        if not self._arrival.complete:
            self._arrival.lose()


class _ArrivalStream(_Arrived, SyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        while piece := run(self._arrival.read()):
            yield piece

    def close(self) -> None:
        if not self._arrival.complete:
            self._arrival.abandon()


class _AsyncArrivalStream(_Arrived, AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await arun(self._arrival.read()):
            yield piece

    async def aclose(self) -> None:
        if not self._arrival.complete:
            self._arrival.abandon()
