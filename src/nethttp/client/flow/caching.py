"""A transport with a cache before it. It lies below authentication and cookies, and sees them."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable

from ...errors import ReadError, ReadTimeout, RequestError, StorageError
from ...net.effects import Flow, ending_by
from ...wire.fields import FieldLines
from ..caching.cache import Asked, Cache
from ..caching.fields import Pairs
from ..caching.flights import LONGEST_WAIT
from ..caching.flow import Beside, cached
from ..caching.recording import Recording
from ..caching.reply import Reply, Source
from ..caching.store import Store
from ..messages.arrival import Arrival
from ..messages.request import Request
from ..messages.timing import Marks
from ..policy.timeouts import Timeout
from .deadlines import Deadlines
from .exchange import DRAIN_WAIT, MAX_DRAIN
from .incoming import OnInterim
from .transport import Transport

__all__ = ["CachedArrival", "CachingTransport", "as_cache", "way_apart"]


def as_cache(cache: Cache | Store) -> Cache:
    """Return the cache of a client's argument `cache`: a store becomes one with the defaults.

    >>> from nethttp.client.caching.memory import MemoryCache
    >>> as_cache(MemoryCache()).partition_by
    ('authorization',)
    """
    return cache if isinstance(cache, Cache) else Cache(cache)


def way_apart(verify: object, *others: object) -> str:
    """Return `Asked.apart` for a client's settings: "" if it sends in the usual way.

    The usual way checks certificates by the system's authorities, and none of the `others` is set.
    A context of its own is known to one client alone, so that nothing is shared with another.

    >>> way_apart(True, None)
    ''
    >>> way_apart(False, None)
    '(False, (None,))'
    """
    if verify is True and not any(others):
        return ""
    known = verify if isinstance(verify, bool | str | os.PathLike) else secrets.token_hex(16)
    return repr((known, others))


class CachingTransport:
    """Answers requests from `cache`, or sends them by `transport`. RFC 9111.

    `apart` names how this transport sends, if not in the usual way (`Asked.apart`). `background`
    begins to run a flow in another thread or task, for stale-while-revalidate; without it such a
    response is validated first.
    """

    def __init__(
        self,
        transport: Transport,
        cache: Cache | Store,
        *,
        apart: str = "",
        background: Callable[[Flow[None]], object] | None = None,
    ) -> None:
        self.transport = transport
        self.cache = as_cache(cache)
        self._apart = apart
        self._background = background

    def send(
        self,
        request: Request,
        deadlines: Deadlines,
        marks: Marks,
        on_interim: OnInterim | None = None,
    ) -> Flow[Arrival]:
        """Return the response, once its head is there: see `Transport.send`.

        Raises:
            ReadTimeout: the store, or the same request of another, has taken the request's time.
        """
        origin = request.url.origin
        # As it is sent: without credentials and fragment, and with the program's own target.
        url = f"{origin.scheme}://{origin.authority}{request.target}"
        fields = tuple(request.headers.pairs)
        asked = Asked(request.method, url, fields, deadlines.total, deadlines.clock, self._apart)

        def send(conditions: Pairs) -> Flow[Reply]:
            return self._forward(request, conditions, deadlines, marks, on_interim)

        def send_beside(conditions: Pairs) -> Flow[Reply]:
            own = Deadlines(Timeout(LONGEST_WAIT), deadlines.clock)
            return self._forward(request, conditions, own, Marks(own.clock, own.began), None)

        beside = None if self._background is None else Beside(send_beside, self._background)
        try:
            reply = yield from cached(self.cache, asked, send, beside)
        except TimeoutError as error:
            raise _failure(error, "wait") from error
        source = reply.source
        if isinstance(source, _Received):
            # Nothing is stored of it, so nothing needs to see its content pass.
            return source.arrival
        if reply.from_cache and not marks.head:
            marks.head = deadlines.clock()
        return CachedArrival(reply, deadlines)

    def close(self) -> None:
        """Close the transport. The cache is its owner's to close, since clients may share it."""
        self.transport.close()

    def _forward(
        self,
        request: Request,
        conditions: Pairs,
        deadlines: Deadlines,
        marks: Marks,
        on_interim: OnInterim | None,
    ) -> Flow[Reply]:
        if conditions:
            request = request.copy()
            for name, value in conditions:
                request.headers.set(name, value)
        arrival = yield from self.transport.send(request, deadlines, marks, on_interim)
        source = _Received(arrival, deadlines.total)
        return Reply(arrival.status, arrival.reason, arrival.fields, source)


