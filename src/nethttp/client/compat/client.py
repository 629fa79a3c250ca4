"""`Client`: httpx's client for threads."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self
from warnings import warn

from ...net.blocking import run
from ...net.effects import Ask, Flow
from .auth import Auth
from .base_client import (
    DEFAULT_MAX_REDIRECTS,
    USE_CLIENT_DEFAULT,
    BaseClient,
    environment_proxies,
)
from .config import DEFAULT_LIMITS, DEFAULT_TIMEOUT, Limits
from .cookies import CookiesSource
from .headers import HeadersSource
from .mounts import Pattern
from .params import QueryParamsSource
from .request import Request
from .response import Response
from .streams import ByteStream, SyncByteStream
from .transports import HTTPTransport
from .urls import URL

__all__ = ["Client"]


class Client(BaseClient):
    """A client for threads, with the arguments and methods of httpx's.

    HTTP/1.1 is spoken, whatever `http2` says. `timeout` is a `Timeout`, or seconds for each wait.
    `max_redirects` is the most redirects of a call; one more is an error.

    >>> from nethttp.client.compat import MockTransport
    >>> with Client(transport=MockTransport(lambda request: Response(418))) as client:
    ...     client.get("http://example.com/").status_code
    418
    """

    def __init__(
        self,
        *,
        auth: Any = None,
        params: QueryParamsSource = None,
        headers: HeadersSource = None,
        cookies: CookiesSource = None,
        verify: Any = True,
        cert: Any = None,
        trust_env: bool = True,
        http1: bool = True,
        http2: bool = False,
        proxy: Any = None,
        mounts: Mapping[str, Any] | None = None,
        timeout: Any = DEFAULT_TIMEOUT,
        follow_redirects: bool = False,
        limits: Limits = DEFAULT_LIMITS,
        max_redirects: int = DEFAULT_MAX_REDIRECTS,
        event_hooks: Mapping[str, list[Callable[..., Any]]] | None = None,
        base_url: URL | str = "",
        transport: Any = None,
        default_encoding: str | Callable[[bytes], str | None] = "utf-8",
    ) -> None:
        super().__init__(
            auth=auth,
            params=params,
            headers=headers,
            cookies=cookies,
            timeout=timeout,
            follow_redirects=follow_redirects,
            max_redirects=max_redirects,
            event_hooks=event_hooks,
            base_url=base_url,
            trust_env=trust_env,
            default_encoding=default_encoding,
        )
        self._transport = transport
        if transport is None:
            if proxy is None and trust_env:
                proxy = environment_proxies()
            self._transport = HTTPTransport(
                verify=verify,
                cert=cert,
                trust_env=trust_env,
                http1=http1,
                http2=http2,
                limits=limits,
                proxy=proxy,
            )
        patterns = {Pattern(key): mounted for key, mounted in (mounts or {}).items()}
        self._mounts = dict(sorted(patterns.items()))

    def request(
        self,
        method: str,
        url: URL | str,
        *,
        content: Any = None,
        data: Any = None,
        files: Any = None,
        json: Any = None,
        params: QueryParamsSource = None,
        headers: HeadersSource = None,
        cookies: CookiesSource = None,
        auth: Any = USE_CLIENT_DEFAULT,
        follow_redirects: Any = USE_CLIENT_DEFAULT,
        timeout: Any = USE_CLIENT_DEFAULT,
        extensions: dict[str, Any] | None = None,
    ) -> Response:
        """Return the response to a request, with its content read.

        `timeout` is a `Timeout`, or seconds for each wait.
        """
        if cookies is not None:
            warn("expected cookies= of the client, got them for a request", DeprecationWarning, 2)
        request = self.build_request(
            method,
            url,
            content=content,
            data=data,
            files=files,
            json=json,
            params=params,
            headers=headers,
            cookies=cookies,
            timeout=timeout,
            extensions=extensions,
        )
        return self.send(request, auth=auth, follow_redirects=follow_redirects)

    @contextmanager
    def stream(
        self,
        method: str,
        url: URL | str,
        *,
        content: Any = None,
        data: Any = None,
        files: Any = None,
        json: Any = None,
        params: QueryParamsSource = None,
        headers: HeadersSource = None,
        cookies: CookiesSource = None,
        auth: Any = USE_CLIENT_DEFAULT,
        follow_redirects: Any = USE_CLIENT_DEFAULT,
        timeout: Any = USE_CLIENT_DEFAULT,
        extensions: dict[str, Any] | None = None,
    ) -> Iterator[Response]:
        """Yield the response to a request, its content unread, and close it after the block.

        `timeout` is a `Timeout`, or seconds for each wait.
        """
        request = self.build_request(
            method,
            url,
            content=content,
            data=data,
            files=files,
            json=json,
            params=params,
            headers=headers,
            cookies=cookies,
            timeout=timeout,
            extensions=extensions,
        )
        response = self.send(request, auth=auth, follow_redirects=follow_redirects, stream=True)
        try:
            yield response
        finally:
            response.close()

    def send(
        self,
        request: Request,
        *,
        stream: bool = False,
        auth: Any = USE_CLIENT_DEFAULT,
        follow_redirects: Any = USE_CLIENT_DEFAULT,
    ) -> Response:
        """Return the response to a request that was built before; unread if `stream`.

        Raises:
            RuntimeError: the client is closed.
        """
        return run(self._call(request, stream, auth, follow_redirects))

    def get(
        self,
        url: URL | str,
        *,
        params: QueryParamsSource = None,
        headers: HeadersSource = None,
        cookies: CookiesSource = None,
        auth: Any = USE_CLIENT_DEFAULT,
        follow_redirects: Any = USE_CLIENT_DEFAULT,
        timeout: Any = USE_CLIENT_DEFAULT,
        extensions: dict[str, Any] | None = None,
    ) -> Response:
        """Return the response to a GET request: see `request`."""
        return self.request(
            "GET",
            url,
            params=params,
            headers=headers,
            cookies=cookies,
            auth=auth,
            follow_redirects=follow_redirects,
            timeout=timeout,
            extensions=extensions,
        )

    def options(
        self,
        url: URL | str,
        *,
        params: QueryParamsSource = None,
        headers: HeadersSource = None,
        cookies: CookiesSource = None,
        auth: Any = USE_CLIENT_DEFAULT,
        follow_redirects: Any = USE_CLIENT_DEFAULT,
        timeout: Any = USE_CLIENT_DEFAULT,
        extensions: dict[str, Any] | None = None,
    ) -> Response:
        """Return the response to a OPTIONS request: see `request`."""
        return self.request(
            "OPTIONS",
            url,
            params=params,
            headers=headers,
            cookies=cookies,
            auth=auth,
            follow_redirects=follow_redirects,
            timeout=timeout,
            extensions=extensions,
        )

    def head(
        self,
        url: URL | str,
        *,
        params: QueryParamsSource = None,
        headers: HeadersSource = None,
        cookies: CookiesSource = None,
        auth: Any = USE_CLIENT_DEFAULT,
        follow_redirects: Any = USE_CLIENT_DEFAULT,
        timeout: Any = USE_CLIENT_DEFAULT,
        extensions: dict[str, Any] | None = None,
    ) -> Response:
        """Return the response to a HEAD request: see `request`."""
        return self.request(
            "HEAD",
            url,
            params=params,
            headers=headers,
            cookies=cookies,
            auth=auth,
            follow_redirects=follow_redirects,
            timeout=timeout,
            extensions=extensions,
        )

    def post(
        self,
        url: URL | str,
        *,
        content: Any = None,
        data: Any = None,
        files: Any = None,
        json: Any = None,
        params: QueryParamsSource = None,
        headers: HeadersSource = None,
        cookies: CookiesSource = None,
        auth: Any = USE_CLIENT_DEFAULT,
        follow_redirects: Any = USE_CLIENT_DEFAULT,
        timeout: Any = USE_CLIENT_DEFAULT,
        extensions: dict[str, Any] | None = None,
    ) -> Response:
        """Return the response to a POST request: see `request`."""
        return self.request(
            "POST",
            url,
            content=content,
            data=data,
            files=files,
            json=json,
            params=params,
            headers=headers,
            cookies=cookies,
            auth=auth,
            follow_redirects=follow_redirects,
            timeout=timeout,
            extensions=extensions,
        )

    def put(
        self,
        url: URL | str,
        *,
        content: Any = None,
        data: Any = None,
        files: Any = None,
        json: Any = None,
        params: QueryParamsSource = None,
        headers: HeadersSource = None,
        cookies: CookiesSource = None,
        auth: Any = USE_CLIENT_DEFAULT,
        follow_redirects: Any = USE_CLIENT_DEFAULT,
        timeout: Any = USE_CLIENT_DEFAULT,
        extensions: dict[str, Any] | None = None,
    ) -> Response:
        """Return the response to a PUT request: see `request`."""
        return self.request(
            "PUT",
            url,
            content=content,
            data=data,
            files=files,
            json=json,
            params=params,
            headers=headers,
            cookies=cookies,
            auth=auth,
            follow_redirects=follow_redirects,
            timeout=timeout,
            extensions=extensions,
        )

    def patch(
        self,
        url: URL | str,
        *,
        content: Any = None,
        data: Any = None,
        files: Any = None,
        json: Any = None,
        params: QueryParamsSource = None,
        headers: HeadersSource = None,
        cookies: CookiesSource = None,
        auth: Any = USE_CLIENT_DEFAULT,
        follow_redirects: Any = USE_CLIENT_DEFAULT,
        timeout: Any = USE_CLIENT_DEFAULT,
        extensions: dict[str, Any] | None = None,
    ) -> Response:
        """Return the response to a PATCH request: see `request`."""
        return self.request(
            "PATCH",
            url,
            content=content,
            data=data,
            files=files,
            json=json,
            params=params,
            headers=headers,
            cookies=cookies,
            auth=auth,
            follow_redirects=follow_redirects,
            timeout=timeout,
            extensions=extensions,
        )

    def delete(
        self,
        url: URL | str,
        *,
        params: QueryParamsSource = None,
        headers: HeadersSource = None,
        cookies: CookiesSource = None,
        auth: Any = USE_CLIENT_DEFAULT,
        follow_redirects: Any = USE_CLIENT_DEFAULT,
        timeout: Any = USE_CLIENT_DEFAULT,
        extensions: dict[str, Any] | None = None,
    ) -> Response:
        """Return the response to a DELETE request: see `request`."""
        return self.request(
            "DELETE",
            url,
            params=params,
            headers=headers,
            cookies=cookies,
            auth=auth,
            follow_redirects=follow_redirects,
            timeout=timeout,
            extensions=extensions,
        )

    def close(self) -> None:
        """Close the client and its transports."""
        if self._state != "closed":
            self._state = "closed"
            self._transport.close()
            for mounted in self._mounts.values():
                if mounted is not None:
                    mounted.close()

    def __enter__(self) -> Self:
        """Return this client, once its transports are entered.

        Raises:
            RuntimeError: it was entered or closed before.
        """
        if self._state != "unopened":
            raise RuntimeError(f"expected a client that is new, got one that is {self._state}")
        self._state = "opened"
        self._transport.__enter__()
        for mounted in self._mounts.values():
            if mounted is not None:
                mounted.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._state = "closed"
        self._transport.__exit__(exc_type, exc_value, traceback)
        for mounted in self._mounts.values():
            if mounted is not None:
                mounted.__exit__(exc_type, exc_value, traceback)

    # --- what a call asks of a client for threads ---

    def _auth_steps(self, auth: Auth, request: Request) -> Any:
        flow = auth.sync_auth_flow(request)

        def step(response: Response | None) -> Request | None:
            try:
                return next(flow) if response is None else flow.send(response)
            except StopIteration:
                return None

        return step, flow.close

    def _send_by(self, transport: Any) -> Any:
        return transport.handle_request

    def _read(self, response: Response) -> Flow[None]:
        yield Ask(response.read)

    def _closed(self, response: Response) -> Flow[None]:
        yield Ask(response.close)

    def _timed(self, response: Response, began: float) -> Any:
        if isinstance(response.stream, ByteStream):
            return response.stream
        return _Timed(response.stream, response, began)


class _Timed(SyncByteStream):
    """A stream that tells its response how long it took until it was closed."""

    def __init__(self, stream: Any, response: Response, began: float) -> None:
        self._stream = stream
        self._response = response
        self._began = began

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        self._response.elapsed = datetime.timedelta(seconds=time.perf_counter() - self._began)
        self._stream.close()
