"""Transports to an application in this process: WSGI's for `Client`, ASGI's for `AsyncClient`."""

from __future__ import annotations

from typing import Any

from ..testing.asgi import ASGITransport as NativeASGITransport
from ..testing.wsgi import WSGITransport as NativeWSGITransport
from .transports import AsyncNativeTransport, NativeTransport

__all__ = ["ASGITransport", "WSGITransport"]


class WSGITransport(NativeTransport):
    """Sends requests to a WSGI application.

    >>> def app(environ, start_response):
    ...     start_response("200 OK", [])
    ...     return [b"hello"]
    >>> transport = WSGITransport(app)
    """

    def __init__(
        self,
        app: Any,
        raise_app_exceptions: bool = True,
        script_name: str = "",
        remote_addr: str = "127.0.0.1",
        wsgi_errors: Any = None,
    ) -> None:
        super().__init__(
            NativeWSGITransport(
                _raising(app) if raise_app_exceptions else app,
                raises=raise_app_exceptions,
                script_name=script_name,
                remote_addr=remote_addr,
                errors=wsgi_errors,
            )
        )


class ASGITransport(AsyncNativeTransport):
    """Sends requests to an ASGI application; its lifespan is not run, as in httpx.

    >>> async def app(scope, receive, send):
    ...     await send({"type": "http.response.start", "status": 204, "headers": []})
    ...     await send({"type": "http.response.body"})
    >>> transport = ASGITransport(app)
    """

    def __init__(
        self,
        app: Any,
        raise_app_exceptions: bool = True,
        root_path: str = "",
        client: tuple[str, int] = ("127.0.0.1", 123),
    ) -> None:
        super().__init__(
            NativeASGITransport(
                _with_bytes(app), raises=raise_app_exceptions, root_path=root_path, client=client
            )
        )


def _raising(app: Any) -> Any:
    """Return a WSGI application whose own exceptions are raised, though it answers them."""

    def application(environ: Any, start_response: Any) -> Any:
        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            if exc_info is not None and exc_info[1] is not None:
                raise exc_info[1]
            return start_response(status, headers)

        return app(environ, start)

    return application


def _with_bytes(app: Any) -> Any:
    """Return an ASGI application whose headers are bytes; httpx takes text, too."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        async def send_bytes(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = [tuple(map(_as_bytes, line)) for line in message.get("headers", ())]
                message = {**message, "headers": headers}
            await send(message)

        await app(scope, receive, send_bytes)

    return application


def _as_bytes(value: str | bytes) -> bytes:
    return value.encode("latin-1") if isinstance(value, str) else value
