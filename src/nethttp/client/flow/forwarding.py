"""Requests that a proxy forwards: those of http, which need no tunnel. RFC 9112 section 3.2.2.

The proxy gets the whole URL, and header lines of its own beside those for the server. A proxy that
wants other credentials is asked again; its last answer is the response.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...net.effects import Flow
from ...status import HTTPStatus
from ..messages.headers import Headers
from ..messages.request import Request
from ..policy.proxies import Proxy
from .credentials import NO_MORE, ProxyCredentials
from .exchange import Exchange

__all__ = ["absolute_target", "forwarded"]

SendAs = Callable[[str, list[tuple[str, str]]], Flow[Exchange]]
"""Sends the request with a target, and with more header lines."""


class _Answer:
    """A proxy's answer as an `Auth` sees it."""

    __slots__ = ("headers", "status_code")

    def __init__(self, exchange: Exchange) -> None:
        self.status_code = exchange.status
        self.headers = Headers.received(exchange.fields)


def absolute_target(request: Request) -> str:
    """Return the target by which a proxy knows where to send a request.

    >>> absolute_target(Request("GET", "http://user:pw@example.com:8080/a?b"))
    'http://example.com:8080/a?b'
    >>> absolute_target(Request("OPTIONS", "http://example.com/", raw_target="*"))
    'http://example.com'
    """
    target = request.target
    if target.startswith("/"):
        return f"{request.url.origin}{target}"
    # RFC 9112 section 3.2.4: of "*" the last proxy makes the URL without a path, and back.
    return str(request.url.origin) if target == "*" else target


def forwarded(send_as: SendAs, request: Request, proxy: Proxy, deadline: float) -> Flow[Exchange]:
    """Return the exchange of a request that is sent to `proxy`, by `send_as`.

    Its target is then the absolute URL (RFC 9112 section 3.2.2). Its credentials have to be there
    by `deadline`.

    Raises:
        BodyNotReplayable: the proxy asks for credentials, and the body can be read only once.
    """
    target = absolute_target(request)
    credentials = ProxyCredentials(proxy, request.method, target, deadline, request.body)
    try:
        value: Any = yield from credentials.next()
        while True:
            more = list(proxy.headers)
            if value is not None:
                more.append(("Proxy-Authorization", value))
            exchange = yield from send_as(target, more)
            if exchange.status != HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
                yield from credentials.next(_Answer(exchange))  # it may have the next nonce
                return exchange
            try:
                value = yield from credentials.next(_Answer(exchange))
                if value is NO_MORE:
                    return exchange
                yield from exchange.drain()
                if request.body is not None and not isinstance(request.body, bytes):
                    request.body.rewind()
            except BaseException:
                exchange.abandon()
                raise
    finally:
        credentials.close()
