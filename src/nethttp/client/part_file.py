"""`PartFile`: a download that is not complete, in a file of its own that can be resumed later.

Beside ``name`` stand ``name.part``, with the bytes so far, and ``name.part.json``, which says of
which version of which URL they are. The second is written before the first byte of a version and
removed before the first byte of another one, so that the two always agree, wherever a crash comes.
``name`` itself appears when all is there.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from io import FileIO
from threading import Lock
from typing import Final, NamedTuple

from ..whole_file import whole_file

__all__ = ["ChecksumError", "PartFile", "Version", "kept_bytes"]

BUFFER: Final = 1024 * 1024
"""How many bytes are collected before they are written: few writes, each in a thread if need be."""

CLOSES_FIRST: Final = os.name == "nt"
"""Whether a file has to be closed before it is renamed. Where it need not be, it keeps its lock
until then, so that no other process takes it for a part that it may write."""


_SHA256: Final = re.compile("[0-9a-fA-F]{64}")


class ChecksumError(ValueError):
    """The bytes of a download are not those that the program expected; they were removed."""


class Version(NamedTuple):
    """Of what the bytes are: a URL's content with a strong entity tag. RFC 9110 section 8.8.3."""

    url: str
    """A hash of the URL, which may have a signature in it."""
    etag: str
    """With its quotes."""
    length: int | None
    """How many bytes the whole has, if that is known."""

    @classmethod
    def of(cls, url: str, etag: str, length: int | None) -> Version:
        """Return the version of a URL without credentials and fragment.

        >>> Version.of("http://a/", '"1"', 5).length
        5
        """
        return cls(hashlib.sha256(url.encode()).hexdigest(), etag, length)


def kept_bytes(path: str | os.PathLike[str]) -> int:
    """Return how many bytes of an unfinished download to `path` are on disk and can be resumed.

    0 if there are none. It does not matter whether a process still adds to them.

    >>> kept_bytes("/no such directory/file")
    0
    """
    try:
        if os.path.exists(f"{os.fspath(path)}.part.json"):
            return os.path.getsize(f"{os.fspath(path)}.part")
    except OSError:
        pass  # It has been completed at this moment, or belongs to somebody else.
    return 0


