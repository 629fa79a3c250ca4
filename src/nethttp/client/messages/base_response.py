"""`BaseResponse`: what `Response` and `AsyncResponse` share.

It never waits: what reads content is a flow, for the two to run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, cast
from warnings import warn

from ...errors import (
    RequestError,
    ResponseNotRead,
    ResponseTooLarge,
    StatusError,
    StreamClosed,
    StreamConsumed,
)
from ...net.effects import Flow
from ...wire.fields import FieldLines
from ...wire.h1.head import parse_response_head
from ..content.decoding import MAX_RATIO, Bounds, Decoder, decoder_for
from .arrival import Arrival, WireArrival
from .headers import Headers
from .request import Request
from .text import Encoding, check_encoding, encoding_of, json_encoding
from .timing import Marks, Timing
from .url import URL

if TYPE_CHECKING:
    from ...net.link import Link
    from .connection_info import ConnectionInfo

__all__ = ["BaseResponse"]

T = TypeVar("T")
ResponseT = TypeVar("ResponseT", bound="BaseResponse")

NO_BOUNDS: Final = Bounds()

_NO_FIELDS: Final[FieldLines] = []
"""Nothing is ever added to it."""

#: The versions of HTTP by the number that the wire has for them.
_VERSIONS: Final = {10: "HTTP/1.0", 11: "HTTP/1.1", 20: "HTTP/2"}


class BaseResponse:
    """What `Response` and `AsyncResponse` share."""

    # Without slots, so that these need not be set: most responses have half of them.
    reason: str
    """The reason phrase as it was received, often empty."""
    default_encoding: Encoding = "utf-8"
    """The encoding of `text` where the response names none, or a function that finds it out."""
    _head: bytes | None = None
    """The head of a usual response, while nobody has asked for its `headers`."""
    _plain = False
    """Whether the head has neither Set-Cookie nor Content-Encoding."""
    _fields: FieldLines
    _trailers: FieldLines = _NO_FIELDS
    _headers: Headers | None = None
    _content: bytes | None = None
    _encoding: str | None = None
    _received = 0
    _streamed = False
    _link: Link | None = None
    _loads: Callable[[str | bytes], Any] = staticmethod(json.loads)

    def __init__(
        self,
        request: Request,
        arrival: Arrival,
        marks: Marks | None = None,
        bounds: Bounds = NO_BOUNDS,
    ) -> None:
        self.request = request
        """The request that was answered: the last one after redirects."""
        self.status_code = arrival.status
        self.reason = arrival.reason
        self.version = arrival.version
        self._arrival: Arrival | None = arrival
        self._marks = marks
        self._bounds = bounds
        head: bytes | None = getattr(arrival, "head", None)
        if head is None:
            self._fields = arrival.fields
            self._link = getattr(arrival, "link", None)
            if getattr(arrival, "from_cache", False):
                self.extensions["from_cache"] = True
        else:
            self._head = head
            self._plain = cast("WireArrival", arrival).plain
            self._link = cast("WireArrival", arrival).link

    @cached_property
    def history(self) -> list[Self]:
        """The responses before this one: redirects, challenges, and attempts that were repeated."""
        return []

    @cached_property
    def extensions(self) -> dict[str, Any]:
        """What middleware and caches say about this response; empty otherwise.

        ``from_cache`` is True if its content is a stored one."""
        return {}

    # --- the head ---

    @property
    def headers(self) -> Headers:
        """The header lines, in order, with their case and duplicates."""
        if self._headers is None:
            head, self._head = self._head, None
            if head is not None:
                self._fields = parse_response_head(head)[3]
            self._headers = Headers.received(self._fields)
        return self._headers

    @property
    def trailers(self) -> Headers:
        """The fields behind chunked content, once it was read; empty before and otherwise."""
        arrival = self._arrival
        return Headers.received(list(self._trailers if arrival is None else arrival.trailers))

    @property
    def url(self) -> URL:
        """The URL of the last request."""
        return self.request.url

    @property
    def http_version(self) -> str:
        """The version of the response: "HTTP/1.1", for instance."""
        return _VERSIONS.get(self.version, "HTTP/1.1")

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status_code < 300

    @property
    def is_error(self) -> bool:
        """Whether the status is 4xx or 5xx."""
        return 400 <= self.status_code < 600

    @property
    def is_redirect(self) -> bool:
        """Whether the response sends the client elsewhere: a redirect status, and Location."""
        return self.status_code in _REDIRECTS and "location" in self.headers

    @property
    def sets_cookies(self) -> bool:
        """Whether the response has a new Set-Cookie field. RFC 6265 section 4.1.

        Those of a stored response were seen when it arrived: the jar may have newer ones.
        """
        if self._plain:
            return False
        return "set-cookie" in self.headers and "from_cache" not in self.extensions

    @property
    def links(self) -> dict[str, dict[str, str]]:
        """The links of the Link field by their relation, or their URL if they have none.

        RFC 8288. Each is a dictionary with ``url`` and the link's parameters.
        """
        from .links import parse_links  # start-up: few programs read links

        return parse_links(", ".join(self.headers.get_list("link")))

    def raise_for_status(self) -> Self:
        """Return this response, so that calls can be chained.

        Raises:
            StatusError: the status is 4xx or 5xx.
        """
        if not self.is_error:
            return self
        whose = "this request" if self.status_code < 500 else "the server"
        raise StatusError(
            f"expected success, got {self.status_code} {ascii(self.reason)[1:-1]} for "
            f"{self.request}: the fault is {whose}'s (RFC 9110 section 15)",
            response=self,
        )

    # --- the content that was read ---

    @property
    def content(self) -> bytes:
        """The content, decoded.

        Raises:
            ResponseNotRead: the response is streamed, and `read` was not called.
        """
        if self._content is None:
            if self._streamed:
                raise StreamConsumed("expected content that was kept, but it was read in pieces")
            raise ResponseNotRead("expected read() before the content of a streamed response")
        return self._content

    @property
    def encoding(self) -> str:
        """The text's encoding: by Content-Type's charset, a byte order mark, or the default.

        A program may set another one, or None: this one again.

        Raises:
            TypeError, ValueError: what is set is no name of an encoding that Python knows.
        """
        return self._encoding or encoding_of(
            self.headers.get("content-type"), self._content or b"", self.default_encoding
        )

    @encoding.setter
    def encoding(self, encoding: str | None) -> None:
        if encoding is not None:
            check_encoding(encoding)
        self._encoding = encoding

    @property
    def text(self) -> str:
        """The content as text; bytes that are not in `encoding` become U+FFFD."""
        content = self.content
        return content.decode(self.encoding, "replace")

    def json(self, *, loads: Callable[[str | bytes], Any] | None = None) -> Any:
        """Return the content as JSON: RFC 8259. `loads` parses it, or else the client's function.

        Raises:
            ValueError: the content is not JSON, or is nested more deeply than `loads` can read.
        """
        content = self.content
        loads = loads or self._loads
        try:
            return loads(content.decode(json_encoding(content)))
        except RecursionError:
            raise ValueError("expected JSON that is nested less deeply than Python reads") from None

    @property
    def connection(self) -> ConnectionInfo | None:
        """The connection's address and TLS; None: a cache or an application has answered."""
        from .connection_info import ConnectionInfo  # start-up: few programs ask

        return None if self._link is None else ConnectionInfo.of(self._link)

    # --- times ---

    @property
    def timing(self) -> Timing:
        """How long each phase of the last exchange took."""
        return Timing() if self._marks is None else self._marks.timing()

    @property
    def elapsed(self) -> timedelta:
        """The time from the call to the last byte, or to the head while content is unread."""
        return timedelta(seconds=0.0 if self._marks is None else self._marks.elapsed())

    # --- reading: flows ---

    def take_content(self) -> bool:
        """Take the content if it was received with its head, and nothing is to be done with it.

        Return whether it was taken: if not, `read_flow` reads it, in three times the time.
        """
        arrival = self._arrival
        if (
            arrival is None
            or not self._plain
            or not arrival.complete
            or self._streamed
            or self._bounds.max_size is not None
        ):
            return False
        self._content = cast("WireArrival", arrival).take_content()
        self._trailers = arrival.trailers
        self._arrival = None
        return True

    @property
    def is_closed(self) -> bool:
        """Whether nothing more can be read from the connection."""
        return self._arrival is None

    def decoder(self, max_ratio: float | None = None) -> Decoder | None:
        """Return a decoder of the content; None if it has no coding. For what reads by flows.

        `max_ratio` bounds the decoded bytes for each received byte.

        Raises:
            DecodingError: the content has too many codings, or one whose library is missing.
        """
        if self._plain or "content-encoding" not in self.headers:
            return None
        if self.request.method == "HEAD" or self.status_code in (204, 304):
            return None
        codings = ", ".join(self.headers.get_list("content-encoding"))
        return decoder_for(codings, self._bounds._replace(max_ratio=max_ratio))

    def read_flow(self) -> Flow[bytes]:
        """Return the content, decoded; it is kept. For runners of flows.

        Raises:
            StreamConsumed, StreamClosed: the content was read in pieces, or the response closed.
            ResponseTooLarge: there is more content than the client takes.
            RequestError: the connection was lost, or the content is malformed.
        """
        if self._content is not None:
            return self._content
        arrival = self._open_arrival()
        try:
            decoder = self.decoder(MAX_RATIO)
            if decoder is None and self._bounds.max_size is None:
                self._content = yield from arrival.read_all()
            else:
                pieces: list[bytes] = []
                while data := (yield from arrival.read()):
                    pieces.extend(self.decoded(decoder, data))
                if decoder is not None:
                    decoder.finish()
                self._content = b"".join(pieces)
        except BaseException as error:
            self.abandon()
            if isinstance(error, RequestError):
                error.about(self.request)
            raise
        self._end(arrival)
        return self._content

    def decoded(self, decoder: Decoder | None, data: bytes) -> Iterator[bytes]:
        """Yield received content decoded, within the bounds. For what reads by flows.

        Raises:
            DecodingError: the content is not in its coding.
            ResponseTooLarge: there is more than the client takes.
        """
        self._received += len(data)
        most = self._bounds.max_size
        if most is not None and self._received > most:
            raise self._too_large(most)
        if decoder is None:
            yield data
        else:
            try:
                yield from decoder.decode(data)
            except RequestError as error:
                error.about(self.request)
                raise

    def next_raw_flow(self) -> Flow[bytes]:
        """Return the next piece of content as it was received, not decoded; b"" at the end.

        Raises:
            StreamConsumed, StreamClosed: the content was read before, or the response closed.
            RequestError: the connection was lost, or the content is malformed.
        """
        arrival = self._open_arrival()
        self._streamed = True
        try:
            data = yield from arrival.read()
        except BaseException as error:
            self.abandon()
            if isinstance(error, RequestError):
                error.about(self.request)
            raise
        if not data:
            self._end(arrival)
        return data

    def _open_arrival(self) -> Arrival:
        if self._arrival is None:
            if self._streamed:
                raise StreamConsumed("expected content that is unread, but it was read in pieces")
            raise StreamClosed("expected an open response, but it was closed before it was read")
        most = self._bounds.max_size
        if most is not None:
            length: int = getattr(self._arrival, "framing", 0)  # its length, if the head says it
            if length > most:
                self.abandon()
                raise self._too_large(most, length)
        return self._arrival

    def _too_large(self, most: int, length: int | str = "more") -> RequestError:
        error = ResponseTooLarge(f"expected at most {most} bytes of content, got {length}")
        error.limit = most
        return error.about(self.request)

    def _end(self, arrival: Arrival) -> None:
        self._trailers = arrival.trailers
        self._arrival = None
        if self._marks is not None:
            self._marks.end()

    def close_flow(self) -> Flow[None]:
        """Return nothing, once a short rest was dropped, or else the connection closed."""
        arrival, self._arrival = self._arrival, None
        if arrival is not None:
            try:
                yield from arrival.drain()
            finally:
                arrival.abandon()

    def abandon(self) -> None:
        """Give the content up, and close its connection unless it was received whole."""
        arrival, self._arrival = self._arrival, None
        if arrival is not None:
            arrival.abandon()

    def __del__(self) -> None:
        arrival = getattr(self, "_arrival", None)
        if arrival is None:
            return
        self._arrival = None
        complete = arrival.complete
        arrival.lose()
        if not complete:
            warn(
                f"a response was never closed: {self.request}; use `with client.stream(…)`",
                ResourceWarning,
                source=self,
                stacklevel=2,
            )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{self.status_code} {ascii(self.reason)[1:-1]}]>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what a pickle keeps: everything but a connection, so the content must be read."""
        headers = self.headers
        state = self.__dict__ | {"_fields": headers.pairs}
        for name in ("_arrival", "_headers", "_link", "_loads", "_run"):
            state.pop(name, None)
        state["_content"] = self.content
        state["request"] = Request(
            self.request.method, self.request.url, self.request.headers.pairs
        )
        return _unpickled, (type(self), state)


def _unpickled(kind: type[BaseResponse], state: dict[str, Any]) -> BaseResponse:
    response = kind.__new__(kind)
    response._arrival = None
    for name, value in state.items():
        setattr(response, name, value)
    return response


_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
