"""`Tree`: a directory as those who share it see it, opened name by name, and nothing outside it.

Each name is opened relative to the descriptor of the directory before it, and the system follows no
link, so nothing lies between the check of a path and its use: what is opened is what is judged. A
link that stays inside is walked again from the root, and what it leads to has the names of its own
place. Names of drafts (see `store`), the state of the server, and hidden names do not exist here.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Self

from .access import Names
from .beneath import CAN_WALK
from .paths import LinkPolicy, url_to_parts

__all__ = ["DRAFT", "Entry", "Opened", "Tree", "is_new_name", "names_of"]

DRAFT = ".nethttp-"
"""What the names of drafts begin with. No request reaches such a name."""

MAX_LINKS = 40
"""Links that one path may go through, as on Linux."""

MAX_NAME = 255
"""Bytes of a name at most, as most file systems have it."""

#: Controls, those of ISO 8859-1 too, and what separates names here or on Windows.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f/\\]")

_COMMON = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)
#: Where a FIFO or a device replaces a file meanwhile, the open would wait for ever.
_FILE = _COMMON | getattr(os, "O_NONBLOCK", 0)
#: With O_PATH a process can pass through a directory that it may enter but not read.
_DIRECTORY = _COMMON | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_PATH", 0)
_READABLE = _COMMON | getattr(os, "O_DIRECTORY", 0)


def names_of(target: str) -> Names | None:
    """Return the names in the target of a request, decoded once; None if nothing can have them.

    >>> names_of("/a/%2e%2e/b%20c?d"), names_of("/a%00")
    (('b c',), None)
    """
    names = url_to_parts(target)
    return None if names is None else tuple(names)


def is_new_name(name: str) -> bool:
    r"""Return whether a request may give a file this name.

    Control characters would write lines of their own into logs and lists, and a backslash separates
    names where an archive may be opened.

    >>> is_new_name("a b.txt"), is_new_name("a\nb"), is_new_name("..\\x"), is_new_name("x" * 256)
    (True, False, False, False)
    """
    return (
        name not in ("", ".", "..")
        and _UNSAFE.search(name) is None
        and len(os.fsencode(name)) <= MAX_NAME
    )


class Entry(NamedTuple):
    """A name in a directory; `status` is None for a link that must not be followed."""

    name: str
    status: os.stat_result | None
    is_link: bool
    names: Names
    """Where it lies in the tree: for a link, where that leads."""


class Opened:
    """A file or directory that is open, and the `names` by which it lies in the tree.

    It closes at the end of a ``with``, by `close`, or with its last reference; `detach` leaves its
    descriptor to the caller.
    """

    __slots__ = ("descriptor", "names", "status", "tree")

    def __init__(self, tree: Tree, descriptor: int, names: Names, status: os.stat_result) -> None:
        self.tree = tree
        self.descriptor = descriptor
        self.names = names
        self.status = status

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory; else it is a regular file."""
        return stat.S_ISDIR(self.status.st_mode)

    def child(self, name: str) -> Opened:
        """Return what this directory has under a name; a link is not followed.

        Raises:
            OSError: there is nothing that may be opened.
        """
        return self.tree.open_in(self.descriptor, name, (*self.names, name))

    def check_readable(self) -> None:
        """Check that this directory can be read.

        Raises:
            OSError: it cannot.
        """
        os.close(self._readable())

    def _readable(self) -> int:
        return os.open(os.curdir, _READABLE, dir_fd=self.descriptor)

    def children(self) -> Iterator[Entry]:
        """Yield what this directory has, in the system's order, without the names that are barred.

        Raises:
            OSError: the directory cannot be read.
        """
        readable = self._readable()
        try:
            with os.scandir(readable) as found:
                for item in found:
                    entry = self.tree.entry(self, item)
                    if entry is not None:
                        yield entry
        finally:
            os.close(readable)

    def detach(self) -> int:
        """Return the descriptor, which the caller closes."""
        descriptor, self.descriptor = self.descriptor, -1
        return descriptor

    def close(self, close: Callable[[int], None] = os.close) -> None:
        """Close it; again does nothing."""
        if self.descriptor >= 0:
            close(self.detach())  # Bound before: at the interpreter's end `os` may be gone.

    __del__ = close

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Tree:
    """The files below `root`, which may itself be a link.

    `links` says which links are followed when a file is read; none is when one is written. With
    `hidden` names that begin with a dot exist too. `own` are files and directories of the server's
    that do not exist here even if they lie below the root. With `exact` a name exists only as its
    directory spells it, also where the file system takes other spellings, so that rules for a path
    hold for all of them.
    """

    def __init__(
        self,
        root: str,
        *,
        links: LinkPolicy = "inside",
        hidden: bool = False,
        own: Iterable[str] = (),
        exact: bool = False,
    ) -> None:
        if not CAN_WALK:
            raise NotImplementedError("this system cannot open names relative to a directory")
        self.root = root
        self.links: LinkPolicy = links
        self.hidden = hidden
        found = (_names_beneath(root, path) for path in own)
        self._own = frozenset(names for names in found if names is not None)
        """Where the server's own files lie, as far as that is below the root."""
        self.exact = exact or bool(self._own)

    def is_barred(self, name: str) -> bool:
        """Return whether a name does not exist for any request."""
        # Some file systems take capital letters for small ones, and none has a NUL in a name.
        if "\0" in name or name.lower().startswith(DRAFT):
            return True
        return not self.hidden and name.startswith(".")

    def holds_own(self, names: Names) -> bool:
        """Return whether files of the server's own lie at a path or below it."""
        return any(own[: len(names)] == names for own in self._own)

    def open(self, names: Names, judge: Callable[[Names], object] | None = None) -> Opened:
        """Return the regular file or the directory at a path.

        `judge` is called with each path that a link leads to, before anything is looked up there,
        and may raise what it wants.

        Raises:
            PermissionError: the system does not let this process open it.
            OSError: nothing that may be opened is there.
        """
        for _ in range(MAX_LINKS + 1):
            place = self._open_root()
            for index, name in enumerate(names):
                with place:
                    try:
                        place = self._open_next(place.descriptor, name, names[: index + 1])
                    except _Link:
                        link = index
                        break
            else:
                return place
            if self.links != "inside":
                break
            names = (*self._where_link_leads(names[: link + 1]), *names[link + 1 :])
            if judge is not None:
                judge(names)
        raise _missing(names)

    def parent(self, names: Names) -> tuple[Opened, str]:
        """Return the directory that has, or is to have, the last of `names`, and that name.

        No link is followed, so what is written there lies nowhere else.

        Raises:
            OSError: there is no such directory, or `names` are those of the root.
        """
        if not names:
            raise PermissionError(errno.EPERM, "the root has no directory above", self.root)
        if self.is_barred(names[-1]) or names in self._own:
            raise _missing(names)
        place = self._open_root()
        for index, name in enumerate(names[:-1]):
            with place:
                place = self.open_in(place.descriptor, name, names[: index + 1])
        try:
            if not place.is_directory:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), names[-1])
            if self.exact:
                _check_spelling(names[-1], place.descriptor)
        except BaseException:
            place.close()
            raise
        return place, names[-1]

    def open_in(self, directory: int, name: str, names: Names) -> Opened:
        """Return what the directory of a descriptor has under `name`; `names` lead there.

        Raises:
            OSError: there is nothing that may be opened; links are not followed.
        """
        try:
            return self._open_next(directory, name, names, follow=False)
        except _Link:
            raise _missing(names) from None

    def entry(self, directory: Opened, item: os.DirEntry[str]) -> Entry | None:
        """Return an item of a directory, None if it does not exist for any request."""
        names = (*directory.names, item.name)
        if self.is_barred(item.name) or names in self._own:
            return None
        try:
            if not item.is_symlink():
                return Entry(item.name, item.stat(follow_symlinks=False), False, names)
            with self.open(names) as target:
                return Entry(item.name, target.status, True, target.names)
        except OSError:
            return Entry(item.name, None, True, names)

    def _open_root(self) -> Opened:
        flags = _DIRECTORY & ~getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(self.root or os.curdir, flags)
        return Opened(self, descriptor, (), os.fstat(descriptor))

    def _open_next(self, directory: int, name: str, names: Names, *, follow: bool = True) -> Opened:
        """Return what a directory has under a name.

        Raises:
            _Link: it is a link, which the caller may follow.
            OSError: there is nothing that may be opened.
        """
        if self.is_barred(name) or names in self._own:
            raise _missing(names)
        mode = os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode
        dropped = 0
        if stat.S_ISLNK(mode):
            if self.links != "all" or not follow:
                raise _Link
            mode = os.stat(name, dir_fd=directory).st_mode
            dropped = getattr(os, "O_NOFOLLOW", 0)
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise _missing(names)
        flags = _DIRECTORY if stat.S_ISDIR(mode) else _FILE
        descriptor = os.open(name, flags & ~dropped, dir_fd=directory)
        try:
            status = os.fstat(descriptor)
            # A link, a device or another spelling may have taken the place of what was looked at.
            if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
                raise _missing(names)
            if self.exact and not _is_spelled(name, directory, status):
                raise _missing(names)
        except BaseException:
            os.close(descriptor)
            raise
        return Opened(self, descriptor, names, status)

    def _where_link_leads(self, names: Names) -> Names:
        """Return the names of what the link at `names` leads to.

        The link may be another one by now; what it led to is opened without links.

        Raises:
            OSError: it leads outside, or nowhere.
        """
        top = os.path.realpath(self.root)
        found = _names_beneath(top, os.path.realpath(os.path.join(top, *names)))
        if found is None:
            raise _missing(names)
        return found


