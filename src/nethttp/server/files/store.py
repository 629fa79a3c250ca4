"""`Store`: changes files so that each is old or new, and nothing half is ever seen.

Content goes into a draft (see `drafts`), is synced, and gets its name in one step. What is checked
before a change (rights, conditions) is checked again in the moment of the change, while a lock
keeps the other threads and workers of this server from changing names in the same directory. A
program of another kind may still change them; the system decides what it then meets.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import ExitStack, suppress

from ...wire.values import EntityTag
from .copying import check_complete, copy_directory, copy_file
from .drafts import Draft, Notes, finish_draft, remove_named
from .locks import NameLocks
from .places import is_listed, status_of, status_or_none, sync_directory
from .refusal import Refusal
from .room import Room
from .stored import written_opaque
from .tree import Opened, Tree
from .unfinished import Unfinished, UnfinishedUploads, Wanted
from .upload import Decide, Stored, Upload

__all__ = ["Decide", "Store", "Stored", "tag_of"]


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
        self.room = Room(max_file=max_file, reserve=reserve)
        self.notes = Notes(os.path.join(state, "drafts"))
        self.unfinished = UnfinishedUploads(os.path.join(state, "uploads"), tree)
        self._locks = NameLocks(os.path.join(state, "locks"))

    def clean(self) -> int:
        """Delete what dead processes and old uploads have left; return how many there were."""
        return self.notes.clean(self.tree) + self.unfinished.clean()

    def begin(self, place: Opened, name: str, length: int | None = None) -> Upload:
        """Return an upload to `name` in the directory `place`, of `length` bytes if that is known.

        Raises:
            Refusal: it is too large, or the disk would be too full.
            OSError: the directory takes no file.
        """
        self.unfinished.sweep()
        self.room.check(place.descriptor, length or 0)
        return Upload(self.room, self._locks, name, length, Draft(self.notes, place))

    def keep(self, place: Opened, wanted: Wanted) -> Unfinished:
        """Return a new upload to the directory `place`, which may go on later.

        Raises:
            Refusal: it is too large, the disk would be too full, or its user has too many.
            OSError: the directory takes no file.
        """
        self.room.check(place.descriptor, wanted.length)
        return self.unfinished.begin(place, wanted)

    def go_on(self, unfinished: Unfinished) -> Upload:
        """Return the rest of an upload.

        Raises:
            Refusal: it is too large, or the disk would be too full.
        """
        wanted = unfinished.wanted
        self.room.check_size(wanted.length)
        self.room.check_space(unfinished.descriptor, wanted.length - unfinished.size)
        return Upload(self.room, self._locks, wanted.names[-1], wanted.length, unfinished)

    def would(self, place: Opened, name: str, decide: Decide) -> bool:
        """Return what `decide` says now, before the content of a file is received.

        Raises:
            Refusal: it refuses, or a directory has the name.
        """
        existing = status_or_none(place, name)
        may_have_it = decide(existing)
        if may_have_it and existing is not None and stat.S_ISDIR(existing.st_mode):
            raise Refusal(409, "A directory has this name")
        return may_have_it

    def make_directory(self, place: Opened, name: str) -> Stored:
        """Return a new directory `name` in `place`.

        Raises:
            OSError: it cannot be made; FileExistsError: the name exists.
        """
        with self._locks.held(place):
            os.mkdir(name, 0o777, dir_fd=place.descriptor)
        sync_directory(place)
        return Stored(name, status_of(place, name), created=True)

    def remove(self, place: Opened, name: str, decide: Decide) -> None:
        """Delete what a directory has under a name, with all below it.

        A directory disappears in one step, and what is below it is deleted afterwards. If the
        system does not delete all of it, the rest has its name again.

        Raises:
            Refusal: `decide` has refused.
            OSError: there is nothing, or it cannot be deleted.
        """
        with ExitStack() as rest, self._locks.held(place):
            status = status_of(place, name)
            decide(status)
            if stat.S_ISDIR(status.st_mode):
                rest.callback(self._set_aside(place, name))
            else:
                os.unlink(name, dir_fd=place.descriptor)
        sync_directory(place)

    def _set_aside(
        self, place: Opened, name: str, replaced: str | None = None
    ) -> Callable[[], None]:
        """Give what has a name that of a draft; return a function that deletes it.

        No unfinished upload to what is below it goes on.

        With `replaced`, that name, it is put back if nothing has taken the name by then. What the
        system does not delete is put back too, or is left to `clean`.
        """
        self.unfinished.drop_beneath((*place.names, name))
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
            except FileNotFoundError:
                pass  # It was deleted with the directory in which it lay.
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
        with suppress(OSError), self._locks.held(place):
            if status_or_none(place, name) is None:
                at = place.descriptor
                os.rename(draft, name, src_dir_fd=at, dst_dir_fd=at)
                return True
        return False

    def move(
        self,
        source: Opened,
        name: str,
        target: Opened,
        new_name: str,
        decide: Decide,
        *,
        leaving: Decide,
    ) -> Stored:
        """Return what `target` has as `new_name` after moving it there from `name` in `source`.

        `decide` is for the new name, `leaving` for what is moved.

        Raises:
            Refusal: one of them has refused.
            OSError: there is nothing to move, or it cannot be moved.
        """
        with ExitStack() as rest, self._locks.held(source, target):
            status = status_of(source, name)
            leaving(status)
            existing = status_or_none(target, new_name)
            is_same = existing is not None and os.path.samestat(existing, status)
            is_link = (
                is_same
                and _is_other_name(source, name, target, new_name)
                and not stat.S_ISDIR(status.st_mode)
            )
            # On some file systems "a" and "A" are one file, whose spelling may be changed.
            if is_same and not is_link:
                existing = None
            if not decide(existing):
                raise Refusal(409, "The name exists")
            if stat.S_ISDIR(status.st_mode):
                self.unfinished.drop_beneath((*source.names, name))
            if existing is not None and (
                stat.S_ISDIR(existing.st_mode) or stat.S_ISDIR(status.st_mode)
            ):
                rest.callback(self._set_aside(target, new_name, new_name))
            if is_link:
                # The system's rename leaves both names of one file.
                os.unlink(name, dir_fd=source.descriptor)
            else:
                ends = {"src_dir_fd": source.descriptor, "dst_dir_fd": target.descriptor}
                os.rename(name, new_name, **ends)
        sync_directory(source)
        sync_directory(target)
        return Stored(new_name, status_of(target, new_name), created=existing is None)

    def move_by_copy(
        self,
        source: Opened,
        name: str,
        whole: Opened,
        target: Opened,
        new_name: str,
        decide: Decide,
        *,
        leaving: Decide,
    ) -> Stored:
        """Return what `move` does, for two file systems. `whole` is what has `name` in `source`.

        Raises:
            Refusal: one of them has refused, or a part would be lost.
            OSError: it cannot be copied, or not be deleted; then it stays where it was.
        """
        if whole.is_directory:
            check_complete(whole)
        stored = self.copy(whole, target, new_name, decide)

        def unchanged(status: os.stat_result | None) -> bool:
            assert status is not None
            if not whole.is_directory and tag_of(status) != tag_of(whole.status):
                raise Refusal(409, "The file has changed meanwhile; it is in both places")
            return leaving(status)

        try:
            self.remove(source, name, unchanged)
        except OSError:
            if stored.created:
                with suppress(OSError):
                    self.remove(target, new_name, lambda _: True)
            raise
        return stored

    def copy(self, source: Opened, target: Opened, name: str, decide: Decide) -> Stored:
        """Return a copy called `name` in `target`, of a file or a directory with all below it.

        Links are left out.

        Raises:
            Refusal: `decide` has refused, or it is too large.
            OSError: it cannot be copied.
        """
        existing = status_or_none(target, name)
        decide(existing)  # What is refused now costs no copy.
        if source.is_directory and existing and os.path.samestat(existing, source.status):
            raise _is_itself()  # Its copy, which is without links, would replace it.
        replaces_directory = existing is not None and stat.S_ISDIR(existing.st_mode)
        if not source.is_directory and not replaces_directory:
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
            if source.is_directory:
                copy_directory(source, target, note.draft, self.room.check)
            else:
                self.room.check(target.descriptor, source.status.st_size)
                copy_file(source, target.descriptor, note.draft)
            with self._locks.held(target):
                existing = status_or_none(target, name)
                if not decide(existing):
                    raise Refusal(409, "The name exists")
                if existing is not None:
                    rest.callback(self._set_aside(target, name, name))
                at = target.descriptor
                os.rename(note.draft, name, src_dir_fd=at, dst_dir_fd=at)
        sync_directory(target)
        return Stored(name, status_of(target, name), created=existing is None)


def _is_other_name(source: Opened, name: str, target: Opened, new_name: str) -> bool:
    """Return whether two names of one file are two, and not another spelling of one.

    Raises:
        Refusal: 403, they are one name in one directory, which has two paths.
    """
    if not os.path.samestat(source.status, target.status):
        return True
    if name == new_name:
        raise _is_itself()
    return is_listed(target, new_name)


def _is_itself() -> Refusal:
    return Refusal(403, "The destination is the source")
