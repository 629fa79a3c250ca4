"""Authentication with httpx's names: generators of requests, over nethttp's own schemes."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Generator

from ..messages.headers import Headers as NativeHeaders
from ..messages.request import Request as NativeRequest
from ..policy.auth.basic import Basic
from ..policy.auth.challenges import parse_challenges
from ..policy.auth.digest import Digest
from ..policy.auth.digest_session import strongest
from ..policy.auth.netrc import Netrc
from .cookies import Cookies
from .errors import ProtocolError, translated
from .request import Request, native_of
from .response import Response

__all__ = ["Auth", "BasicAuth", "DigestAuth", "FunctionAuth", "NetRCAuth"]

Flow = Generator[Request, Response, None]


class Auth:
    """A way to authenticate; a subclass overrides `auth_flow`.

    >>> class Token(Auth):
    ...     def auth_flow(self, request):
    ...         request.headers["X-Token"] = "abc"
    ...         yield request
    """

    requires_request_body = False
    """Whether a request's body is read into memory before the flow begins."""
    requires_response_body = False
    """Whether a response's content is read before the flow receives it."""

    def auth_flow(self, request: Request) -> Flow:
        """Yield requests to send; each ``yield`` gives the response."""
        yield request

    def sync_auth_flow(self, request: Request) -> Flow:
        """Yield the requests of `auth_flow` for a `Client`."""
        if self.requires_request_body:
            request.read()
        flow = self.auth_flow(request)
        try:
            request = next(flow)
            while True:
                response = yield request
                if self.requires_response_body:
                    response.read()
                request = flow.send(response)
        except StopIteration:
            return
        finally:
            flow.close()

    async def async_auth_flow(self, request: Request) -> AsyncGenerator[Request, Response]:
        """Yield the requests of `auth_flow` for an `AsyncClient`."""
        if self.requires_request_body:
            await request.aread()
        flow = self.auth_flow(request)
        try:
            request = next(flow)
            while True:
                response = yield request
                if self.requires_response_body:
                    await response.aread()
                request = flow.send(response)
        except StopIteration:
            return
        finally:
            flow.close()


class FunctionAuth(Auth):
    """Calls a function with each request; it returns the request to send.

    >>> FunctionAuth(lambda request: request).requires_request_body
    False
    """

    def __init__(self, func: Callable[[Request], Request]) -> None:
        self._func = func

    def auth_flow(self, request: Request) -> Flow:
        """Yield what the function returned."""
        yield self._func(request)


class BasicAuth(Auth):
    """Sends a user name and password with every request. RFC 7617.

    >>> next(BasicAuth("a", "b").auth_flow(Request("GET", "http://a/"))).headers["authorization"]
    'Basic YTpi'
    """

    def __init__(self, username: str | bytes, password: str | bytes) -> None:
        self._value = Basic(_text(username), _text(password)).value

    def auth_flow(self, request: Request) -> Flow:
        """Yield `request` with the credentials."""
        request.headers["Authorization"] = self._value
        yield request


class NetRCAuth(Auth):
    """Sends the user name and password that a netrc file has for exactly the request's host.

    >>> NetRCAuth("no such file").requires_response_body
    False
    """

    def __init__(self, file: str | None = None) -> None:
        self._netrc = Netrc(os.fspath(file) if file is not None else None)

    def auth_flow(self, request: Request) -> Flow:
        """Yield `request`, with credentials if the file has any."""
        found = self._netrc.find(request.url.host)
        if found is not None:
            request.headers["Authorization"] = Basic(*found).value
        yield request


class DigestAuth(Auth):
    """Answers challenges without sending the password. RFC 7616.

    >>> flow = DigestAuth("me", "pw").auth_flow(Request("GET", "http://a/"))
    >>> challenge = Response(401, headers={"WWW-Authenticate": 'Digest realm="r", nonce="n"'})
    >>> "authorization" in next(flow).headers, flow.send(challenge).headers["authorization"][:6]
    (False, 'Digest')
    """

    def __init__(self, username: str | bytes, password: str | bytes) -> None:
        self._digest = Digest(_text(username), _text(password))

    def auth_flow(self, request: Request) -> Flow:
        """Yield `request`, and again with credentials for a challenge.

        Raises:
            ProtocolError: the challenge cannot be answered, or the server's proof is wrong.
        """
        flow = self._digest.flow(native_of(request))
        step = next(flow)
        with translated(request):
            while True:
                assert isinstance(step, NativeRequest)
                value = step.headers.get("Authorization")
                if value is not None:
                    request.headers["Authorization"] = value
                response = yield request
                seen = _Seen(response)
                if response.status_code == 401 and "set-cookie" in response.headers:
                    Cookies(response.cookies).set_cookie_header(request)
                try:
                    step = flow.send(seen)
                except StopIteration:
                    break
        seen.refuse_what_cannot_be_answered(request)


class _Seen:
    """A response as the schemes of nethttp see it."""

    def __init__(self, response: Response) -> None:
        self.status_code = response.status_code
        self.headers = NativeHeaders.received(
            [
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in response.headers.raw
            ]
        )

    def refuse_what_cannot_be_answered(self, request: Request) -> None:
        """Raise `ProtocolError` for a Digest challenge that lacks what an answer needs."""
        challenges = parse_challenges(self.headers.get_list("WWW-Authenticate"))
        asks = self.status_code == 401 and any(each.scheme == "digest" for each in challenges)
        if asks and strongest(challenges, None) is None:
            raise ProtocolError(
                "expected a Digest challenge with a realm, a nonce and a known algorithm and qop "
                "(RFC 7616 section 3.3), got another one",
                request=request,
            )


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
