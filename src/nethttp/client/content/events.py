r"""``text/event-stream``: server-sent events, read as they arrive.

The format is that of the HTML Standard, section 9.2.6, "Interpreting an event stream".

>>> parser = EventParser()
>>> list(parser.feed(b"event: tick\ndata: 1\n\nid: 7\nda"))
[ServerSentEvent(event='tick', data='1', id='', retry=None)]
>>> list(parser.feed(b"ta: 2\n\n"))
[ServerSentEvent(event='message', data='2', id='7', retry=None)]
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ...errors import ResponseTooLarge

__all__ = ["EVENT_STREAM", "MAX_EVENT_SIZE", "EventParser", "ServerSentEvent"]

EVENT_STREAM = "text/event-stream"

MAX_EVENT_SIZE = 1024 * 1024
"""The most bytes of one event, unless a program says otherwise."""

#: A time to reconnect with more digits is ignored: 10 ** 9 milliseconds are eleven days.
_RETRY = re.compile("[0-9]{1,9}")


class ServerSentEvent(NamedTuple):
    """One event of a stream."""

    event: str = "message"
    """Its type."""
    data: str = ""
    """Its data; several lines are joined by "\\n"."""
    id: str = ""
    """The last id that the stream has named, by this event or by one before."""
    retry: int | None = None
    """How many milliseconds a client shall wait before it reconnects, if this event says so."""

    def json(self, *, loads: Callable[[str], Any] = json.loads) -> Any:
        """Return the data as JSON, parsed by `loads`.

        >>> ServerSentEvent(data='{"n": 1}').json()
        {'n': 1}

        Raises:
            ValueError: the data is not JSON.
        """
        return loads(self.data)


class EventParser:
    """Makes events of the bytes of a stream, however they are split, in linear time.

    An event is given out when the empty line behind it arrives. An event that the end of the stream
    cuts off is never given out, and an event without data neither, as in browsers. No line, and no
    event's data, has more than `max_event_size` bytes.
    """

    def __init__(self, max_event_size: int = MAX_EVENT_SIZE, *, last_event_id: str = "") -> None:
        self.last_event_id = last_event_id
        """What the header field Last-Event-ID of the next connection says; "" for none."""
        self.retry: int | None = None
        """How many milliseconds to wait before the next connection, if the stream has said so."""
        self._most = max_event_size
        self._line: list[bytes] = []  # what has arrived of a line; joined once, at its end
        self._size = 0  # of the line and the data
        self._after_cr = False
        self._at_start = True
        self._retry: int | None = None
        self._begin_event()

    def feed(self, data: bytes) -> Iterator[ServerSentEvent]:
        """Yield the events that `data` completes.

        Raises:
            ResponseTooLarge: an event has more than `max_event_size` bytes.
        """
        if self._after_cr and data:
            # A CR ended its line at once, so the LF of the same line end is passed over now.
            self._after_cr = False
            data = data.removeprefix(b"\n")
        # The lines of bytes end with CR, LF or CRLF, and with nothing else: as here.
        for line in data.splitlines(keepends=True):
            self._size += len(line)
            if self._size > self._most:
                raise self._too_large()
            self._line.append(line)
            if line[-1] in b"\r\n":
                whole = b"".join(self._line).rstrip(b"\r\n")
                self._line.clear()
                event = self._end_line(whole)
                if event is not None:
                    yield event
        if data:
            self._after_cr = data[-1] == ord("\r")

    def _end_line(self, line: bytes) -> ServerSentEvent | None:
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line:
            return self._end_event()
        name, _, value = line.decode("utf-8", "replace").partition(":")
        self._field(name, value.removeprefix(" "))
        # What is kept of an event is its data; a comment or another field leaves nothing behind.
        self._size = self._data_size
        return None

    def _field(self, name: str, value: str) -> None:
        if name == "data":
            self._data.append(value)
            self._data_size = self._size
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and _RETRY.fullmatch(value):
            self.retry = self._retry = int(value)

    def _end_event(self) -> ServerSentEvent | None:
        self.last_event_id = self._id
        event = None
        if self._data:
            data = "\n".join(self._data)
            event = ServerSentEvent(self._event or "message", data, self._id, self._retry)
        self._begin_event()
        return event

    def _begin_event(self) -> None:
        self._event = ""
        self._data: list[str] = []
        self._data_size = 0
        self._retry = None
        self._id = self.last_event_id
        self._size = 0

    def _too_large(self) -> ResponseTooLarge:
        error = ResponseTooLarge(
            f"expected events of at most {self._most} bytes, got a larger one", phase="decode"
        )
        error.limit = self._most
        return error
