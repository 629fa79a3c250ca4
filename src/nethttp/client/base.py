"""What `Client` and `AsyncClient` share: their settings, and the flow of each call."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Generic, Never, cast

from ..net.effects import Flow
from ..net.trust import Certificate, TLSSettings, Verify
from .arguments import check_arguments
from .building import MAX_ORIGINS, RequestBuilder
from .content.decoding import Bounds
from .flow.call import Call, Handler, ResponseT
from .flow.cookies import CookieStore
from .flow.deadlines import Deadlines
from .flow.dial import Dialler
from .flow.middleware import Events, Middleware
from .flow.pool import PoolCounts
from .flow.request import steps_of_a_call
from .flow.transport import HTTPTransport, Transport
from .messages.arrival import Arrival
from .messages.headers import Headers, HeaderSource
from .messages.params import Params
from .messages.request import Request
from .messages.text import Encoding
from .messages.timing import Marks
from .messages.url import URL
from .options import (
    OF_THE_CALL,
    CallOptions,
    GetOptions,
    RequestOptions,
    for_request,
    refuse_unknown,
)
from .policy.auth.auth import Auth
from .policy.auth.choose import AuthSource, auth_of, choose
from .policy.auth.netrc import Netrc, environment_netrc
from .policy.guard import Guard
from .policy.limits import DEFAULT_POOL_LIMITS, PoolLimits
from .policy.pace import Pace
from .policy.proxies import ProxyArgument, choose_proxies
from .policy.redirects import DEFAULT_REDIRECTS, Redirects, as_redirects, whether_followed
from .policy.retries import Retries, as_retries
from .policy.timeouts import DEFAULT_TIMEOUT, Timeout, as_timeout

if TYPE_CHECKING:
    from ..cookiejar import CookieJar
    from ..net.pins import Pins, PinSource
    from ..net.scripted import ScriptedNetwork
    from .caching.cache import Cache
    from .caching.store import Store
    from .flow.download import Download
    from .flow.download import Progress as DownloadProgress
    from .flow.event_source import EventFlow
    from .part_file import PartFile

__all__ = ["BaseClient"]


class BaseClient(RequestBuilder, Generic[ResponseT]):
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
        coalesce: bool = False,
        limits: PoolLimits = DEFAULT_POOL_LIMITS,
        max_response_size: int | None = None,
        default_encoding: Encoding = "utf-8",
        dumps: Callable[[Any], str | bytes] | None = None,
        loads: Callable[[str | bytes], Any] | None = None,
        verify: Verify = True,
        cert: Certificate | None = None,
        pins: PinSource | None = None,
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
        **unknown: Never,
    ) -> None:
        refuse_unknown(unknown)
        self._settings = {
            name: value for name, value in locals().items() if name not in _NOT_SETTINGS
        }
        check_arguments(self._settings)
        self._clock = time.monotonic if network is None else network.clock
        if network is not None:
            self._run_on(network)
        super().__init__(base_url, params, headers, dumps)
        self._loads = loads
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
            tls=TLSSettings(
                verify, cert, trust_env, () if pins is None else _pins_of(pins)
            ).checked(),
            proxies=choose_proxies(proxy, os.environ if trust_env else None),
            server_hostname=server_hostname,
            unix_path=unix_path,
            resends=resends,
        )
        """What sends the requests."""
        if coalesce:
            from .flow.coalescing import CoalescingTransport  # start-up: few clients want it

            self.transport = CoalescingTransport(self.transport)
        if cache is not None:
            from .flow.caching import CachingTransport, way_apart  # start-up: most have no cache

            self.transport = CachingTransport(
                self.transport,
                cache,
                apart=way_apart(verify, cert, resolve, server_hostname, unix_path),
                background=self._run_beside,
            )
        self.auth = None if auth is None else auth_of(auth)
        """What signs the requests: of the base URL's origin, or of any that the program names."""
        self._netrc = environment_netrc() if trust_env else None
        self._in_netrc: dict[str, bool] = {}
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

    # --- calls ---

    def _call(self, method: str, url: str | URL, options: RequestOptions) -> Flow[ResponseT]:
        """Send a request; return its response, with its content unread."""
        request = self.build_request(method, url, **for_request(options))
        return self._sent(request, options)

    def _whole_call(self, method: str, url: str | URL, options: RequestOptions) -> Flow[ResponseT]:
        """Send a request; return its response, with its content read."""
        if options:
            request = self.build_request(method, url, **for_request(options))
        else:
            request = self.plain_request(method, url)
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
            request = self.build_request(method, url, **for_request(options))
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
        segments: int,
        retries: int | Retries,
        progress: DownloadProgress | None,
        options: GetOptions,
    ) -> Flow[Download]:
        """Download into a file; every attempt has what is left of the time for the call."""
        from .flow.download import download  # start-up: few programs download into files

        check_arguments({"progress": progress})
        request = self.build_request("GET", url, **for_request(options))
        of_the_call: CallOptions = {"follow_redirects": True}
        for name in OF_THE_CALL & options.keys():
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
                segments=segments,
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
        if not response.take_content():
            yield from response.read_flow()
        return response

    def _sent_as_built(
        self, request: Request, stream: bool, options: CallOptions
    ) -> Flow[ResponseT]:
        """Return the flow that sends a request which the program has built: for `send`."""
        if not isinstance(request, Request):
            raise TypeError(f"expected a Request to send, got {type(request).__name__}")
        if not options.keys() <= OF_THE_CALL:
            unknown = ", ".join(sorted(options.keys() - OF_THE_CALL))
            raise TypeError(
                "expected auth, follow_redirects or timeout for a request that was built before, "
                f"got {unknown}"
            )
        return self._sent(request, options) if stream else self._sent_whole(request, options)

    def _new_call(
        self, request: Request, options: CallOptions, deadlines: Deadlines | None = None
    ) -> Call[ResponseT]:
        if not options and deadlines is None:
            deadlines = Deadlines(self.timeout, self._clock)
            return Call(
                deadlines, self._make_response, self.follow_redirects, self._auth_for(request)
            )
        follow_redirects = self.follow_redirects
        if "follow_redirects" in options:
            follow_redirects = whether_followed(options["follow_redirects"])
        if "auth" in options:
            source = options["auth"]
            auth = None if source is None else auth_of(source)
        else:
            auth = self._auth_for(request)
        if deadlines is None:
            deadlines = self._deadlines(options)
        return Call(deadlines, self._make_response, follow_redirects, auth)

    def _auth_for(self, request: Request) -> Auth | None:
        """Return what signs a request that was given nothing of its own."""
        url = request.url
        may_be_in_netrc = self._in_netrc.get(url.host, self._netrc is not None)
        if self.auth is None and not url.userinfo and not may_be_in_netrc:
            return None  # nearly always
        base = self.base_url
        return choose(
            request,
            client_auth=self.auth,
            client_origin=None if base is None else base.origin,
            netrc=self._netrc_for(url.host),
        )

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


#: Names in `BaseClient.__init__` that are no arguments of a program; `super` makes the second.
_NOT_SETTINGS: Final = frozenset({"self", "__class__", "unknown"})


def _pins_of(pins: PinSource) -> Pins:
    from ..net.pins import pins_of  # start-up: few programs pin keys

    return pins_of(pins)


def _from_settings(kind: type[Any], settings: dict[str, Any]) -> Any:
    return kind(**settings)
