"""`Request`: what a client sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...errors import LocalProtocolError, excerpt
from ...wire import grammar
from ...wire.fields import FieldLines
from .headers import Headers, HeaderSource
from .url import URL

if TYPE_CHECKING:
    from ..content.upload import Body

__all__ = ["CommonHeaders", "Request"]


class CommonHeaders:
    """The header lines that all of a client's requests to one origin have, as text and as bytes.

    Most requests have no others, and are sent without looking at a line again.
    """

    __slots__ = ("block", "pairs")

    def __init__(self, pairs: FieldLines, block: bytes | None) -> None:
        self.pairs = pairs
        self.block = block
        """The lines on the wire, each with its CRLF; None: a line is about the connection or the
        content, so each request must be looked at."""


class Request:
    """A request: method, URL, headers and body.

    >>> request = Request("GET", "https://example.com/a?b=c", {"Accept": "text/html"})
    >>> request.method, request.target, request.headers["accept"]
    ('GET', '/a?b=c', 'text/html')
    >>> print(request)
    GET https://example.com/a?b=c

    Raises:
        LocalProtocolError: the method is not a token, or a header is not valid.
        InvalidURL: the URL is not absolute, or not valid.
    """

    __slots__ = ("_common", "_headers", "_target", "body", "method", "url")

    def __init__(
        self,
        method: str,
        url: str | URL,
        headers: HeaderSource = (),
        body: bytes | Body | None = None,
        *,
        raw_target: str | None = None,
    ) -> None:
        if method not in _USUAL_METHODS:
            _check_method(method)
        if raw_target is not None and not grammar.TARGET.fullmatch(raw_target):
            raise LocalProtocolError(
                f"expected a target of visible ASCII, got {excerpt(raw_target)} "
                "(RFC 9112 section 3.2)"
            )
        self.method = method
        self.url = URL(url)
        self.body = body
        """The content: bytes, or a `Body` that is read piece by piece, or None."""
        self._headers: Headers | None = Headers(headers)
        self._common: CommonHeaders | None = None
        self._target = raw_target

    @classmethod
    def with_common(
        cls, method: str, url: URL, common: CommonHeaders, body: bytes | Body | None = None
    ) -> Request:
        """Return a request with the headers that all have, which are copied once they are read.

        Raises:
            LocalProtocolError: the method is not a token.
        """
        request = cls.__new__(cls)
        if method not in _USUAL_METHODS:
            _check_method(method)
        request.method = method
        request.url = url
        request.body = body
        request._headers = None
        request._common = common
        request._target = None
        return request

    @property
    def headers(self) -> Headers:
        """The header lines; a program may change them until the request is sent."""
        headers = self._headers
        if headers is None:
            assert self._common is not None
            headers = self._headers = Headers.received(self._common.pairs.copy())
        return headers

    @headers.setter
    def headers(self, headers: HeaderSource) -> None:
        self._headers = Headers(headers)

    @property
    def common(self) -> CommonHeaders | None:
        """The headers that all requests have, if this one has no others; else None."""
        return self._common if self._headers is None else None

    @property
    def target(self) -> str:
        """What the request line has: path and query, or the target that the program gave."""
        return self._target if self._target is not None else self.url.target

    @target.setter
    def target(self, target: str) -> None:
        if not grammar.TARGET.fullmatch(target):
            raise LocalProtocolError(
                f"expected a target of visible ASCII, got {excerpt(target)} (RFC 9112 section 3.2)"
            )
        self._target = target

    def copy(self) -> Request:
        """Return a request of its own with the same headers, and the same body."""
        request = type(self).__new__(type(self))
        request.method, request.url, request.body = self.method, self.url, self.body
        request._headers = None if self._headers is None else self._headers.copy()
        request._common = self._common
        request._target = self._target
        return request

    def __str__(self) -> str:
        return f"{self.method} {self.url.redacted}"

    def __repr__(self) -> str:
        return f"<Request {self}>"


def _check_method(method: str) -> None:
    if not isinstance(method, str):
        raise TypeError(f"expected a method as str, got {type(method).__name__}")
    if not grammar.TOKEN.fullmatch(method):
        raise LocalProtocolError(
            f"expected a method such as GET, got {excerpt(method)} (RFC 9110 section 9.1)"
        )


#: Methods that need no further look. It is no set, since a value of a wrong type may have no hash.
_USUAL_METHODS: Final = (
    "GET",
    "POST",
    "HEAD",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "QUERY",
    "TRACE",
    "CONNECT",
)
