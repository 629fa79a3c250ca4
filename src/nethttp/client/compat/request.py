"""`Request`: a request as httpx's programs build and read it."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import Any

from ..messages.request import Request as NativeRequest
from .cookies import Cookies, CookiesSource
from .errors import RequestNotRead
from .headers import Headers, HeadersSource
from .params import QueryParamsSource
from .streams import ByteStream, Stream, UnattachedStream, request_body
from .urls import URL

__all__ = ["Request"]

#: Methods whose requests say "Content-Length: 0" if they have no content. RFC 9110 section 8.6.
_WITH_CONTENT = frozenset({"POST", "PUT", "PATCH"})


class Request:
    """A request: `method`, `url`, `headers`, and a body as `stream`.

    >>> request = Request("POST", "http://example.org/", json={"a": 1})
    >>> request.content, request.headers["content-length"]
    (b'{"a":1}', '7')
    """

    def __init__(
        self,
        method: str,
        url: URL | str,
        *,
        params: QueryParamsSource = None,
        headers: HeadersSource = None,
        cookies: CookiesSource = None,
        content: Any = None,
        data: Any = None,
        files: Any = None,
        json: Any = None,
        stream: Stream | None = None,
        extensions: dict[str, Any] | None = None,
    ) -> None:
        self.method = method.upper()
        self.url = URL(url) if params is None else URL(url, params=params)
        self.headers = Headers(headers)
        self.extensions = {} if extensions is None else dict(extensions)
        if cookies:
            Cookies(cookies).set_cookie_header(self)
        implied: dict[str, str] = {}
        if stream is None:
            given = self.headers.get("content-type")
            implied, stream = request_body(content, data, files, json, given)
            if not implied and self.method in _WITH_CONTENT:
                implied = {"Content-Length": "0"}
        self.stream = stream
        self._set_defaults(implied)
        if isinstance(stream, ByteStream):
            self.read()

    def _set_defaults(self, implied: dict[str, str]) -> None:
        """Put Host and what the body implies first, where the program has not set them."""
        framed = "content-length" in self.headers or "transfer-encoding" in self.headers
        defaults = {} if "host" in self.headers else {"Host": self.url.netloc.decode("ascii")}
        for name, value in implied.items():
            is_framing = name != "Content-Type"
            if not (framed if is_framing else name in self.headers):
                defaults[name] = value
        lines = [(name.encode("ascii"), value.encode("ascii")) for name, value in defaults.items()]
        self.headers = Headers(lines + self.headers.raw, encoding=self.headers._encoding)

    @property
    def content(self) -> bytes:
        """The body, once it is in memory.

        Raises:
            RequestNotRead: it is streamed, and `read` was not called.
        """
        if not hasattr(self, "_content"):
            raise RequestNotRead
        return self._content

    def read(self) -> bytes:
        """Return the body, read into memory."""
        if not hasattr(self, "_content"):
            assert isinstance(self.stream, Iterable)
            self._content = b"".join(self.stream)
            if not isinstance(self.stream, ByteStream):
                self.stream = ByteStream(self._content)
        return self._content

    async def aread(self) -> bytes:
        """Return the body, read into memory."""
        if not hasattr(self, "_content"):
            assert isinstance(self.stream, AsyncIterable)
            self._content = b"".join([piece async for piece in self.stream])
            if not isinstance(self.stream, ByteStream):
                self.stream = ByteStream(self._content)
        return self._content

    def __repr__(self) -> str:
        return f"<Request({self.method!r}, {str(self.url)!r})>"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "stream"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        content = state.get("_content")
        self.stream = UnattachedStream() if content is None else ByteStream(content)


def native_of(request: Request, body: Any = None) -> NativeRequest:
    """Return the request of nethttp with the same method, URL, target and headers."""
    lines = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw
    ]
    target = request.extensions.get("target") or request.url.raw_path
    url = str(request.url.copy_with(fragment=None))
    return NativeRequest(request.method, url, lines, body, raw_target=target.decode("ascii"))
