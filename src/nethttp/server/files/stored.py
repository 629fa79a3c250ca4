"""Regular files held open, or in memory if small, for as long as their name leads to them.

A stored file has the identity of the file when it was opened: device, inode, size, times. Before it
is served, the handler calls `is_current`, which costs one `stat`: a file that was changed or
replaced is never served from here. What a `stat` of one name cannot tell (an index page that now
has precedence, a link on the way that leads elsewhere) is looked up anew after `caching.LIFE`
seconds.
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

__all__ = [
    "MAX_COST",
    "MAX_IN_MEMORY",
    "SETTLED_SECONDS",
    "FileView",
    "StoredFile",
    "WrittenFile",
    "descriptor_cost",
    "identity_of",
    "written_opaque",
]

MAX_IN_MEMORY = 64 * 1024
"""Content of up to this many bytes is kept in memory and sent in one step with its head. For more,
sending through the kernel is cheaper than copying."""

MAX_COST = 32 * 1024 * 1024
"""Bytes that all cached files may take together."""

MAX_OPEN = 128
"""Files that are kept open at most; fewer if this is more than an eighth of the process's limit."""

SETTLED_SECONDS = 2.0
"""A file that was changed more recently may change again without another time of change, since file
systems' clocks tick slowly. It is served and not cached."""


@lru_cache(maxsize=1)
def descriptor_cost() -> int:
    """Return the bytes that an open file counts as.

    It is a share of `MAX_COST` because one bound then serves for bytes and for descriptors.
    """
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
        """When `is_current` last returned True, in seconds of `time.monotonic`."""
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(errno.ENOENT, "no regular file", path)
        self.identity = identity_of(status)
        self.content: bytes | None = None
        self.size = status.st_size
        self.modified_ns = status.st_mtime_ns
        self.settled = time.time() - status.st_mtime > SETTLED_SECONDS
        if self.size <= MAX_IN_MEMORY:
            content = os.pread(descriptor, MAX_IN_MEMORY + 1, 0)
            # Content and size belong together only if the file has not been written in between. Its
            # time of access, which this reading may have changed, is not compared.
            unchanged = identity_of(os.fstat(descriptor)) == self.identity
            if len(content) == self.size and unchanged:
                self.content = content
                self._close()

    def _close(self, close: Callable[[int], None] = os.close) -> None:
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            close(descriptor)  # Bound before: at the interpreter's end `os` may be gone.

    __del__ = _close

    @property
    def opaque(self) -> str:
        """The opaque text of its entity tag."""
        return f"{self.modified_ns:x}-{self.size:x}"

    @property
    def cost(self) -> int:
        """The bytes that it holds; an open file counts as its share of `MAX_COST`."""
        return descriptor_cost() if self.content is None else len(self.content)

    def is_current(self, since: float = math.inf) -> bool:
        """Return whether its name leads to this very file, unchanged.

        A check after `since`, in seconds of `time.monotonic`, is not repeated: with the time at
        which a request became readable, many requests at once need one check.
        """
        if self.checked >= since:
            return True
        now = time.monotonic()
        try:
            current = identity_of(os.stat(self.path)) == self.identity
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


class WrittenFile(StoredFile):
    """A stored file that clients may replace, and so choose its time of modification."""

    __slots__ = ()

    @property
    def opaque(self) -> str:
        """The opaque text of its entity tag, as `written_opaque` makes it."""
        modified, size, inode, _, changed = self.identity
        return f"{modified:x}-{size:x}-{inode:x}-{changed:x}"


def written_opaque(status: os.stat_result) -> str:
    """Return the opaque text of the entity tag of a file that clients may replace.

    Clients choose the time of modification, so two contents of one size may have the same. The time
    of change is the system's, whose clock ticks slowly; the new file and the one that it replaces
    exist together for a moment, so their inodes differ.
    """
    return f"{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}-{status.st_ctime_ns:x}"


def identity_of(status: os.stat_result) -> tuple[int, ...]:
    """Return what tells a file, and each of its states, from another one: times, size, inode."""
    return (
        status.st_mtime_ns,
        status.st_size,
        status.st_ino,
        status.st_dev,
        status.st_ctime_ns,
    )


class FileView(io.RawIOBase):
    """Reads the bytes of a stored file from `start` up to but without `stop`.

    It has its own position, so that many responses can read one file at once.
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
        """The index in the file of the next byte to read."""
        return self._place

    @property
    def left(self) -> int:
        """How many bytes are still to be read."""
        return self._stop - self._place

    def tell(self) -> int:
        return self._place - self._start

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: self._start, os.SEEK_CUR: self._place, os.SEEK_END: self._stop}[whence]
        self._place = min(max(base + offset, self._start), self._stop)
        return self.tell()

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Return how many bytes were put into `buffer`; 0 at the end of the part."""
        data = self._stored.read_at(self._place, min(len(buffer), self.left))
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)
