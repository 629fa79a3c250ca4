"""Zip archives, made while they are sent. PKWARE's APPNOTE 6.3.10 has the form.

Files are stored as they are, so the length is known beforehand, and a client can show how much is
left. A file's checksum follows its content, because it is known only then.
"""

from __future__ import annotations

import struct
import time
import zlib
from array import array
from collections.abc import Callable, Generator, Iterable, Iterator

from .gathering import Beginning
from .members import Member

__all__ = ["zip_length", "zip_pieces"]

#: What a field of 32 or 16 bits says if the value stands in a field of 64 (section 4.4.1.4).
_MAX_32 = 0xFFFF_FFFF
_MAX_16 = 0xFFFF

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")

_UTF_8 = 1 << 11
_CHECKSUM_FOLLOWS = 1 << 3

_UNIX = 3 << 8
_VERSION, _VERSION_64 = 20, 45

#: Extra fields: sizes and offset in 64 bits, and the time in seconds of UTC.
_ID_64, _ID_TIME = 1, 0x5455

_UNKNOWN = -1
"""In the place of the checksum of a file that lies before what is sent."""


def zip_length(members: Iterable[Member]) -> int:
    """Return the bytes that `zip_pieces` yields for these members."""
    offset = directory = count = 0
    for member in members:
        directory += len(_central(member, 0, offset))
        offset += _entry_length(member)
        count += 1
    return offset + directory + len(_end(count, directory, offset))


def zip_pieces(
    members: Iterable[Member], content: Callable[[Member, int], Iterator[bytes]], start: int = 0
) -> Generator[bytes, None, None]:
    """Yield a zip archive from its byte `start` on.

    `content` yields the bytes of a file from one on, `size` with those before it. What it raises
    ends the archive before its directory, without which it cannot be opened. A file that lies
    before `start` is read when the directory tells its checksum, not before the first byte is sent.
    """
    beginning = Beginning(start)
    checksums = array("q")  # 8 bytes a member, of which there is a bounded number.
    for member in members:
        if beginning.left and beginning.covers(_entry_length(member)):
            checksums.append(_UNKNOWN)
        else:
            checksums.append((yield from _entry(member, content, beginning)))
    offset = size = 0
    for member, checksum in zip(members, checksums, strict=True):
        central = _central(member, max(checksum, 0), offset)
        if not beginning.covers(len(central)):
            if checksum == _UNKNOWN:
                central = _central(member, (yield from _checksum(member, content)), offset)
            yield beginning.rest(central)
        offset += _entry_length(member)
        size += len(central)
    yield beginning.rest(_end(len(checksums), size, offset))


def _entry_length(member: Member) -> int:
    return len(_local(member)) + member.size + len(_descriptor(member, 0))


def _entry(
    member: Member, content: Callable[[Member, int], Iterator[bytes]], beginning: Beginning
) -> Generator[bytes, None, int]:
    """Yield a file between its headers, without the beginning; return its checksum."""
    yield beginning.rest(_local(member))
    checksum = 0
    if not member.is_directory:
        for piece in content(member, 0):
            checksum = zlib.crc32(piece, checksum)
            yield beginning.rest(piece)
        yield beginning.rest(_descriptor(member, checksum))
    return checksum


def _checksum(
    member: Member, content: Callable[[Member, int], Iterator[bytes]]
) -> Generator[bytes, None, int]:
    """Yield an empty piece for each of a file that is read; return its checksum."""
    checksum = 0
    if not member.is_directory:
        for piece in content(member, 0):
            checksum = zlib.crc32(piece, checksum)
            yield b""
    return checksum


def _local(member: Member) -> bytes:
    """Return the header before a file (section 4.3.7)."""
    name = member.path.encode()
    extra = _extra_time(member.modified)
    size = 0  # It follows the content, like the checksum.
    if member.size >= _MAX_32:
        extra += struct.pack("<2H2Q", _ID_64, 16, 0, 0)
        size = _MAX_32
    return (
        _LOCAL.pack(
            b"PK\3\4",
            _VERSION_64 if size else _VERSION,
            _flags(member),
            0,
            *_dos_time(member.modified),
            0,
            size,
            size,
            len(name),
            len(extra),
        )
        + name
        + extra
    )


def _descriptor(member: Member, checksum: int) -> bytes:
    """Return what follows the content of a file (section 4.3.9)."""
    if member.is_directory:
        return b""
    form = "<4sL2Q" if member.size >= _MAX_32 else "<4s3L"
    return struct.pack(form, b"PK\7\b", checksum, member.size, member.size)


def _central(member: Member, checksum: int, offset: int) -> bytes:
    """Return the header of a file in the directory (section 4.3.12)."""
    name = member.path.encode()
    large = [value for value in (member.size, member.size, offset) if value >= _MAX_32]
    extra = _extra_time(member.modified)
    if large:
        extra += struct.pack(f"<2H{len(large)}Q", _ID_64, 8 * len(large), *large)
    version = _VERSION_64 if large else _VERSION
    mode = 0o40755 if member.is_directory else 0o100644
    size = min(member.size, _MAX_32)
    return (
        _CENTRAL.pack(
            b"PK\1\2",
            _UNIX | version,
            version,
            _flags(member),
            0,
            *_dos_time(member.modified),
            checksum,
            size,
            size,
            len(name),
            len(extra),
            0,
            0,
            0,
            mode << 16 | (0x10 if member.is_directory else 0),
            min(offset, _MAX_32),
        )
        + name
        + extra
    )


def _end(count: int, size: int, offset: int) -> bytes:
    """Return the end of an archive (sections 4.3.14 to 4.3.16)."""
    end = b""
    if count >= _MAX_16 or size >= _MAX_32 or offset >= _MAX_32:
        end = _END_64.pack(
            *(b"PK\6\6", _END_64.size - 12, _UNIX | _VERSION_64, _VERSION_64, 0, 0),
            *(count, count, size, offset),
        ) + _LOCATOR_64.pack(b"PK\6\7", 0, offset + size, 1)
    few = min(count, _MAX_16)
    return end + _END.pack(b"PK\5\6", 0, 0, few, few, min(size, _MAX_32), min(offset, _MAX_32), 0)


def _flags(member: Member) -> int:
    return _UTF_8 if member.is_directory else _UTF_8 | _CHECKSUM_FOLLOWS


def _extra_time(modified: int) -> bytes:
    """Return the field with the time of a change, if 32 bits hold it."""
    if not 0 <= modified < 1 << 31:
        return b""
    return struct.pack("<2HBL", _ID_TIME, 5, 1, modified)


def _dos_time(modified: int) -> tuple[int, int]:
    """Return a time as the form has it: local, from 1980 to 2107, in steps of two seconds."""
    try:
        year, month, day, hour, minute, second, *_ = time.localtime(modified)
    except (OverflowError, ValueError, OSError):
        year = 1970
    if year < 1980:
        year, month, day, hour, minute, second = 1980, 1, 1, 0, 0, 0
    if year > 2107:
        year, month, day, hour, minute, second = 2107, 12, 31, 23, 59, 58
    return hour << 11 | minute << 5 | min(second, 59) // 2, (year - 1980) << 9 | month << 5 | day