class PartFile:
    """The file of a download to `path`, open for writing and locked against other processes.

    A `sha256` in hexadecimal is compared when all is there.

    Raises:
        ValueError: `sha256` is not 64 hexadecimal digits.
        BlockingIOError: another process downloads to the same path.
        OSError: the file cannot be made; or what is called `path` is no regular file.

    >>> import tempfile
    >>> directory = tempfile.TemporaryDirectory()
    >>> path = os.path.join(directory.name, "a.bin")
    >>> with PartFile(path) as part:
    ...     part.begin(Version.of("http://a/", '"1"', 4))
    ...     part.add(b"ab")
    False
    >>> with PartFile(path) as part:
    ...     part.size, part.version.etag
    (2, '"1"')
    >>> directory.cleanup()
    """

    def __init__(self, path: str | os.PathLike[str], sha256: str | None = None) -> None:
        if sha256 is not None and not (isinstance(sha256, str) and _SHA256.fullmatch(sha256)):
            raise ValueError(f"expected sha256 as 64 hexadecimal digits, got {sha256!r:.80}")
        self.path = os.fspath(path)
        if os.path.lexists(self.path) and not os.path.isfile(self.path):
            raise OSError(errno.EINVAL, "expected the path of a regular file", self.path)
        self._part = f"{self.path}.part"
        self._state = f"{self.path}.part.json"
        self._file = self._open()
        #: Held while the file is written or closed: a thread may still write what an event loop
        #: has given up.
        self._busy = Lock()
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._written = os.fstat(self._file.fileno()).st_size
        self._expected = sha256
        self._hash = hashlib.sha256() if sha256 else None
        self.version: Version | None = self._read_state()
        """Of what the bytes are; None: they cannot be resumed."""

    def _open(self) -> FileIO:
        """Return the part file, locked."""
        # O_NOFOLLOW: in a directory of many users, another one may have put a link there.
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        while True:
            descriptor = os.open(self._part, flags, 0o666)
            file = FileIO(descriptor, "r+")
            try:
                _lock(descriptor, self.path)
                if self._is(file):
                    return file
                file.close()  # Another process has just completed it.
            except BaseException:
                file.close()
                raise

    def _is(self, file: FileIO) -> bool:
        """Return whether `file` is still the one that has the part's name."""
        try:
            return os.path.samestat(os.stat(self._part), os.fstat(file.fileno()))
        except FileNotFoundError:
            return False

    @property
    def size(self) -> int:
        """How many bytes are there, those included that are not written yet."""
        return self._written + self._pending_size

    def begin(self, version: Version | None) -> None:
        """Drop what is there, and begin with `version`; None: it cannot be resumed later."""
        with self._busy:
            self._remove_state()
            self._cut(0)
            self.version = version
            if version is not None:
                with whole_file(self._state, 0o600) as file:
                    file.write(json.dumps(version._asdict()).encode())

    def go_on(self, offset: int) -> None:
        """Keep the first `offset` bytes, at most `size`, and write behind them."""
        with self._busy:
            self._write_locked()
            self._cut(offset)
            if self._hash is not None:
                self._file.seek(0)
                while data := self._file.read(BUFFER):
                    self._hash.update(data)

    def add(self, data: bytes) -> bool:
        """Take bytes; return whether so many wait that `write` should be called."""
        self._pending.append(data)
        self._pending_size += len(data)
        return self._pending_size >= BUFFER

    def write(self) -> None:
        """Write what was taken.

        Raises:
            OSError: the disk is full, for instance; what was written before stays.
        """
        with self._busy:
            self._write_locked()

    def finish(self) -> int:
        """Give the file its name, and return its size in bytes.

        Raises:
            ChecksumError: it is not the file that the program expected.
            OSError: it cannot be written or renamed.
        """
        with self._busy:
            self._write_locked()
            if self._hash is not None and self._hash.hexdigest() != str(self._expected).lower():
                self._remove_state()
                if CLOSES_FIRST:
                    self._file.close()
                os.unlink(self._part)
                raise ChecksumError(
                    f"expected SHA-256 {self._expected} for {self.path}, "
                    f"got {self._hash.hexdigest()}"
                )
            if CLOSES_FIRST:
                self._file.close()
            os.replace(self._part, self.path)
            self._remove_state()
            return self._written

    def close(self) -> None:
        """Close the file. What can be resumed stays, with all bytes that were taken; else nothing.

        Errors of the disk are not raised here: the bytes that are missing are fetched again.
        """
        with self._busy:
            if self._file.closed:
                return
            try:
                self._write_locked()
            except OSError:
                pass
            if self.version is None and self._is(self._file):
                os.unlink(self._part)
            self._file.close()

    def __enter__(self) -> PartFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write_locked(self) -> None:
        left = memoryview(b"".join(self._pending))
        while left:
            count = self._file.write(left)
            if self._hash is not None:
                self._hash.update(left[:count])
            self._written += count
            left = left[count:]
        self._pending.clear()
        self._pending_size = 0

    def _cut(self, size: int) -> None:
        self._pending.clear()
        self._pending_size = 0
        self._file.truncate(size)
        self._file.seek(size)
        self._written = size
        if self._hash is not None:
            self._hash = hashlib.sha256()

    def _read_state(self) -> Version | None:
        try:
            with open(self._state, "rb") as file:
                state = json.loads(file.read(65536))
            url, etag, length = state["url"], state["etag"], state["length"]
        except (OSError, ValueError, TypeError, KeyError):
            return None
        if not (isinstance(url, str) and isinstance(etag, str)):
            return None
        return Version(url, etag, length if isinstance(length, int) else None)

    def _remove_state(self) -> None:
        try:
            os.unlink(self._state)
        except FileNotFoundError:
            pass


def _lock(descriptor: int, path: str) -> None:
    try:
        import fcntl  # not on Windows
    except ImportError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BlockingIOError(
            error.errno, "another download to this path is under way", path
        ) from None
