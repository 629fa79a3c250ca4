"""Sends one request on a link, and watches for a response that is received before all is sent."""

from __future__ import annotations

from os import fstat
from typing import TYPE_CHECKING, Final

from ...errors import LocalProtocolError
from ...net.effects import Flow, Pull, Read, SendFile, Upload, Write
from ...status import HTTPStatus
from ...wire.h1.encoder import LAST_CHUNK, encode_chunk
from ...wire.h1.rules import INTERIM
from .incoming import Incoming

if TYPE_CHECKING:
    from ..content.upload import Body, FileSpan

__all__ = ["CONTINUE_WAIT", "Outgoing", "send"]

CONTINUE_WAIT: Final = 1.0
"""Seconds that the client waits for 100 (Continue) before it sends the content. RFC 9110 section
10.1.1 asks not to wait indefinitely, since many servers ignore the expectation."""

PIECE: Final = 65536
"""Content of at most so many bytes goes out together with its head; more, in such pieces."""


FILE_PIECE: Final = 1024 * 1024
"""How many bytes of a file the system is given to send at a time."""


class Outgoing:
    """A request as it is put on the wire."""

    # Without slots, so that a usual request sets two attributes of seven.
    content: bytes | Body = b""
    length: int | None = None
    """The declared length of the content in bytes; None: none was declared."""
    in_chunks = False
    """Whether the client puts the content in chunks."""
    expects = False
    """Whether the content is held back until the server asks for it."""
    persistent = True
    """Whether the request's fields let the connection outlive it."""
    short: bytes | None = None
    """The whole request, if it is sent in one piece."""

    def __init__(
        self,
        head: bytes,
        content: bytes | Body = b"",
        length: int | None = None,
        in_chunks: bool = False,
        expects: bool = False,
        persistent: bool = True,
    ) -> None:
        self.head = head
        """Request line and fields, with the empty line."""
        self.content = content
        self.length = length
        self.in_chunks = in_chunks
        self.expects = expects
        self.persistent = persistent
        if content == b"":
            self.short = head
        elif isinstance(content, bytes) and len(content) <= PIECE and not expects:
            self.short = head + content

    @classmethod
    def usual(cls, head: bytes) -> Outgoing:
        r"""Return a request without content, and with no field about the connection.

        >>> Outgoing.usual(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").persistent
        True
        """
        outgoing = cls.__new__(cls)
        outgoing.head = outgoing.short = head
        return outgoing


def send(outgoing: Outgoing, incoming: Incoming) -> Flow[bool]:
    """Send a request that is not `short`; return whether all of it was sent.

    False: the final head of a response was received first, so the server does not want the rest
    (RFC 9112 section 9.5); the connection ends with that response.

    Raises:
        LocalProtocolError: the content is not as long as its declared length.
    """
    incoming.phase = "send"
    yield Write(incoming.link, outgoing.head, incoming.deadlines.write())
    if outgoing.expects and not (yield from _is_wanted(incoming)):
        return False
    return (yield from _send_content(outgoing, incoming))


def _is_wanted(incoming: Incoming) -> Flow[bool]:
    """Wait for 100 (Continue), but not for long; return False if a final head was received."""
    deadline = incoming.deadlines.within(CONTINUE_WAIT)
    try:
        incoming.received = yield Read(incoming.link, deadline)
    except TimeoutError:
        if deadline == incoming.deadlines.total:
            raise
        return True  # many servers ignore the expectation
    while (yield from incoming.next_head()) == INTERIM:
        if incoming.status == HTTPStatus.CONTINUE:
            return True
    return False


def _send_content(outgoing: Outgoing, incoming: Incoming) -> Flow[bool]:
    content, left = outgoing.content, outgoing.length
    if isinstance(content, bytes):
        view = memoryview(content)
        for start in range(0, len(view), PIECE):
            if not (yield from _send_piece(view[start : start + PIECE], incoming)):
                return False
        return True
    span = content.span() if incoming.link.can_send_files and not outgoing.in_chunks else None
    if span is not None:
        return (yield from _send_file(span, incoming))
    source = content.pieces()
    while (piece := (yield Pull(source, incoming.deadlines.write()))) is not None:
        if left is not None:
            left -= len(piece)
            if left < 0:
                break
        data = encode_chunk(piece) if outgoing.in_chunks else piece
        if not (yield from _send_piece(data, incoming)):
            return False
    if left:
        got = "more" if left < 0 else f"{left} fewer"
        raise LocalProtocolError(
            f"expected {outgoing.length} bytes of content, as declared, got {got}"
        )
    return not outgoing.in_chunks or (yield from _send_piece(LAST_CHUNK, incoming))


def _send_file(span: FileSpan, incoming: Incoming) -> Flow[bool]:
    """Send a part of a file from the system's cache, which no byte of it leaves on the way."""
    file, start, left = span
    while left:
        if not incoming.received:
            # In pieces, so that the deadline is that of each wait, and not of the whole file.
            count = min(left, FILE_PIECE)
            deadline = incoming.deadlines.write()
            taken: int = yield SendFile(incoming.link, file, start, count, deadline)
            start += taken
            left -= taken
            if taken == count:
                continue
            if start >= fstat(file.fileno()).st_size:
                raise LocalProtocolError(
                    f"expected {span.size} bytes of content, as declared, got {left} fewer"
                )
        if (yield from incoming.next_head()) != INTERIM:
            return False
    return True


def _send_piece(data: bytes | memoryview, incoming: Incoming) -> Flow[bool]:
    """Send one piece; return False if a final head was received before all of it was sent."""
    while data:
        if not incoming.received:
            taken: int = yield Upload(incoming.link, data, incoming.deadlines.write())
            data = data[taken:]
            if not data:
                return True
        if (yield from incoming.next_head()) != INTERIM:
            return False
    return True
