"""What `rfile` reads besides content that arrives on the connection.

`Content` is the content of a request that was received completely; `OfferedProtocol` is what may
follow a request that offers to switch to another protocol.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

from ...wire.h1.body import CloseDecoder, LengthDecoder
from ...wire.h1.reader import BodyReader, Source

__all__ = ["Content", "OfferedProtocol"]


class Content(BytesIO):
    """The content of `handler`'s request, with the attributes of a connection's buffered file.

    Programs use `rfile.raw` and the like, which `BytesIO` does not have.
    """

    __slots__ = ("handler",)

    handler: Any

    @property
    def raw(self) -> Content:
        """This file itself, because it has no other file below it."""
        return self

    def peek(self, _size: int = 0, /) -> bytes:
        """Return what is left, without moving the position."""
        return bytes(self.getbuffer()[self.tell() :])

    def fileno(self) -> int:
        """Return the connection's descriptor; the socket blocks from here on."""
        number: int = self.handler.connection.fileno()
        return number


class OfferedProtocol(BodyReader):
    """Empty until `is_taken` returns True; then all that arrives on the connection.

    The switch may happen while a program reads, because the program itself answers the offer.
    """

    __slots__ = ("_is_taken",)

    def __init__(self, source: Source, is_taken: Callable[[], bool]) -> None:
        super().__init__(source, LengthDecoder(0))
        self._is_taken = is_taken

    def _advance(self) -> int:
        if not isinstance(self.decoder, CloseDecoder) and self._is_taken():
            self.decoder = CloseDecoder()
        return super()._advance()
