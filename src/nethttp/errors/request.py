"""What `Client` and `AsyncClient` raise for a request that failed."""

from __future__ import annotations

from .protocol import HTTPException, InvalidURL, RemoteProtocolError
from .quoting import redacted

TYPE_CHECKING = False  # importing typing takes long; type checkers know this name
if TYPE_CHECKING:
    from typing import Any, Self

__all__ = [
    "AddressRefused",
    "AuthenticationError",
    "BodyNotReplayable",
    "CertificateError",
    "ConnectError",
    "ConnectTimeout",
    "DecodingError",
    "InvalidResponse",
    "NetworkError",
    "PoolTimeout",
    "ProxyError",
    "ReadError",
    "ReadTimeout",
    "RedirectRefused",
    "RequestError",
    "RequestTimeout",
    "ResolveError",
    "ResponseTooLarge",
    "StatusError",
    "TLSError",
    "TooManyRedirects",
    "TransportError",
    "UnsupportedProtocol",
    "WriteError",
    "WriteTimeout",
]


class StatusError(HTTPException):
    """The status of `response` is not the wanted one: what ``raise_for_status()`` raises."""

    def __init__(self, message: str = "", *, response: Any = None) -> None:
        super().__init__(message)
        self.response = response

    @property
    def request(self) -> Any:
        """The request of the response, or None."""
        return getattr(self.response, "request", None)


class RequestError(HTTPException):
    """A request of a client failed.

    `phase` is the step in which it failed, by its name in ``response.timing``: ``queue``, ``dns``,
    ``connect``, ``tls``, ``send``, ``wait`` or ``receive``; or else ``proxy``, ``redirect``,
    ``auth``, ``decode``. `attempt` counts from 1; `addresses` were tried, in this order. `url` has
    no secrets. Unknown is None, 0 or (). A pickle holds all but `request`, whose body may be a
    file.

    >>> error = ConnectError("connection refused", phase="connect", addresses=("192.0.2.1",))
    >>> str(error), error.addresses, isinstance(error, OSError)
    ('connection refused', ('192.0.2.1',), True)
    """

    request: Any = None
    method: str | None = None
    url: str | None = None
    phase: str | None = None
    attempt: int = 0
    addresses: tuple[str, ...] = ()

    def __init__(
        self,
        message: str = "",
        *,
        request: Any = None,
        phase: str | None = None,
        attempt: int = 0,
        addresses: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.addresses = addresses
        self.about(request, phase=phase, attempt=attempt)

    def about(self, request: Any, *, phase: str | None = None, attempt: int = 0) -> Self:
        """Return this error, with those of `request`, `phase` and `attempt` that were unknown.

        The code that fails is often too deep to know the request; its callers tell it here.

        >>> from types import SimpleNamespace
        >>> request = SimpleNamespace(method="GET", url="https://me:pw@example.com/")
        >>> print(ReadError("connection reset").about(request, phase="wait", attempt=2))
        connection reset (GET https://***@example.com/, phase wait, attempt 2)
        """
        if self.request is None and request is not None:
            self.request = request
            self.method = request.method
            self.url = redacted(str(request.url))
        self.phase = self.phase or phase
        self.attempt = self.attempt or attempt
        return self

    def __str__(self) -> str:
        message = str(self.args[0]) if self.args else ""
        if self.url is None:
            return message
        phase = f", phase {self.phase}" if self.phase else ""
        attempt = f", attempt {self.attempt}" if self.attempt > 1 else ""
        return f"{message} ({self.method} {self.url}{phase}{attempt})"

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...], dict[str, Any]]:
        state = {name: value for name, value in vars(self).items() if name != "request"}
        if isinstance(self, OSError):
            state["errno"] = self.errno
        return type(self), self.args, state


class TransportError(RequestError):
    """No whole response was received: the network, a proxy or the peer failed."""


class NetworkError(TransportError, ConnectionError):
    """A connection could not be made or was lost; ``errno`` is the system's, if it gave one."""


class ConnectError(NetworkError):
    """No connection was made, so the server has seen nothing of the request."""


class ResolveError(ConnectError):
    """The host's name has no address."""


class AddressRefused(ConnectError):
    """The client's ``guard`` allows none of the host's addresses."""


class TLSError(ConnectError):
    """The TLS handshake failed."""


class CertificateError(TLSError):
    """The server's certificate is not valid for its host."""


class WriteError(NetworkError):
    """The connection was lost while the request was sent."""


class ReadError(NetworkError):
    """The connection was lost while the response was awaited or received."""


class RequestTimeout(TransportError, TimeoutError):
    """The time for a request, or for one of its phases, has run out; the subclass is the phase."""


class PoolTimeout(RequestTimeout):
    """No connection became free in time; `holders` says which requests hold them, and how long."""

    holders: tuple[str, ...] = ()


class ConnectTimeout(RequestTimeout):
    """No connection was made in time, so the server has seen nothing of the request."""


class WriteTimeout(RequestTimeout):
    """The peer did not take the request in time."""


class ReadTimeout(RequestTimeout):
    """The response, or its next bytes, did not arrive in time."""


class ProxyError(TransportError):
    """The proxy refused the connection; `response` is its answer, if it is one of HTTP."""

    response: Any = None


class InvalidResponse(TransportError, RemoteProtocolError):
    """The peer's response breaks the protocol; ``__cause__`` is the rule's own error."""


class UnsupportedProtocol(TransportError, InvalidURL):
    """The URL's scheme is not one that the client speaks."""


class AuthenticationError(RequestError):
    """The server's proof that it knows the password is wrong, so its response is not to be used."""


class BodyNotReplayable(RequestError):
    """A redirect, a retry or a challenge needs the body again, and it can be read only once."""


class RedirectRefused(RequestError):
    """The client does not follow a redirect, such as one from https to http; `response` is it.

    `history` has the responses before it, in order.
    """

    response: Any = None
    history: tuple[Any, ...] = ()


class TooManyRedirects(RedirectRefused):
    """The chain of redirects is longer than the client follows."""


class DecodingError(RequestError):
    """The body is not what its Content-Encoding says, or has more codings than are allowed."""


class ResponseTooLarge(RequestError):
    """The response's body is longer than `limit` bytes."""

    limit: int | None = None
