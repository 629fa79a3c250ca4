"""Every exception of nethttp, in one tree.

The names that the standard library documents keep their names, their arguments and their
``isinstance`` relations. `RemoteProtocolError` and `LocalProtocolError` say whether the peer or
this program is at fault; the second is not an `HTTPException`, since programs catch that class to
try again. Each error that `Client` and `AsyncClient` raise for a request is a `RequestError`: it
says in which phase, for which URL and in which attempt the request failed::

    Exception
    ├── HTTPException                      an error of HTTP
    │   ├── NotConnected
    │   ├── InvalidURL
    │   ├── UnimplementedFileMode
    │   ├── ImproperConnectionState        a call out of order
    │   │   ├── CannotSendRequest
    │   │   ├── CannotSendHeader
    │   │   ├── ResponseNotReady
    │   │   └── StreamError (+ RuntimeError)
    │   │       ├── StreamConsumed         a body can be read once
    │   │       ├── StreamClosed
    │   │       └── ResponseNotRead
    │   ├── StatusError                    a response's status is not the wanted one
    │   ├── RequestError                   a request of a client failed
    │   │   ├── TransportError             no whole response was received
    │   │   │   ├── NetworkError (+ ConnectionError)
    │   │   │   │   ├── ConnectError       no connection was made
    │   │   │   │   │   ├── ResolveError   the host has no address
    │   │   │   │   │   ├── AddressRefused the guard allows none of its addresses
    │   │   │   │   │   └── TLSError
    │   │   │   │   │       └── CertificateError
    │   │   │   │   ├── WriteError
    │   │   │   │   └── ReadError
    │   │   │   ├── RequestTimeout (+ TimeoutError)
    │   │   │   │   ├── PoolTimeout
    │   │   │   │   ├── ConnectTimeout
    │   │   │   │   ├── WriteTimeout
    │   │   │   │   └── ReadTimeout
    │   │   │   ├── ProxyError             the proxy refused the connection
    │   │   │   ├── InvalidResponse (+ RemoteProtocolError)
    │   │   │   └── UnsupportedProtocol (+ InvalidURL)
    │   │   ├── AuthenticationError        the server's proof is wrong
    │   │   ├── BodyNotReplayable          a body that cannot be sent twice
    │   │   ├── RedirectRefused            it leads from https to http, say
    │   │   │   └── TooManyRedirects
    │   │   ├── DecodingError              a body is not what its Content-Encoding says
    │   │   └── ResponseTooLarge
    │   └── RemoteProtocolError            the peer sent an invalid message
    │       ├── UnknownProtocol
    │       ├── UnknownTransferEncoding
    │       ├── IncompleteRead
    │       ├── LineTooLong
    │       └── BadStatusLine
    │           └── RemoteDisconnected (+ ConnectionResetError)
    ├── LocalProtocolError (ValueError)    this program asked for an invalid message
    ├── CookieError                        http.cookies
    ├── LoadError (OSError)                http.cookiejar
    └── StorageError (OSError)             a cookie jar's storage: full, locked, damaged
        └── StorageAwayError               its server does not answer

`HTTPConnection` passes the network's ``OSError`` and ``TimeoutError`` on unchanged; a client's
error has them as its ``__cause__``.
"""

from __future__ import annotations

from .cookies import (
    CookieError,
    LoadError,
    StorageAwayError,
    StorageError,
)
from .protocol import (
    BadStatusLine,
    CannotSendHeader,
    CannotSendRequest,
    HTTPException,
    ImproperConnectionState,
    IncompleteRead,
    InvalidURL,
    LineTooLong,
    LocalProtocolError,
    NotConnected,
    RemoteDisconnected,
    RemoteProtocolError,
    ResponseNotRead,
    ResponseNotReady,
    StreamClosed,
    StreamConsumed,
    StreamError,
    UnimplementedFileMode,
    UnknownProtocol,
    UnknownTransferEncoding,
)
from .quoting import (
    excerpt,
    redacted,
)
from .quoting import (
    reason_of as reason_of,
)
from .request import (
    AddressRefused,
    AuthenticationError,
    BodyNotReplayable,
    CertificateError,
    ConnectError,
    ConnectTimeout,
    DecodingError,
    InvalidResponse,
    NetworkError,
    PoolTimeout,
    ProxyError,
    ReadError,
    ReadTimeout,
    RedirectRefused,
    RequestError,
    RequestTimeout,
    ResolveError,
    ResponseTooLarge,
    StatusError,
    TLSError,
    TooManyRedirects,
    TransportError,
    UnsupportedProtocol,
    WriteError,
    WriteTimeout,
)

__all__ = [
    "AddressRefused",
    "AuthenticationError",
    "BadStatusLine",
    "BodyNotReplayable",
    "CannotSendHeader",
    "CannotSendRequest",
    "CertificateError",
    "ConnectError",
    "ConnectTimeout",
    "CookieError",
    "DecodingError",
    "HTTPException",
    "ImproperConnectionState",
    "IncompleteRead",
    "InvalidResponse",
    "InvalidURL",
    "LineTooLong",
    "LoadError",
    "LocalProtocolError",
    "NetworkError",
    "NotConnected",
    "PoolTimeout",
    "ProxyError",
    "ReadError",
    "ReadTimeout",
    "RedirectRefused",
    "RemoteDisconnected",
    "RemoteProtocolError",
    "RequestError",
    "RequestTimeout",
    "ResolveError",
    "ResponseNotRead",
    "ResponseNotReady",
    "ResponseTooLarge",
    "StatusError",
    "StorageAwayError",
    "StorageError",
    "StreamClosed",
    "StreamConsumed",
    "StreamError",
    "TLSError",
    "TooManyRedirects",
    "TransportError",
    "UnimplementedFileMode",
    "UnknownProtocol",
    "UnknownTransferEncoding",
    "UnsupportedProtocol",
    "WriteError",
    "WriteTimeout",
    "excerpt",
    "redacted",
]

for _name in __all__:
    # An error is known by the place where programs find it: in tracebacks, and in pickles.
    globals()[_name].__module__ = __name__
del _name
