"""The events of a sans-I/O connection: it makes them from received bytes, and bytes from them.

They fit every version of HTTP: a message is a head, pieces of content, and an end, however they are
framed.
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
    """A piece of content, decoded: without the lines that frame chunks."""

    content: bytes


class EndOfMessage(NamedTuple):
    """The message is complete.

    `trailers` are the fields behind chunked content; the list is empty for any other content.
    """

    trailers: FieldLines


class Closed(NamedTuple):
    """The peer ended the connection between two messages, as RFC 9112 section 9.5 allows."""


Event = Request | Response | Data | EndOfMessage | Closed


class NoEvent(Enum):
    """Why there is no event: more bytes are needed, or the other side's message must end first.

    During a pause, received bytes stay in the buffer, so requests are answered one at a time.
    """

    NEED_DATA = "NEED_DATA"
    PAUSED = "PAUSED"


NEED_DATA: Final = NoEvent.NEED_DATA
"""No complete event is buffered: receive more bytes and ask again. No other result calls for
reading."""

PAUSED: Final = NoEvent.PAUSED
"""The message is complete; the bytes behind it stay buffered until `next_cycle` is called."""
