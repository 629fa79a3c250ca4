"""What `Client` and `AsyncClient` share: their settings, and the flow of each call."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Generic, TypedDict, cast

from .._version import __version__
from ..net.effects import Flow
from ..net.trust import Certificate, TLSSettings, Verify
from .content.decoding import Bounds, accept_encoding
from .flow.call import Call, Handler, ResponseT
from .flow.cookies import CookieStore
from .flow.deadlines import Deadlines
from .flow.dial import Dialler
from .flow.head import common_headers
from .flow.middleware import Events, Middleware
from .flow.pool import PoolCounts
from .flow.request import steps_of_a_call
from .flow.transport import HTTPTransport, Transport
from .messages.base_response import Arrival
from .messages.headers import Headers, HeaderSource
from .messages.params import Params
from .messages.request import CommonHeaders, Request
from .messages.text import Encoding
from .messages.timing import Marks
from .messages.url import URL, Origin
from .policy.auth.choose import AuthSource, auth_of, choose
from .policy.auth.netrc import Netrc, environment_netrc
from .policy.guard import Guard
from .policy.limits import DEFAULT_POOL_LIMITS, PoolLimits
from .policy.pace import Pace
from .policy.proxies import ProxyArgument, choose_proxies
from .policy.redirects import DEFAULT_REDIRECTS, Redirects, as_redirects
from .policy.retries import Retries, as_retries
from .policy.timeouts import DEFAULT_TIMEOUT, Timeout, as_timeout

if TYPE_CHECKING:
    from ..cookiejar import CookieJar
    from ..net.scripted import ScriptedNetwork
    from .caching.cache import Cache
    from .caching.store import Store
    from .content.forms import FormData
    from .content.multipart import Files
    from .content.upload import Content, Progress
    from .flow.download import Download
    from .flow.download import Progress as DownloadProgress
    from .flow.event_source import EventFlow
    from .part_file import PartFile

__all__ = ["BaseClient", "GetOptions", "RequestOptions"]

MAX_ORIGINS: Final = 256
"""The most origins whose common headers a client keeps."""


class CallOptions(TypedDict, total=False):
    """The keyword arguments of every method that sends a request, new or built before."""

    timeout: Timeout | float | None
    """Seconds for the whole call, or bounds by phase; None: no bound."""
    auth: AuthSource | None
    """What signs the requests, instead of the client's; None: nothing."""
    follow_redirects: bool
    """Whether redirects are followed, instead of returned."""


class GetOptions(CallOptions, total=False):
    """The keyword arguments of every method that makes a request, with content or without."""

    params: Params | None
    """Appended to the URL's query."""
    headers: HeaderSource | None
    """Added to the client's, and instead of those of the same name."""
    cookies: Mapping[str, str] | None
    """Sent with this request, beside the jar's."""
    raw_target: str | None
    """What the request line has, instead of the URL's path and query."""


class RequestOptions(GetOptions, total=False):
    """The keyword arguments of every method that makes a request and sends it."""

    content: Content | None
    """The body as it is: bytes, a str (in UTF-8), a file, an iterable of bytes."""
    data: FormData | Content | None
    """The body as a form; or else as `content`."""
    files: Files | None
    """The body as multipart/form-data, together with the fields of `data`."""
    json: Any
    """The body as JSON, unless it is None."""
    progress: Progress | None
    """Is called with the bytes of the body that were sent, and with their total or None."""


