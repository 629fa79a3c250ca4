"""`ContentFiles`: long contents, each in a file of its own in one directory.

A database writes what it is given twice, to its log and to its file, and in pages: 64 MiB take it
five times as long as a file. So the database has the entries, and these files the bytes. A file is
nothing until an entry names it. One that no entry names is left by a process that was killed, and
`sweep` removes it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterable, Iterator

from ...errors import StorageError
from .store import PIECE, UNFINISHED, Content, Pieces
from .unfinished import Unfinished

__all__ = ["ContentFiles"]


class _File(Content):
    """A content in a file. The file may lose its name meanwhile; its bytes stay for the reader."""

    __slots__ = ("_descriptor", "_path")

    def __init__(self, path: str, size: int) -> None:
        self._path = path
        with _storage_errors(path):
            self._descriptor = os.open(path, _READ)
        if os.fstat(self._descriptor).st_size != size:
            # The machine has stopped before the system had written it.
            self.close()
            raise StorageError(errno.ENOENT, "cache: the content is not whole", path)

    def read(self, start: int, stop: int) -> bytes:
        with _storage_errors(self._path):
            os.lseek(self._descriptor, start, os.SEEK_SET)
            # In an event loop each read is a thread's turn: few and long ones cost a third.
            data = os.read(self._descriptor, min(stop - start, PIECE))
        if not data:
            raise StorageError(errno.EIO, "cache: the content has become shorter", self._path)
        return data

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            self.close()


class ContentFiles:
    """The files of contents in `directory`, which is created with the first one, with mode 0700.

    Contents that are being written take at most `max_size` bytes, all together in this process. Any
    thread may call the methods; those of one content follow each other.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     files = ContentFiles(directory, 1000)
    ...     files.append("c1", 0, [b"hel", b"lo"])
    ...     files.finish("c1", 5)
    ...     files.open("c1", 5).read(1, 4)
    b'ell'
    """

    def __init__(self, directory: str, max_size: int) -> None:
        self.directory = directory
        self._unfinished = Unfinished(max_size)

    def append(self, content: str, start: int, pieces: Pieces) -> None:
        """Write pieces of a content, the first one at byte `start`; byte 0 begins the file.

        Raises:
            StorageError: the file cannot be written, or there is no room: it is removed.
        """
        path = self._path(content)
        try:
            self._unfinished.note(content, start + sum(map(len, pieces)))
            with _storage_errors(path):
                # No descriptor stays open: the content may be discarded while a thread writes it.
                descriptor = self._create(path) if start == 0 else os.open(path, _WRITE)
                try:
                    os.lseek(descriptor, start, os.SEEK_SET)
                    _write_all(descriptor, pieces)
                finally:
                    os.close(descriptor)
        except StorageError:
            self.discard(content)
            raise

    def finish(self, content: str, size: int) -> None:
        """Return nothing, if the file of a content is complete: it has `size` bytes.

        Raises:
            StorageError: it has another size, or was removed: its writer paused for too long.
        """
        path = self._path(content)
        self._unfinished.end(content)
        with _storage_errors(path):
            there = os.stat(path).st_size
        if there != size:
            self.remove([content])
            raise StorageError(errno.EIO, f"cache: expected {size} bytes, got {there}", path)

    def open(self, content: str, size: int) -> Content:
        """Return a content that has `size` bytes.

        Raises:
            StorageError: there is none, or it has another size (ENOENT); it cannot be read.
        """
        return _File(self._path(content), size)

    def discard(self, content: str) -> None:
        """Remove a content that is being written, if there is one of this name."""
        if self._unfinished.end(content):
            self.remove([content])

    def remove(self, contents: Iterable[str]) -> None:
        """Remove the files of contents, if they have some."""
        for content in contents:
            with contextlib.suppress(OSError):
                os.unlink(self._path(content))

    def sweep(self, is_named: Callable[[str], bool]) -> None:
        """Remove what killed processes left: files that no entry names, unwritten for a while."""
        written_before = time.time() - UNFINISHED
        with contextlib.suppress(OSError), os.scandir(self.directory) as files:
            for file in files:
                with contextlib.suppress(OSError):
                    if file.stat().st_mtime < written_before and not is_named(file.name):
                        os.unlink(file.path)

    def close(self) -> None:
        """Remove the contents that are being written."""
        for content in self._unfinished.names():
            self.discard(content)

    def leave_to_parent(self) -> None:
        """Forget, in a forked child, what the parent is writing."""
        self._unfinished = Unfinished(self._unfinished.max_size)

    def _create(self, path: str) -> int:
        flags = _WRITE | os.O_CREAT
        try:
            return os.open(path, flags, 0o600)
        except FileNotFoundError:
            with contextlib.suppress(FileExistsError):
                os.mkdir(self.directory, 0o700)
            return os.open(path, flags, 0o600)

    def _path(self, content: str) -> str:
        """Return the path of a content's file.

        Raises:
            StorageError: the name is none of ours, so a stranger has written the database.
        """
        if not content.replace("-", "").isalnum():
            raise StorageError(errno.ENOENT, "cache: no such content", content)
        return os.path.join(self.directory, content)


_BINARY = getattr(os, "O_BINARY", 0)
_READ = os.O_RDONLY | _BINARY
_WRITE = os.O_WRONLY | _BINARY


@contextlib.contextmanager
def _storage_errors(path: str) -> Iterator[None]:
    """Return a context in which an error of the system becomes one of the store."""
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        raise StorageError(error.errno or errno.EIO, f"cache: {error.strerror}", path) from error


def _write_all(descriptor: int, pieces: Pieces) -> None:
    """Write pieces in as few steps as the system takes."""
    if not hasattr(os, "writev"):
        pieces = [b"".join(pieces)]
    left = [memoryview(piece) for piece in pieces]
    while left:
        written = os.writev(descriptor, left) if len(left) > 1 else os.write(descriptor, left[0])
        while left and written >= len(left[0]):
            written -= len(left.pop(0))
        if left:
            left[0] = left[0][written:]
