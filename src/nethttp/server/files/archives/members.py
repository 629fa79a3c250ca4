"""What an archive has: found beforehand, so that its length is known, and opened again when sent.

The members are kept in a file that stays in memory while it is small, so an archive of many files
takes no more memory than one of a few. A file is opened by the gate in its turn. If it is another
by then, or changes while it is read, the archive ends there: it has each file as it was found. A
file that only grows, as a log does, is in it with the bytes that it had.
"""

from __future__ import annotations

import errno
import hashlib
import marshal
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence, Set
from typing import IO, NamedTuple
from urllib.parse import quote

from ...._version import __version__
from ..access import Names, Operation
from ..gate import Gate
from ..refusal import Refusal
from ..reply import Changed
from ..store import tag_of
from ..tree import Opened
from .gathering import PIECE

__all__ = ["Member", "Members"]

MAX_MEMBERS = 200_000
"""Files and directories in one archive."""

MAX_BYTES = 1 << 40
"""Bytes of all files of an archive together."""

MAX_DEPTH = 100
"""Directories in one another."""

MAX_SECONDS = 30.0
"""Seconds to find the members; a client waits for its response meanwhile."""

GROWING_SECONDS = 60.0
"""A file that was modified more recently may be growing: its end is remembered."""

_END = 256
"""Bytes of such an end. A file that was written anew, and is longer now, has others there."""

#: The bytes of an archive depend on these too: they hold the form of headers, and the local time.
_MADE_BY = ascii((__version__, sys.version, time.tzname, time.timezone))

_IN_MEMORY = 1 << 20
"""Bytes of members that are kept in memory."""

#: What the system says of what is gone, has become a link, or is not for this server to read. Any
#: other fault, as of a disk or for want of descriptors, must not make an archive that lacks files.
_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES, errno.EPERM}


