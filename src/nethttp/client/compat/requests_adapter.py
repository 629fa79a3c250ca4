"""`NethttpAdapter`: a requests session over nethttp.

    session = requests.Session()
    session.mount("https://", NethttpAdapter())
    session.mount("http://", NethttpAdapter())

requests keeps what it does above its adapters: cookies, redirects, authentication, proxies by the
environment. The adapter does what urllib3 did: the pool, TLS, proxies, decoding.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from email.message import Message
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers, select_proxy

from ... import errors
from ...net.blocking import run
from ...net.trust import TLSSettings
from ..content.decoding import decoder_for
from ..content.upload import body_of
from ..flow.deadlines import Deadlines
from ..flow.transport import HTTPTransport
from ..messages.arrival import Arrival
from ..messages.request import Request
from ..messages.timing import Marks
from ..messages.url import URL
from ..policy.limits import PoolLimits
from ..policy.proxies import Proxy, choose_proxies
from ..policy.timeouts import Timeout

__all__ = ["NethttpAdapter"]

MAX_TRANSPORTS = 32
"""How many sets of TLS and proxy settings an adapter keeps connections for."""

#: The error of requests for each of nethttp's: the first that fits.
_FOR: tuple[tuple[type[Exception], type[requests.RequestException]], ...] = (
    (errors.ConnectTimeout, requests.ConnectTimeout),
    (errors.RequestTimeout, requests.ReadTimeout),
    (errors.ProxyError, requests.exceptions.ProxyError),
    (errors.TLSError, requests.exceptions.SSLError),
    (errors.UnsupportedProtocol, requests.exceptions.InvalidSchema),
    (errors.DecodingError, requests.exceptions.ContentDecodingError),
    (errors.InvalidResponse, requests.exceptions.ChunkedEncodingError),
    (errors.RequestError, requests.ConnectionError),
    (errors.InvalidURL, requests.exceptions.InvalidURL),
    (errors.LocalProtocolError, requests.exceptions.InvalidHeader),
)


class NethttpAdapter(BaseAdapter):
    """Sends the requests of a session by nethttp; to be mounted for a prefix of URLs.

    `limits` are those of the pool. A session's ``timeout`` is seconds to connect, and to wait for
    each next bytes.

    >>> session = requests.Session()
    >>> session.mount("https://", NethttpAdapter(PoolLimits(max_per_origin=4)))
    >>> session.close()
    """

    def __init__(self, limits: PoolLimits = PoolLimits()) -> None:  # noqa: B008 - immutable
        super().__init__()
        self._limits = limits
        self._transports: dict[Any, HTTPTransport] = {}

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Return the response to a prepared request, its content unread if `stream`.

        `timeout` is seconds, a pair of seconds to connect and to read, or urllib3's Timeout.

        Raises:
            ValueError: `timeout` is none of them.
            requests.RequestException: there is no response; the subclass says why.
            ProxyError: requests', if the proxy cannot be reached.
        """
        deadlines = Deadlines(_timeout(timeout))
        proxy = select_proxy(request.url or "", dict(proxies or {}))
        try:
            transport = self._transport(verify, cert, proxy)
            marks = Marks(deadlines.clock, deadlines.began)
            arrival = run(transport.send(_native(request), deadlines, marks))
        except Exception as error:
            if proxy is not None and isinstance(error, errors.ConnectError):
                raise requests.exceptions.ProxyError(str(error), request=request) from error
            if isinstance(error, errors.InvalidResponse):  # there is no head yet
                raise requests.ConnectionError(str(error), request=request) from error
            raise _translated(error, request) from error
        response = _response(arrival, request)
        response.connection = self  # type: ignore[assignment]  # any adapter, as it happens
        if not stream:
            response.content  # noqa: B018 - it reads
        return response

    def close(self) -> None:
        """Close the connections."""
        for transport in self._transports.values():
            transport.close()
        self._transports.clear()

    def _transport(self, verify: bool | str, cert: Any, proxy: str | None) -> HTTPTransport:
        """Return the transport for these settings; connections are never shared with others."""
        certificate, private_key = cert if isinstance(cert, tuple) else (cert, None)
        for what, path in (
            ("a suitable TLS CA certificate bundle", verify),
            ("the TLS certificate file", certificate),
            ("the TLS key file", private_key),
        ):
            if isinstance(path, str) and not os.path.exists(path):
                raise OSError(f"Could not find {what}, invalid path: {path}")
        key = (verify, cert, proxy)
        transport = self._transports.get(key)
        if transport is None:
            if len(self._transports) >= MAX_TRANSPORTS:
                self.close()
            chosen = None if proxy is None else choose_proxies(Proxy.of(proxy), None)
            transport = HTTPTransport(self._limits, tls=TLSSettings(verify, cert), proxies=chosen)
            transport = self._transports.setdefault(key, transport)
        return transport

    def __getstate__(self) -> dict[str, Any]:
        return {"_limits": self._limits, "_transports": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)


