"""Regular files held open, or in memory if small, for as long as they are what their name says.

A stored file remembers what the file was when it was opened: device, inode, size, times. Whoever is
about to serve it asks `is_current`, one `stat`: a file that was changed or replaced is never served
from here. What a `stat` of one name cannot tell (another name that would now come first, a
link on the way that leads elsewhere) is forgotten after `LIFE` seconds.
"""

from __future__ import annotations

import errno
import io
import math
import os
import stat
import time
from collections.abc import Callable
from functools import lru_cache

__all__ = ["MAX_COST", "MAX_IN_MEMORY", "FileView", "StoredFile", "descriptor_cost"]

MAX_IN_MEMORY = 64 * 1024
"""Content up to this size is kept in memory: it leaves in one send with its head. Sending more
through the kernel costs less than copying it."""

MAX_COST = 32 * 1024 * 1024
"""What all files that are kept may cost, in bytes."""

MAX_OPEN = 128
"""Files that are kept open at most, and no more than an eighth of what the process may open."""

SETTLED_SECONDS = 2.0
"""A file that was changed more recently may change again without its times telling: clocks of file
systems tick slowly. It is served, and not kept."""


@lru_cache(maxsize=1)
def descriptor_cost() -> int:
    """Return what an open file costs, in bytes, so that at most `MAX_OPEN` are kept."""
    try:
        import resource  # not on every platform
    except ImportError:
        return MAX_COST // MAX_OPEN
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY:
        return MAX_COST // MAX_OPEN
    return MAX_COST // max(1, min(MAX_OPEN, limit // 8))


class StoredFile:
    """A regular file as it was when it was opened. Its descriptor closes with the last reference.

    `content` is None for one that is not held in memory.
    """

    __slots__ = (
        *("checked", "content", "descriptor", "identity"),
        *("modified_ns", "path", "settled", "size"),
    )

    def __init__(self, path: str, descriptor: int) -> None:
        """Take over `descriptor`, what `path` was opened as.

        Raises:
            OSError: it is no regular file, or cannot be read.
        """
        self.descriptor = descriptor
        self.path = path
        self.checked = -math.inf
        """When it was last found to be current, a time of `time.monotonic`."""
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(errno.ENOENT, "no regular file", path)
        self.identity = _identity(status)
        self.content: bytes | None = None
        self.size = status.st_size
        self.modified_ns = status.st_mtime_ns
        self.settled = time.time() - status.st_mtime > SETTLED_SECONDS
        if self.size <= MAX_IN_MEMORY:
            content = os.pread(descriptor, MAX_IN_MEMORY + 1, 0)
            # Content and size belong together only if nobody wrote in between. That it was
            # read now, which the system may note, is no change.
            unchanged = _identity(os.fstat(descriptor)) == self.identity
            if len(content) == self.size and unchanged:
                self.content = content
                self._close()

    def _close(self, close: Callable[[int], None] = os.close) -> None:
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            close(descriptor)  # Bound before: at the interpreter's end `os` may be gone.

    __del__ = _close

    @property
    def cost(self) -> int:
        """The bytes that it holds; an open file counts as its share of `MAX_COST`."""
        return descriptor_cost() if self.content is None else len(self.content)

    def is_current(self, since: float = math.inf) -> bool:
        """Return whether its name leads to this very file, unchanged.

        What was found out since a moment (of `time.monotonic`) is good enough where that is when
        somebody asked for the file: many who ask at once are answered with one look.
        """
        if self.checked >= since:
            return True
        now = time.monotonic()
        try:
            current = _identity(os.stat(self.path)) == self.identity
        except OSError:
            return False
        if current:
            self.checked = now
        return current

    def view(self, start: int = 0, stop: int | None = None) -> io.BufferedIOBase | io.RawIOBase:
        """Return the bytes from `start` up to but without `stop` as a file to read and close."""
        stop = self.size if stop is None else stop
        if self.content is None:
            return FileView(self, start, stop)
        return io.BytesIO(self.content if stop - start == self.size else self.content[start:stop])

    def read_at(self, start: int, count: int) -> bytes:
        """Return up to `count` bytes from `start` on; fewer where the file ends."""
        if self.content is None:
            return os.pread(self.descriptor, count, start)
        return self.content[start : start + count]


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return (
        status.st_mtime_ns,
        status.st_size,
        status.st_ino,
        status.st_dev,
        status.st_ctime_ns,
    )


class FileView(io.RawIOBase):
    """Reads the bytes `start` up to but without `stop` of a stored file.

    It has a position of its own, so that many responses read one file at once.
    """

    mode = "rb"

    def __init__(self, stored: StoredFile, start: int, stop: int) -> None:
        self._stored = stored
        self._start = start
        self._stop = stop
        self._place = start

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        """Return the file's descriptor, which other views share: read it by position alone."""
        return self._stored.descriptor

    @property
    def offset(self) -> int:
        """Where in the file the next byte is read from."""
        return self._place

    @property
    def left(self) -> int:
        """How many bytes there are still to read."""
        return self._stop - self._place

    def tell(self) -> int:
        return self._place - self._start

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: self._start, os.SEEK_CUR: self._place, os.SEEK_END: self._stop}[whence]
        self._place = min(max(base + offset, self._start), self._stop)
        return self.tell()

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Fill `buffer`, and return the number of bytes; 0 at the end."""
        data = self._stored.read_at(self._place, min(len(buffer), self.left))
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)
