"""A content that is stored while it streams through, and appears when its last byte is there."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ...errors import StorageError
from ...net.effects import Call, Flow
from .entry import Entry
from .reply import Source
from .store import PIECE, Key, Store

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
        self._held: list[bytes] = []
        self._held_size = 0
        self._size = 0
        self._written = 0
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
            entry = self._entry.stored_as(self._entry.content, self._size)
            part = entry.part
            if part is not None and part[1] - part[0] != self._size:
                # RFC 9110 section 14.4: a part of another length than it says is no part.
                self.stop()
                return
            last = b"".join(self._held)
            yield from self._do(lambda: self._store.commit(self._key, entry, last), deadline)
            self._finish()
            return
        self._size += len(data)
        if self._size > self._store.max_content:
            self.stop()
            return
        # The last piece is written by the commit, so a whole one stays here until more comes.
        while self._held_size + len(data) > PIECE:
            room = PIECE - self._held_size
            piece = b"".join([*self._held, data[:room]])
            data = data[room:]
            self._held.clear()
            self._held_size = 0
            yield from self._write_piece(piece, deadline)
        self._held.append(data)
        self._held_size += len(data)

    def _write_piece(self, piece: bytes, deadline: float) -> Flow[None]:
        content, number = self._entry.content, self._written
        yield from self._do(lambda: self._store.append(content, number, piece), deadline)
        self._written += 1

    def _do(self, function: Callable[[], object], deadline: float) -> Flow[None]:
        if self._store.waits:
            yield Call(function, deadline)
        else:
            function()

    def stop(self) -> None:
        """Store nothing of the content; what is still pulled goes to the reader alone."""
        if not self._open:
            return
        if self._written and not self._store.waits:
            self._store.discard(self._entry.content)
        # A store that waits removes unfinished contents by itself, after their grace.
        self._finish()

    def _finish(self) -> None:
        self._open = False
        self._held.clear()
        self._done()
