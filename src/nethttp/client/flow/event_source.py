"""`EventFlow`: the events of a URL, over as many connections as it takes.

HTML Standard, section 9.2, "Server-sent events": a client that has lost the stream waits, connects
again, and says by Last-Event-ID what it has seen.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Generic

from ...errors import (
    AddressRefused,
    InvalidResponse,
    RequestError,
    TLSError,
    TransportError,
    excerpt,
)
from ...net.effects import Flow, Sleep
from ...wire.values import parse_media_type
from ..content.events import EVENT_STREAM, EventParser, ServerSentEvent
from ..policy.retries import retry_after
from .call import ResponseT

__all__ = ["MAX_DELAY", "RETRY", "EventFlow"]

RETRY: Final = 3.0
"""Seconds before the next connection, unless the stream or the program says otherwise."""

MAX_DELAY: Final = 3600.0
"""The most seconds before the next connection, whatever the stream says."""

_MAX_BACKOFF: Final = 60.0
"""The most seconds that failures in a row add up to."""

#: Statuses that say that a later attempt may succeed. RFC 9110 sections 15.5 and 15.6, RFC 6585.
_PASSING: Final = frozenset({429, 500, 502, 503, 504})

#: Errors that another attempt would meet again.
_LASTING: Final = (TLSError, AddressRefused)


class EventFlow(Generic[ResponseT]):
    """Reads events, and connects again when the stream ends.

    `call` sends the request with more header fields. The first connection is not tried again: its
    error is the program's. After a connection that was lost, the next one follows in `retry`
    seconds, or in what the stream says; after failures in a row, in twice that each time, up to a
    minute, and at a random moment within it. A status of 204 ends the stream for good.
    `max_event_size` is in bytes.
    """

    def __init__(
        self,
        call: Callable[[dict[str, str]], Flow[ResponseT]],
        *,
        last_event_id: str,
        reconnects: bool,
        max_event_size: int,
        retry: float,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._call = call
        self._reconnects = reconnects
        self._most = max_event_size
        self._retry = retry
        self._clock = clock
        self._chance = chance
        self._parser = EventParser(max_event_size, last_event_id=last_event_id)
        self._ready: deque[ServerSentEvent] = deque()
        self._has_connected = False
        self._ended = False
        self._failures = 0
        self.response: ResponseT | None = None
        """The response that the events come from; None between two."""

    @property
    def last_event_id(self) -> str:
        """What the next connection would say that it has seen."""
        return self._parser.last_event_id

    def next(self) -> Flow[ServerSentEvent | None]:
        """Return the next event; None when there will be no more.

        Raises:
            StatusError: the server has answered with an error that lasts.
            InvalidResponse: the response is no event stream.
            ResponseTooLarge: an event is too large.
            RequestError: the first connection failed, or the stream was lost and no other follows.
        """
        try:
            while not self._ready and not self._ended:
                if self.response is None:
                    yield from self._connect()
                else:
                    yield from self._read(self.response)
        except Exception:
            self.abandon()
            raise
        except BaseException:
            # The program does not wait any longer; when it asks again, a new connection goes on.
            response, self.response = self.response, None
            if response is not None:
                response.abandon()
            raise
        return self._ready.popleft() if self._ready else None

    def close(self) -> Flow[None]:
        """Return nothing, once the connection was closed; there are no more events."""
        self._ended = True
        response, self.response = self.response, None
        if response is not None:
            yield from response.close_flow()

    def abandon(self) -> None:
        """Close the connection at once; there are no more events."""
        self._ended = True
        response, self.response = self.response, None
        if response is not None:
            response.abandon()

    # --- one connection ---

    def _connect(self) -> Flow[None]:
        headers = {"Accept": EVENT_STREAM, "Cache-Control": "no-store"}
        if self.last_event_id:
            # The standard sends it in UTF-8; fields are text in ISO-8859-1.
            headers["Last-Event-ID"] = self.last_event_id.encode().decode("latin-1")
        try:
            response = yield from self._call(headers)
        except TransportError as error:
            yield from self._wait_after(error)
            return
        self.response = response
        if response.status_code == 204:
            yield from self.close()
        elif response.status_code in _PASSING and self._has_connected and self._reconnects:
            asked = retry_after(response.headers, time.time())
            self.response = None
            yield from response.close_flow()
            yield from self._wait(asked or 0.0, failed=True)
        else:
            response.raise_for_status()
            self._see_that_it_is_a_stream(response)
            self._begin(response)

    def _begin(self, response: ResponseT) -> None:
        retry = self._parser.retry
        self._parser = EventParser(self._most, last_event_id=self.last_event_id)
        self._parser.retry = retry
        self._decoder = response.decoder()
        self._has_connected = True
        self._failures = 0

    def _read(self, response: ResponseT) -> Flow[None]:
        try:
            data = yield from response.next_raw_flow()
        except TransportError as error:
            self.response = None
            yield from self._wait_after(error)
            return
        for piece in response.decoded(self._decoder, data):
            self._ready.extend(self._parser.feed(piece))
        if not data:
            self.response = None
            if self._reconnects:
                yield from self._wait(0.0, failed=False)
            else:
                self._ended = True

    def _see_that_it_is_a_stream(self, response: ResponseT) -> None:
        content_type = response.headers.get("content-type") or ""
        media_type = parse_media_type(content_type)
        if response.status_code != 200 or media_type is None or media_type[0] != EVENT_STREAM:
            raise InvalidResponse(
                f"expected status 200 and {EVENT_STREAM}, got {response.status_code} and"
                f" {excerpt(content_type)}",
                phase="wait",
            ).about(response.request)

    # --- between two ---

    def _wait_after(self, error: RequestError) -> Flow[None]:
        if not self._reconnects or not self._has_connected or isinstance(error, _LASTING):
            raise error
        yield from self._wait(0.0, failed=True)

    def _wait(self, asked: float, failed: bool) -> Flow[None]:
        """Wait for what the stream or the program says, or for `asked` seconds if that is more."""
        delay = self._retry if self._parser.retry is None else self._parser.retry / 1000
        if failed:
            self._failures += 1
        if self._failures > 1:
            longest = max(delay, min(delay * 2 ** (self._failures - 1), _MAX_BACKOFF))
            delay += (longest - delay) * self._chance()
        yield Sleep(self._clock() + min(max(delay, asked), MAX_DELAY))
