"""httpx's tree of exceptions, and which of them stands for which error of nethttp.

An error of nethttp is the ``__cause__`` of the one that is raised instead, with all that it knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from ... import errors as native

__all__ = [
    "CloseError",
    "ConnectError",
    "ConnectTimeout",
    "CookieConflict",
    "DecodingError",
    "HTTPError",
    "HTTPStatusError",
    "InvalidURL",
    "LocalProtocolError",
    "NetworkError",
    "PoolTimeout",
    "ProtocolError",
    "ProxyError",
    "ReadError",
    "ReadTimeout",
    "RemoteProtocolError",
    "RequestError",
    "RequestNotRead",
    "ResponseNotRead",
    "StreamClosed",
    "StreamConsumed",
    "StreamError",
    "TimeoutException",
    "TooManyRedirects",
    "TransportError",
    "UnsupportedProtocol",
    "WriteError",
    "WriteTimeout",
    "translated",
]


class HTTPError(Exception):
    """The base of what a request raises: a `RequestError`, or the `HTTPStatusError` of a response.

    >>> HTTPError("no").args
    ('no',)
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self._request: Any = None

    @property
    def request(self) -> Any:
        """The request that failed.

        Raises:
            RuntimeError: it is not known.
        """
        if self._request is None:
            raise RuntimeError("expected an error of a request, got one that belongs to none")
        return self._request

    @request.setter
    def request(self, request: Any) -> None:
        self._request = request


class RequestError(HTTPError):
    """A request has failed, and has no response."""

    def __init__(self, message: str, *, request: Any = None) -> None:
        super().__init__(message)
        self._request = request


class TransportError(RequestError):
    """The connection, the protocol or the time failed."""


class TimeoutException(TransportError):
    """The time has run out; the subclass says which."""


class ConnectTimeout(TimeoutException):
    """No connection was made in time."""


class ReadTimeout(TimeoutException):
    """The peer sent nothing in time."""


class WriteTimeout(TimeoutException):
    """The peer took nothing in time."""


class PoolTimeout(TimeoutException):
    """No connection became free in time."""


class NetworkError(TransportError):
    """A connection could not be made or was lost."""


class ConnectError(NetworkError):
    """No connection was made."""


class ReadError(NetworkError):
    """The connection was lost while receiving."""


class WriteError(NetworkError):
    """The connection was lost while sending."""


class CloseError(NetworkError):
    """A connection could not be closed; nethttp never raises it."""


class ProtocolError(TransportError):
    """The protocol was broken; the subclass says by whom."""


class LocalProtocolError(ProtocolError):
    """This program asked for an invalid request."""


class RemoteProtocolError(ProtocolError):
    """The peer sent an invalid response."""


class ProxyError(TransportError):
    """The proxy refused the connection."""


class UnsupportedProtocol(TransportError):
    """The URL has another scheme than http and https."""


class DecodingError(RequestError):
    """The content is not what its Content-Encoding says."""


class TooManyRedirects(RequestError):
    """The chain of redirects is too long."""


class HTTPStatusError(HTTPError):
    """The status of `response` is not a success: what ``raise_for_status()`` raises."""

    def __init__(self, message: str, *, request: Any, response: Any) -> None:
        super().__init__(message)
        self.request = request
        self.response = response


class InvalidURL(Exception):
    """The text is not a URL."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class CookieConflict(Exception):
    """A name stands for several cookies; a domain or a path tells them apart."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class StreamError(RuntimeError):
    """A body was used in a state that does not allow it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class StreamConsumed(StreamError):
    """The body was read already, and can be read once."""

    def __init__(self) -> None:
        super().__init__("expected a body that is unread, got one that was streamed already")


class StreamClosed(StreamError):
    """The body was closed before it was read."""

    def __init__(self) -> None:
        super().__init__("expected an open body, got one that is closed")


class ResponseNotRead(StreamError):
    """The content of a streamed response was used before ``read()``."""

    def __init__(self) -> None:
        super().__init__("expected read() before the content of a streamed response")


class RequestNotRead(StreamError):
    """The content of a request with a streamed body was used before ``read()``."""

    def __init__(self) -> None:
        super().__init__("expected read() before the content of a streamed request")


#: The error for each of nethttp's: the first that fits, so the narrow ones stand before the wide.
_FOR: Final[tuple[tuple[type[Exception], type[RequestError]], ...]] = (
    (native.PoolTimeout, PoolTimeout),
    (native.ConnectTimeout, ConnectTimeout),
    (native.WriteTimeout, WriteTimeout),
    (native.ReadTimeout, ReadTimeout),
    (native.RequestTimeout, TimeoutException),
    (native.ConnectError, ConnectError),
    (native.WriteError, WriteError),
    (native.ReadError, ReadError),
    (native.ProxyError, ProxyError),
    (native.UnsupportedProtocol, UnsupportedProtocol),
    (native.TooManyRedirects, TooManyRedirects),
    (native.DecodingError, DecodingError),
    (native.AuthenticationError, ProtocolError),
    (native.RequestError, RequestError),
    (native.RemoteProtocolError, RemoteProtocolError),
    (native.InvalidURL, ConnectError),
    (native.LocalProtocolError, LocalProtocolError),
)


@contextmanager
def translated(request: Any = None) -> Iterator[None]:
    """Return a context that raises the errors of nethttp as those of httpx, with `request`.

    >>> try:
    ...     with translated():
    ...         raise native.ReadTimeout("the peer sent nothing")
    ... except ReadTimeout as error:
    ...     print(error)
    the peer sent nothing
    """
    try:
        yield
    except native.BodyNotReplayable as error:
        raise StreamConsumed from error
    except (native.HTTPException, native.LocalProtocolError) as error:
        for kind, theirs in _FOR:
            if isinstance(error, kind):
                # InvalidResponse is a TransportError as well, and stands for the peer's fault.
                if isinstance(error, native.RemoteProtocolError):
                    theirs = RemoteProtocolError
                raise theirs(str(error.args[0] if error.args else ""), request=request) from error
        raise
