"""`RequestBuilder`: makes a client's requests from the arguments of its methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from .._version import __version__
from ..errors import LocalProtocolError, excerpt
from .arguments import check_arguments
from .content.decoding import accept_encoding
from .content.pairs import pairs_of
from .flow.head import common_headers
from .messages.headers import Headers, HeaderSource
from .messages.params import Params
from .messages.request import CommonHeaders, Request
from .messages.url import URL, Origin

if TYPE_CHECKING:
    from .content.forms import FormData
    from .content.multipart import Files
    from .content.upload import Content, Progress

__all__ = ["MAX_ORIGINS", "RequestBuilder"]

MAX_ORIGINS: Final = 256
"""The most origins of which a client keeps anything."""

DEFAULT_HEADERS: Final = [
    ("Accept", "*/*"),
    ("Accept-Encoding", ""),
    ("User-Agent", f"nethttp/{__version__}"),
]


class RequestBuilder:
    """What all requests of a client have, and how the others' arguments are added.

    >>> builder = RequestBuilder("https://example.com/v1", {"lang": "en"}, {"X-A": "b"})
    >>> request = builder.build_request("GET", "users", params={"page": 2})
    >>> print(request, request.headers["x-a"])
    GET https://example.com/v1/users?lang=en&page=2 b
    """

    def __init__(
        self,
        base_url: str | URL,
        params: Params | None,
        headers: HeaderSource | None,
        dumps: Callable[[Any], str | bytes] | None = None,
    ) -> None:
        self.base_url = URL(base_url) if base_url else None
        """Prefixed to URLs without a scheme; None: there is none."""
        self.params = params
        """Parameters of every request."""
        self.headers = Headers(DEFAULT_HEADERS)
        """Headers of every request; a program may change and remove them."""
        self.headers.set("Accept-Encoding", accept_encoding())
        _merge(self.headers, headers or ())
        self._dumps = dumps
        self._commons: dict[Origin, CommonHeaders] = {}
        self._commons_of = self.headers.pairs

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
            TypeError: more than one of content, data or files, and json; or one of another type.
        """
        where = self._where(url)
        if params:
            where = where.with_params(params)
        request = Request.with_common(method, where, self._common_of(where.origin))
        if raw_target is not None:
            request.target = raw_target
        if headers is not None:
            _merge(request.headers, headers)
        if cookies:
            own = request.headers.get("cookie")
            pairs = [_cookie(name, value) for name, value in pairs_of(cookies, "cookies")]
            request.headers.set("Cookie", "; ".join([own, *pairs] if own else pairs))
        if not (content is data is files is json is None):
            from .content.body_arguments import body_from_arguments  # start-up: a GET has no body

            check_arguments({"progress": progress})
            given = request.headers.get("content-type") if headers is not None else None
            request.body, implied = body_from_arguments(
                content=content,
                data=data,
                files=files,
                json=json,
                content_type=given,
                dumps=self._dumps,
                progress=progress,
            )
            if implied is not None:
                request.headers.set("Content-Type", implied)
        return request

    def plain_request(self, method: str, url: str | URL) -> Request:
        """Return what `build_request` does without further arguments, in half the time.

        Raises:
            InvalidURL: the URL is not valid, or has no host and there is no `base_url`.
            LocalProtocolError: the method is not valid.
        """
        where = self._where(url)
        return Request.with_common(method, where, self._common_of(where.origin))

    def _where(self, url: str | URL) -> URL:
        where = URL(url) if self.base_url is None else self.base_url.below(url)
        return where.with_params(self.params) if self.params else where

    def _common_of(self, origin: Origin) -> CommonHeaders:
        """Return the headers that requests to `origin` have, serialised once."""
        if not self.headers.has_pairs(self._commons_of):
            self._commons.clear()
            self._commons_of = self.headers.pairs
        common = self._commons.get(origin)
        if common is None:
            mine = self._commons_of
            if len(self._commons) >= MAX_ORIGINS:
                self._commons.clear()
            pairs = [pair for pair in mine if pair[0].lower() != "host"]
            host = self.headers.get("host") or origin.authority
            common = self._commons[origin] = common_headers([("Host", host), *pairs])
        return common


def _cookie(name: str, value: str) -> str:
    """Return a pair of the Cookie header, which can be no more than one. RFC 6265 section 4.2.1."""
    if not isinstance(name, str) or not isinstance(value, str):
        raise TypeError(f"expected the cookie {name!r:.80} as str, got {value!r:.80}")
    pair = f"{name}={value}"
    if ";" in pair or "=" in name:
        raise LocalProtocolError(
            f"expected a cookie without ';', and without '=' in its name, got {excerpt(name)} "
            "(RFC 6265 section 4.1.1)"
        )
    return pair


def _merge(headers: Headers, more: HeaderSource) -> None:
    """Set the lines of `more`, each name instead of what was there under it."""
    lines = Headers(more)
    for name in lines:
        headers.remove(name)
    for name, value in lines.pairs:
        headers.add(name, value)
