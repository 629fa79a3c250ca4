"""`Store`: changes files so that each is old or new, and nothing half is ever seen.

Content goes into a draft (see `drafts`), is synced, and gets its name in one step. What is checked
before a change (rights, conditions) is checked again in the moment of the change, while a lock
keeps the other threads and workers of this server from changing names in the same directory. A
program of another kind may still change them; the system decides what it then meets.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import NamedTuple

from ...wire.values import EntityTag
from .copying import copy_content, copy_directory
from .drafts import Draft, Notes, finish_draft, lock_file, remove_named
from .refusal import Refusal
from .stored import written_opaque
from .tree import Opened, Tree

__all__ = ["Decide", "Store", "Stored", "Upload", "tag_of"]

MAX_NUMBER = 999
"""The highest number that is added to a name that exists."""

MAX_RACES = 3
"""How often another program may take or free a name at the moment of a change."""

LOCKS = 64
"""Files that stand for directories to lock."""

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


def tag_of(status: os.stat_result) -> EntityTag:
    """Return the entity tag of a file that clients may replace. RFC 9110 section 8.8.3."""
    return EntityTag(written_opaque(status))


class Store:
    """Changes the files of `tree`. `state` is a directory of its own, outside the tree.

    A file may have `max_file` bytes (None: any number), and `reserve` bytes of the disk stay free.
    """

    def __init__(
        self, tree: Tree, state: str, *, max_file: int | None = None, reserve: int = 0
    ) -> None:
        self.tree = tree
        self.max_file = max_file
        self.reserve = reserve
        self.notes = Notes(os.path.join(state, "drafts"))
        self._locks = os.path.join(state, "locks")
        os.makedirs(self._locks, mode=0o700, exist_ok=True)

    def clean(self) -> int:
        """Delete the drafts that dead processes have left; return how many there were."""
        return self.notes.clean(self.tree)

    def begin(self, place: Opened, name: str, length: int | None = None) -> Upload:
        """Return an upload to `name` in the directory `place`, of `length` bytes if that is known.

        Raises:
            Refusal: it is too large, or the disk would be too full.
            OSError: the directory takes no file.
        """
        self._check_room(place.descriptor, length or 0)
        return Upload(self, place, name, length)

    def would(self, place: Opened, name: str, decide: Decide) -> bool:
        """Return what `decide` says now, before the content is received.

        Raises:
            Refusal: it refuses.
        """
        return decide(_status_or_none(place, name))

    def _check_size(self, size: int) -> None:
        if self.max_file is not None and size > self.max_file:
            raise Refusal(413, f"A file may have {self.max_file} bytes, this one has more")

    def _check_room(self, descriptor: int, size: int) -> None:
        self._check_size(size)
        self.check_space(descriptor, size)

    def check_space(self, descriptor: int, more: int) -> None:
        """Check that the disk of the file or directory `descriptor` has room for `more` bytes.

        Raises:
            Refusal: it has not.
        """
        space = os.fstatvfs(descriptor)
        free = space.f_bavail * space.f_frsize - self.reserve
        # A pseudo file system has no blocks at all.
        if space.f_blocks and (more > free or free <= 0):
            raise Refusal(507, f"The disk has no room for {more} bytes more")

    def make_directory(self, place: Opened, name: str) -> Stored:
        """Return a new directory `name` in `place`.

        Raises:
            OSError: it cannot be made; FileExistsError: the name exists.
        """
        with self.locked(place):
            os.mkdir(name, 0o777, dir_fd=place.descriptor)
        _sync_directory(place)
        return Stored(name, _status(place, name), created=True)

    def remove(self, place: Opened, name: str, decide: Decide) -> None:
        """Delete what a directory has under a name, with all below it.

        A directory disappears in one step, and what is below it is deleted afterwards. If the
        system does not delete all of it, the rest has its name again.

        Raises:
            Refusal: `decide` has refused.
            OSError: there is nothing, or it cannot be deleted.
        """
        with ExitStack() as rest, self.locked(place):
            status = _status(place, name)
            decide(status)
            if stat.S_ISDIR(status.st_mode):
                rest.callback(self._set_aside(place, name))
            else:
                os.unlink(name, dir_fd=place.descriptor)
        _sync_directory(place)

    def _set_aside(
        self, place: Opened, name: str, replaced: str | None = None
    ) -> Callable[[], None]:
        """Give what has a name that of a draft; return a function that deletes it.

        With `replaced`, that name, it is put back if nothing has taken the name by then. What the
        system does not delete is put back too, or is left to `clean`.
        """
        note = self.notes.write(place, replaced)
        at = place.descriptor
        try:
            os.rename(name, note.draft, src_dir_fd=at, dst_dir_fd=at)
        except BaseException:
            note.drop()
            raise

        def finish() -> None:
            try:
                finish_draft(place, note.draft, replaced)
            except OSError:
                if not self._give_back(place, note.draft, name):
                    note.leave()
                    return
                note.drop()
                raise
            note.drop()

        return finish

    def _give_back(self, place: Opened, draft: str, name: str) -> bool:
        """Return whether what is left of a draft has its name again: nothing else has taken it."""
        with suppress(OSError), self.locked(place):
            if _status_or_none(place, name) is None:
                at = place.descriptor
                os.rename(draft, name, src_dir_fd=at, dst_dir_fd=at)
                return True
        return False

    def move(
        self, source: Opened, name: str, target: Opened, new_name: str, decide: Decide
    ) -> Stored:
        """Return what `target` has as `new_name` after moving it there from `name` in `source`.

        `decide` is for the new name.

        Raises:
            Refusal: `decide` has refused.
            OSError: there is nothing to move, or it cannot be moved.
        """
        with ExitStack() as rest, self.locked(source, target):
            status = _status(source, name)
            existing = _status_or_none(target, new_name)
            # On some file systems "a" and "A" are one file, whose spelling may be changed.
            if existing is not None and os.path.samestat(existing, status):
                existing = None
            if not decide(existing):
                raise Refusal(409, "The name exists")
            if existing is not None and (_is_directory(existing) or _is_directory(status)):
                rest.callback(self._set_aside(target, new_name, new_name))
            os.rename(name, new_name, src_dir_fd=source.descriptor, dst_dir_fd=target.descriptor)
        _sync_directory(source)
        _sync_directory(target)
        return Stored(new_name, _status(target, new_name), created=existing is None)

    def copy(self, source: Opened, target: Opened, name: str, decide: Decide) -> Stored:
        """Return a copy called `name` in `target`, of a file or a directory with all below it.

        Links are left out.

        Raises:
            Refusal: `decide` has refused, or it is too large.
            OSError: it cannot be copied.
        """
        if not source.is_directory:
            with self.begin(target, name, source.status.st_size) as upload:
                upload.copy_from(source)
                return upload.commit(decide)
        note = self.notes.write(target)
        with ExitStack() as rest:
            rest.callback(note.drop)

            def delete() -> None:
                with suppress(FileNotFoundError):
                    remove_named(target, note.draft)

            rest.callback(delete)
            copy_directory(source, target, note.draft, self._check_room)
            with self.locked(target):
                existing = _status_or_none(target, name)
                if not decide(existing):
                    raise Refusal(409, "The name exists")
                if existing is not None:
                    rest.callback(self._set_aside(target, name, name))
                at = target.descriptor
                os.rename(note.draft, name, src_dir_fd=at, dst_dir_fd=at)
        _sync_directory(target)
        return Stored(name, _status(target, name), created=existing is None)

    @contextmanager
    def locked(self, *places: Opened) -> Iterator[None]:
        """Return a context in which no other thread or worker changes names in these directories.

        Each of a bounded number of locks stands for many directories. They are taken in one order.
        """
        numbers = {hash((place.status.st_dev, place.status.st_ino)) % LOCKS for place in places}
        with ExitStack() as held:
            for number in sorted(numbers):
                flags = os.O_RDWR | os.O_CREAT
                descriptor = os.open(os.path.join(self._locks, str(number)), flags, 0o600)
                held.callback(os.close, descriptor)
                lock_file(descriptor, wait=True)
            yield


class Upload:
    """Content on its way to `name` in the directory `place`; `length` bytes, None if not known.

    Use it in a ``with``, which drops it unless `commit` has put it in place.
    """

    def __init__(self, store: Store, place: Opened, name: str, length: int | None) -> None:
        self._store = store
        self._place = place
        self._name = name
        self._length = length
        self._next_look = _SPACE_STEP
        self.size = 0
        """Bytes that were written."""
        self._draft = Draft(store.notes, place)

    def write(self, data: bytes | memoryview) -> None:
        """Append content.

        Raises:
            Refusal: the file is too large, or the disk too full.
            OSError: it cannot be written.
        """
        self.size += len(data)
        self._store._check_size(self.size)
        if self.size >= self._next_look:
            self._next_look = self.size + _SPACE_STEP
            self._store.check_space(self._draft.descriptor, 0)
        left = memoryview(data)
        while left:
            left = left[os.write(self._draft.descriptor, left) :]

    def copy_from(self, source: Opened) -> None:
        """Take over the content of a file, and its time of modification."""
        self.size += copy_content(source.descriptor, self._draft.descriptor)
        self._store._check_size(self.size)
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
        os.fsync(self._draft.descriptor)
        with self._store.locked(self._place):
            name, created = self._put(decide)
        _sync_directory(self._place)
        return Stored(name, os.fstat(self._draft.descriptor), created)

    def _put(self, decide: Decide) -> tuple[str, bool]:
        """Give the draft its name; return the name, and whether nothing had it."""
        name = self._name
        for _ in range(MAX_RACES):
            existing = _status_or_none(self._place, name)
            may_have_it = decide(existing)
            if existing is None:
                with suppress(FileExistsError):
                    self._draft.put_new(name)
                    return name, True
            elif not may_have_it:
                break
            elif _is_directory(existing):
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
        """Drop the content, unless it was put in place."""
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


def _status(place: Opened, name: str) -> os.stat_result:
    return os.stat(name, dir_fd=place.descriptor, follow_symlinks=False)


def _status_or_none(place: Opened, name: str) -> os.stat_result | None:
    try:
        return _status(place, name)
    except FileNotFoundError:
        return None


def _is_directory(status: os.stat_result) -> bool:
    return stat.S_ISDIR(status.st_mode)


def _sync_directory(place: Opened) -> None:
    """Write the names of a directory to the disk, where the system lets a directory be synced."""
    with suppress(OSError):
        descriptor = os.open(os.curdir, os.O_RDONLY, dir_fd=place.descriptor)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
