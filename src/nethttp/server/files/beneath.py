"""Opens what lies beneath a directory, and nothing else, even if names are exchanged meanwhile.

To resolve a path and then to open it by its name are two steps. Between them, a user who may write
below the root can put a link there. So a path is walked: each name is opened relative to the
descriptor of the directory before it, and the system follows no link. A link's target is read by
its name and may be outdated at once, so the target is walked from the root in the same way.
"""

from __future__ import annotations

import errno
import os
import stat

from .paths import LinkPolicy

__all__ = ["is_below", "is_directory", "open_beneath", "open_named"]

MAX_LINKS = 40
"""Links that one path may go through, as on Linux."""

_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
#: Where a FIFO or a device has replaced a file, the open would wait for ever.
_FILE = _FLAGS | getattr(os, "O_NONBLOCK", 0)
#: With O_PATH a process can pass through a directory that it may enter but not read.
_DIRECTORY = _FLAGS | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_PATH", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)

#: The errors of systems for a link that is opened without being followed.
_IS_LINK = frozenset(
    {errno.ELOOP, errno.ENOTDIR, errno.EMLINK, getattr(errno, "EFTYPE", errno.ELOOP)}
)

CAN_WALK = os.open in os.supports_dir_fd and os.readlink in os.supports_dir_fd and _NO_LINK != 0
"""Whether this system opens names relative to a directory (Windows does not)."""


def open_beneath(root: str, path: str, links: LinkPolicy = "inside") -> int:
    """Return a descriptor of the regular file or the directory `path`, which begins with `root`.

    `root` itself may be a link. Open names relative to the descriptor of a directory, since it may
    not be readable.

    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as root:
    ...     os.symlink("/etc", os.path.join(root, "link"))
    ...     try:
    ...         open_beneath(root, os.path.join(root, "link", "passwd"))
    ...     except FileNotFoundError:
    ...         print("not inside the root")
    not inside the root

    Raises:
        PermissionError: it may not be opened.
        OSError: it does not exist, is neither a regular file nor a directory, lies outside `root`,
            or a link on the way must not be followed.
    """
    if links == "all":
        if not is_below(os.path.abspath(path), os.path.abspath(root)):
            raise FileNotFoundError(errno.ENOENT, "not inside the root", path)
        return open_named(path)
    # To look by name is cheapest if nothing exists there, and tells a file from a directory.
    is_file = _is_file(path)
    names = _names_below(path, root)
    if not CAN_WALK:
        return _open_and_look(root, path, names, links, is_file)
    for _ in range(MAX_LINKS + 1):
        found = _walk(root, names, is_file)
        if found >= 0:
            return found
        if links == "none":
            break
        names = _where_links_lead(root, names, -found - 1)
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)


def open_named(path: str) -> int:
    """Return a descriptor of the regular file or the directory `path`, wherever links lead.

    This is for programs that choose the path themselves, since a peer's path could lead anywhere.

    Raises:
        OSError: it cannot be opened, or is neither.
    """
    return _checked(os.open(path, _FILE if _is_file(path) else _DIRECTORY), path)


def is_directory(descriptor: int) -> bool:
    """Return whether a descriptor is that of a directory.

    This has to be asked after opening, since another program may exchange what a name leads to.
    """
    return stat.S_ISDIR(os.fstat(descriptor).st_mode)


def _is_file(path: str) -> bool:
    """Return whether `path` names a regular file, and not a directory.

    Raises:
        OSError: it names neither.
    """
    try:
        mode = os.stat(path).st_mode
    except ValueError as error:
        raise FileNotFoundError(str(error)) from None
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise FileNotFoundError(errno.ENOENT, "neither a file nor a directory", path)
    return stat.S_ISREG(mode)


def _checked(descriptor: int, path: str) -> int:
    """Return a descriptor of a regular file or a directory; close any other."""
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return descriptor
    os.close(descriptor)
    raise FileNotFoundError(errno.ENOENT, "neither a file nor a directory", path)


def is_below(path: str, root: str) -> bool:
    """Return whether `path` begins with `root`, textually.

    >>> is_below("/srv/a", "/srv"), is_below("/srv2", "/srv")
    (True, False)
    """
    if not root:
        # The current directory, whatever it is by then.
        return not os.path.isabs(path)
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def _names_below(path: str, root: str) -> list[str]:
    """Return the names that lead from `root` to `path`.

    Raises:
        FileNotFoundError: they lead outside.
    """
    names: list[str] = []
    if not is_below(path, root):
        raise FileNotFoundError(errno.ENOENT, "not inside the root", path)
    for name in path[len(root) :].split(os.sep):
        if name == os.pardir:
            if not names:
                raise FileNotFoundError(errno.ENOENT, "not inside the root", path)
            names.pop()
        elif name and name != os.curdir:
            names.append(name)
    return names


def _walk(root: str, names: list[str], is_file: bool) -> int:
    """Return a descriptor of what `names` lead to; -1 - i if that of index i is a link."""
    place = os.open(root or os.curdir, _DIRECTORY)
    last = len(names) - 1
    for index, name in enumerate(names):
        flags = _FILE if is_file and index == last else _DIRECTORY
        try:
            found = os.open(name, flags | _NO_LINK, dir_fd=place)
        except OSError as error:
            if error.errno in _IS_LINK and _is_link(name, place):
                return -1 - index
            raise
        finally:
            os.close(place)
        place = found
    return _checked(place, names[-1]) if names else place


def _is_link(name: str, directory: int) -> bool:
    try:
        os.readlink(name, dir_fd=directory)
    except OSError:
        return False
    return True


def _where_links_lead(root: str, names: list[str], index: int) -> list[str]:
    """Return the names that lead to where `names` do, with the link at `index` followed.

    Raises:
        FileNotFoundError: it leads outside, or nowhere.
    """
    top = os.path.realpath(root)
    target = os.path.realpath(os.path.join(top, *names[: index + 1]))
    return [*_names_below(target, top), *names[index + 1 :]]


def _open_and_look(root: str, path: str, names: list[str], links: LinkPolicy, is_file: bool) -> int:
    """Return what `open_beneath` does, where names cannot be opened relative to a directory.

    The opened file must be the one that a path without links names afterwards. A user who can
    exchange a name twice within microseconds gets past this check.
    """
    top = os.path.realpath(root)
    target = os.path.realpath(path)
    if not is_below(target, top) or (links == "none" and target != os.path.join(top, *names)):
        raise FileNotFoundError(errno.ENOENT, "not inside the root", path)
    descriptor = _checked(os.open(target, _FILE if is_file else _DIRECTORY), path)
    try:
        if os.path.realpath(target) != target or not os.path.samestat(
            os.fstat(descriptor), os.stat(target)
        ):
            raise FileNotFoundError(errno.ENOENT, "exchanged meanwhile", path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
