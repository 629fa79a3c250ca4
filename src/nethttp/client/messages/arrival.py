"""`Arrival`: a response as it comes from below, before it is the program's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ...net.effects import Flow
from ...wire.fields import FieldLines

if TYPE_CHECKING:
    from ...net.link import Link

__all__ = ["Arrival", "WireArrival"]


class Arrival(Protocol):
    """A response whose content is still to be read, from a connection or from an application."""

    version: int
    """10, 11, 20."""
    status: int
    reason: str
    trailers: FieldLines
    complete: bool
    """Whether the content was received to its end."""

    @property
    def fields(self) -> FieldLines:
        """The fields of the head."""
        ...

    def read(self) -> Flow[bytes]:
        """Return the next piece of content; b"" at the end."""
        ...

    def read_all(self) -> Flow[bytes]:
        """Return the rest of the content."""
        ...

    def drain(self) -> Flow[None]:
        """Return nothing, once a short rest was dropped so that its connection can be used."""
        ...

    def abandon(self) -> None:
        """Give up what was not received."""
        ...

    def lose(self) -> None:
        """Do the same in a finaliser, which may run at any moment in any thread."""
        ...


class WireArrival(Arrival, Protocol):
    """An arrival on a connection, whose usual heads need not be parsed."""

    head: bytes | None
    """A usual head whose fields are not parsed."""
    plain: bool
    """Whether that head has neither Set-Cookie nor Content-Encoding."""
    link: Link

    def take_content(self) -> bytes:
        """Return the content of a `complete` arrival."""
        ...
