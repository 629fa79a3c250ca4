"""Receives one response on a link: its heads, interim ones first, and its content. RFC 9112."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from ...errors import BadStatusLine, IncompleteRead, LineTooLong, RemoteDisconnected
from ...net.effects import READ_SIZE, Flow, Read
from ...net.link import Link
from ...wire.fields import FieldLines
from ...wire.h1.content import ContentReader, find_response_head_end, may_begin_response
from ...wire.h1.head import parse_response_head, usual_response
from ...wire.h1.rules import FINAL, INTERIM, InterimResponses, judge_response
from ...wire.limits import DEFAULT_LIMITS, Limits
from .deadlines import Deadlines

__all__ = ["Incoming", "OnInterim"]

MAX_READ_SIZE: Final = 128 * 1024
"""The most bytes of content that are read at once."""

_NO_FIELDS: Final[FieldLines] = []
"""Nothing is ever added to it."""

OnInterim: TypeAlias = Callable[[int, FieldLines], object]


class Incoming:
    """A response that is being received; the attributes are those of the last head."""

    # Without slots, so that these need not be set: a usual response needs half of them.
    from_cache = False
    """Whether the response is a stored one; of a cache's own arrivals it may be."""
    phase = "wait"
    """What the exchange is doing: see `RequestError.phase`."""
    received = b""
    """Bytes that were received and not read yet."""
    on_interim: OnInterim | None = None
    """Is called with the status and the fields of each interim response."""
    began = False
    """Whether a byte of the response was received."""
    complete = False
    """Whether the response was received to its end."""
    sound = True
    """Whether the end of every message so far is certain, so that another one may follow."""
    kind: int | None = None
    """The kind of the last head, by `rules`; None: none was received."""
    framing: int
    """How the content ends: its length in bytes, or see `nethttp.wire.h1.framing`."""
    persistent: bool
    """Whether the connection outlives the response."""
    head: bytes | None = None
    """The last head, if it is usual, within `DEFAULT_LIMITS`, and its `fields` are not parsed."""
    plain = False
    """Whether the last head is known to have neither Set-Cookie nor Content-Encoding."""
    status: int
    version = 11
    """11 for HTTP/1.1, 10 for HTTP/1.0."""
    reason: str
    trailers: FieldLines = _NO_FIELDS
    _fields: FieldLines = _NO_FIELDS
    _interim: InterimResponses | None = None
    _reader: ContentReader | None = None
    _content = b""
    _size = READ_SIZE

    def __init__(
        self, link: Link, method: str, deadlines: Deadlines, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        self.link = link
        self.method = method
        self.deadlines = deadlines
        self.limits = limits

    @property
    def fields(self) -> FieldLines:
        """The fields of the last head, parsed when they are first read."""
        if self.head is not None:
            self._fields = parse_response_head(self.head)[3]
            self.head = None
        return self._fields

    def next_head(self) -> Flow[int | None]:
        """Receive one head; return its kind: `rules.INTERIM`, `FINAL` or `SWITCHING`.

        Raises:
            RemoteDisconnected: the connection ended before the first byte of a response.
            IncompleteRead: it ended within a head.
            RemoteProtocolError: the head is malformed, or a bound is passed.
        """
        self.kind = None
        data = self.received
        if not data:
            self.received = data = yield Read(self.link, self.deadlines.read())
        if not self.take_usual_head():
            end = find_response_head_end(data)
            if end < 0 or data.startswith(b"\r\n"):
                data, end = yield from self._rest_of_head(data)
            self._take_head(data, end)
        return self.kind

    def take_usual_head(self) -> bool:
        """Take the next head if it is usual, and received; return whether it was.

        It takes a tenth of the time that parsing the head and judging its fields takes.
        """
        if self.limits is not DEFAULT_LIMITS:
            return False
        data = self.received
        usual = usual_response(self.method, data)
        if usual is None:
            return False
        end, self.status, self.reason, self.framing, self.persistent, self.plain = usual
        self.kind = FINAL
        self.began = True
        self.version = 11  # after an interim response of another version
        self.head = data[:end]
        self.received = data[end:]
        return True

    def _take_head(self, data: bytes, end: int) -> None:
        """Take the head in the first `end` bytes of `data`, and decide what it says."""
        self.began = True
        self.plain = False
        self.head = None
        self.version, self.status, self.reason, self._fields, unread = parse_response_head(
            data[:end], self.limits
        )
        verdict = judge_response(self.method, self.version, self.status, self._fields)
        self.kind, self.framing, self.persistent = verdict.kind, verdict.framing, verdict.persistent
        if unread is not None or not verdict.sound:
            self.sound = False
        self.received = data[end:]
        if self.kind == INTERIM:
            self._take_interim()

    def _take_interim(self) -> None:
        if self._interim is None:
            self._interim = InterimResponses(self.limits)
        self._interim.take()
        if self.on_interim is not None:
            self.on_interim(self.status, self.fields)

    def _rest_of_head(self, data: bytes) -> Flow[tuple[bytes, int]]:
        """Return received bytes that begin with a whole head, and the length of that head.

        It is waited for as long as for other bytes, but for all of it together: else one byte a
        minute would last for ever.
        """
        buffer = bytearray(data)
        searched = 0
        deadline = self.deadlines.read()
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
            if not may_begin_response(buffer):
                # Such a server may wait for more: SSH and SMTP speak first.
                raise BadStatusLine(buffer.partition(b"\n")[0].decode("latin-1"))
            self._check_bounds(buffer)
            data = yield Read(self.link, deadline)
            buffer += data

    def _check_bounds(self, buffer: bytearray) -> None:
        """Refuse a head that is over its bounds before it is received whole."""
        size, limits = len(buffer), self.limits
        if size > limits.max_start_line and b"\n" not in buffer:
            raise LineTooLong("status line", limits.max_start_line)
        if size > limits.max_start_line + limits.max_field_section:
            raise LineTooLong("field section", limits.max_field_section)

    def begin_content(self) -> None:
        """Begin the content behind the last head, which may have been received whole with it.

        Raises:
            RemoteProtocolError: a chunk is malformed.
        """
        framing, received = self.framing, self.received
        self.received = b""
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

    def take_content(self) -> bytes:
        """Return the content that is received and not read; all of it, if `complete`."""
        content, self._content = self._content, b""
        return content

    def next_piece(self) -> Flow[bytes]:
        """Return the next piece of content; b"" if it is complete.

        Raises:
            RemoteProtocolError: a chunk is malformed; the connection ended within the content.
        """
        if self._content:
            return self.take_content()
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
