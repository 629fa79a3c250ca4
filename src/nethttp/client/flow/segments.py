"""The segments of a download: several flows fetch parts of one file at once, each by Range.

One flow reads the response that is there already, from its place onwards. The others take pieces
from the end of the file, so that the two meet. Every part has the entity tag of the first response
(If-Range, RFC 9110 section 13.1.5), so all bytes are of one version. A flow whose server wants no
more connections, or sends something else, stops and leaves its piece to the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Final, Protocol, TypeAlias

from ...errors import RequestError
from ...net.effects import Call, Flow, Together
from ..messages.base_response import BaseResponse
from ..messages.request import Request
from ..part_file import BUFFER, PartFile, Version

__all__ = ["MAX_SEGMENTS", "Segments", "codings_of", "continues"]

MAX_SEGMENTS: Final = 16
"""The most requests for one file at once: more than a few gain nothing, and servers refuse many."""

MIN_PIECE: Final = 1024 * 1024
MAX_PIECE: Final = 64 * 1024 * 1024
"""The least and the most bytes that a request asks for: each costs a round trip."""

PIECES: Final = 4
"""How many pieces each flow would take if all were equally fast: so the fast ones take more."""

Send: TypeAlias = Callable[[Request], Flow[BaseResponse]]

_CONTENT_RANGE: Final = re.compile(r"(?i)bytes +([0-9]{1,19})-([0-9]{1,19})/([0-9]{1,19}|\*)")


class Received(Protocol):
    """Is told how many more bytes were received."""

    def __call__(self, count: int) -> object: ...


def codings_of(response: BaseResponse) -> str:
    """Return the content codings of a response that change its bytes."""
    value = ", ".join(response.headers.get_list("content-encoding"))
    return "" if value.strip().lower() == "identity" else value


def continues(response: BaseResponse, version: Version | None, offset: int) -> bool:
    """Return whether a response has bytes of this version from `offset` on, and nothing else."""
    found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range") or "")
    if response.status_code != 206 or version is None or found is None:
        return False
    start, _, length = found.groups()
    return (
        int(start) == offset
        and (version.length is None or length in ("*", str(version.length)))
        and response.headers.get("etag") == version.etag
        and not codings_of(response)
    )


class Segments:
    """The missing bytes of `part`, a file that was split, and the flows that fetch them.

    `request` asks for the whole file and `send` sends it; `received` is told of all bytes, by one
    flow at a time. `refused` says afterwards whether the server sent something else for a Range.
    """

    def __init__(
        self, part: PartFile, request: Request, send: Send, count: int, received: Received
    ) -> None:
        assert part.missing is not None
        self._part = part
        self._request = request
        self._send = send
        self._received = received
        self._lock = Lock()
        self._free = list(part.missing)  # what no flow fetches, in order
        left = sum(end - start for start, end in self._free)
        self._piece = max(MIN_PIECE, min(MAX_PIECE, left // (count * PIECES)))
        self._count = min(count, -(-left // self._piece))
        self.refused = False

    def fill(self, response: BaseResponse, offset: int) -> Flow[None]:
        """Fetch what is missing; `response` has the file from `offset` on.

        Something may still be missing afterwards: then the server has sent something else.

        Raises:
            RequestError: the first flow has failed. What all have received is in the file.
            OSError: the file cannot be written.
        """
        lead = self._lead(response, _Piece(offset, offset))
        yield Together([lead, *(self._help() for _ in range(1, self._count))])

    def _lead(self, response: BaseResponse, piece: _Piece) -> Flow[None]:
        """Read `response` up to where others are at work, then take pieces as they do."""
        self._extend(piece, piece.start + 1)
        try:
            yield from self._take(response, piece, goes_on=True)
        finally:
            response.abandon()  # what follows is there, or another flow fetches it
            self._give_back(piece)
        while (next_piece := self._next_piece()) is not None:
            if not (yield from self._fetch(next_piece)):
                return

    def _help(self) -> Flow[None]:
        """Take pieces; after a failure only if the last attempt has brought something."""
        while (piece := self._next_piece()) is not None:
            try:
                if not (yield from self._fetch(piece)):
                    return
            except RequestError:
                if piece.written == piece.start:
                    return

    def _fetch(self, piece: _Piece) -> Flow[bool]:
        """Request a piece and write it; return False if the server sends something else."""
        version = self._part.version
        assert version is not None
        request = self._request.copy()
        request.headers.set("Range", f"bytes={piece.start}-{piece.end - 1}")
        request.headers.set("If-Range", version.etag)
        try:
            response = yield from self._send(request)
            try:
                if not continues(response, version, piece.start):
                    self.refused = True
                    return False
                yield from self._take(response, piece)
                yield from response.close_flow()
            finally:
                response.abandon()
        finally:
            self._give_back(piece)
        return True

    def _take(self, response: BaseResponse, piece: _Piece, goes_on: bool = False) -> Flow[None]:
        """Write the content of `response` to its place, also beyond `piece` if it `goes_on`."""
        at = piece.start
        waiting: list[bytes] = []

        def write() -> None:
            data = b"".join(waiting)
            waiting.clear()
            if data:
                self._part.write_at(piece.written, data)
                piece.written += len(data)

        try:
            while at < piece.end and (data := (yield from response.next_raw_flow())):
                if goes_on:
                    self._extend(piece, at + len(data) + 1)
                data = data[: piece.end - at]
                waiting.append(data)
                at += len(data)
                with self._lock:
                    self._received(len(data))
                if at - piece.written >= BUFFER:
                    yield Call(write)
            yield Call(write)
        except BaseException:
            with suppress(OSError):  # the first error counts, not that of a full disk
                write()
            raise

    # --- who fetches what ---

    def _next_piece(self) -> _Piece | None:
        """Return the last bytes that no flow fetches; None: there are none."""
        with self._lock:
            if not self._free:
                return None
            start, end = self._free.pop()
            middle = max(start, end - self._piece)
            if start < middle:
                self._free.append((start, middle))
            return _Piece(middle, end)

    def _extend(self, piece: _Piece, least: int) -> None:
        """Add to `piece` what is behind it, up to `least` or more, unless another flow has it."""
        with self._lock:
            while piece.end < least and self._free:
                start, end = self._free[0]
                if start != piece.end:
                    return
                piece.end = min(end, start + self._piece)
                self._free[:1] = [(piece.end, end)] if piece.end < end else []

    def _give_back(self, piece: _Piece) -> None:
        """Let other flows fetch what was not written of a piece."""
        if piece.written < piece.end:
            with self._lock:
                self._free.append((piece.written, piece.end))
                self._free.sort()


class _Piece:
    """What one flow fetches, and how far it is."""

    __slots__ = ("end", "start", "written")

    def __init__(self, start: int, end: int) -> None:
        self.start = self.written = start
        self.end = end
