"""`Answer`: a response that an application in this process gives, read as one from a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ...errors import InvalidResponse
from ...net.effects import Flow
from ...wire.fields import FieldLines
from ...wire.h1.head import parse_request_head, serialise_fields
from ...wire.h1.rules import judge_response
from ..flow.head import outgoing_of

if TYPE_CHECKING:
    from ..messages.request import Request

__all__ = ["Answer", "Source", "head_on_the_wire"]


def head_on_the_wire(request: Request) -> tuple[str, str, FieldLines]:
    """Return method, target and fields of a request as a server would receive them.

    With Host, and with Content-Length or Transfer-Encoding, since it is made and parsed as there.

    Raises:
        LocalProtocolError: the request cannot be put on the wire.
    """
    method, target, _, fields = parse_request_head(outgoing_of(request, request.target).head)
    return method, target, fields


class Source(Protocol):
    """The content of an answer while the application makes it."""

    trailers: FieldLines
    """A list that grows when the application sends trailer fields."""

    def next_piece(self) -> Flow[bytes | None]:
        """Return the next piece, which may be empty; None at the end."""
        ...

    def close(self) -> None:
        """Tell the application that no more is read; nothing is awaited."""
        ...


class Answer:
    """A response whose content is still in an application.

    Its length is judged as that of a message on the wire: what a HEAD request or a status such as
    204 has no place for is dropped, and a Content-Length that is not kept is an error.

    Raises:
        LocalProtocolError: a field has a name or a value that cannot be sent.
        RemoteProtocolError: the Content-Length is not valid.
    """

    def __init__(
        self, method: str, status: int, reason: str, fields: FieldLines, source: Source
    ) -> None:
        serialise_fields(fields)
        self.version = 11
        self.status = status
        self.reason = reason
        self.fields = fields
        self.trailers = source.trailers
        """The trailer fields that the application has sent so far."""
        self.complete = False
        """Whether the application has given all of it."""
        self._source = source
        framing = judge_response(method, self.version, status, fields).framing
        self._length = framing if framing >= 0 else None
        self._given = 0

    def read(self) -> Flow[bytes]:
        """Return the next piece of content; b"" at the end.

        Raises:
            InvalidResponse: there is less or more content than Content-Length says.
        """
        while not self.complete:
            piece = yield from self._source.next_piece()
            if piece is None:
                self._end()
            elif piece and self._length != 0:
                self._count(piece)
                return piece
        return b""

    def read_all(self) -> Flow[bytes]:
        """Return the rest of the content; errors as `read`."""
        pieces = []
        while piece := (yield from self.read()):
            pieces.append(piece)
        return b"".join(pieces)

    def drain(self) -> Flow[None]:
        """Return at once, and give the rest up: no connection is to be kept."""
        self.abandon()
        return
        yield

    def abandon(self) -> None:
        """Tell the application that the client has gone, unless it has ended."""
        if not self.complete:
            self.complete = True
            self._source.close()

    lose = abandon

    def _end(self) -> None:
        self.complete = True
        self._source.close()
        if self._length is not None and self._given < self._length:
            raise InvalidResponse(
                f"expected {self._length} bytes of content, as Content-Length says, got"
                f" {self._given}",
                phase="receive",
            )

    def _count(self, piece: bytes) -> None:
        self._given += len(piece)
        if self._length is not None and self._given > self._length:
            self.abandon()
            raise InvalidResponse(
                f"expected {self._length} bytes of content, as Content-Length says, got more",
                phase="receive",
            )
