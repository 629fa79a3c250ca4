"""Tar archives in the pax form of POSIX, made while they are sent; `tarfile` writes the headers."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterable, Iterator

from .members import PIECE, Member

__all__ = ["tar_length", "tar_pieces"]

_END = 2 * tarfile.BLOCKSIZE


def tar_length(members: Iterable[Member]) -> int:
    """Return the bytes that `tar_pieces` yields for these members."""
    sizes = (len(_header(member)) + member.size + _padding(member) for member in members)
    return sum(sizes) + _END


def tar_pieces(
    members: Iterable[Member], content: Callable[[Member], Iterator[bytes]]
) -> Iterator[bytes]:
    """Yield a tar archive; `content` yields the `size` bytes of a file.

    What `content` raises ends the archive within a file.
    """
    waiting = bytearray()  # Many small files fill one piece.
    for member in members:
        waiting += _header(member)
        if not member.is_directory:
            for piece in content(member):
                waiting += piece
                if len(waiting) >= PIECE:
                    yield bytes(waiting)
                    waiting.clear()
        waiting += bytes(_padding(member))
    yield bytes(waiting) + bytes(_END)


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
