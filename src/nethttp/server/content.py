"""`Content`: what came with a request that had come whole, as the file that its handler reads."""

from __future__ import annotations

from io import BytesIO
from typing import Any

__all__ = ["Content"]


class Content(BytesIO):
    """The content of `handler`'s request, with what a connection's buffered file has as well."""

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
