"""`Response` and `AsyncResponse`: a received response, its content read or still arriving.

The flows of `BaseResponse` read it: `Response` runs them in the calling thread, and `AsyncResponse`
awaits them. Everything else is the same.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Self

from ...errors import RequestError
from ...net.effects import Flow
from ..content.events import MAX_EVENT_SIZE, EventParser, ServerSentEvent
from ..content.pieces import LineCutter, SizeCutter
from .base_response import BaseResponse

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["AsyncResponse", "Response"]


class Response(BaseResponse):
    """A response that was received by `Client`.

    Its content is read already, unless it is of ``client.stream``: then `read` reads it whole, and
    the iterators piece by piece.
    """

    _run: Callable[[Flow[Any]], Any]

    def read(self) -> bytes:
        """Return the content, decoded; it is kept as `content`.

        Raises:
            RequestError: the connection was lost, the content is malformed or too long.
        """
        if self._content is not None:
            return self._content
        content: bytes = self._run(self.read_flow())
        return content

    def iter_raw(self, size: int | None = None) -> Iterator[bytes]:
        """Return an iterator over the content as it was received, not decoded.

        In pieces as they arrive, or of `size` bytes each but the last.
        """
        pieces = iter(self._raw_pieces, b"")
        return pieces if size is None else _cut(pieces, size)

    def _raw_pieces(self) -> bytes:
        data: bytes = self._run(self.next_raw_flow())
        return data

    def iter_bytes(self, size: int | None = None) -> Iterator[bytes]:
        """Return an iterator over the decoded content, in pieces as they arrive or of `size` bytes.

        A response that was read already gives its content.
        """
        pieces = self._decoded_pieces()
        return pieces if size is None else _cut(pieces, size)

    def _decoded_pieces(self) -> Iterator[bytes]:
        if self._content is not None:
            if self._content:
                yield self._content
            return
        try:
            decoder = self.decoder()
            while data := self._run(self.next_raw_flow()):
                yield from self.decoded(decoder, data)
            if decoder is not None:
                decoder.finish()
        except RequestError as error:
            error.about(self.request)
            raise
        finally:
            self.abandon()

    def iter_lines(self) -> Iterator[str]:
        """Return an iterator over the text's lines, without their ends: CRLF, LF or CR.

        Other characters at which `str.splitlines` splits are part of a line, since JSON has them.
        """
        cutter = LineCutter(self.encoding)
        for data in self._decoded_pieces():
            yield from cutter.cut(data)
        yield from cutter.end()

    def iter_events(self, max_event_size: int = MAX_EVENT_SIZE) -> Iterator[ServerSentEvent]:
        """Return an iterator over the events of ``text/event-stream``, as each is complete.

        It ends with the response: ``client.event_source`` connects again. An event of more than
        `max_event_size` bytes is an error.
        """
        parser = EventParser(max_event_size)
        for data in self._decoded_pieces():
            yield from parser.feed(data)

    def close(self) -> None:
        """Finish with the response; unread content is dropped, or its connection closed."""
        if self._arrival is not None:
            self._run(self.close_flow())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()


def _cut(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    cutter = SizeCutter(size)
    for data in pieces:
        yield from cutter.cut(data)
    yield from cutter.end()


class AsyncResponse(BaseResponse):
    """A response that was received by `AsyncClient`: as `Response`, but reading is awaited."""

    _run: Callable[[Flow[Any]], Awaitable[Any]]

    async def read(self) -> bytes:
        """Return the content, decoded; it is kept as `content`.

        Raises:
            RequestError: the connection was lost, the content is malformed or too long.
        """
        if self._content is not None:
            return self._content
        content: bytes = await self._run(self.read_flow())
        return content

    async def iter_raw(self, size: int | None = None) -> AsyncIterator[bytes]:
        """Return an iterator over the content as it was received, not decoded.

        In pieces as they arrive, or of `size` bytes each but the last.
        """
        cutter = None if size is None else SizeCutter(size)
        while data := await self._run(self.next_raw_flow()):
            if cutter is None:
                yield data
            else:
                for piece in cutter.cut(data):
                    yield piece
        if cutter is not None:
            for piece in cutter.end():
                yield piece

    async def iter_bytes(self, size: int | None = None) -> AsyncIterator[bytes]:
        """Return an iterator over the decoded content, in pieces as they arrive or of `size` bytes.

        A response that was read already gives its content.
        """
        cutter = None if size is None else SizeCutter(size)
        async for data in self._decoded_pieces():
            if cutter is None:
                yield data
            else:
                for piece in cutter.cut(data):
                    yield piece
        if cutter is not None:
            for piece in cutter.end():
                yield piece

    async def _decoded_pieces(self) -> AsyncIterator[bytes]:
        if self._content is not None:
            if self._content:
                yield self._content
            return
        try:
            decoder = self.decoder()
            while data := await self._run(self.next_raw_flow()):
                for piece in self.decoded(decoder, data):
                    yield piece
            if decoder is not None:
                decoder.finish()
        except RequestError as error:
            error.about(self.request)
            raise
        finally:
            self.abandon()

    async def iter_lines(self) -> AsyncIterator[str]:
        """Return an iterator over the text's lines, without their ends: CRLF, LF or CR.

        Other characters at which `str.splitlines` splits are part of a line, since JSON has them.
        """
        cutter = LineCutter(self.encoding)
        async for data in self._decoded_pieces():
            for line in cutter.cut(data):
                yield line
        for line in cutter.end():
            yield line

    async def iter_events(
        self, max_event_size: int = MAX_EVENT_SIZE
    ) -> AsyncIterator[ServerSentEvent]:
        """Return an iterator over the events of ``text/event-stream``, as each is complete.

        It ends with the response: ``client.event_source`` connects again. An event of more than
        `max_event_size` bytes is an error.
        """
        parser = EventParser(max_event_size)
        async for data in self._decoded_pieces():
            for event in parser.feed(data):
                yield event

    async def close(self) -> None:
        """Finish with the response; unread content is dropped, or its connection closed."""
        if self._arrival is not None:
            await self._run(self.close_flow())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            await self.close()
        else:
            self.abandon()
