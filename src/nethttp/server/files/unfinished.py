"""Uploads that are not finished: what they have waits until it goes on, or is too old.

The content lies beside the file that it is to become, under the name of a draft, which no door
reaches, so that the last step is a rename. A note in the state directory says which upload it is.
How far it has come is the length of its content, which is true after a kill as well.

A request that goes on with an upload marks the note, and writes only while the mark is its own. So
the latest request is the only one that writes: the one before may wait for a client that is gone.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import NamedTuple

from .access import Names
from .drafts import lock_file, name_new, open_own, state_is_gone, unlock_file
from .refusal import Refusal
from .tree import DRAFT, Opened, Tree

__all__ = ["LIFE", "Unfinished", "UnfinishedUploads", "Wanted"]

MAX_OF_USER = 100
"""Unfinished uploads of one user; all users without a name are one."""

MAX_BYTES_OF_USER = 1 << 40
"""Bytes that the unfinished uploads of one user are to have together when they are whole."""

LIFE = 3 * 24 * 3600
"""Seconds that an upload waits after the last request that went on with it."""

SWEEP = 3600.0
"""Seconds between two looks for uploads that are too old."""

#: Bytes of the mark, with which a note begins.
_MARK = 16

_TOKEN = re.compile("[0-9a-f]{32}")

#: Seconds that a process may take to write a note.
_NOTE_SECONDS = 60.0


class Wanted(NamedTuple):
    """What an upload is to become, as its first request says."""

    user: str | None
    """Whose it is: nobody else goes on with it."""
    names: Names
    length: int
    """Bytes of the whole file."""
    fields: Mapping[str, str]
    """The fields of that request that decide about the file at the end, by lower-case names."""
    conflict: str | None = None
    """What that request asked for if the name exists, one of `conflicts.CONFLICTS`."""


class _Note(NamedTuple):
    """A note as it was read."""

    path: str
    draft: str
    wanted: Wanted


class Unfinished:
    """An upload that one request goes on with. It stays after `close`, unless it was put in place.

    `Store` treats it as it does a draft that begins with nothing.
    """

    __slots__ = ("_mark", "_note", "_noted", "descriptor", "place", "token", "wanted")

    def __init__(self, place: Opened, note: _Note, noted: int, descriptor: int) -> None:
        """`noted` is the descriptor of the note, `descriptor` that of the content in `place`."""
        self.place = place
        self.descriptor = descriptor
        self.token = os.path.basename(note.path)
        """What a client needs to know to go on with it."""
        self.wanted = note.wanted
        self._note = note
        self._noted = noted
        self._mark = secrets.token_hex(_MARK // 2).encode()
        lock_file(noted, wait=True)
        os.pwrite(noted, self._mark, 0)
        unlock_file(noted)

    @property
    def size(self) -> int:
        """Bytes that it has, and so the offset of the next one."""
        return os.fstat(self.descriptor).st_size

    def write(self, data: memoryview) -> int:
        """Append content; return how many bytes of it were taken.

        Raises:
            Refusal: 409 if a later request goes on with it, 404 if it is finished or cancelled.
            OSError: it cannot be written.
        """
        with self._held():
            return os.write(self.descriptor, data)

    def truncate(self, size: int) -> None:
        """Drop what was written after the first `size` bytes.

        Raises:
            Refusal: as `write`.
        """
        with self._held():
            os.ftruncate(self.descriptor, size)

    def put_new(self, name: str) -> None:
        """Give the content a name that nothing has.

        Raises:
            Refusal: as `write`.
            FileExistsError: something has it.
        """
        with self._held():
            name_new(self.place, self._note.draft, name)
            os.unlink(self._note.path)

    def put_over(self, name: str) -> None:
        """Give the content a name, in one step for whoever looks at what has it until then.

        Raises:
            Refusal: as `write`.
        """
        at = self.place.descriptor
        with self._held():
            os.replace(self._note.draft, name, src_dir_fd=at, dst_dir_fd=at)
            os.unlink(self._note.path)

    def drop(self) -> None:
        """Delete it.

        Raises:
            Refusal: as `write`.
        """
        with self._held():
            os.unlink(self._note.path)
            with suppress(FileNotFoundError):
                os.unlink(self._note.draft, dir_fd=self.place.descriptor)

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Return a context in which no other request takes it over."""
        lock_file(self._noted, wait=True)
        try:
            if not os.fstat(self._noted).st_nlink:
                raise _no_such_upload()
            if os.pread(self._noted, _MARK, 0) != self._mark:
                raise Refusal(409, "A later request goes on with this upload")
            yield
        finally:
            unlock_file(self._noted)

    def close(self) -> None:
        """Leave it as it is; again does nothing."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            os.close(self._noted)
            self.descriptor = self._noted = -1


class UnfinishedUploads:
    """The unfinished uploads to a tree, with their notes in `directory`, made if it is missing."""

    def __init__(self, directory: str, tree: Tree, clock: Callable[[], float] = time.time) -> None:
        self._directory = directory
        self._tree = tree
        self._clock = clock
        self._swept = 0.0
        os.makedirs(directory, mode=0o700, exist_ok=True)

    def begin(self, place: Opened, wanted: Wanted) -> Unfinished:
        """Return a new upload without content to the directory `place`.

        Raises:
            Refusal: 429, its user has too many, or too large ones.
            OSError: the directory takes no file.
        """
        with self._alone():
            self.clean()
            own = [each for each in self._notes() if each.wanted.user == wanted.user]
            if len(own) >= MAX_OF_USER:
                raise Refusal(429, f"You have {len(own)} unfinished uploads, and may have no more")
            if wanted.length + sum(each.wanted.length for each in own) > MAX_BYTES_OF_USER:
                raise Refusal(429, f"Unfinished uploads may have {MAX_BYTES_OF_USER} bytes in all")
            note, noted = self._write(wanted)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND
        try:
            descriptor = os.open(note.draft, flags, 0o666, dir_fd=place.descriptor)
        except BaseException:
            os.close(noted)
            os.unlink(note.path)
            raise
        return Unfinished(place, note, noted, descriptor)

    def resume(self, token: str, user: str | None, place: Opened, names: Names) -> Unfinished:
        """Return the upload of a user to `names`, whose directory is `place`, to go on with it.

        The request before, if it still goes on with it, is refused what it has yet to write.

        Raises:
            Refusal: 404, there is no such upload.
        """
        path = os.path.join(self._directory, token)
        try:
            if not _TOKEN.fullmatch(token):
                raise FileNotFoundError
            noted = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            raise _no_such_upload() from None
        try:
            note = _read(path, noted)
            if note is None or self._is_old(path) or note.wanted[:2] != (user, names):
                raise _no_such_upload()
            descriptor = self._open_content(place, note)
        except BaseException:
            os.close(noted)
            raise
        return Unfinished(place, note, noted, descriptor)

    def _open_content(self, place: Opened, note: _Note) -> int:
        flags = os.O_RDWR | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        try:
            descriptor = os.open(note.draft, flags, dir_fd=place.descriptor)
        except FileNotFoundError:
            # It was deleted with its directory, or that was moved.
            self._forget(note)
            raise _no_such_upload() from None
        if os.fstat(descriptor).st_nlink != 1:
            # A process was killed after it had given it its name.
            os.close(descriptor)
            self._drop(note)
            raise _no_such_upload()
        return descriptor

    def sweep(self) -> None:
        """Delete what is too old, if that was not done within the last hour."""
        if self._clock() - self._swept >= SWEEP:
            self.clean()

    def clean(self) -> int:
        """Delete the uploads that are too old; return how many there were."""
        self._swept = self._clock()
        old = [note for note in self._notes() if self._is_old(note.path)]
        for note in old:
            self._drop(note)
        return len(old)

    def drop_beneath(self, names: Names) -> None:
        """Delete the uploads to a directory, or to any below it: it is about to be moved."""
        for note in self._notes():
            if note.wanted.names[: len(names)] == names:
                self._drop(note)

    def _notes(self) -> Iterator[_Note]:
        """Yield the notes; those that the system lost half of, in a loss of power, are deleted."""
        try:
            names = os.listdir(self._directory)
        except FileNotFoundError:
            raise state_is_gone() from None
        for name in names:
            path = os.path.join(self._directory, name)
            with suppress(FileNotFoundError):
                if _TOKEN.fullmatch(name):
                    descriptor = os.open(path, os.O_RDONLY)
                    try:
                        note = _read(path, descriptor)
                    finally:
                        os.close(descriptor)
                    if note is None:
                        os.unlink(path)
                    else:
                        yield note
                elif name != _LOCK and self._age(path) > _NOTE_SECONDS:
                    os.unlink(path)

    def _age(self, path: str) -> float:
        return self._clock() - os.stat(path).st_mtime

    def _is_old(self, path: str) -> bool:
        try:
            return self._age(path) > LIFE
        except FileNotFoundError:
            return False

    def _drop(self, note: _Note) -> None:
        with suppress(OSError):
            place, _ = self._tree.parent((*note.wanted.names[:-1], "_"))
            with place:
                os.unlink(note.draft, dir_fd=place.descriptor)
        self._forget(note)

    def _forget(self, note: _Note) -> None:
        with suppress(FileNotFoundError):
            os.unlink(note.path)

    def _write(self, wanted: Wanted) -> tuple[_Note, int]:
        """Return a new note, and its descriptor. Under its own name a note is always whole."""
        token = secrets.token_hex(16)
        note = _Note(os.path.join(self._directory, token), DRAFT + secrets.token_hex(8), wanted)
        beginning = os.path.join(self._directory, "." + token)
        descriptor = os.open(beginning, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            text = json.dumps({"draft": note.draft, **wanted._asdict()})
            os.write(descriptor, b"0" * _MARK + text.encode())
            os.fsync(descriptor)
            os.rename(beginning, note.path)
        except BaseException:
            os.close(descriptor)
            os.unlink(beginning)
            raise
        return note, descriptor

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Return a context in which no other worker begins an upload, so that it counts all."""
        path = os.path.join(self._directory, _LOCK)
        descriptor = open_own(path, os.O_RDWR | os.O_CREAT)
        try:
            lock_file(descriptor, wait=True)
            yield
        finally:
            os.close(descriptor)


_LOCK = ".lock"


def _read(path: str, descriptor: int) -> _Note | None:
    """Return the note in a file, None if it is not whole."""
    text = os.pread(descriptor, os.fstat(descriptor).st_size, _MARK)
    try:
        found = json.loads(text)
        draft = found.pop("draft")
        wanted = Wanted(**found)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if not draft.startswith(DRAFT):
        return None
    return _Note(path, draft, wanted._replace(names=tuple(wanted.names)))


def _no_such_upload() -> Refusal:
    return Refusal(404, "There is no such upload: it is finished, cancelled, or was left too long")
