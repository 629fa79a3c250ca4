"""httpx's public names over nethttp: ``import nethttp.client.compat as httpx`` runs its programs.

The names, arguments, properties and messages are those of httpx 0.28. What differs is what nethttp
does underneath: its pool, its wire, its TLS, its rules for redirects, cookies and credentials. The
differences:

* Credentials never follow a redirect to another origin, from http to https of one host neither.
* Digest knows SHA-512-256, but no SHA-1, and answers ``auth-int``.
* A netrc file has to be closed to other users, and its ``default`` entry is not used.
* The clients run on threads, asyncio and uvloop; HTTP/1.1 is spoken, whatever `http2` says.

>>> import nethttp.client.compat as httpx
>>> def app(request):
...     return httpx.Response(200, json={"path": request.url.path})
>>> with httpx.Client(transport=httpx.MockTransport(app)) as client:
...     client.get("https://example.com/a%20b").json()
{'path': '/a b'}
"""

from __future__ import annotations

from .aclient import AsyncClient
from .api import delete, get, head, options, patch, post, put, request, stream
from .applications import ASGITransport, WSGITransport
from .auth import Auth, BasicAuth, DigestAuth, NetRCAuth
from .base_client import USE_CLIENT_DEFAULT
from .base_client import __version__ as __version__
from .client import Client
from .codes import codes
from .config import Limits, Proxy, Timeout, create_ssl_context
from .cookies import Cookies
from .errors import (
    CloseError,
    ConnectError,
    ConnectTimeout,
    CookieConflict,
    DecodingError,
    HTTPError,
    HTTPStatusError,
    InvalidURL,
    LocalProtocolError,
    NetworkError,
    PoolTimeout,
    ProtocolError,
    ProxyError,
    ReadError,
    ReadTimeout,
    RemoteProtocolError,
    RequestError,
    RequestNotRead,
    ResponseNotRead,
    StreamClosed,
    StreamConsumed,
    StreamError,
    TimeoutException,
    TooManyRedirects,
    TransportError,
    UnsupportedProtocol,
    WriteError,
    WriteTimeout,
)
from .headers import Headers
from .params import QueryParams
from .request import Request
from .response import Response
from .streams import AsyncByteStream, ByteStream, SyncByteStream
from .transports import (
    AsyncBaseTransport,
    AsyncHTTPTransport,
    BaseTransport,
    HTTPTransport,
    MockTransport,
)
from .urls import URL

__all__ = [
    "URL",
    "USE_CLIENT_DEFAULT",
    "ASGITransport",
    "AsyncBaseTransport",
    "AsyncByteStream",
    "AsyncClient",
    "AsyncHTTPTransport",
    "Auth",
    "BaseTransport",
    "BasicAuth",
    "ByteStream",
    "Client",
    "CloseError",
    "ConnectError",
    "ConnectTimeout",
    "CookieConflict",
    "Cookies",
    "DecodingError",
    "DigestAuth",
    "HTTPError",
    "HTTPStatusError",
    "HTTPTransport",
    "Headers",
    "InvalidURL",
    "Limits",
    "LocalProtocolError",
    "MockTransport",
    "NetRCAuth",
    "NetworkError",
    "PoolTimeout",
    "ProtocolError",
    "Proxy",
    "ProxyError",
    "QueryParams",
    "ReadError",
    "ReadTimeout",
    "RemoteProtocolError",
    "Request",
    "RequestError",
    "RequestNotRead",
    "Response",
    "ResponseNotRead",
    "StreamClosed",
    "StreamConsumed",
    "StreamError",
    "SyncByteStream",
    "Timeout",
    "TimeoutException",
    "TooManyRedirects",
    "TransportError",
    "UnsupportedProtocol",
    "WSGITransport",
    "WriteError",
    "WriteTimeout",
    "__version__",
    "codes",
    "create_ssl_context",
    "delete",
    "get",
    "head",
    "options",
    "patch",
    "post",
    "put",
    "request",
    "stream",
]
