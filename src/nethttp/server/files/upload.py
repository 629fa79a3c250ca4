"""`Upload`: content on its way to its name in a directory, whole there or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NamedTuple

from .copying import PIECE, copy_content
from .drafts import Draft
from .locks import NameLocks
from .places import status_or_none, sync_directory
from .refusal import Refusal
from .room import Room
from .tree import Opened
from .unfinished import Unfinished

__all__ = ["Decide", "Stored", "Upload"]

MAX_NUMBER = 999
"""The highest number that is added to a name that exists."""

MAX_RACES = 3
"""How often another program may take or free a name at the moment of a change."""

#: Between two looks at the space that is left, bytes that are written.
_SPACE_STEP = 64 * 1024 * 1024

Decide = Callable[[os.stat_result | None], bool]
"""Called with the status of what has the name, None if nothing has it, in the moment of the change:
raises `Refusal`, or returns whether the name may be taken. If not, the next free one is."""


class Stored(NamedTuple):
    """What a change made: `name`, its `status`, and whether the name was `created`."""

    name: str
    status: os.stat_result
    created: bool


class Upload:
    """Content on its way to `name`, in the directory of its draft; `length` bytes if that is known.

    Use it in a ``with``. Unless `commit` has put it in place, a draft is dropped, and an unfinished
    upload waits.
    """

    def __init__(
        self,
        room: Room,
        locks: NameLocks,
        name: str,
        length: int | None,
        draft: Draft | Unfinished,
    ) -> None:
        self._room = room
        self._locks = locks
        self._place = draft.place
        self._name = name
        self._length = length
        self._draft = draft
        self.size = draft.size
        """Bytes that it has."""
        self._next_look = self.size + _SPACE_STEP

    def write(self, data: bytes | memoryview) -> None:
        """Append content.

        Raises:
            Refusal: the file is too large, or longer than announced, or the disk too full.
            OSError: it cannot be written.
        """
        self.size += len(data)
        self._room.check_size(self.size)
        if self._length is not None and self.size > self._length:
            raise Refusal(400, f"Expected {self._length} bytes of content, got more")
        if self.size >= self._next_look:
            self._next_look = self.size + _SPACE_STEP
            self._room.check_space(self._draft.descriptor, 0)
        left = memoryview(data)
        while left:
            left = left[self._draft.write(left) :]

    def pieces(self) -> Iterator[bytes]:
        """Yield all the content that it has.

        Raises:
            OSError: it cannot be read.
        """
        offset = 0
        while piece := os.pread(self._draft.descriptor, PIECE, offset):
            offset += len(piece)
            yield piece

    def sync(self) -> None:
        """Write what it has to the disk.

        Raises:
            OSError: that fails.
        """
        os.fsync(self._draft.descriptor)

    def begin_with(self, source: Opened) -> None:
        """Take over the content of a file, before more is written.

        Raises:
            Refusal: it is too large, the disk too full, or the file has changed meanwhile.
            OSError: it cannot be copied.
        """
        self._room.check(self._draft.descriptor, source.status.st_size)
        self.size += copy_content(source.descriptor, self._draft.descriptor)
        self._next_look += self.size
        if self.size != source.status.st_size:
            raise Refusal(409, "The file has changed meanwhile")

    def copy_from(self, source: Opened) -> None:
        """Take over the content of a file, and its time of modification."""
        self.size += copy_content(source.descriptor, self._draft.descriptor)
        self._room.check_size(self.size)
        self._length = self.size
        self.set_modified(source.status.st_mtime_ns)

    def set_modified(self, nanoseconds: int) -> None:
        """Set the time of the file's modification, in nanoseconds since 1970."""
        os.utime(self._draft.descriptor, ns=(nanoseconds, nanoseconds))

    def commit(self, decide: Decide) -> Stored:
        """Put the content in place, on the disk and under its name; return what it is there.

        Raises:
            Refusal: `decide` has refused, or the content is not as long as announced.
            OSError: the system has refused.
        """
        if self._length is not None and self.size != self._length:
            raise Refusal(400, f"Expected {self._length} bytes of content, got {self.size}")
        self.sync()
        with self._locks.held(self._place):
            name, created = self._put(decide)
        sync_directory(self._place)
        return Stored(name, os.fstat(self._draft.descriptor), created)

    def _put(self, decide: Decide) -> tuple[str, bool]:
        """Give the draft its name; return the name, and whether nothing had it."""
        name = self._name
        for _ in range(MAX_RACES):
            existing = status_or_none(self._place, name)
            may_have_it = decide(existing)
            if existing is None:
                with suppress(FileExistsError):
                    self._draft.put_new(name)
                    return name, True
            elif not may_have_it:
                break
            elif stat.S_ISDIR(existing.st_mode):
                raise Refusal(409, "A directory has this name")
            else:
                if stat.S_ISREG(existing.st_mode):
                    # The rights of others are the name's. To run as its owner is the old content's.
                    os.fchmod(self._draft.descriptor, existing.st_mode & 0o777)
                self._draft.put_over(name)
                return name, False
        # Only the name that was asked for is decided about: of the others the first free one is
        # taken.
        for name in _numbered(self._name):
            with suppress(FileExistsError):
                self._draft.put_new(name)
                return name, True
        raise Refusal(409, f"{MAX_NUMBER} files have this name and a number")

    def close(self) -> None:
        """Drop the draft, or leave the unfinished upload, unless it was put in place."""
        self._draft.close()

    def __enter__(self) -> Upload:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _numbered(name: str) -> Iterator[str]:
    """Yield a name with one number after the other before its extension.

    >>> from itertools import islice
    >>> list(islice(_numbered("a.tar.gz"), 2))
    ['a (1).tar.gz', 'a (2).tar.gz']
    """
    stem, dot, extension = name.partition(".")
    if not stem:
        stem, dot, extension = name, "", ""
    for number in range(1, MAX_NUMBER + 1):
        yield f"{stem} ({number}){dot}{extension}"