class BaseClient(Generic[ResponseT]):
    """The settings of a client, and the flow of each call.

    `max_response_size` is in bytes; the arguments are those of `Client`, which describes them.
    """

    def __init__(
        self,
        *,
        base_url: str | URL = "",
        params: Params | None = None,
        headers: HeaderSource | None = None,
        cookies: CookieJar | None = None,
        auth: AuthSource | None = None,
        timeout: Timeout | float | None = DEFAULT_TIMEOUT,
        follow_redirects: bool | Redirects = False,
        retries: int | Retries | None = None,
        pace: Pace | None = None,
        limits: PoolLimits = DEFAULT_POOL_LIMITS,
        max_response_size: int | None = None,
        default_encoding: Encoding = "utf-8",
        verify: Verify = True,
        cert: Certificate | None = None,
        proxy: ProxyArgument = None,
        trust_env: bool = True,
        guard: Guard | None = None,
        resolve: Mapping[str, str | Sequence[str]] | None = None,
        server_hostname: str | None = None,
        unix_path: str | None = None,
        resends: bool = True,
        middleware: Sequence[Middleware] = (),
        events: Events | None = None,
        cache: Cache | Store | None = None,
        transport: Transport | Callable[[Transport], Transport] | None = None,
        network: ScriptedNetwork | None = None,
    ) -> None:
        self._settings = {name: value for name, value in locals().items() if name != "self"}
        self._clock = time.monotonic if network is None else network.clock
        if network is not None:
            self._run_on(network)
        self.base_url = URL(base_url) if base_url else None
        """Prefixed to URLs without a scheme; None: there is none."""
        self.params = params
        """Parameters of every request."""
        self.headers = Headers(DEFAULT_HEADERS)
        """Headers of every request; a program may change and remove them."""
        self.headers.set("Accept-Encoding", accept_encoding())
        _merge(self.headers, headers or ())
        self.timeout = as_timeout(timeout)
        """The bounds of a call that names none."""
        self._cookies = CookieStore(cookies)
        self._bounds = Bounds(max_size=max_response_size)
        self.default_encoding = default_encoding
        """The encoding of texts whose response names none, or a function that finds it out."""
        self.transport = self._transport_of(
            transport,
            limits=limits,
            dialler=Dialler(guard, resolve, clock=self._clock),
            tls=TLSSettings(verify, cert, trust_env),
            proxies=choose_proxies(proxy, os.environ if trust_env else None),
            server_hostname=server_hostname,
            unix_path=unix_path,
            resends=resends,
        )
        """What sends the requests."""
        if cache is not None:
            from .flow.caching import CachingTransport, way_apart  # start-up: most have no cache

            self.transport = CachingTransport(
                self.transport,
                cache,
                apart=way_apart(verify, resolve, server_hostname, unix_path),
                background=self._run_beside,
            )
        self.auth = None if auth is None else auth_of(auth)
        """What signs the requests: of the base URL's origin, or of any that the program names."""
        self._netrc = environment_netrc() if trust_env else None
        self._in_netrc: dict[str, bool] = {}
        self._commons: dict[Origin, CommonHeaders] = {}
        self._commons_of = self.headers.pairs
        redirects = as_redirects(follow_redirects)
        self.follow_redirects = redirects is not None
        """Whether the redirects of a call that does not say so are followed."""
        self._handler: Handler[ResponseT] = steps_of_a_call(
            self.transport,
            self._cookies,
            as_retries(retries),
            pace,
            redirects or DEFAULT_REDIRECTS,
            middleware,
            events,
        )

    def _transport_of(
        self,
        given: Transport | Callable[[Transport], Transport] | None,
        **settings: Any,
    ) -> Transport:
        """Return what sends the requests: what was given, or connections with these settings."""
        if given is None:
            return HTTPTransport(**settings)
        if hasattr(given, "send"):
            return cast("Transport", given)
        return given(HTTPTransport(**settings))

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what a pickle keeps: the settings as they were given, and no connection."""
        return _from_settings, (type(self), self._settings)

    @property
    def cookies(self) -> CookieJar:
        """The jar of the client: its cookies are sent where they belong."""
        return self._cookies.jar

    # --- requests ---

    def build_request(
        self,
        method: str,
        url: str | URL,
        *,
        params: Params | None = None,
        headers: HeaderSource | None = None,
        cookies: Mapping[str, str] | None = None,
        content: Content | None = None,
        data: FormData | Content | None = None,
        files: Files | None = None,
        json: Any = None,
        progress: Progress | None = None,
        raw_target: str | None = None,
    ) -> Request:
        """Return the request that `request` sends for these arguments: see `RequestOptions`.

        Raises:
            InvalidURL: the URL is not valid, or has no host and there is no `base_url`.
            LocalProtocolError: the method, a header or a cookie is not valid.
            TypeError: more than one of content, data or files, and json.
        """
        where = URL(url) if self.base_url is None else self.base_url.below(url)
        if self.params:
            where = where.with_params(self.params)
        if params:
            where = where.with_params(params)
        request = Request.with_common(method, where, self._common_of(where.origin))
        if raw_target is not None:
            request.target = raw_target
        if headers is not None:
            _merge(request.headers, headers)
        if cookies:
            own = request.headers.get("cookie")
            pairs = [f"{name}={value}" for name, value in cookies.items()]
            request.headers.set("Cookie", "; ".join([own, *pairs] if own else pairs))
        if not (content is data is files is json is None):
            from .content.body_arguments import body_from_arguments  # start-up: a GET has no body

            given = request.headers.get("content-type") if headers is not None else None
            request.body, implied = body_from_arguments(
                content=content,
                data=data,
                files=files,
                json=json,
                content_type=given,
                progress=progress,
            )
            if implied is not None:
                request.headers.set("Content-Type", implied)
        return request

    def _common_of(self, origin: Origin) -> CommonHeaders:
        """Return the headers that requests to `origin` have, serialised once."""
        mine = self.headers.pairs
        if mine != self._commons_of:
            self._commons.clear()
            self._commons_of = mine
        common = self._commons.get(origin)
        if common is None:
            if len(self._commons) >= MAX_ORIGINS:
                self._commons.clear()
            pairs = [pair for pair in mine if pair[0].lower() != "host"]
            host = self.headers.get("host") or origin.authority
            common = self._commons[origin] = common_headers([("Host", host), *pairs])
        return common

    def _call(self, method: str, url: str | URL, options: RequestOptions) -> Flow[ResponseT]:
        """Send a request; return its response, with its content unread."""
        request = self.build_request(method, url, **_for_request(options))
        return self._sent(request, options)

    def _whole_call(self, method: str, url: str | URL, options: RequestOptions) -> Flow[ResponseT]:
        """Send a request; return its response, with its content read."""
        request = self.build_request(method, url, **_for_request(options))
        return self._sent_whole(request, options)

    def _events(
        self,
        method: str,
        url: str | URL,
        options: RequestOptions,
        *,
        last_event_id: str,
        reconnects: bool,
        retry: float,
        max_event_size: int,
    ) -> EventFlow[ResponseT]:
        """Return the flow of the events of a URL; redirects are followed unless options say no."""
        from .flow.event_source import EventFlow  # start-up: few programs read events

        given = Headers(options.get("headers") or ())
        following: RequestOptions = {"follow_redirects": True}
        following.update(options)

        def call(headers: dict[str, str]) -> Flow[ResponseT]:
            request = self.build_request(method, url, **_for_request(options))
            for name, value in headers.items():
                if name not in given:
                    request.headers.set(name, value)
            return (yield from self._sent(request, following))

        return EventFlow(
            call,
            last_event_id=last_event_id,
            reconnects=reconnects,
            max_event_size=max_event_size,
            retry=retry,
            clock=self._clock,
        )

    def _downloaded(
        self,
        url: str | URL,
        part: PartFile,
        retries: int | Retries,
        progress: DownloadProgress | None,
        options: GetOptions,
    ) -> Flow[Download]:
        """Download into a file; every attempt has what is left of the time for the call."""
        from .flow.download import download  # start-up: few programs download into files

        request = self.build_request("GET", url, **_for_request(options))
        of_the_call: CallOptions = {"follow_redirects": True}
        for name in _OF_THE_CALL & options.keys():
            of_the_call[name] = options[name]  # type: ignore[literal-required]
        deadlines = self._deadlines(options)
        return (
            yield from download(
                lambda request: self._sent(request, of_the_call, deadlines),
                request,
                part,
                as_retries(retries) or Retries(max=0),
                clock=deadlines.clock,
                deadline=deadlines.total,
                progress=progress,
            )
        )

    def _deadlines(self, options: CallOptions) -> Deadlines:
        timeout = as_timeout(options["timeout"]) if "timeout" in options else self.timeout
        return Deadlines(timeout, self._clock)

    def _sent(
        self, request: Request, options: CallOptions, deadlines: Deadlines | None = None
    ) -> Flow[ResponseT]:
        """Send a request that was built; return its response, with its content unread."""
        call = self._new_call(request, options, deadlines)
        response = yield from self._handler(call, request)
        if call.history:
            response.history = list(call.history)
        return response

    def _sent_whole(self, request: Request, options: CallOptions) -> Flow[ResponseT]:
        """Send a request that was built; return its response, with its content read."""
        call = self._new_call(request, options)
        call.whole = True
        response = yield from self._handler(call, request)
        if call.history:
            response.history = list(call.history)
        yield from response.read_flow()
        return response

    def _new_call(
        self, request: Request, options: CallOptions, deadlines: Deadlines | None = None
    ) -> Call[ResponseT]:
        follow_redirects = options.get("follow_redirects", self.follow_redirects)
        if "auth" in options:
            source = options["auth"]
            auth = None if source is None else auth_of(source)
        else:
            base = self.base_url
            auth = choose(
                request,
                client_auth=self.auth,
                client_origin=None if base is None else base.origin,
                netrc=self._netrc_for(request.url.host),
            )
        if deadlines is None:
            deadlines = self._deadlines(options)
        return Call(deadlines, self._make_response, follow_redirects, auth)

    def _run_on(self, network: ScriptedNetwork) -> None:
        """Run the flows of calls on a network for tests, instead of the system's."""
        raise NotImplementedError

    def _run_beside(self, flow: Flow[None]) -> object:
        """Begin to run a flow that nothing waits for: a cache validates what it has given."""
        raise NotImplementedError

    def _make_response(self, request: Request, arrival: Arrival, marks: Marks) -> ResponseT:
        raise NotImplementedError

    def _netrc_for(self, host: str) -> Netrc | None:
        """Return the netrc file if it has an entry for `host`: it is asked once for each host."""
        if self._netrc is None:
            return None
        known = self._in_netrc.get(host)
        if known is None:
            if len(self._in_netrc) >= MAX_ORIGINS:
                self._in_netrc.clear()
            known = self._in_netrc[host] = self._netrc.find(host) is not None
        return self._netrc if known else None

    # --- connections ---

    def connections(self) -> PoolCounts:
        """Return how many connections are in use and idle, and how many requests wait for one."""
        transport = self.transport
        while not isinstance(transport, HTTPTransport):
            inner = getattr(transport, "transport", None)
            if inner is None:
                return PoolCounts(0, 0, 0)
            transport = inner
        return transport.pool.counts()


DEFAULT_HEADERS: Final = [
    ("Accept", "*/*"),
    ("Accept-Encoding", ""),
    ("User-Agent", f"nethttp/{__version__}"),
]


#: Options of a call that are not about its request.
_OF_THE_CALL: Final = frozenset(CallOptions.__annotations__)


def _for_request(options: GetOptions) -> dict[str, Any]:
    if not options:
        return {}
    return {name: value for name, value in options.items() if name not in _OF_THE_CALL}


def _merge(headers: Headers, more: HeaderSource) -> None:
    """Set the lines of `more`, each name instead of what was there under it."""
    lines = Headers(more)
    for name in lines:
        headers.remove(name)
    for name, value in lines.pairs:
        headers.add(name, value)


def _from_settings(kind: type[Any], settings: dict[str, Any]) -> Any:
    return kind(**settings)
