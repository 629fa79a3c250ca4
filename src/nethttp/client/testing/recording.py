"""Record what a client exchanges in a HAR file, which `replaying` answers from.

``Client(transport=recorded_once("calls.har"))`` records in the first run, and answers from the file
in the following ones.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, cast

from ...net.effects import Flow
from ...wire.fields import FieldLines
from ..content.upload import Body
from .answer import head_on_the_wire
from .har import Entry, Exchanged, entry_of, read_har, write_har
from .redaction import NO_MORE, Redaction
from .replaying import ReplayingTransport

if TYPE_CHECKING:
    from ..flow.deadlines import Deadlines
    from ..flow.incoming import OnInterim
    from ..flow.transport import Transport
    from ..messages.arrival import Arrival
    from ..messages.request import Request
    from ..messages.timing import Marks

__all__ = ["RecordingTransport", "recorded_once"]

MAX_KEPT: Final = 16 * 1024 * 1024
"""The most bytes of one body that are recorded, unless a program says otherwise."""


def recorded_once(
    path: str | os.PathLike[str], redaction: Redaction = NO_MORE
) -> Callable[[Transport], Transport]:
    """Return a function that makes a client's transport: it answers from the file if that is there.

    Otherwise it uses the client's usual transport, and writes the file when the client is closed.
    So the first run of a test records what the following ones read.

    >>> make = recorded_once("no such file.har")
    >>> isinstance(make(ReplayingTransport([])), RecordingTransport)
    True
    """

    def make(usual: Transport) -> Transport:
        if os.path.exists(path):
            return ReplayingTransport(read_har(path), redaction)
        return RecordingTransport(usual, path, redaction)

    return make


class RecordingTransport:
    """Passes requests on to another transport, and writes a HAR file when it is closed.

    Each hop of a redirect and each attempt is an entry, in the order of their ends. Secrets are
    taken out by `redaction`. A body of more than `max_kept` bytes is passed on, but not recorded.
    """

    def __init__(
        self,
        transport: Transport,
        path: str | os.PathLike[str],
        redaction: Redaction = NO_MORE,
        *,
        max_kept: int = MAX_KEPT,
    ) -> None:
        self.entries: list[Entry] = []
        """What the file will have."""
        self._transport = transport
        self._path = path
        self._redaction = redaction
        self._max_kept = max_kept

    def send(
        self,
        request: Request,
        deadlines: Deadlines,
        marks: Marks,
        on_interim: OnInterim | None = None,
    ) -> Flow[Arrival]:
        """Return the other transport's response; errors are recorded, and raised, as its own."""
        sent = request.copy()
        body = _Kept(self._max_kept)
        if isinstance(request.body, bytes):
            body.add(request.body)
        elif request.body is not None:
            sent.body = _Copying(request.body, body)
        _, _, fields = head_on_the_wire(request.copy())
        recorded = _Recorded(
            request, fields, body, deadlines, marks, _Kept(self._max_kept), self._add
        )
        try:
            arrival = yield from self._transport.send(sent, deadlines, marks, on_interim)
        except Exception as error:
            recorded.fail(error)
            raise
        return recorded.of(arrival)

    def close(self) -> None:
        """Write the file, and close the other transport."""
        try:
            write_har(self._path, self.entries)
        finally:
            self._transport.close()

    def _add(self, exchanged: Exchanged) -> None:
        self.entries.append(entry_of(exchanged, self._redaction))


class _Kept:
    """A body that is recorded, unless it is too long."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pieces: list[bytes] | None = []
        self._size = 0

    def add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._most:
            self._pieces = None
        if self._pieces is not None:
            self._pieces.append(piece)

    def begin(self) -> None:
        self._pieces, self._size = [], 0

    @property
    def content(self) -> bytes | None:
        return None if self._pieces is None else b"".join(self._pieces)


class _Copying(Body):
    """The body of a request, of which a copy is kept."""

    def __init__(self, body: Body, kept: _Kept) -> None:
        self._body = body
        self._kept = kept
        self.length = body.length

    def pieces(self) -> Iterator[bytes] | AsyncIterator[bytes]:
        self._kept.begin()
        pieces = self._body.pieces()
        return (
            self._copied_async(pieces)
            if isinstance(pieces, AsyncIterator)
            else self._copied(pieces)
        )

    def rewind(self) -> None:
        self._body.rewind()

    def _copied(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._kept.add(piece)
            yield piece

    async def _copied_async(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in pieces:
            self._kept.add(piece)
            yield piece


class _Recorded:
    """A response that is passed on and recorded, as an `Arrival` and no more.

    What only some arrivals have, such as `take_content`, would hand content out unrecorded.
    """

    def __init__(
        self,
        request: Request,
        fields: FieldLines,
        request_body: _Kept,
        deadlines: Deadlines,
        marks: Marks,
        kept: _Kept,
        add: Callable[[Exchanged], object],
    ) -> None:
        self._request = request
        self._request_fields = fields
        self._request_body = request_body
        self._deadlines = deadlines
        self._marks = marks
        self._kept = kept
        self._add = add
        self._began = datetime.now(UTC)
        self._arrival: Arrival | None = None
        self._done = False

    def of(self, arrival: Arrival) -> Arrival:
        self._arrival = arrival
        return cast("Arrival", self)

    @property
    def version(self) -> int:
        return self._received.version

    @property
    def status(self) -> int:
        return self._received.status

    @property
    def reason(self) -> str:
        return self._received.reason

    @property
    def fields(self) -> FieldLines:
        return self._received.fields

    @property
    def trailers(self) -> FieldLines:
        return self._received.trailers

    @property
    def complete(self) -> bool:
        return self._received.complete

    @property
    def from_cache(self) -> bool:
        return getattr(self._arrival, "from_cache", False)

    @property
    def _received(self) -> Arrival:
        assert self._arrival is not None
        return self._arrival

    def drain(self) -> Flow[None]:
        yield from self._received.drain()

    def read(self) -> Flow[bytes]:
        try:
            piece = yield from self._received.read()
        except Exception as error:
            self.fail(error)
            raise
        self._kept.add(piece)
        if not piece:
            self._record()
        return piece

    def read_all(self) -> Flow[bytes]:
        pieces = []
        while piece := (yield from self.read()):
            pieces.append(piece)
        return b"".join(pieces)

    def abandon(self) -> None:
        self._record()
        self._received.abandon()

    def lose(self) -> None:
        self._record()
        self._received.lose()

    def fail(self, error: Exception) -> None:
        """Record an error in place of a response, or of its rest."""
        self._record(f"{type(error).__name__}: {error}")

    def _record(self, error: str = "") -> None:
        if self._done:
            return
        self._done = True
        head = self._arrival
        now = self._deadlines.clock()
        timing = self._marks.timing()
        if self._marks.head and timing.receive is None:
            timing = timing._replace(receive=now - self._marks.head)
        self._add(
            Exchanged(
                self._began,
                now - self._marks.began,
                timing,
                self._request.method,
                str(self._request.url),
                self._request_fields,
                self._request_body.content,
                11 if head is None else head.version,
                0 if head is None else head.status,
                "" if head is None else head.reason,
                [] if head is None else head.fields,
                self._kept.content,
                error,
            )
        )
