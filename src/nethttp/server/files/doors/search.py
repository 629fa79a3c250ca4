"""``?q=``: looks for names in a directory and all below it, and sends what it finds while it looks.

A search is bounded in time, entries and depth, and only so many run at once. It follows no link,
so it has no loop.
"""

from __future__ import annotations

import errno
import fnmatch
import json
import re
import stat
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import NamedTuple, Self

from ..access import Names, Operation
from ..gate import Gate
from ..refusal import Refusal
from ..reply import Reply
from ..request import FolderRequest
from ..tree import Entry, Opened
from ..urls import url_of

__all__ = ["answer"]

MAX_SECONDS = 10.0
"""Seconds that a search may take."""

MAX_FOUND = 10_000
"""Entries that a search may find."""

MAX_LOOKED = 1_000_000
"""Entries that a search may look at."""

MAX_DEPTH = 100
"""Directories in one another that a search goes into."""

MAX_LEFT_OUT = 20
"""Directories that were left out which a search names."""

MAX_QUERY = 256
"""Characters of a query at most."""

MAX_RUNNING = 8
"""Searches of a process that may run at once."""

#: What the system says of a directory that has just been deleted, or replaced.
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})

#: Seconds after which what was found is sent, so that a person sees it early.
_SEND_AFTER = 0.1

_AT_ONCE = 200
"""Entries in one piece at most."""

_running = threading.BoundedSemaphore(MAX_RUNNING)


class Query(NamedTuple):
    """What is looked for."""

    matches: Callable[[str], object]
    """Whether a name in lower case is one."""
    larger: int | None
    smaller: int | None
    newer: int | None
    older: int | None

    def accepts(self, entry: Entry) -> bool:
        """Return whether an entry is looked for."""
        status = entry.status
        if status is None or not self.matches(entry.name.casefold()):
            return False
        size = 0 if stat.S_ISDIR(status.st_mode) else status.st_size
        return (
            (self.larger is None or size >= self.larger)
            and (self.smaller is None or size <= self.smaller)
            and (self.newer is None or status.st_mtime >= self.newer)
            and (self.older is None or status.st_mtime <= self.older)
        )


def answer(request: FolderRequest, gate: Gate) -> Reply:
    """Return the entries whose names have ``q``, as lines of JSON, in the order they are found.

    ``q`` is a part of a name, in any case, or a pattern for all of it with ``*``, ``?`` and ``[]``.
    ``larger`` and ``smaller`` are bounds of the size in bytes, ``newer`` and ``older`` of the time
    of modification in seconds since 1970. The last line says whether the search is ``complete``,
    because its time, or another bound, may end before, and names directories in ``left_out`` that
    the system does not let the server read.

    Raises:
        Refusal: the user may not list the directory; a wrong query; too many searches run.
        OSError: there is nothing, or the directory cannot be read.
    """
    query = _query_of(request)
    directory = gate.open(request.names)
    if not directory.is_directory:
        directory.close()
        raise Refusal(400, "A file has no entries; ?q= is for a directory")
    directory.check_readable()
    if not _running.acquire(blocking=False):
        directory.close()
        raise Refusal(503, f"{MAX_RUNNING} searches run already; try again")
    fields = [("Content-Type", "application/x-ndjson"), ("Cache-Control", "no-store")]
    return Reply(200, fields, Search(gate, query, directory, time.monotonic))


class Search:
    """A search below `directory`, which it takes over, as an iterator of pieces of lines of JSON.

    It looks while it is iterated over; `close` ends it. `clock` is `time.monotonic`.
    """

    def __init__(
        self, gate: Gate, query: Query, directory: Opened, clock: Callable[[], float]
    ) -> None:
        self._gate = gate
        self._query = query
        self._directory = directory
        self._clock = clock
        self._until = clock() + MAX_SECONDS
        self._looked = self._found = 0
        self._is_cut = False
        self._left_out: list[str] = []
        self._pieces = self._make_pieces()
        self._running = True

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        return next(self._pieces)

    def close(self) -> None:
        """End the search, so that another one may run; again does nothing."""
        self._pieces.close()
        self._directory.close()
        if self._running:
            self._running = False
            _running.release()

    def _make_pieces(self) -> Generator[bytes, None, None]:
        lines: list[str] = []
        sent = self._clock()
        for entry, names in self._entries(self._directory, 1):
            lines.append(json.dumps(_described(entry, names)))
            if len(lines) >= _AT_ONCE or self._clock() - sent > _SEND_AFTER:
                yield _joined(lines)
                lines, sent = [], self._clock()
        last = {
            "complete": not self._is_cut and not self._left_out,
            "found": self._found,
            "looked": self._looked,
            "left_out": self._left_out,
        }
        yield _joined([*lines, json.dumps(last)])

    def _entries(self, directory: Opened, depth: int) -> Iterator[tuple[Entry, tuple[str, ...]]]:
        """Yield what is found in a directory and below it, with its names."""
        below: list[str] = []
        try:
            for entry in self._gate.entries(directory):
                if self._is_over():
                    return
                names = (*directory.names, entry.name)
                if self._query.accepts(entry) and self._gate.may(Operation.READ, names):
                    self._found += 1
                    yield entry, names
                if _is_directory(entry):
                    below.append(entry.name)
        except OSError as error:
            self._leave_out(directory.names, error)
            return
        if below and depth >= MAX_DEPTH:
            self._is_cut = True
            return
        for name in below:
            try:
                child = directory.child(name)
            except OSError as error:
                self._leave_out((*directory.names, name), error)
                continue
            with child:
                if child.is_directory:
                    yield from self._entries(child, depth + 1)

    def _leave_out(self, names: Names, error: OSError) -> None:
        """Note a directory that the system does not let this process read; one may be deleted."""
        if error.errno not in _GONE and len(self._left_out) < MAX_LEFT_OUT:
            self._left_out.append(url_of(names, directory=True))

    def _is_over(self) -> bool:
        """Count one more entry, and return whether the search has reached a bound."""
        self._looked += 1
        if (
            self._found >= MAX_FOUND
            or self._looked > MAX_LOOKED
            or (self._looked % 100 == 0 and self._clock() > self._until)
        ):
            self._is_cut = True
        return self._is_cut


def _query_of(request: FolderRequest) -> Query:
    text = (request.asked("q") or "").casefold()
    if not text or len(text) > MAX_QUERY:
        raise Refusal(400, f"q is expected to have 1 to {MAX_QUERY} characters")
    # A part of a name is a pattern too; the standard library's patterns take linear time.
    pattern = text if any(character in text for character in "*?[") else f"*{text}*"
    bounds = {name: request.asked(name) for name in ("larger", "smaller", "newer", "older")}
    for name, value in bounds.items():
        if value is not None and not (value.isascii() and value.isdigit() and len(value) < 20):
            raise Refusal(400, f"{name} is expected to be a number")
    given = {name: None if value is None else int(value) for name, value in bounds.items()}
    return Query(re.compile(fnmatch.translate(pattern)).match, **given)


def _described(entry: Entry, names: tuple[str, ...]) -> dict[str, object]:
    status = entry.status
    assert status is not None
    is_directory = stat.S_ISDIR(status.st_mode)
    return {
        "path": url_of(names, directory=is_directory),
        "name": entry.name,
        "type": "directory" if is_directory else "file",
        "size": None if is_directory else status.st_size,
        "modified": status.st_mtime_ns / 1e9,
    }


def _is_directory(entry: Entry) -> bool:
    return not entry.is_link and entry.status is not None and stat.S_ISDIR(entry.status.st_mode)


def _joined(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
