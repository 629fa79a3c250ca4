"""`Response`: a response as httpx's programs build and read it."""

from __future__ import annotations

import datetime
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Self

from ..content.decoding import Decoder, decoder_for
from ..content.pieces import LineCutter, SizeCutter
from ..messages.links import parse_links
from .codes import codes
from .cookies import Cookies
from .errors import (
    HTTPStatusError,
    ResponseNotRead,
    StreamClosed,
    StreamConsumed,
    translated,
)
from .headers import Headers, HeadersSource
from .request import Request
from .streams import (
    AsyncByteStream,
    ByteStream,
    Stream,
    SyncByteStream,
    UnattachedStream,
    response_body,
)
from .texts import TextCutter, charset_of, is_encoding

__all__ = ["Response"]

_REDIRECTS = (301, 302, 303, 307, 308)
_KINDS = {
    1: "Informational response",
    3: "Redirect response",
    4: "Client error",
    5: "Server error",
}
_NOT_PICKLED = frozenset({"stream", "next_request", "_decoder", "extensions", "is_closed"})


class Response:
    """A response: `status_code`, `headers`, and a body as `stream`.

    >>> response = Response(200, json={"a": 1})
    >>> response.reason_phrase, response.json(), response.headers["content-type"]
    ('OK', {'a': 1}, 'application/json')
    """

    def __init__(
        self,
        status_code: int,
        *,
        headers: HeadersSource = None,
        content: Any = None,
        text: str | None = None,
        html: str | None = None,
        json: Any = None,
        stream: Stream | None = None,
        request: Request | None = None,
        extensions: dict[str, Any] | None = None,
        history: list[Response] | None = None,
        default_encoding: str | Callable[[bytes], str | None] = "utf-8",
    ) -> None:
        self.status_code = status_code
        self.headers = Headers(headers)
        self.extensions = {} if extensions is None else dict(extensions)
        self.history = [] if history is None else list(history)
        self.default_encoding = default_encoding
        self.next_request: Request | None = None
        """The request that a redirect asks for, if redirects are not followed."""
        self.is_closed = False
        self.is_stream_consumed = False
        self._request = request
        self._num_bytes_downloaded = 0
        if stream is None:
            implied, stream = _body(content, text, html, json)
            if "content-length" in self.headers:
                implied.pop("Transfer-Encoding", None)
            lines = [(n.encode(), v.encode()) for n, v in implied.items() if n not in self.headers]
            self.headers = Headers(self.headers.raw + lines, encoding=self.headers._encoding)
        self.stream = stream
        if isinstance(stream, ByteStream):
            self.read()

    # --- the head ---

    @property
    def request(self) -> Request:
        """The request that was answered.

        Raises:
            RuntimeError: it was not set.
        """
        if self._request is None:
            raise RuntimeError("expected a response of a request, got one that belongs to none")
        return self._request

    @request.setter
    def request(self, request: Request) -> None:
        self._request = request

    @property
    def elapsed(self) -> datetime.timedelta:
        """The time from the request to the end of the response.

        Raises:
            RuntimeError: the response is not closed.
        """
        if not hasattr(self, "_elapsed"):
            raise RuntimeError("expected a response that was read or closed before .elapsed")
        return self._elapsed

    @elapsed.setter
    def elapsed(self, elapsed: datetime.timedelta) -> None:
        self._elapsed = elapsed

    @property
    def http_version(self) -> str:
        """The version of HTTP, such as "HTTP/1.1"."""
        return str(self.extensions.get("http_version", b"HTTP/1.1"), "ascii")

    @property
    def reason_phrase(self) -> str:
        """The phrase of the status as it was received, or else the registered one."""
        phrase = self.extensions.get("reason_phrase")
        if phrase is None:
            return str(codes.get_reason_phrase(self.status_code))
        return str(phrase, "ascii", "ignore")

    @property
    def url(self) -> Any:
        """The URL of the request."""
        return self.request.url

    @property
    def cookies(self) -> Cookies:
        """The cookies that this response sets."""
        if not hasattr(self, "_cookies"):
            self._cookies = Cookies()
            self._cookies.extract_cookies(self)
        return self._cookies

    @property
    def links(self) -> dict[str, dict[str, str]]:
        """The links of the Link header by their relation, or else their URL. RFC 8288."""
        return {
            relation.strip("'"): {name: value.strip("'") for name, value in link.items()}
            for relation, link in parse_links(self.headers.get("link", "")).items()
        }

    @property
    def is_informational(self) -> bool:
        """Whether the status is 1xx."""
        return self.status_code // 100 == 1

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return self.status_code // 100 == 2

    @property
    def is_redirect(self) -> bool:
        """Whether the status is 3xx."""
        return self.status_code // 100 == 3

    @property
    def is_client_error(self) -> bool:
        """Whether the status is 4xx."""
        return self.status_code // 100 == 4

    @property
    def is_server_error(self) -> bool:
        """Whether the status is 5xx."""
        return self.status_code // 100 == 5

    @property
    def is_error(self) -> bool:
        """Whether the status is 4xx or 5xx."""
        return self.status_code // 100 in (4, 5)

    @property
    def has_redirect_location(self) -> bool:
        """Whether this is a redirect that can be followed."""
        return self.status_code in _REDIRECTS and "location" in self.headers

    def raise_for_status(self) -> Self:
        """Return this response.

        Raises:
            HTTPStatusError: the status is not 2xx.
            RuntimeError: `request` was not set.
        """
        request = self.request
        if self.is_success:
            return self
        kind = _KINDS.get(self.status_code // 100, "Invalid status code")
        phrase = ascii(self.reason_phrase)[1:-1]
        lines = [f"{kind} '{self.status_code} {phrase}' for url '{self.url}'"]
        if self.has_redirect_location:
            lines.append(f"Redirect location: '{self.headers['location']}'")
        lines.append(
            "For more information check: "
            f"https://developer.mozilla.org/en-US/docs/Web/HTTP/Status/{self.status_code}"
        )
        raise HTTPStatusError("\n".join(lines), request=request, response=self)

    # --- the content in memory ---

    @property
    def content(self) -> bytes:
        """The content, decoded.

        Raises:
            ResponseNotRead: it is streamed, and `read` was not called.
        """
        if not hasattr(self, "_content"):
            raise ResponseNotRead
        return self._content

    @property
    def text(self) -> str:
        """The content as text; bytes that are not in `encoding` become U+FFFD."""
        if not hasattr(self, "_text"):
            self._text = self.content.decode(self.encoding or "utf-8", "replace")
        return self._text

    @property
    def charset_encoding(self) -> str | None:
        """The charset of Content-Type, or None."""
        return charset_of(self.headers.get("content-type"))

    @property
    def encoding(self) -> str | None:
        """The encoding of `text`: the charset, or else the response's default encoding.

        Raises:
            ValueError: it is set after `text` was read.
        """
        if not hasattr(self, "_encoding"):
            encoding = self.charset_encoding
            if encoding is None or not is_encoding(encoding):
                default = self.default_encoding
                if isinstance(default, str):
                    encoding = default
                else:
                    encoding = default(self._content) if hasattr(self, "_content") else None
            self._encoding = encoding or "utf-8"
        return self._encoding

    @encoding.setter
    def encoding(self, value: str) -> None:
        if hasattr(self, "_text"):
            raise ValueError("expected the encoding before the text is read, got it after")
        self._encoding = value

    def json(self, **kwargs: Any) -> Any:
        """Return the content as JSON; `kwargs` are those of ``json.loads``."""
        return json.loads(self.content, **kwargs)

    # --- the content as it is received ---

    @property
    def num_bytes_downloaded(self) -> int:
        """How many bytes of content were received, before they were decoded."""
        return self._num_bytes_downloaded

    def read(self) -> bytes:
        """Return the content, read to its end and decoded."""
        if not hasattr(self, "_content"):
            self._content = b"".join(self.iter_bytes())
        return self._content

    async def aread(self) -> bytes:
        """Return the content, read to its end and decoded."""
        if not hasattr(self, "_content"):
            self._content = b"".join([piece async for piece in self.aiter_bytes()])
        return self._content

    def iter_raw(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Yield the content as it is received, in pieces of `chunk_size` bytes if it is given.

        Raises:
            RuntimeError: the stream is an asynchronous one.
            StreamConsumed, StreamClosed: it can be read no more.
        """
        if not isinstance(self.stream, SyncByteStream):
            raise RuntimeError("expected a stream for a for loop, got an asynchronous one")
        self._begin()
        cutter = None if chunk_size is None else SizeCutter(chunk_size)
        try:
            with translated(self._request):
                for data in self.stream:
                    self._num_bytes_downloaded += len(data)
                    yield from cutter.cut(data) if cutter else filter(None, (data,))
            if cutter:
                yield from cutter.end()
        finally:
            self.close()

    async def aiter_raw(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """Yield the content as it is received, in pieces of `chunk_size` bytes if it is given.

        Raises:
            RuntimeError: the stream is not an asynchronous one.
            StreamConsumed, StreamClosed: it can be read no more.
        """
        if not isinstance(self.stream, AsyncByteStream):
            raise RuntimeError("expected an asynchronous stream, got one for a for loop")
        self._begin()
        cutter = None if chunk_size is None else SizeCutter(chunk_size)
        try:
            with translated(self._request):
                async for data in self.stream:
                    self._num_bytes_downloaded += len(data)
                    for piece in cutter.cut(data) if cutter else filter(None, (data,)):
                        yield piece
            for piece in cutter.end() if cutter else ():
                yield piece
        finally:
            await self.aclose()

    def _begin(self) -> None:
        if self.is_stream_consumed:
            raise StreamConsumed
        if self.is_closed:
            raise StreamClosed
        self.is_stream_consumed = True

    def _decoder_(self) -> Decoder:
        return decoder_for(self.headers.get("content-encoding"))

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Yield the content, decoded, in pieces of `chunk_size` bytes if it is given."""
        cutter = None if chunk_size is None else SizeCutter(chunk_size)
        if hasattr(self, "_content"):
            yield from _cut(cutter, [self._content])
            return
        decoder = self._decoder_()
        with translated(self._request):
            for data in self.iter_raw():
                for piece in decoder.decode(data):
                    yield from cutter.cut(piece) if cutter else (piece,)
            decoder.finish()
        if cutter:
            yield from cutter.end()

    async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """Yield the content, decoded, in pieces of `chunk_size` bytes if it is given."""
        cutter = None if chunk_size is None else SizeCutter(chunk_size)
        if hasattr(self, "_content"):
            for piece in _cut(cutter, [self._content]):
                yield piece
            return
        decoder = self._decoder_()
        with translated(self._request):
            async for data in self.aiter_raw():
                for decoded in decoder.decode(data):
                    for piece in cutter.cut(decoded) if cutter else (decoded,):
                        yield piece
            decoder.finish()
        for piece in cutter.end() if cutter else ():
            yield piece

    def iter_text(self, chunk_size: int | None = None) -> Iterator[str]:
        """Yield the content as text, in pieces of `chunk_size` characters if it is given."""
        cutter = TextCutter(self.encoding or "utf-8", chunk_size)
        for data in self.iter_bytes():
            yield from cutter.cut(data)
        yield from cutter.end()

    async def aiter_text(self, chunk_size: int | None = None) -> AsyncIterator[str]:
        """Yield the content as text, in pieces of `chunk_size` characters if it is given."""
        cutter = TextCutter(self.encoding or "utf-8", chunk_size)
        async for data in self.aiter_bytes():
            for text in cutter.cut(data):
                yield text
        for text in cutter.end():
            yield text

    def iter_lines(self) -> Iterator[str]:
        """Yield the lines of the content, without their ends."""
        cutter = LineCutter(self.encoding or "utf-8")
        for data in self.iter_bytes():
            yield from cutter.cut(data)
        yield from cutter.end()

    async def aiter_lines(self) -> AsyncIterator[str]:
        """Yield the lines of the content, without their ends."""
        cutter = LineCutter(self.encoding or "utf-8")
        async for data in self.aiter_bytes():
            for line in cutter.cut(data):
                yield line
        for line in cutter.end():
            yield line

    def close(self) -> None:
        """Close the stream; what was not read is dropped.

        Raises:
            RuntimeError: the stream is an asynchronous one.
        """
        if not isinstance(self.stream, SyncByteStream):
            raise RuntimeError("expected a stream for a for loop, got an asynchronous one")
        if not self.is_closed:
            self.is_closed = True
            self.stream.close()

    async def aclose(self) -> None:
        """Close the stream; what was not read is dropped.

        Raises:
            RuntimeError: the stream is not an asynchronous one.
        """
        if not isinstance(self.stream, AsyncByteStream):
            raise RuntimeError("expected an asynchronous stream, got one for a for loop")
        if not self.is_closed:
            self.is_closed = True
            await self.stream.aclose()

    def __repr__(self) -> str:
        return f"<Response [{self.status_code} {ascii(self.reason_phrase)[1:-1]}]>"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in _NOT_PICKLED}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.is_closed = True
        self.extensions = {}
        self.next_request = None
        self.stream = UnattachedStream()


def _body(content: Any, text: str | None, html: str | None, value: Any) -> Any:
    """Return the headers and the stream of a response's arguments."""
    if content is not None:
        return response_body(content)
    for kind, given in (("plain", text), ("html", html)):
        if given is not None:
            headers, stream = response_body(given)
            length = headers.get("Content-Length", "0")
            return {
                "Content-Length": length,
                "Content-Type": f"text/{kind}; charset=utf-8",
            }, stream
    if value is not None:
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        headers, stream = response_body(body)
        return headers | {"Content-Type": "application/json"}, stream
    return {}, ByteStream(b"")


def _cut(cutter: SizeCutter | None, pieces: list[bytes]) -> Iterator[bytes]:
    for piece in filter(None, pieces):
        yield from cutter.cut(piece) if cutter else (piece,)
    if cutter:
        yield from cutter.end()