def _timeout(timeout: Any) -> Timeout:
    if hasattr(timeout, "connect_timeout"):  # urllib3's
        # Its `read_timeout` fails before a clock of urllib3's was started.
        started = timeout.clone()
        started.start_connect()
        timeout = (started.connect_timeout, started.read_timeout)
    elif not isinstance(timeout, tuple):
        timeout = (timeout, timeout)
    if len(timeout) != 2:
        raise ValueError(f"expected timeout as seconds or (connect, read), got {timeout!r}")
    for bound in timeout:
        if not isinstance(bound, int | float | None):
            raise ValueError(f"a timeout must be an int, float or None, got {bound!r}")
    return Timeout(connect=timeout[0], read=timeout[1], write=timeout[1])


def _native(request: requests.PreparedRequest) -> Request:
    lines = [(_text(name), _text(value)) for name, value in (request.headers or {}).items()]
    body: Any = request.body
    if isinstance(body, str):
        body = body.encode()
    elif body is not None and not isinstance(body, bytes):
        body = body_of(body)
    assert request.method is not None
    assert request.url is not None
    return Request(request.method, URL(request.url).without_userinfo(), lines, body)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _response(arrival: Arrival, request: requests.PreparedRequest) -> requests.Response:
    response = requests.Response()
    response.status_code = arrival.status
    response.reason = arrival.reason
    headers: CaseInsensitiveDict[str] = CaseInsensitiveDict()
    for name, value in arrival.fields:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    response.headers = headers
    response.encoding = get_encoding_from_headers(headers)
    response.raw = _Raw(arrival, request, headers.get("content-encoding"))
    response.url = request.url or ""
    response.request = request
    requests.cookies.extract_cookies_to_jar(response.cookies, request, response.raw)
    return response


class _Raw(io.RawIOBase):
    """The content of a response as requests reads it: what urllib3's response is to it."""

    def __init__(
        self, arrival: Arrival, request: requests.PreparedRequest, coding: str | None
    ) -> None:
        self._arrival = arrival
        self._request = request
        self._decoder = decoder_for(coding)
        self._rest = b""
        self.status = arrival.status
        self.reason = arrival.reason
        self.version = arrival.version
        self.headers = CaseInsensitiveDict(arrival.fields)
        # What http.cookiejar reads of a response: `msg`, as urllib.request names it.
        message = Message()
        for name, value in arrival.fields:
            message[name] = value
        self._original_response = _Original(message)

    def stream(self, amt: int | None = 65536, decode_content: bool = True) -> Iterator[bytes]:
        """Yield the content, in pieces of at most `amt` bytes; None: as they are received."""
        try:
            while data := run(self._arrival.read()):
                for piece in self._decoder.decode(data) if decode_content else (data,):
                    size = amt or len(piece) or 1
                    for start in range(0, len(piece), size):
                        yield piece[start : start + size]
            if decode_content:
                self._decoder.finish()
        except errors.HTTPException as error:
            raise _translated(error, self._request) from error

    def readinto(self, buffer: Any) -> int:
        """Read received bytes, not decoded, into `buffer`; return how many."""
        data = self._rest or run(self._arrival.read())
        count = min(len(data), len(buffer))
        buffer[:count] = data[:count]
        self._rest = data[count:]
        return count

    def readable(self) -> bool:
        """Return True."""
        return True

    def release_conn(self) -> None:
        """Give up what was not read."""
        self.close()

    def close(self) -> None:
        """Give up what was not read."""
        if not self._arrival.complete:
            self._arrival.abandon()
        super().close()


class _Original:
    """The part of urllib's response that cookie jars read."""

    def __init__(self, message: Message) -> None:
        self.msg = message

    def isclosed(self) -> bool:
        """Return whether the response was closed, as urllib3 asks."""
        return True


def _translated(error: Exception, request: requests.PreparedRequest) -> Exception:
    for kind, theirs in _FOR:
        if isinstance(error, kind):
            return theirs(str(error.args[0] if error.args else error), request=request)
    return error