class Member(NamedTuple):
    """A file or a directory in an archive."""

    path: str
    """Its path there, with "/" between names; that of a directory ends with one."""
    size: int
    modified: int
    """Seconds since 1970."""
    names: Names
    """Where it lies in the tree."""
    tag: str = ""
    """The entity tag of a file: another, or the same one after a change, has another tag."""
    inode: int = 0
    end: bytes | None = None
    """The last bytes of a file that may be growing."""

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory."""
        return self.path.endswith("/")


class Members:
    """The members of an archive of a directory, in the order of their names.

    Links are left out, and so is what the user of `gate` may not read. `close` it at the end.

    Raises:
        Refusal: there are too many, or finding them takes too long.
    """

    def __init__(self, gate: Gate, clock: Callable[[], float] = time.monotonic) -> None:
        self._gate = gate
        self._clock = clock
        self._deadline = clock() + MAX_SECONDS
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # see close
        self._count = self._bytes = 0
        self._digest = hashlib.blake2b(_MADE_BY.encode(), digest_size=16)

    @property
    def digest(self) -> str:
        """A digest of what was found: that of any other members, or after any change, differs."""
        return self._digest.hexdigest()

    def add_tree(self, directory: Opened, prefix: str, chosen: Set[str] | None = None) -> None:
        """Add what is in an open directory, below the path `prefix`; only `chosen` names if given.

        Raises:
            Refusal: there is too much, or no such name as one of `chosen`.
            OSError: the directory cannot be read.
        """
        if len(directory.names) > MAX_DEPTH:
            raise _too_much(f"{MAX_DEPTH} directories in one another")
        if prefix:
            self._add(Member(prefix, 0, int(directory.status.st_mtime), directory.names))
        names = []
        for entry in self._gate.entries(directory):
            self._check_time()
            if not entry.is_link and (chosen is None or entry.name in chosen):
                names.append(entry.name)
                if len(names) > MAX_MEMBERS:
                    raise _too_much(f"{MAX_MEMBERS} members")
        if chosen is not None and not names:
            raise Refusal(404, "There are no such entries")
        for name, own in archive_names(sorted(names)):
            self._check_time()
            try:
                with directory.child(name) as child:
                    self._add_child(child, prefix + own)
            except OSError as error:
                if error.errno not in _ABSENT:
                    raise

    def _add_child(self, child: Opened, path: str) -> None:
        if child.is_directory:
            self.add_tree(child, f"{path}/")
        elif self._gate.may(Operation.READ, child.names):
            status = child.status
            tag = tag_of(status).opaque
            end = None
            if time.time() - status.st_mtime < GROWING_SECONDS:
                end = _end_of(child.descriptor, status.st_size)
            self._add(
                Member(
                    *(path, status.st_size, int(status.st_mtime), child.names),
                    *(tag, status.st_ino, end),
                )
            )

    def _add(self, member: Member) -> None:
        self._count += 1
        self._bytes += member.size
        if self._count > MAX_MEMBERS:
            raise _too_much(f"{MAX_MEMBERS} members")
        if self._bytes > MAX_BYTES:
            raise _too_much(f"{MAX_BYTES} bytes")
        marshal.dump(tuple(member), self._file)
        # Whether a file's end is remembered depends on the time alone.
        self._digest.update(ascii(member[:-1]).encode())

    def _check_time(self) -> None:
        if self._clock() > self._deadline:
            raise _too_much(f"what is found in {MAX_SECONDS:.0f} seconds")

    def __iter__(self) -> Iterator[Member]:
        """Yield the members; one iterator at a time."""
        self._file.seek(0)
        for _ in range(self._count):
            yield Member(*marshal.load(self._file))  # written by this object

    def content(self, member: Member, start: int = 0) -> Iterator[bytes]:
        """Yield the content of a file from its byte `start` on, which is still what was found.

        Raises:
            Changed: it is not, or the user may not read it any more.
        """
        try:
            opened = self._gate.open(member.names)
        except (OSError, Refusal) as error:
            raise Changed(f"{member.path} cannot be read any more: {error}") from error
        with opened:
            _check_same(member, opened)
            while start < member.size:
                piece = os.pread(opened.descriptor, min(member.size - start, PIECE), start)
                if not piece:
                    raise Changed(f"{member.path} has fewer bytes than it had")
                start += len(piece)
                yield piece
            _check_same(member, opened)

    def close(self) -> None:
        """Forget the members."""
        self._file.close()


def _too_much(bound: str) -> Refusal:
    return Refusal(403, f"An archive may have {bound}; choose fewer files")


def _check_same(member: Member, opened: Opened) -> None:
    """Check that an open file is what was found, or that with more at its end.

    Raises:
        Changed: it is not.
    """
    status = os.fstat(opened.descriptor)
    if tag_of(status).opaque == member.tag:
        return
    is_longer = status.st_ino == member.inode and status.st_size > member.size
    if opened.is_directory or not is_longer or member.end is None:
        raise Changed(f"{member.path} has changed since it was found")
    if _end_of(opened.descriptor, member.size) != member.end:
        raise Changed(f"{member.path} has been written anew since it was found")


def _end_of(descriptor: int, size: int) -> bytes:
    """Return the last of the first `size` bytes of a file."""
    start = max(size - _END, 0)
    return os.pread(descriptor, size - start, start)


def archive_names(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    r"""Yield each name of a directory, and the one it has in an archive, which no other has there.

    >>> list(archive_names(["a", "b%5Cc", "b\\c"]))
    [('a', 'a'), ('b%5Cc', 'b%5Cc'), ('b\\c', 'b%5Cc_')]
    """
    changed = {name: own for name in names if (own := archive_name(name)) != name}
    taken = set(names) if changed else set()
    for name in names:
        own = changed.get(name, name)
        if own != name:
            while own in taken:
                own += "_"
            taken.add(own)
        yield name, own


def archive_name(name: str) -> str:
    r"""Return a name as archives have it: without backslash, controls, and bytes that are no UTF-8.

    Programs on Windows take a backslash for what separates names, and a terminal that shows what an
    archive has would obey the controls.

    >>> archive_name("..\\x"), archive_name("a\udcff"), archive_name("a\n")
    ('..%5Cx', 'a%FF', 'a%0A')
    """
    return _ESCAPED.sub(lambda found: quote(os.fsencode(found[0])), name)


_ESCAPED = re.compile("[\\\\\0-\x1f\x7f-\x9f\udc80-\udcff]")
