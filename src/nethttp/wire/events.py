"""What a sans-I/O connection says of the bytes that it receives, and is told to send.

Nothing in here belongs to one version of HTTP: a message is a head, pieces of content, and an end,
however they are framed.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from .fields import FieldLines

__all__ = [
    "NEED_DATA",
    "PAUSED",
    "Closed",
    "Data",
    "EndOfMessage",
    "Event",
    "NoEvent",
    "Request",
    "Response",
]


class Request(NamedTuple):
    """The head of a request, received or to be sent."""

    method: str
    target: str
    fields: FieldLines
    version: int = 11
    expects_continue: bool = False
    """Whether the client sends its content only after an interim response 100 (Continue)."""


class Response(NamedTuple):
    """The head of a response, received or to be sent; a status below 200 is interim.

    `version` is 10 (HTTP/1.0) or 11. RFC 9110 section 15.
    """

    status: int
    reason: str
    fields: FieldLines
    version: int = 11


class Data(NamedTuple):
    """A piece of content: decoded, so without the lines of chunks."""

    content: bytes


class EndOfMessage(NamedTuple):
    """The message is complete. Trailers are the fields behind chunked content, else there are
    none.
    """

    trailers: FieldLines


class Closed(NamedTuple):
    """The peer ended the connection between two messages, as RFC 9112 section 9.5 allows."""


Event = Request | Response | Data | EndOfMessage | Closed


class NoEvent(Enum):
    """Why there is no event: more bytes are needed, or the other side's message must end first.

    In a pause what was received stays in the buffer, so requests are answered one after the other.
    """

    NEED_DATA = "NEED_DATA"
    PAUSED = "PAUSED"


NEED_DATA: Final = NoEvent.NEED_DATA
"""No complete event is buffered: receive more bytes and ask again. No other result calls for
reading."""

PAUSED: Final = NoEvent.PAUSED
"""The message is complete; what follows waits for the next cycle."""
