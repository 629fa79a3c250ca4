"""A tunnel through an HTTP proxy: CONNECT. RFC 9110 section 9.3.6.

Credentials for the proxy go to the proxy alone. A proxy that wants others is asked again, on the
same connection if it keeps it. Its last answer is in the error, content included.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ...errors import ProxyError, RemoteProtocolError
from ...net.effects import Exchange, Flow, Link, Read
from ...status import HTTPStatus
from ...wire.events import Closed, Data, EndOfMessage, Event, NoEvent, Request, Response
from ...wire.h1.connection import ClientConnection
from ..messages.headers import Headers
from ..messages.host import bracketed
from ..policy.proxies import Proxy
from .credentials import NO_MORE, ProxyCredentials

__all__ = ["ProxyAnswer", "http_tunnel"]

MAX_CONTENT: Final = 65536
"""How many bytes of a refusal's content are kept; a longer one is cut."""


class ProxyAnswer:
    """A proxy's answer to CONNECT.

    >>> ProxyAnswer(Response(502, "Bad Gateway", []))
    <ProxyAnswer [502 Bad Gateway]>
    """

    __slots__ = ("content", "headers", "keeps_connection", "reason", "rest", "status_code")

    def __init__(self, head: Response) -> None:
        self.status_code = head.status
        self.reason = head.reason
        self.headers = Headers.received(head.fields)
        self.content = b""
        """The content of a refusal, at most `MAX_CONTENT` bytes."""
        self.keeps_connection = False
        """Whether the proxy can be asked again on the same connection."""
        self.rest = b""
        """What was received behind the answer: the first bytes through the tunnel."""

    def __repr__(self) -> str:
        return f"<ProxyAnswer [{self.status_code} {ascii(self.reason)[1:-1]}]>"


def http_tunnel(
    reach: Callable[[], Flow[Link]], host: str, port: int, proxy: Proxy, deadline: float
) -> Flow[Link]:
    """Return a connection through `proxy` to a host and port; `reach` connects to the proxy.

    By CONNECT: RFC 9110 section 9.3.6.

    Raises:
        ProxyError: the proxy refused; its `response` is a `ProxyAnswer`.
        TimeoutError: the deadline has passed.
        OSError: the connection is broken.
    """
    authority = f"{bracketed(host)}:{port}"
    credentials = ProxyCredentials(proxy, "CONNECT", authority, deadline)
    link = yield from reach()
    try:
        value = yield from credentials.next()
        while True:
            answer = yield from _ask(link, _request(authority, proxy, value), proxy, deadline)
            if 200 <= answer.status_code < 300:
                link.ahead = answer.rest
                yield from credentials.next(answer)  # it may have the next nonce
                return link
            if answer.status_code != HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
                break
            value = yield from credentials.next(answer)
            if value is NO_MORE:
                break
            if not answer.keeps_connection:
                link.close()
                link = yield from reach()
        raise _refused(proxy, authority, answer)
    except BaseException:
        link.close()
        raise
    finally:
        credentials.close()


def _request(authority: str, proxy: Proxy, credentials: str | None) -> Request:
    fields = [("Host", authority), *proxy.headers]
    if credentials is not None:
        fields.append(("Proxy-Authorization", credentials))
    return Request("CONNECT", authority, fields)


def _ask(link: Link, request: Request, proxy: Proxy, deadline: float) -> Flow[ProxyAnswer]:
    """Send a CONNECT, and return the proxy's answer; of a refusal with its content."""
    connection = ClientConnection()
    head = connection.send_request(request)
    connection.send_end()
    try:
        connection.receive((yield Exchange(link, head, deadline)))
        answer = None
        while answer is None:
            event = yield from _next_event(connection, link, deadline)
            if isinstance(event, Closed):
                raise ProxyError(f"{proxy.url.origin} ended the connection without an answer")
            if isinstance(event, Response) and event.status >= HTTPStatus.OK:
                answer = ProxyAnswer(event)
        if answer.status_code < HTTPStatus.MULTIPLE_CHOICES:
            answer.rest = connection.buffered
            return answer
        pieces: list[bytes] = []
        left = MAX_CONTENT
        while left > 0:
            event = yield from _next_event(connection, link, deadline)
            if isinstance(event, EndOfMessage):
                answer.keeps_connection = connection.reusable
                break
            if isinstance(event, Data):
                pieces.append(event.content[:left])
                left -= len(event.content)
        answer.content = b"".join(pieces)
        return answer
    except RemoteProtocolError as error:
        raise ProxyError(f"{proxy.url.origin} sent an invalid answer: {error}") from error


def _next_event(connection: ClientConnection, link: Link, deadline: float) -> Flow[Event]:
    while True:
        event = connection.next_event()
        if not isinstance(event, NoEvent):
            return event
        connection.receive((yield Read(link, deadline)))


def _refused(proxy: Proxy, authority: str, answer: ProxyAnswer) -> ProxyError:
    remedy = ""
    # Some proxies say 401, the server's own status for it.
    if answer.status_code in (HTTPStatus.PROXY_AUTHENTICATION_REQUIRED, HTTPStatus.UNAUTHORIZED):
        if proxy.auth is None:
            remedy = "; it wants a user name and password: put them into the proxy's URL"
        else:
            remedy = "; check the user name and password"
    error = ProxyError(
        f"{proxy.url.origin} refused a tunnel to {authority} by"
        f" {answer.status_code} {ascii(answer.reason)[1:-1]}{remedy}",
        phase="proxy",
    )
    error.response = answer
    return error
