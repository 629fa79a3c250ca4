"""`Client`: requests from any number of threads, over connections that are used again."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Protocol, Self, TypeVar, Unpack

from ..net.blocking import run
from ..net.effects import Flow
from .base import BaseClient
from .messages.arrival import Arrival
from .messages.request import Request
from .messages.response import Response
from .messages.timing import Marks
from .messages.url import URL
from .options import CallOptions, GetOptions, RequestOptions

if TYPE_CHECKING:
    from os import PathLike
    from types import TracebackType

    from ..net.scripted import ScriptedNetwork
    from .event_source import EventSource
    from .flow.download import Download, Progress
    from .policy.retries import Retries

__all__ = ["Client"]

T = TypeVar("T")


class Run(Protocol):
    """What runs a flow: `nethttp.net.blocking.run`, or a script."""

    def __call__(self, flow: Flow[T], /) -> T:
        """Return what `flow` returns."""
        ...


class Client(BaseClient[Response]):
    """A client of HTTP/1.1 for programs with threads.

    Threads may share a client: its connections serve all of them. A ``with`` statement closes it.

    >>> with Client(base_url="https://example.com/api", timeout=10) as client:
    ...     print(client.build_request("GET", "users", params={"page": 2}))
    GET https://example.com/api/users?page=2

    The arguments:

    * `base_url` stands before every URL that has no scheme; `params` and `headers` are those of
      every request.
    * `cookies` is a jar of `nethttp.cookiejar`; else the client makes one, with browsers' rules.
    * `timeout` is the seconds for a whole call, from the queue for a connection to the last byte,
      or a `Timeout` with bounds by phase, or None.
    * `auth`: (user name, password), an `Auth` of `nethttp.client.policy.auth`, or a function of the
      request; else the environment's netrc file counts.
    * `follow_redirects`: True, or `Redirects` with a bound. `retries`: how often a failed request
      is sent again, or `Retries` that says when. `pace`: how often to send to one origin (`Pace`).
    * `coalesce` True: of GET requests that are the same and under way at once, headers included,
      only the first is sent, and all get its response.
    * `limits`: how many connections there may be (`PoolLimits`).
    * `max_response_size`: the most bytes of a response's content, received and decoded.
    * `default_encoding`: that of texts whose response names none, or a function of the content.
    * `dumps` and `loads` write and read JSON instead of the module json: those of orjson, say.
    * `verify` and `cert`: which certificates are trusted, and the client's own, by files or as PEM
      text (`TLSSettings`). `pins`: the public keys of which a server must have one (`PinSource`).
    * `proxy`: a URL, a mapping of schemes to URLs, a function of the URL, or False: none. Without
      it the environment's variables count, unless `trust_env` is False.
    * `guard`: whether an address may be dialled (`nethttp.client.policy.guard.public_only`).
    * `resolve`: addresses by host or by ``"host:port"``, instead of DNS.
    * `server_hostname`: the name for TLS, where it is not the URL's. `unix_path`: the socket to
      connect to, instead of the URL's host.
    * `resends` False: no request is sent again after its connection turned out to be stale.
    * `middleware`: generator functions around each call. `events`: functions that are told of each
      request and response.
    * `cache`: where responses are kept that may be used again (RFC 9111): a `MemoryCache`, a
      `SQLiteCache` or `ValkeyCache` that processes or machines share, or a `Cache` around one of
      them, with settings. Its owner closes it.
    * `transport`: what sends the requests, instead of connections of this client; or a function
      that is given the usual transport and returns another one around it.
    * `network`: for tests, a `nethttp.client.testing.network.ScriptedNetwork` instead of the
      system's network, names and clock.
    """

    _run: Run = staticmethod(run)

    def request(self, method: str, url: str | URL, **options: Unpack[RequestOptions]) -> Response:
        """Return the response to a request, with its content read.

        Raises:
            RequestError: there is no response; its subclass and `phase` say why.
            InvalidURL, LocalProtocolError: the request cannot be sent.
        """
        return self._run(self._whole_call(method, url, options))

    def get(self, url: str | URL, **options: Unpack[RequestOptions]) -> Response:
        """Return the response to a GET request: see `request`."""
        return self._run(self._whole_call("GET", url, options))

    def head(self, url: str | URL, **options: Unpack[RequestOptions]) -> Response:
        """Return the response to a HEAD request, which has no content: see `request`."""
        return self._run(self._whole_call("HEAD", url, options))

    def options(self, url: str | URL, **options: Unpack[RequestOptions]) -> Response:
        """Return the response to an OPTIONS request: see `request`."""
        return self._run(self._whole_call("OPTIONS", url, options))

    def delete(self, url: str | URL, **options: Unpack[RequestOptions]) -> Response:
        """Return the response to a DELETE request: see `request`."""
        return self._run(self._whole_call("DELETE", url, options))

    def post(self, url: str | URL, **options: Unpack[RequestOptions]) -> Response:
        """Return the response to a POST request: see `request`."""
        return self._run(self._whole_call("POST", url, options))

    def put(self, url: str | URL, **options: Unpack[RequestOptions]) -> Response:
        """Return the response to a PUT request: see `request`."""
        return self._run(self._whole_call("PUT", url, options))

    def patch(self, url: str | URL, **options: Unpack[RequestOptions]) -> Response:
        """Return the response to a PATCH request: see `request`."""
        return self._run(self._whole_call("PATCH", url, options))

    def query(self, url: str | URL, **options: Unpack[RequestOptions]) -> Response:
        """Return the response to a QUERY request: a GET with content. See `request`."""
        return self._run(self._whole_call("QUERY", url, options))

    def stream(self, method: str, url: str | URL, **options: Unpack[RequestOptions]) -> Response:
        """Return the response to a request once its head is received: use it in a ``with``.

        Raises:
            RequestError: there is no response; its subclass and `phase` say why.
            InvalidURL, LocalProtocolError: the request cannot be sent.
        """
        return self._run(self._call(method, url, options))

    def event_source(
        self,
        url: str | URL,
        *,
        method: str = "GET",
        last_event_id: str = "",
        reconnects: bool = True,
        retry: float = 3.0,
        max_event_size: int = 1024 * 1024,
        **options: Unpack[RequestOptions],
    ) -> EventSource:
        """Return an iterator over the server-sent events of a URL; see `EventSource`.

        When the stream ends or is lost, the client connects again, unless `reconnects` is false: in
        `retry` seconds, or when the stream says, and with the id of the last event, which begins as
        `last_event_id`. Redirects are followed. An event of more than `max_event_size` bytes is an
        error. A `timeout` bounds each connection.

        The iterator raises what the first connection raises, and a StatusError where the server
        refuses a later one; it ends when the server answers with 204.
        """
        from .event_source import EventSource  # start-up: few programs read events

        return EventSource(
            self._events(
                method,
                url,
                options,
                last_event_id=last_event_id,
                reconnects=reconnects,
                retry=retry,
                max_event_size=max_event_size,
            ),
            self._run,
        )

    def download(
        self,
        url: str | URL,
        path: str | PathLike[str],
        *,
        sha256: str | None = None,
        segments: int = 1,
        retries: int | Retries = 5,
        progress: Progress | None = None,
        **options: Unpack[GetOptions],
    ) -> Download:
        """Return the size and response of a GET request whose content is then in the file `path`.

        The file appears under its name when it is whole. After a cut the download goes on where it
        was, in this call or in a later one, if the server's entity tag says that the version is
        still the same; else it begins again. Redirects are followed. `sha256` is the expected
        checksum in hexadecimal, `retries` how often to go on after a failure that brought nothing
        new, and `progress` is called with the bytes that are there and their total or None.

        Up to `segments` requests, at most 16, fetch parts of the file at once, each on a connection
        of its own. For this the file must have 2 MiB or more, and the server must give a strong
        entity tag and ranges; else one request fetches it. Then `progress` may be called in other
        threads, by one at a time.

        Raises:
            RequestError: it failed too often; what is there can be resumed.
            StatusError: the server answered with another status than success.
            ChecksumError: the file is not the expected one.
            OSError: the file cannot be written, or another download to it is under way.
        """
        from .part_file import PartFile  # start-up: few programs download into files

        with PartFile(path, sha256) as part:
            return self._run(self._downloaded(url, part, segments, retries, progress, options))

    def send(
        self, request: Request, *, stream: bool = False, **options: Unpack[CallOptions]
    ) -> Response:
        """Return the response to a request that was built before.

        With `stream` its content is unread, as for the method of that name.

        Raises:
            RequestError: there is no response; its subclass and `phase` say why.
            TypeError: it is no `Request`, or an option is not one of `CallOptions`.
        """
        return self._run(self._sent_as_built(request, stream, options))

    def close(self) -> None:
        """Close the connections: idle ones now, the others when their responses are read."""
        self.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _run_on(self, network: ScriptedNetwork) -> None:
        self._run = network.run

    def _run_beside(self, flow: Flow[None]) -> object:
        if self._run is not run:
            return self._run(flow)  # a script has no threads
        thread = Thread(target=run, args=(flow,), daemon=True)
        thread.start()
        return thread

    def _make_response(self, request: Request, arrival: Arrival, marks: Marks) -> Response:
        response = Response(request, arrival, marks, self._bounds)
        response.default_encoding = self.default_encoding
        if self._loads is not None:
            response._loads = self._loads
        response._run = self._run
        return response