class _Link(Exception):
    """A name is a link."""


def _missing(names: Names) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "/".join(names))


def _names_beneath(root: str, path: str) -> Names | None:
    """Return the names that lead from `root` to `path`, links followed; None if it lies outside.

    >>> _names_beneath("/srv", "/srv/a/b"), _names_beneath("/srv", "/srv2")
    (('a', 'b'), None)
    """
    top, place = os.path.realpath(root), os.path.realpath(path)
    if place == top:
        return ()
    start = top.rstrip(os.sep) + os.sep
    return tuple(place[len(start) :].split(os.sep)) if place.startswith(start) else None


def _is_spelled(name: str, directory: int, status: os.stat_result) -> bool:
    """Return whether a directory has just this spelling of a name, which leads to `status`.

    Where letters differ in case alone, a file system may open ``SECRET`` as ``secret``. Only where
    another spelling leads to the same file are the names of the directory read.
    """
    if name.isascii() and name.lower() == name.upper():
        return True
    if not any(_leads_to(twin, directory, status) for twin in _other_spellings(name)):
        return True
    readable = os.open(os.curdir, _READABLE, dir_fd=directory)
    try:
        return name in os.listdir(readable)
    finally:
        os.close(readable)


def _check_spelling(name: str, directory: int) -> None:
    """Check that a name is new in a directory, or just as the directory spells it.

    Raises:
        FileExistsError: it would be another spelling of a name that exists.
    """
    try:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except OSError:
        return
    if not _is_spelled(name, directory, status):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)


def _leads_to(name: str, directory: int, status: os.stat_result) -> bool:
    try:
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except OSError:
        return False
    return os.path.samestat(found, status)


def _other_spellings(name: str) -> set[str]:
    """Return spellings that a file system may take for this one, one for each way to do so."""
    import unicodedata  # start-up: only where rights differ from path to path

    forms = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
    return {name.swapcase(), *forms} - {name}
