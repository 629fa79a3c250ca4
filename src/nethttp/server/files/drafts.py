"""Drafts: what is to become a file, or is about to be deleted, under no name or a barred one.

On Linux a draft has no name until it is complete, so a process that is killed leaves nothing. Where
a name is needed, a note in the state directory says which, and the process that works on the draft
holds the note locked. `Notes.clean` deletes what the notes of dead processes name, or puts back
what was to be replaced and was not.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import stat
import time
from contextlib import suppress
from typing import Any

from ..seams import current
from .places import status_or_none
from .refusal import Refusal
from .tree import DRAFT, Opened, Tree

__all__ = [
    "Draft",
    "Note",
    "Notes",
    "finish_draft",
    "lock_file",
    "name_new",
    "open_own",
    "remove_named",
    "state_is_gone",
    "unlock_file",
]

#: What file systems without nameless files answer to a request for one.
_NO_NAMELESS = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT})

#: What file systems answer on which a file has one name: those of USB sticks, and of some networks.
_NO_SECOND_NAME = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})

_NAMELESS = getattr(os, "O_TMPFILE", 0)

#: What the system answers where an upload that has the directory open begins or ends meanwhile.
_CHANGED_MEANWHILE = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT})

MAX_RACES = 10
"""How often a directory may change while it is deleted."""

#: Seconds that a process may take to write and lock a note.
_NOTE_SECONDS = 60.0


def lock_file(descriptor: int, *, wait: bool) -> bool:
    """Lock a file for this process until it is closed; return whether that was possible.

    `descriptor` is that of the file. With `wait` it waits until another process has closed the
    file. Where the system has no such locks, every file counts as locked, because such a system
    runs one worker.
    """
    try:
        import fcntl  # not on every platform
    except ImportError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def unlock_file(descriptor: int) -> None:
    """Let other processes, and other descriptors of this one, lock a file that `lock_file` has."""
    with suppress(ImportError):
        import fcntl  # not on every platform

        fcntl.flock(descriptor, fcntl.LOCK_UN)


def open_own(path: str, flags: int) -> int:
    """Return the descriptor of one of the server's own files, closed to other users.

    Raises:
        Refusal: 503, its directory was deleted.
        OSError: the system has refused.
    """
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        raise state_is_gone() from None


def state_is_gone() -> Refusal:
    """Return the refusal of a change after the server's own files were deleted.

    The server makes their directory when it starts alone: somebody else may have one there by then.
    """
    return Refusal(503, "The server's own files were deleted; start it again to change files")


class Note:
    """A note that a draft has a name, from when the name is chosen until `drop`.

    It is written before the draft has the name, so that no draft is ever without one.
    """

    __slots__ = ("_descriptor", "_path", "draft")

    def __init__(self, directory: str, place: Opened, replaced: str | None = None) -> None:
        """Write a note in `directory` that a draft in `place` may have the name `draft`.

        With `replaced` the draft is what had that name, and has it again if nothing takes it.
        """
        identity = secrets.token_hex(8)
        self.draft = DRAFT + identity
        self._path = os.path.join(directory, identity)
        # Under its own name a note is always locked and complete, unless its process is dead.
        beginning = os.path.join(directory, "." + identity)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        self._descriptor = open_own(beginning, flags)
        try:
            lock_file(self._descriptor, wait=False)
            note = {"names": place.names, "draft": self.draft, "replaced": replaced}
            os.write(self._descriptor, json.dumps(note).encode())
            os.rename(beginning, self._path)
        except BaseException:
            os.close(self._descriptor)
            os.unlink(beginning)
            raise

    def leave(self) -> None:
        """Leave the note to `Notes.clean`: the draft could not be deleted yet."""
        os.close(self._descriptor)

    def drop(self) -> None:
        """Delete the note: there is no draft of this name any more."""
        os.unlink(self._path)
        os.close(self._descriptor)


class Notes:
    """The notes in a directory, which is made if it is missing.

    A worker cleans when it starts, because the worker before it may have been killed.
    """

    def __init__(self, directory: str) -> None:
        self._directory = directory
        os.makedirs(directory, mode=0o700, exist_ok=True)

    def write(self, place: Opened, replaced: str | None = None) -> Note:
        """Return a new note for a draft in `place`; `replaced` as `Note` has it."""
        return Note(self._directory, place, replaced)

    def clean(self, tree: Tree) -> int:
        """Delete or put back the drafts of processes that are dead; return how many there were."""
        found = 0
        for name in os.listdir(self._directory):
            path = os.path.join(self._directory, name)
            with suppress(OSError):
                descriptor = os.open(path, os.O_RDWR)
                try:
                    if lock_file(descriptor, wait=False):
                        found += self._clean_one(tree, path, descriptor)
                finally:
                    os.close(descriptor)
        return found

    def _clean_one(self, tree: Tree, path: str, descriptor: int) -> int:
        status = os.fstat(descriptor)
        if os.path.basename(path).startswith("."):
            # Its process may be about to lock it; else it had not chosen a name yet.
            if time.time() - status.st_mtime > _NOTE_SECONDS:
                os.unlink(path)
            return 0
        gone = 0
        # A note that the system lost half of, in a loss of power, names no draft. What the system
        # does not delete keeps its note.
        with suppress(FileNotFoundError, NotADirectoryError, ValueError, KeyError):
            note: dict[str, Any] = json.loads(os.read(descriptor, status.st_size))
            place, draft = tree.parent((*note["names"], "_"))[0], note["draft"]
            with place:
                if draft.startswith(DRAFT):
                    finish_draft(place, draft, note["replaced"])
                    gone = 1
        os.unlink(path)
        return gone


class Draft:
    """Content that is written to a file in the directory `place`, without a name if possible.

    Use it in a ``with``, which deletes it unless it was put in place.
    """

    __slots__ = ("_note", "_notes", "descriptor", "place")

    size = 0
    """Bytes that it begins with."""

    def __init__(self, notes: Notes, place: Opened) -> None:
        self.place = place
        self._notes = notes
        self._note: Note | None = None
        self.descriptor = self._open_nameless()
        if self.descriptor < 0:
            self._note = notes.write(place)
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
            try:
                draft = self._note.draft
                self.descriptor = os.open(draft, flags, 0o666, dir_fd=place.descriptor)
            except BaseException:
                self._drop_note()
                raise

    def _open_nameless(self) -> int:
        """Return the descriptor of a file without a name; -1 if there can be none."""
        if not _NAMELESS:
            return -1
        try:
            descriptor = os.open(
                os.curdir, _NAMELESS | os.O_RDWR, 0o666, dir_fd=self.place.descriptor
            )
        except OSError as error:
            if error.errno in _NO_NAMELESS:
                return -1
            raise
        if os.path.exists(_path_of(descriptor)):
            return descriptor
        os.close(descriptor)  # Without /proc it could not be given a name.
        return -1

    def write(self, data: memoryview) -> int:
        """Append content; return how many bytes of it were taken.

        Raises:
            OSError: it cannot be written.
        """
        return os.write(self.descriptor, data)

    def put_new(self, name: str) -> None:
        """Give the draft a name that nothing has.

        Raises:
            FileExistsError: something has it.
        """
        place = self.place.descriptor
        if self._note is None:
            os.link(_path_of(self.descriptor), name, dst_dir_fd=place, follow_symlinks=True)
            return
        name_new(self.place, self._note.draft, name)
        self._drop_note()

    def put_over(self, name: str) -> None:
        """Give the draft a name, in one step for whoever looks at what has it until then."""
        place = self.place.descriptor
        if self._note is None:
            self._note = self._notes.write(self.place)
            draft = self._note.draft
            os.link(_path_of(self.descriptor), draft, dst_dir_fd=place, follow_symlinks=True)
        os.replace(self._note.draft, name, src_dir_fd=place, dst_dir_fd=place)
        self._drop_note()

    def _drop_note(self) -> None:
        if self._note is not None:
            self._note.drop()
            self._note = None

    def close(self) -> None:
        """Delete the draft, unless it was put in place; again does nothing."""
        if self.descriptor < 0:
            return
        descriptor, self.descriptor = self.descriptor, -1
        os.close(descriptor)
        if self._note is not None:
            with suppress(FileNotFoundError):
                os.unlink(self._note.draft, dir_fd=self.place.descriptor)
            self._drop_note()

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def name_new(place: Opened, draft: str, name: str) -> None:
    """Give a draft in a directory a name that nothing has.

    Raises:
        FileExistsError: something has it.
    """
    at = place.descriptor
    try:
        os.link(draft, name, src_dir_fd=at, dst_dir_fd=at, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_SECOND_NAME:
            raise
        # The threads and workers of this server are locked out; a program of another kind could
        # take the name between these two steps.
        if status_or_none(place, name) is not None:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name) from None
        os.rename(draft, name, src_dir_fd=at, dst_dir_fd=at)
    else:
        os.unlink(draft, dir_fd=at)


def remove_named(place: Opened, name: str) -> None:
    """Delete what a directory has under a name, with all below it; links are not followed.

    Raises:
        OSError: it cannot be deleted.
    """
    status = os.stat(name, dir_fd=place.descriptor, follow_symlinks=False)
    if not stat.S_ISDIR(status.st_mode):
        os.unlink(name, dir_fd=place.descriptor)
        return
    shutil = current("shutil")  # start-up: it loads every archive format
    for left in reversed(range(MAX_RACES)):
        try:
            shutil.rmtree(name, dir_fd=place.descriptor)
            return
        except OSError as error:
            if not left or error.errno not in _CHANGED_MEANWHILE:
                raise


def finish_draft(place: Opened, draft: str, replaced: str | None) -> None:
    """Delete a draft; or let it have the name that it had, if nothing else has it.

    Raises:
        OSError: there is no such draft, or it cannot be deleted.
    """
    at = place.descriptor
    if replaced is not None:
        try:
            os.stat(replaced, dir_fd=at, follow_symlinks=False)
        except FileNotFoundError:
            os.rename(draft, replaced, src_dir_fd=at, dst_dir_fd=at)
            return
    remove_named(place, draft)


def _path_of(descriptor: int) -> str:
    return f"/proc/self/fd/{descriptor}"
