"""Authentication to a proxy: the same classes, with the fields that are a proxy's own.

RFC 9110 section 11.7. An `Auth` knows a server's fields alone. Here it signs a stand-in for the
request, and sees the proxy's answer with a server's names; the credentials are then put into the
request for the proxy. Those of the origin and those of the proxy so never mix.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from ...messages.headers import Headers

if TYPE_CHECKING:
    from ...messages.url import URL
    from .auth import Answered, Auth

__all__ = ["proxy_flow"]

#: The fields of a proxy's response, and what a server calls them.
_SERVERS_NAMES = {
    "Proxy-Authenticate": "WWW-Authenticate",
    "Proxy-Authentication-Info": "Authentication-Info",
}


class _AskedOfProxy:
    """A request as its proxy sees it: the proxy's URL, the target that it is sent, no fields."""

    def __init__(self, method: str, target: str, url: URL, body: Any) -> None:
        self.method = method
        self.target = target
        self.url = url
        self.headers = Headers()
        self.body = body

    def copy(self) -> _AskedOfProxy:
        """Return another request like this one, without credentials."""
        return _AskedOfProxy(self.method, self.target, self.url, self.body)


class _ProxysAnswer:
    """A proxy's response with a server's names."""

    def __init__(self, response: Answered) -> None:
        self._response: Any = response
        self.status_code = {407: 401, 401: 407}.get(response.status_code, response.status_code)
        self.headers = Headers.received(
            [
                (servers, value)
                for proxys, servers in _SERVERS_NAMES.items()
                for value in response.headers.get_list(proxys)
            ]
        )

    @property
    def content(self) -> bytes:
        """The body, for an `Auth` that requires it; a response to CONNECT has none."""
        return getattr(self._response, "content", b"")


def proxy_flow(
    auth: Auth, method: str, target: str, proxy: URL, body: Any = None
) -> Generator[Any, Any, None]:
    """Yield the values of Proxy-Authorization to send a request to `proxy` with, one by one.

    Each is sent the proxy's response; None means to send the request without the field. Effects
    that `auth` yields are passed on. `target` is what the request line has: ``host:port`` for
    CONNECT, else the absolute URL. RFC 9110 section 11.7.

    >>> from types import SimpleNamespace
    >>> from nethttp.client.messages.url import URL
    >>> from nethttp.client.policy.auth.basic import Basic
    >>> flow = proxy_flow(Basic("me", "pw"), "CONNECT", "a:443", URL("http://proxy:3128"))
    >>> next(flow)
    'Basic bWU6cHc='
    """
    flow = auth.flow(_AskedOfProxy(method, target, proxy, body))
    try:
        step = next(flow)
        while True:
            try:
                if isinstance(step, _AskedOfProxy):
                    response: Answered = yield step.headers.get("Authorization")
                    result: Any = _ProxysAnswer(response)
                else:
                    result = yield step
            except Exception as error:
                step = flow.throw(error)
            else:
                step = flow.send(result)
    except StopIteration:
        return
    finally:
        flow.close()
