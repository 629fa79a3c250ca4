"""Tar archives in the pax form of POSIX, made while they are sent; `tarfile` writes the headers."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Generator, Iterable, Iterator

from .gathering import Beginning
from .members import Member

__all__ = ["tar_length", "tar_pieces"]

_END = bytes(2 * tarfile.BLOCKSIZE)


def tar_length(members: Iterable[Member]) -> int:
    """Return the bytes that `tar_pieces` yields for these members."""
    sizes = (len(_header(member)) + member.size + _padding(member) for member in members)
    return sum(sizes) + len(_END)


def tar_pieces(
    members: Iterable[Member], content: Callable[[Member, int], Iterator[bytes]], start: int = 0
) -> Generator[bytes, None, None]:
    """Yield a tar archive from its byte `start` on.

    `content` yields the bytes of a file from one on, `size` with those before it. What it raises
    ends the archive within a file.
    """
    beginning = Beginning(start)
    for member in members:
        header = _header(member)
        padding = _padding(member)
        if beginning.covers(len(header) + member.size + padding):
            continue
        yield beginning.rest(header)
        if not member.is_directory:
            yield from content(member, beginning.part_of(member.size))
        if padding:
            yield beginning.rest(bytes(padding))
    yield beginning.rest(_END)


def _header(member: Member) -> bytes:
    header = tarfile.TarInfo(member.path.rstrip("/"))
    header.size = member.size
    header.mtime = max(member.modified, 0)
    header.mode = 0o644
    if member.is_directory:
        header.type = tarfile.DIRTYPE
        header.mode = 0o755
    return header.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _padding(member: Member) -> int:
    return -member.size % tarfile.BLOCKSIZE
