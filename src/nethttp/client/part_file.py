"""`PartFile`: a download that is not complete, in a file of its own that can be resumed later.

Beside ``name`` stand ``name.part``, with the bytes so far, and ``name.part.json``, which says of
which version of which URL they are. The second is written before the first byte of a version and
removed before the first byte of another one, so that the two always agree, wherever a crash comes.
``name`` itself appears when all is there.

Bytes are written from the beginning on; or, of a file that was `split`, anywhere. Then the second
file also says which bytes are missing: at a crash these may be more than it is, never fewer.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from io import FileIO
from threading import Lock
from typing import Final, NamedTuple, TypeAlias

from ..whole_file import whole_file

__all__ = ["ChecksumError", "PartFile", "Span", "Version", "kept_bytes"]

BUFFER: Final = 1024 * 1024
"""How many bytes are collected before they are written: few writes, each in a thread if need be."""

SAVE_EVERY: Final = 16 * 1024 * 1024
"""How many bytes of a split file are written before it is noted which are still missing."""

CLOSES_FIRST: Final = os.name == "nt"
"""Whether a file has to be closed before it is renamed. Where it need not be, it keeps its lock
until then, so that no other process takes it for a part that it may write."""


Span: TypeAlias = tuple[int, int]
"""Bytes of a file: from the first number to before the second."""

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
    part = f"{os.fspath(path)}.part"
    version, missing = _read_state(part)
    try:
        if version is not None:
            return os.path.getsize(part) if missing is None else _there(version, missing)
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
        self.version: Version | None
        """Of what the bytes are; None: they cannot be resumed."""
        self.missing: list[Span] | None
        """Which bytes a file that was split lacks, from the first one to before the second one of
        each pair; None: those behind its `size`."""
        self.version, self.missing = _read_state(self._part)
        if self.missing is not None and self._written < _end_of_last(self.version, self.missing):
            self.version = self.missing = None  # Someone has shortened the file.
        self._unsaved = 0

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
        if self.missing is not None:
            return _there(self.version, self.missing)
        return self._written + self._pending_size

    def begin(self, version: Version | None) -> None:
        """Drop what is there, and begin with `version`; None: it cannot be resumed later."""
        with self._busy:
            self._remove_state()
            self._cut(0)
            self.version, self.missing = version, None
            if version is not None:
                self._save_locked()

    def go_on(self, offset: int) -> None:
        """Keep the first `offset` bytes, at most `size`, and write behind them."""
        with self._busy:
            self._write_locked()
            self._cut(offset)
            self._hash_file()

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

    def split(self, offset: int) -> None:
        """Keep the first `offset` bytes; from now on `write_at` writes the rest, in any order.

        The length of the version must be known.
        """
        with self._busy:
            version = self.version
            assert version is not None
            assert version.length is not None
            self._write_locked()
            self._cut(offset)
            self.missing = [(offset, version.length)]
            self._save_locked()

    def write_at(self, offset: int, data: bytes) -> None:
        """Write bytes of a file that was split. Threads may call this at once.

        Raises:
            OSError: the disk is full, for instance.
        """
        with self._busy:
            assert self.missing is not None
            self._file.seek(offset)
            left = memoryview(data)
            while left:
                left = left[self._file.write(left) :]
            self.missing = _without(self.missing, (offset, offset + len(data)))
            self._unsaved += len(data)
            if self._unsaved >= SAVE_EVERY:
                self._save_locked()

    def finish(self) -> int:
        """Give the file its name, and return its size in bytes.

        Raises:
            ChecksumError: it is not the file that the program expected.
            OSError: it cannot be written or renamed.
        """
        with self._busy:
            if self.missing is None:
                self._write_locked()
            else:
                self._written = self.size
                self._hash_file()
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
                if self.missing is None:
                    self._write_locked()
                elif self.version is not None and self._is(self._file):
                    self._save_locked()
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

    def _hash_file(self) -> None:
        if self._hash is not None:
            self._file.seek(0)
            while data := self._file.read(BUFFER):
                self._hash.update(data)

    def _save_locked(self) -> None:
        assert self.version is not None
        state = self.version._asdict()
        if self.missing is not None:
            state["missing"] = self.missing
        with whole_file(self._state, 0o600) as file:
            file.write(json.dumps(state).encode())
        self._unsaved = 0

    def _remove_state(self) -> None:
        try:
            os.unlink(self._state)
        except FileNotFoundError:
            pass


def _read_state(part: str) -> tuple[Version | None, list[Span] | None]:
    """Return of what the bytes of a part file are, and which are missing if it was split."""
    try:
        with open(f"{part}.json", "rb") as file:
            state = json.loads(file.read(65536))
        url, etag, length = state["url"], state["etag"], state["length"]
        missing = state.get("missing")
        spans = None if missing is None else [(int(start), int(end)) for start, end in missing]
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None, None
    if not (isinstance(url, str) and isinstance(etag, str)):
        return None, None
    if not isinstance(length, int):
        return (Version(url, etag, None), None) if spans is None else (None, None)
    edges = [0, *(edge for span in spans or () for edge in span), length]
    if edges != sorted(edges):
        return None, None
    return Version(url, etag, length), spans


def _there(version: Version | None, missing: list[Span]) -> int:
    """Return how many bytes of a split file are not missing."""
    length = (version and version.length) or 0
    return length - sum(end - start for start, end in missing)


def _end_of_last(version: Version | None, missing: list[Span]) -> int:
    """Return how long the part file of a split one is at least."""
    length = (version and version.length) or 0
    return missing[-1][0] if missing and missing[-1][1] == length else length


def _without(spans: list[Span], done: Span) -> list[Span]:
    """Return what is left of `spans` without the bytes of another one.

    >>> _without([(0, 10), (20, 30)], (5, 22))
    [(0, 5), (22, 30)]
    """
    start, end = done
    parts = [part for a, b in spans for part in ((a, min(b, start)), (max(a, end), b))]
    return [(a, b) for a, b in parts if a < b]


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
