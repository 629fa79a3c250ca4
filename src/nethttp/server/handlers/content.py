"""What handlers read where it is not a request's content off the connection.

`Content` is the content of a request that was received whole; `OfferedProtocol` what may follow a
request that offers to go on in another protocol.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

from ...wire.h1.body import CloseDecoder, LengthDecoder
from ...wire.h1.reader import BodyReader, Source

__all__ = ["Content", "OfferedProtocol"]


class Content(BytesIO):
    """The content of `handler`'s request, with what a connection's buffered file has as well.

    Programs ask `rfile` for `raw` and the like, so a file of bytes alone would not do.
    """

    __slots__ = ("handler",)

    handler: Any

    @property
    def raw(self) -> Content:
        """This file: nothing is behind it that it has read ahead of."""
        return self

    def peek(self, _size: int = 0, /) -> bytes:
        """Return what is left, without taking it."""
        return bytes(self.getbuffer()[self.tell() :])

    def fileno(self) -> int:
        """Return the connection's descriptor; the socket blocks from here on."""
        number: int = self.handler.connection.fileno()
        return number


class OfferedProtocol(BodyReader):
    """No content, until the offer `is_taken`: from then on, all that comes on the connection."""

    __slots__ = ("_is_taken",)

    def __init__(self, source: Source, is_taken: Callable[[], bool]) -> None:
        super().__init__(source, LengthDecoder(0))
        self._is_taken = is_taken

    def _advance(self) -> int:
        if not isinstance(self.decoder, CloseDecoder) and self._is_taken():
            self.decoder = CloseDecoder()
        return super()._advance()
