"""Requests and responses for flows of authentication, without a client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from nethttp.client.messages.headers import Headers
from nethttp.client.messages.url import URL
from nethttp.net.effects import Pull


class Request:
    def __init__(
        self, method: str = "GET", url: str = "http://example.com/", body: Any = None
    ) -> None:
        self.method = method
        self.url = URL(url)
        self.target = self.url.target
        self.headers = Headers()
        self.body = body

    def copy(self) -> Request:
        again = Request(self.method, str(self.url), self.body)
        again.headers = self.headers.copy()
        return again


class Response:
    def __init__(
        self, status_code: int = 200, headers: Iterable[tuple[str, str]] = (), content: bytes = b""
    ) -> None:
        self.status_code = status_code
        self.headers = Headers(list(headers))
        self.content = content


class Source:
    """A body in pieces that can be read again."""

    def __init__(self, *pieces: bytes) -> None:
        self.parts = pieces
        self.rewound = 0

    def pieces(self) -> Iterator[bytes]:
        return iter(self.parts)

    def rewind(self) -> None:
        self.rewound += 1


def challenge(value: str, *more: str) -> Response:
    return Response(401, [("WWW-Authenticate", each) for each in (value, *more)])


def credentials_of(flow: Any, *responses: Response) -> list[str | None]:
    """Return the Authorization of each request that the flow sends, one for each response."""
    sent = []
    waiting = list(responses)
    step = next(flow)
    while True:
        if isinstance(step, Pull):
            step = flow.send(next(step.source, None))
            continue
        sent.append(step.headers.get("Authorization"))
        if not waiting:
            return sent
        try:
            step = flow.send(waiting.pop(0))
        except StopIteration:
            return sent