class _Received(Source):
    """The content of a response of the transport."""

    def __init__(self, arrival: Arrival, deadline: float) -> None:
        self.arrival = arrival
        self._deadline = deadline
        """The moment at which the transport ends its waits by itself."""

    def pull(self, deadline: float) -> Flow[bytes]:
        reading = self.arrival.read()
        return reading if deadline >= self._deadline else ending_by(reading, deadline)

    def close(self) -> None:
        self.arrival.abandon()


class CachedArrival:
    """A response from the cache, or one whose content is stored on its way."""

    def __init__(self, reply: Reply, deadlines: Deadlines) -> None:
        self._source = reply.source
        self._deadlines = deadlines
        received = self._received()
        self.version = 11 if received is None else received.version
        self.link = getattr(received, "link", None)
        self.status = reply.status
        self.reason = reply.reason
        self.fields: FieldLines = list(reply.fields)
        self.from_cache = reply.from_cache
        """Whether the content is a stored one, so that its cookies have been set before."""
        self.trailers: FieldLines = []
        """The trailer fields, once they are received; none, if the response is a stored one."""
        self.complete = False
        """Whether the content was read to its end."""

    def read(self) -> Flow[bytes]:
        """Return the next piece of content; b"" at the end.

        Raises:
            RequestError: the connection was lost, or the store has lost the rest.
        """
        return self._read(self._deadlines.total)

    def _read(self, deadline: float) -> Flow[bytes]:
        if self.complete:
            return b""
        try:
            piece = yield from self._source.pull(deadline)
        except (StorageError, TimeoutError) as error:
            raise _failure(error, "receive") from error
        if not piece:
            self.complete = True
            received = self._received()
            if received is not None:
                self.trailers = received.trailers
        return piece

    def read_all(self) -> Flow[bytes]:
        """Return the rest of the content."""
        pieces = []
        while piece := (yield from self.read()):
            pieces.append(piece)
        return b"".join(pieces)

    def drain(self) -> Flow[None]:
        """Return nothing, once a short rest was read: it is stored, its connection used again.

        At most `MAX_DRAIN` bytes are read for at most `DRAIN_WAIT` seconds, whatever the peer does.
        No error of the connection is raised.
        """
        left = 0 if self.from_cache else MAX_DRAIN
        deadline = self._deadlines.within(DRAIN_WAIT)
        try:
            while left > 0 and (piece := (yield from self._read(deadline))):
                left -= len(piece)
        except RequestError:
            pass
        self.abandon()

    def abandon(self) -> None:
        """Give up what was not read."""
        if not self.complete:
            self._source.close()

    def lose(self) -> None:
        """Do what `abandon` does, in a finaliser."""
        received = self._received()
        if isinstance(self._source, Recording):
            self._source.stop()
        else:
            self._source.close()
        if received is not None and not self.complete:
            received.lose()

    def _received(self) -> Arrival | None:
        """Return the transport's response; None if this one is stored."""
        source = self._source
        if isinstance(source, Recording) and isinstance(source.source, _Received):
            return source.source.arrival
        return None


def _failure(error: OSError, phase: str) -> RequestError:
    """Return a client's error for one of the store, or for a wait that took too long."""
    if isinstance(error, RequestError):
        return error
    if isinstance(error, TimeoutError):
        return ReadTimeout("expected the response in time, from the cache too", phase=phase)
    return ReadError(f"expected the rest of a stored response: {error}", phase=phase)
