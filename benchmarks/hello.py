"""The smallest applications, for servers to be compared with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

BODY = b"Hello, World!"


def wsgi(_environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Answer a WSGI request."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "13")])
    return [BODY]


async def asgi(
    scope: dict[str, Any], _receive: Any, send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    """Answer an ASGI request."""
    if scope["type"] != "http":
        return
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"13")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})
