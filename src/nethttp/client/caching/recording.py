"""A content that is stored while it streams through, and appears when its last byte is there."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ...errors import StorageError
from ...net.effects import Call, Flow
from .entry import Entry
from .reply import Source
from .store import PIECE, SMALL, Key, Store

__all__ = ["Recording"]

log = logging.getLogger(__name__)


class Recording(Source):
    """The source of a response whose content is stored on its way.

    A content that ends early, exceeds the store's bound or cannot be written is not stored, and
    reaches its reader all the same. `done` is called once, when it is known whether it is stored.
    """

    def __init__(
        self, source: Source, store: Store, key: Key, entry: Entry, done: Callable[[], object]
    ) -> None:
        self.source = source
        """Where the content comes from."""
        self._store = store
        self._key = key
        self._entry = entry
        self._done = done
        self._held: list[bytes | bytearray] = []
        self._held_size = 0
        self._written = 0
        """Bytes that were given to the store."""
        self._open = True

    def pull(self, deadline: float) -> Flow[bytes]:
        try:
            data = yield from self.source.pull(deadline)
        except BaseException:
            self.stop()
            raise
        if self._open:
            try:
                yield from self._keep(data, deadline)
            except (StorageError, TimeoutError) as error:
                log.warning("the response is not stored: %s", error)
                self.stop()
            except BaseException:
                self.stop()
                raise
        return data

    def record_rest(self, deadline: float) -> Flow[None]:
        """Receive the rest for the store alone, and no more than is stored."""
        try:
            while self._open:
                yield from self.pull(deadline)
        finally:
            self.close()

    def close(self) -> None:
        self.source.close()
        self.stop()

    def _keep(self, data: bytes, deadline: float) -> Flow[None]:
        if not data:
            size = self._written + self._held_size
            entry = self._entry.stored_as(self._entry.content, size)
            part = entry.part
            if part is not None and part[1] - part[0] != size:
                # RFC 9110 section 14.4: a part of another length than it says is no part.
                self.stop()
                return
            start, pieces = self._written, self._taken()
            commit = self._store.commit
            yield from self._do(lambda: commit(self._key, entry, start, pieces), deadline)
            self._finish()
            return
        if self._written + self._held_size + len(data) > self._store.max_content:
            self.stop()
            return
        self._hold(data)
        if self._held_size >= PIECE:
            content, start, pieces = self._entry.content, self._written, self._taken()
            yield from self._do(lambda: self._store.append(content, start, pieces), deadline)

    def _hold(self, data: bytes) -> None:
        """Keep a piece until there are enough to be written; only a small one is copied."""
        held = self._held
        if len(data) >= SMALL:
            held.append(data)
        elif held and isinstance(held[-1], bytearray):
            held[-1] += data
        else:
            held.append(bytearray(data))
        self._held_size += len(data)

    def _taken(self) -> list[bytes]:
        """Return what was held; the store has it now."""
        pieces = [bytes(piece) for piece in self._held]  # of bytes it is no copy
        self._written += self._held_size
        self._held.clear()
        self._held_size = 0
        return pieces

    def _do(self, function: Callable[[], object], deadline: float) -> Flow[None]:
        if self._store.waits:
            yield Call(function, deadline)
        else:
            function()

    def stop(self) -> None:
        """Store nothing of the content; what is still pulled goes to the reader alone."""
        if not self._open:
            return
        if self._written:
            self._store.discard(self._entry.content)
        self._finish()

    def _finish(self) -> None:
        self._open = False
        self._held.clear()
        self._done()
