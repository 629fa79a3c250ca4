"""The flow of one request through a cache, around the flow that sends it to the origin.

Content that may be stored is written on its way through. One request asks the origin whether a
stored response is still true; those that want the same meanwhile wait for its answer. A store that
fails is a cache without entries: the request goes to the origin.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from ...errors import HTTPException
from ...net.effects import Flow
from .cache import Asked, Cache
from .entry import Entry
from .fields import Pairs, joined, values_of
from .flights import LONGEST_WAIT, Flight
from .invalidation import invalidated_urls
from .recording import Recording
from .reply import EmptySource, Reply, Source, StoredSource
from .reuse import ERROR_STATUSES, Decision, Step, answer_from, decide, helps_on_error
from .storing import entry_to_store
from .validation import confirmed_by, freshened, head_shows_change

__all__ = ["Beside", "Send", "cached"]

log = logging.getLogger(__name__)

Send = Callable[[Pairs], Flow[Reply]]
"""Sends the request with these fields added, and returns its response with the head received."""

#: What turns a request into a question whether its stored response is true.
_ASK = ("Cache-Control", "no-cache")


class Beside(NamedTuple):
    """How a stored response is validated beside the request that it answers. RFC 5861 section 3."""

    send: Send
    """Sends the request, with a deadline of its own: `LONGEST_WAIT`."""
    run: Callable[[Flow[None]], object]
    """Begins to run a flow, in another thread or task, and returns."""


def cached(cache: Cache, asked: Asked, send: Send, beside: Beside | None = None) -> Flow[Reply]:
    """Return the response to a request, from the store or by `send`. RFC 9111 section 4.

    Without `beside`, stale-while-revalidate is not used: such a response is validated first.

    Raises:
        Exception: that of `send`, if no stored response may be given in its place.
    """
    return (yield from _Request(cache, asked, send, beside).answer())


class _Request:
    """One request, the stored responses of its URL, and the flight that it leads."""

    def __init__(self, cache: Cache, asked: Asked, send: Send, beside: Beside | None) -> None:
        self._cache = cache
        self._asked = asked
        self._send = send
        self._beside = beside
        self._key = cache.key_of(asked)
        self._variants: list[Entry] = []
        self._flight: Flight | None = None

    def answer(self) -> Flow[Reply]:
        if self._asked.method not in ("GET", "HEAD"):
            return (yield from self._passed())
        try:
            decision = yield from self._decided()
            return (yield from self._by(decision))
        except BaseException:
            self._land()
            raise

    def _decided(self) -> Flow[Decision]:
        """Return what to do; wait first for the same question of another request."""
        began = self._cache.now()
        decision = yield from self._looked_up()
        if decision.step is not Step.VALIDATE:
            return decision
        flying = (self._key, self._asked.method, self._asked.fields)
        self._flight = self._cache.flights.lead(flying)
        if self._flight is not None:
            return decision
        yield from self._cache.flights.wait(flying, self._asked.deadline, self._asked.clock)
        decision = yield from self._looked_up()
        entry = decision.entry
        if decision.step is Step.VALIDATE and entry is not None and entry.received_at >= began:
            # RFC 9111 section 4: one response may be used for requests made at the same time.
            return Decision(Step.ANSWER, entry)
        return decision

    def _looked_up(self) -> Flow[Decision]:
        asked = self._asked
        self._variants = yield from self._cache.variants(self._key, asked.deadline)
        return decide(asked.method, asked.fields, self._variants, self._cache.now())

    def _question(self) -> Decision:
        """Return what to do if no stored response is used before the origin confirms it."""
        fields = (*self._asked.fields, _ASK)
        return decide(self._asked.method, fields, self._variants, self._cache.now())

    def _by(self, decision: Decision) -> Flow[Reply]:
        entry = decision.entry
        if decision.step is Step.REFUSE:
            return Reply(504, "Gateway Timeout", (("Content-Length", "0"),), EmptySource())
        if decision.step is Step.ANSWER_AND_VALIDATE and entry is not None:
            if self._beside is None:
                return (yield from self._asked_of_origin(self._question()))
            self._ask_beside(self._beside)
        if decision.step in (Step.ANSWER, Step.ANSWER_AND_VALIDATE) and entry is not None:
            reply = yield from self._stored(entry)
            # None: another process has just removed the content.
            return reply or (yield from self._asked_of_origin(Decision(Step.FETCH)))
        return (yield from self._asked_of_origin(decision))

    # --- the origin ---

    def _asked_of_origin(self, decision: Decision) -> Flow[Reply]:
        """Return the origin's response, or a stored one that it confirms."""
        requested_at = self._cache.now()
        try:
            reply = yield from self._send(decision.conditions)
        except (OSError, HTTPException):
            instead = yield from self._instead_of_error(decision.entry)
            if instead is None:
                raise
            return instead
        received_at = self._cache.now()
        if reply.status in ERROR_STATUSES:
            instead = yield from self._instead_of_error(decision.entry)
            if instead is not None:
                reply.source.close()
                return instead
        if reply.status == 304 and decision.conditions:
            confirmed = confirmed_by(reply.fields, decision.entry, self._variants)
            # It has no content, so its connection is kept.
            reply.source.close()
            stored = None
            if confirmed is not None:
                entry = freshened(confirmed, reply.fields, requested_at, received_at)
                yield from self._cache.update(self._key, entry, self._asked.deadline)
                stored = yield from self._stored(entry, confirmed=True)
            self._land()
            # None: what was confirmed is not known, or has been removed meanwhile.
            return stored or (yield from self._asked_of_origin(Decision(Step.FETCH)))
        yield from self._learn(reply, decision.entry, requested_at, received_at)
        return self._recorded(reply, requested_at, received_at)

    def _learn(
        self, reply: Reply, entry: Entry | None, requested_at: float, received_at: float
    ) -> Flow[None]:
        """Take from a head what it says of the stored response. RFC 9111 sections 4.3.4, 4.3.5."""
        if entry is None:
            return
        deadline = self._asked.deadline
        fresh = freshened(entry, reply.fields, requested_at, received_at)
        if self._asked.method == "HEAD" and reply.status == 200 and entry.status == 200:
            if head_shows_change(entry, reply.fields):
                yield from self._cache.remove([self._key.url], deadline)
            else:
                yield from self._cache.update(self._key, fresh, deadline)
        elif reply.status == 304 and _same_version(entry, reply.fields):
            yield from self._cache.update(self._key, fresh, deadline)

    def _passed(self) -> Flow[Reply]:
        """Send a request that no stored response answers, and forget what it makes untrue."""
        requested_at = self._cache.now()
        asked = self._asked
        reply = yield from self._send(())
        urls = invalidated_urls(asked.method, asked.url, reply.status, reply.fields)
        if urls:
            yield from self._cache.remove(urls, asked.deadline)
        return self._recorded(reply, requested_at, self._cache.now())

    def _recorded(self, reply: Reply, requested_at: float, received_at: float) -> Reply:
        """Return the response; if it may be stored, its content is stored on its way."""
        method, url, fields = self._asked[:3]
        head = (reply.status, reply.reason, reply.fields)
        entry = entry_to_store(method, url, fields, *head, requested_at, received_at)
        length = joined(reply.fields, "content-length") or ""
        too_long = length.isdigit() and int(length[:19]) > self._cache.store.max_content
        if entry is None or too_long:
            self._land()
            return reply
        entry = replace(entry, content=secrets.token_hex(12))
        # Another method than GET has just removed what was stored, and its response is the new one.
        since = requested_at if method == "GET" else received_at
        reply.source = Recording(reply.source, self._cache, self._key, entry, since, self._land)
        return reply

    # --- the store ---

    def _stored(self, entry: Entry, *, confirmed: bool = False) -> Flow[Reply | None]:
        """Return a stored response; None if its content is gone."""
        asked, now = self._asked, self._cache.now()
        answer = answer_from(entry, asked.method, asked.fields, now, confirmed=confirmed)
        source: Source = EmptySource()
        if answer.piece is not None and answer.piece.start < answer.piece.stop:
            content = yield from self._cache.open(self._key, entry, asked.deadline)
            if content is None:
                return None
            offset = 0 if entry.part is None else entry.part[0]
            source = StoredSource(content, answer.piece, offset, waits=self._cache.store.waits)
        return Reply(answer.status, answer.reason, answer.fields, source, from_cache=True)

    def _instead_of_error(self, entry: Entry | None) -> Flow[Reply | None]:
        """Return the stored response to give in the place of an error, None if there is none."""
        default = self._cache.stale_if_error
        if entry is None or not helps_on_error(
            entry, self._asked.fields, self._cache.now(), default
        ):
            return None
        reply = yield from self._stored(entry)
        if reply is not None:
            self._land()
        return reply

    # --- the question in the background ---

    def _ask_beside(self, how: Beside) -> None:
        """Ask the origin in the background, unless a request is asking already."""
        deadline = self._asked.clock() + LONGEST_WAIT
        beside = _Request(self._cache, self._asked._replace(deadline=deadline), how.send, None)
        beside._variants = self._variants
        flying = (self._key, self._asked.method, self._asked.fields)
        beside._flight = self._cache.flights.lead(flying)
        if beside._flight is None:
            return
        try:
            how.run(beside._renewal())
        except BaseException:
            beside._land()
            raise

    def _renewal(self) -> Flow[None]:
        """Ask the origin, and store what it sends."""
        try:
            reply = yield from self._asked_of_origin(self._question())
            if isinstance(reply.source, Recording):
                yield from reply.source.record_rest(self._asked.deadline)
            else:
                # It is a stored one, or one that is not stored: nobody reads it.
                reply.source.close()
        except (OSError, HTTPException) as error:
            log.info("%s: not validated in the background: %s", self._asked.url, error)
        finally:
            self._land()

    def _land(self) -> None:
        """Let those go on that wait for this request's answer."""
        if self._flight is not None:
            self._flight.land()
            self._flight = None


def _same_version(entry: Entry, fields: Sequence[tuple[str, str]]) -> bool:
    """Return whether a 304 to the program's own condition is about this stored response."""
    for name in ("etag", "last-modified"):
        there = values_of(fields, name)
        if there:
            return there == values_of(entry.fields, name)
    return False
