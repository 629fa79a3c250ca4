"""`BaseClient`: the settings of both clients, and the flow of a call.

A call is a flow of nethttp: it asks for the work of transports, hooks and authentication by
effects, so `Client` and `AsyncClient` share it.
"""

from __future__ import annotations

import datetime
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from ...net.effects import Ask, Flow
from ..content.decoding import accept_encoding
from ..messages.headers import Headers as NativeHeaders
from ..policy.proxies import choose_proxies
from ..policy.redirects import Redirects, next_request
from .auth import Auth, BasicAuth, FunctionAuth
from .config import DEFAULT_TIMEOUT, Timeout
from .cookies import Cookies, CookiesSource
from .errors import TooManyRedirects, UnsupportedProtocol, translated
from .headers import Headers, HeadersSource
from .mounts import Pattern
from .params import QueryParams, QueryParamsSource
from .request import Request, native_of
from .response import Response
from .urls import URL

__all__ = ["USE_CLIENT_DEFAULT", "BaseClient", "UseClientDefault"]

__version__: Final = "0.28.1"
"""The version of httpx whose names and behaviour these are."""

DEFAULT_MAX_REDIRECTS: Final = 20
"""The most redirects of a call that are followed."""


class UseClientDefault:
    """The type of `USE_CLIENT_DEFAULT`: None could not be it, since None turns a setting off."""


USE_CLIENT_DEFAULT: Final = UseClientDefault()
"""The default of a call's ``auth``, ``timeout`` and ``follow_redirects``: what the client has."""


def auth_of(auth: Any) -> Auth | None:
    """Return what ``auth=`` means: an `Auth`, a pair of name and password, or a function.

    Raises:
        TypeError: it is none of them.

    >>> type(auth_of(("user", "password"))).__name__
    'BasicAuth'
    """
    if auth is None or isinstance(auth, Auth):
        return auth
    if isinstance(auth, tuple):
        return BasicAuth(*auth)
    if callable(auth):
        return FunctionAuth(auth)
    raise TypeError(f'Invalid "auth" argument: {auth!r:.80}')


