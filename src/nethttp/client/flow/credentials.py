"""What a proxy is sent as Proxy-Authorization, one value after the other as it asks for others."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final

from ...net.effects import Flow
from ..policy.auth.auth import Answered
from ..policy.auth.choose import auth_of
from ..policy.auth.proxy import proxy_flow
from ..policy.proxies import Proxy

__all__ = ["NO_MORE", "ProxyCredentials"]

NO_MORE: Final = object()
"""There are no other credentials to ask the proxy with."""


class ProxyCredentials:
    """The credentials of one request for a proxy; `target` is the one in its request line.

    What they wait for, such as a token, has to be there by `deadline`.

    >>> from nethttp.client.messages.headers import Headers
    >>> from nethttp.net.blocking import run
    >>> credentials = ProxyCredentials(Proxy.of("http://me:pw@proxy:3128"), "CONNECT", "a:443", 1e9)
    >>> run(credentials.next())
    'Basic bWU6cHc='
    >>> from types import SimpleNamespace
    >>> refusal = SimpleNamespace(status_code=407, headers=Headers())
    >>> run(credentials.next(refusal)) is NO_MORE
    True
    """

    __slots__ = ("_deadline", "_flow")

    def __init__(
        self, proxy: Proxy, method: str, target: str, deadline: float, body: Any = None
    ) -> None:
        self._deadline = deadline
        self._flow: Generator[Any, Any, None]
        if proxy.auth is None:
            self._flow = _nothing()
        else:
            self._flow = proxy_flow(auth_of(proxy.auth), method, target, proxy.url, body)

    def next(self, answer: Answered | None = None) -> Flow[Any]:
        """Return the next value, None to send none, or `NO_MORE`; `answer` is the proxy's last."""
        try:
            step = self._flow.send(answer)
            while step is not None and not isinstance(step, str):
                step.deadline = min(step.deadline, self._deadline)
                try:
                    result = yield step
                except BaseException as error:
                    step = self._flow.throw(error)
                else:
                    step = self._flow.send(result)
        except StopIteration:
            return NO_MORE
        return step

    def close(self) -> None:
        """End the flow that makes the credentials."""
        self._flow.close()


def _nothing() -> Generator[None, Any, None]:
    yield None
