"""Copies of files and directories, by their descriptors."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress

from .refusal import Refusal
from .tree import Opened

__all__ = ["PIECE", "check_complete", "copy_content", "copy_directory", "copy_file"]

PIECE = 1024 * 1024
"""Bytes that are copied in one step."""

MAX_COPIED = 100_000
"""Files and directories that one request may copy."""

MAX_DEPTH = 100
"""Directories in one another that one request may copy."""

#: What systems answer that cannot copy between two files by themselves.
_CANNOT_COPY = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})


def copy_content(source: int, target: int) -> int:
    """Copy a file from its beginning to where another stands; return its length in bytes.

    `source` and `target` are descriptors, because a name may lead elsewhere meanwhile.

    Raises:
        OSError: it cannot be read or written.
    """
    copied = 0
    copy = getattr(os, "copy_file_range", None)
    while True:
        try:
            if copy is None:
                done = _copy_piece(source, target, copied)
            else:
                done = copy(source, target, PIECE, offset_src=copied)
        except OSError as error:
            if copy is None or error.errno not in _CANNOT_COPY:
                raise
            copy = None
            continue
        if not done:
            return copied
        copied += done


def _copy_piece(source: int, target: int, offset: int) -> int:
    left = memoryview(os.pread(source, PIECE, offset))
    count = len(left)
    while left:
        left = left[os.write(target, left) :]
    return count


def copy_directory(
    source: Opened, target: Opened, name: str, check_room: Callable[[int, int], None]
) -> None:
    """Copy a directory with all below it to `target`, where it gets `name`. Links are left out.

    `check_room(descriptor, size)` raises if a file of `size` bytes has no room there.

    Raises:
        Refusal: it has too many files, or they have no room.
        OSError: the system has refused.
    """
    left = MAX_COPIED

    def copy_into(directory: Opened, within: int, name: str, depth: int) -> None:
        nonlocal left
        if depth > MAX_DEPTH:
            raise Refusal(403, f"More than {MAX_DEPTH} directories in one another")
        os.mkdir(name, 0o777, dir_fd=within)
        copied = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=within)
        try:
            for entry in directory.children():
                if entry.is_link or entry.status is None:
                    continue
                left -= 1
                if left < 0:
                    raise Refusal(403, f"More than {MAX_COPIED} files to copy")
                with suppress(FileNotFoundError), directory.child(entry.name) as child:
                    if child.is_directory:
                        copy_into(child, copied, entry.name, depth + 1)
                    else:
                        check_room(copied, child.status.st_size)
                        copy_file(child, copied, entry.name)
        finally:
            os.close(copied)

    copy_into(source, target.descriptor, name, 1)


def check_complete(directory: Opened, depth: int = 1) -> None:
    """Check that a copy of a directory has all that is in it and below it.

    Raises:
        Refusal: it has links, hidden files, or what is no file.
        OSError: it cannot be read.
    """
    if depth > MAX_DEPTH:
        return  # The copy itself is refused.
    copied = {
        entry.name: stat.S_ISDIR(entry.status.st_mode)
        for entry in directory.children()
        if not entry.is_link
        and entry.status is not None
        and stat.S_IFMT(entry.status.st_mode) in (stat.S_IFDIR, stat.S_IFREG)
    }
    readable = os.open(os.curdir, os.O_RDONLY | os.O_DIRECTORY, dir_fd=directory.descriptor)
    try:
        complete = set(os.listdir(readable)) == copied.keys()
    finally:
        os.close(readable)
    if not complete:
        raise Refusal(409, "It has links or hidden files, which a move to another disk would lose")
    for name, is_directory in copied.items():
        if is_directory:
            with directory.child(name) as child:
                check_complete(child, depth + 1)


def copy_file(source: Opened, within: int, name: str) -> None:
    """Copy a file to the directory `within`, a descriptor, where nothing has `name`.

    Raises:
        OSError: the system has refused.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    descriptor = os.open(name, flags, 0o666, dir_fd=within)
    try:
        copy_content(source.descriptor, descriptor)
        os.utime(descriptor, ns=(source.status.st_atime_ns, source.status.st_mtime_ns))
    finally:
        os.close(descriptor)