class BaseClient:
    """The settings of a client: its properties may be set at any time.

    `max_redirects` is the most redirects of a call; one more is an error.

    >>> BaseClient(base_url="https://example.com/v1").build_request("GET", "users").url
    URL('https://example.com/v1/users')
    """

    def __init__(
        self,
        *,
        auth: Any = None,
        params: QueryParamsSource = None,
        headers: HeadersSource = None,
        cookies: CookiesSource = None,
        timeout: Any = DEFAULT_TIMEOUT,
        follow_redirects: bool = False,
        max_redirects: int = DEFAULT_MAX_REDIRECTS,
        event_hooks: Mapping[str, list[Callable[..., Any]]] | None = None,
        base_url: URL | str = "",
        trust_env: bool = True,
        default_encoding: str | Callable[[bytes], str | None] = "utf-8",
    ) -> None:
        self.base_url = base_url
        self.auth = auth
        self.params = params
        self.headers = headers
        self.cookies = cookies
        self.timeout = timeout
        self.follow_redirects = follow_redirects
        self.max_redirects = max_redirects
        self.event_hooks = event_hooks or {}
        self._trust_env = trust_env
        self._default_encoding = default_encoding
        self._transport: Any = None
        self._mounts: dict[Pattern, Any] = {}
        self._state = "unopened"

    # --- settings ---

    @property
    def is_closed(self) -> bool:
        """Whether the client was closed; it sends nothing any more."""
        return self._state == "closed"

    @property
    def trust_env(self) -> bool:
        """Whether the environment's proxies and certificates count."""
        return self._trust_env

    @property
    def timeout(self) -> Any:
        """The bounds of a call that has no others, a `Timeout` in seconds."""
        return self._timeout

    @timeout.setter
    def timeout(self, timeout: Any) -> None:
        self._timeout = Timeout(timeout)

    @property
    def event_hooks(self) -> Any:
        """The functions that are called with each request ("request") and response."""
        return self._event_hooks

    @event_hooks.setter
    def event_hooks(self, event_hooks: Mapping[str, list[Callable[..., Any]]]) -> None:
        self._event_hooks = {
            "request": list(event_hooks.get("request", ())),
            "response": list(event_hooks.get("response", ())),
        }

    @property
    def auth(self) -> Any:
        """The authentication of a call that has no other."""
        return self._auth

    @auth.setter
    def auth(self, auth: Any) -> None:
        self._auth = auth_of(auth)

    @property
    def base_url(self) -> Any:
        """What stands before relative URLs; it ends with a slash."""
        return self._base_url

    @base_url.setter
    def base_url(self, url: URL | str) -> None:
        url = URL(url)
        path, mark, query = url.raw_path.partition(b"?")
        if url.is_absolute_url and not path.endswith(b"/"):
            url = url.copy_with(raw_path=path + b"/" + mark + query)
        self._base_url = url

    @property
    def headers(self) -> Any:
        """The headers of every request."""
        return self._headers

    @headers.setter
    def headers(self, headers: HeadersSource) -> None:
        defaults = Headers(
            {
                "Accept": "*/*",
                "Accept-Encoding": accept_encoding(),
                "Connection": "keep-alive",
                "User-Agent": f"python-httpx/{__version__}",
            }
        )
        for name, value in Headers(headers).multi_items() if headers is not None else ():
            defaults[name] = value
        if headers is not None:
            defaults = _with(defaults, Headers(headers))
        self._headers = defaults

    @property
    def cookies(self) -> Any:
        """The cookies of the client."""
        return self._cookies

    @cookies.setter
    def cookies(self, cookies: CookiesSource) -> None:
        self._cookies = cookies if isinstance(cookies, Cookies) else Cookies(cookies)

    @property
    def params(self) -> Any:
        """The parameters of every request."""
        return self._params

    @params.setter
    def params(self, params: QueryParamsSource) -> None:
        self._params = QueryParams(params)

    # --- requests ---

    def build_request(
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
        timeout: Any = USE_CLIENT_DEFAULT,
        extensions: dict[str, Any] | None = None,
    ) -> Request:
        """Return the request that a call with these arguments sends."""
        extensions = {} if extensions is None else dict(extensions)
        if "timeout" not in extensions:
            bounds = self._timeout if timeout is USE_CLIENT_DEFAULT else Timeout(timeout)
            extensions["timeout"] = bounds.as_dict()
        merged = Cookies(self._cookies)
        merged.update(cookies)
        both = self._params.merge(params) if self._params or params else params
        return Request(
            method,
            self._merged_url(url),
            content=content,
            data=data,
            files=files,
            json=json,
            params=both,
            headers=_with(self._headers, Headers(headers)),
            cookies=merged,
            extensions=extensions,
        )

    def _merged_url(self, url: URL | str) -> URL:
        """Return a relative URL below `base_url`, and an absolute one as it is."""
        given = URL(url)
        if not given.is_relative_url or not self._base_url.host:
            return given
        base = self._base_url.raw_path.decode("ascii")
        path = base + given.raw_path.decode("ascii").lstrip("/")
        if not str(given):
            path = base
        return self._base_url.copy_with(
            raw_path=path.encode("ascii"), fragment=given.fragment or None
        )

    def _transport_for_url(self, url: URL) -> Any:
        for pattern, transport in self._mounts.items():
            if pattern.matches(url):
                return self._transport if transport is None else transport
        return self._transport

    # --- the flow of a call ---

    def _call(
        self, request: Request, stream: bool, auth: Any, follow_redirects: Any
    ) -> Flow[Response]:
        """Send a request; return its response, with its content read unless `stream`."""
        if self.is_closed:
            raise RuntimeError("expected an open client, got one that was closed")
        self._state = "opened"
        request.extensions.setdefault("timeout", self._timeout.as_dict())
        follows = (
            self.follow_redirects
            if follow_redirects is USE_CLIENT_DEFAULT
            else bool(follow_redirects)
        )
        chosen = self._auth if auth is USE_CLIENT_DEFAULT else auth_of(auth)
        if chosen is None and auth is USE_CLIENT_DEFAULT and request.url.username:
            chosen = BasicAuth(request.url.username, request.url.password)
        response = yield from self._authenticated(request, chosen or Auth(), follows)
        if not stream:
            yield from self._read(response)
        return response

    def _authenticated(self, request: Request, auth: Auth, follows: bool) -> Flow[Response]:
        history: list[Response] = []
        step, close = self._auth_steps(auth, request)
        try:
            signed = yield Ask(step, None)
            while True:
                response = yield from self._followed(signed, follows, history)
                signed = yield Ask(step, response)
                if signed is None:
                    return response
                response.history = list(history)
                yield from self._read(response)
                history.append(response)
        except Exception:
            yield Ask(close)
            raise

    def _followed(self, request: Request, follows: bool, history: list[Response]) -> Flow[Response]:
        while True:
            if len(history) > self.max_redirects:
                raise TooManyRedirects(
                    f"expected at most {self.max_redirects} redirects, got more", request=request
                )
            for hook in self._event_hooks["request"]:
                yield Ask(hook, request)
            response = yield from self._sent(request)
            try:
                for hook in self._event_hooks["response"]:
                    yield Ask(hook, response)
                response.history = list(history)
                if not response.has_redirect_location:
                    return response
                request = self._redirected(request, response)
                if not follows:
                    response.next_request = request
                    return response
                yield from self._read(response)
                history.append(response)
            except Exception:
                yield from self._closed(response)
                raise

    def _redirected(self, request: Request, response: Response) -> Request:
        """Return the request that a redirect asks for: see `nethttp.client.policy.redirects`."""
        seen = _Seen(response)
        # Whether a body that was streamed can be read again is found when it is.
        body: Any = _Body()
        with translated(request):
            native = next_request(native_of(request, body), seen, Redirects(to_http=True))
        assert native is not None  # it has a Location
        lines = [(name, value) for name, value in native.headers.pairs if name.lower() != "cookie"]
        url = URL(str(native.url))
        if not url.fragment:
            url = url.copy_with(fragment=request.url.fragment or None)
        jar = Cookies(self._cookies)
        return Request(
            native.method,
            url,
            headers=lines,
            cookies=jar,
            stream=request.stream if native.body is body else None,
            extensions=request.extensions,
        )

    def _sent(self, request: Request) -> Flow[Response]:
        transport = self._transport_for_url(request.url)
        began = time.perf_counter()
        if not request.url.is_absolute_url:
            raise UnsupportedProtocol(
                "Request URL is missing an 'http://' or 'https://' protocol.", request=request
            )
        response: Response = yield Ask(self._send_by(transport), request)
        response.request = request
        response.default_encoding = self._default_encoding
        response.stream = self._timed(response, began)
        if response.is_closed:
            response.elapsed = datetime.timedelta(seconds=time.perf_counter() - began)
        self._cookies.extract_cookies(response)
        return response

    # --- what the two clients do in their own way ---

    def _auth_steps(self, auth: Auth, request: Request) -> Any:
        raise NotImplementedError

    def _send_by(self, transport: Any) -> Any:
        raise NotImplementedError

    def _read(self, response: Response) -> Flow[None]:
        raise NotImplementedError

    def _closed(self, response: Response) -> Flow[None]:
        raise NotImplementedError

    def _timed(self, response: Response, began: float) -> Any:
        raise NotImplementedError


class _Body:
    """A request's body while a redirect is judged: it is read again only when it is sent again."""

    length = None

    def pieces(self) -> NoReturn:
        """Raise: nothing reads it."""
        raise AssertionError("the body of a request that is judged is not read")

    def rewind(self) -> None:
        """Do nothing: what cannot be read twice raises StreamConsumed when it is sent again."""


class _Seen:
    """A response as nethttp's rules for redirects see it."""

    def __init__(self, response: Response) -> None:
        self.status_code = response.status_code
        self.headers = NativeHeaders.received(
            [
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in response.headers.raw
            ]
        )


def environment_proxies() -> Any:
    """Return the proxies that the environment names."""
    return choose_proxies(None, os.environ)


def _with(headers: Headers, more: Headers) -> Headers:
    """Return `headers`, with the lines of `more` instead of those of the same names."""
    merged = headers.copy()
    merged.update(more)
    return merged
