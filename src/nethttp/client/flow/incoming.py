"""Receives one response on a link: its heads, interim ones first, and its content. RFC 9112."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from ...errors import IncompleteRead, LineTooLong, RemoteDisconnected
from ...net.effects import READ_SIZE, Flow, Read
from ...net.link import Link
from ...wire.fields import FieldLines
from ...wire.h1.content import ContentReader, find_response_head_end
from ...wire.h1.head import parse_response_head, usual_response
from ...wire.h1.rules import FINAL, INTERIM, InterimResponses, ResponseVerdict, judge_response
from ...wire.limits import DEFAULT_LIMITS, Limits
from .deadlines import Deadlines

__all__ = ["Incoming", "OnInterim"]

MAX_READ_SIZE: Final = 128 * 1024
"""The most bytes of content that are read at once."""

OnInterim: TypeAlias = Callable[[int, FieldLines], object]


class Incoming:
    """A response that is being received; the attributes are those of the last head."""

    __slots__ = (
        "_content",
        "_interim",
        "_reader",
        "_size",
        "began",
        "complete",
        "deadlines",
        "fields",
        "limits",
        "link",
        "method",
        "on_interim",
        "phase",
        "plain",
        "reason",
        "received",
        "sound",
        "status",
        "trailers",
        "verdict",
        "version",
    )

    from_cache = False
    """Whether the response is a stored one; of a cache's own arrivals it may be."""
    status: int
    version: int
    """11 for HTTP/1.1, 10 for HTTP/1.0."""
    reason: str
    fields: FieldLines

    def __init__(
        self, link: Link, method: str, deadlines: Deadlines, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        self.link = link
        self.method = method
        self.deadlines = deadlines
        self.limits = limits
        self.phase = "wait"
        """What the exchange is doing: see `RequestError.phase`."""
        self.received = b""
        """Bytes that were received and not read yet."""
        self._interim: InterimResponses | None = None
        self._reader: ContentReader | None = None
        self._content = b""
        self._size = READ_SIZE
        self.on_interim: OnInterim | None = None
        """Is called with the status and the fields of each interim response."""
        self.verdict: ResponseVerdict | None = None
        """What the last head decides."""
        self.began = False
        """Whether a byte of the response was received."""
        self.complete = False
        """Whether the response was received to its end."""
        self.sound = True
        """Whether the end of every message so far is certain, so that another one may follow."""
        self.plain = False
        """Whether the last head is known to have neither Set-Cookie nor Content-Encoding."""
        self.trailers: FieldLines = []

    def next_head(self) -> Flow[ResponseVerdict]:
        """Receive one head; return what it decides.

        Raises:
            RemoteDisconnected: the connection ended before the first byte of a response.
            IncompleteRead: it ended within a head.
            RemoteProtocolError: the head is malformed, or a bound is passed.
        """
        self.verdict = None
        data = self.received
        if not data:
            self.received = data = yield Read(self.link, self.deadlines.read())
        verdict = self.usual_head()
        if verdict is not None:
            return verdict
        end = find_response_head_end(data)
        if end < 0 or data.startswith(b"\r\n"):
            data, end = yield from self._rest_of_head(data)
        return self._take_head(data, end)

    def usual_head(self) -> ResponseVerdict | None:
        """Return what the next head decides, if it is usual and received; None: call `next_head`.

        It takes a tenth of the time that parsing the head and judging its fields takes.
        """
        usual = usual_response(self.method, self.received, self.limits)
        if usual is None:
            return None
        self.began = True
        self.version = 11
        end, self.status, self.reason, framing, persistent, self.plain = usual
        head, self.received = self.received[:end], self.received[end:]
        self.fields = parse_response_head(head, self.limits)[3]
        self.verdict = verdict = ResponseVerdict(framing, True, persistent, FINAL)
        return verdict

    def _take_head(self, data: bytes, end: int) -> ResponseVerdict:
        """Return what the head in the first `end` bytes of `data` decides."""
        self.began = True
        self.plain = False
        self.version, self.status, self.reason, self.fields, unread = parse_response_head(
            data[:end], self.limits
        )
        verdict = judge_response(self.method, self.version, self.status, self.fields)
        if unread is not None or not verdict.sound:
            self.sound = False
        self.received = data[end:]
        self.verdict = verdict
        if verdict.kind == INTERIM:
            self._take_interim()
        return verdict

    def _take_interim(self) -> None:
        if self._interim is None:
            self._interim = InterimResponses(self.limits)
        self._interim.take()
        if self.on_interim is not None:
            self.on_interim(self.status, self.fields)

    def _rest_of_head(self, data: bytes) -> Flow[tuple[bytes, int]]:
        """Return received bytes that begin with a whole head, and the length of that head."""
        buffer = bytearray(data)
        searched = 0
        while True:
            if not data:
                if buffer:
                    raise IncompleteRead(bytes(buffer))
                raise RemoteDisconnected("Remote end closed connection without response")
            self.began = True
            while buffer.startswith(b"\r\n"):  # old servers add it to the content before
                del buffer[:2]
                searched = 0
            end = find_response_head_end(buffer, searched)
            if end >= 0:
                return bytes(buffer), end
            searched = len(buffer)
            self._check_bounds(buffer)
            data = yield Read(self.link, self.deadlines.read())
            buffer += data

    def _check_bounds(self, buffer: bytearray) -> None:
        """Refuse a head that is over its bounds before it is received whole."""
        size, limits = len(buffer), self.limits
        if size > limits.max_start_line and b"\n" not in buffer:
            raise LineTooLong("status line", limits.max_start_line)
        if size > limits.max_start_line + limits.max_field_section:
            raise LineTooLong("field section", limits.max_field_section)

    def begin_content(self, framing: int) -> None:
        """Begin the content behind the last head, which may have been received whole with it.

        `framing` is its length in bytes, or how else it ends: see `nethttp.wire.h1.framing`.

        Raises:
            RemoteProtocolError: a chunk is malformed.
        """
        received, self.received = self.received, b""
        if framing >= 0 and len(received) >= framing:
            if len(received) > framing:
                self.sound = False
                received = received[:framing]
            self._content = received
            self.complete = True
            return
        self._reader = ContentReader(framing, self.limits)
        if received:
            self._content = self._reader.receive(received)
            if self._reader.complete:
                self._end(self._reader)

    def next_piece(self) -> Flow[bytes]:
        """Return the next piece of content; b"" if it is complete.

        Raises:
            RemoteProtocolError: a chunk is malformed; the connection ended within the content.
        """
        if self._content:
            content, self._content = self._content, b""
            return content
        reader = self._reader
        while not self.complete:
            assert reader is not None
            data = yield Read(self.link, self.deadlines.read(), self._size)
            if len(data) == self._size < MAX_READ_SIZE:
                self._size *= 2  # there is more than fits: fewer, larger pieces cost less
            content = reader.receive(data)
            if reader.complete:
                self._end(reader)
            if content:
                return content
        return b""

    def _end(self, reader: ContentReader) -> None:
        self.complete = True
        self.trailers = reader.trailers
        if not reader.sound:
            self.sound = False
