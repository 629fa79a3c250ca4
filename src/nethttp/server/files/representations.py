"""The representations of a file, and which of them a request gets.

A file can be sent as it is, from a neighbour that holds it compressed (``page.html.br``), or
compressed here. Each has its own entity tag, since their bytes differ (RFC 9110 section 8.8.3.3).
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import NamedTuple

from ...caching import AgeCache, SecondTimeCache
from ...wire.coding import available_codings, choose_coding, encode
from ...wire.values import EntityTag
from ..engine.dated_head import DatedHead
from .mediatypes import KnownExtension
from .stored import StoredFile

__all__ = ["Representation", "Resource"]

MIN_COMPRESSED = 1024
"""Content of fewer bytes is not compressed: it fits into one packet."""

MAX_COMPRESSED = 4 * 1024 * 1024
"""Content of more bytes is not compressed here: the first client would wait for it."""

#: The suffix of a neighbour's name, by its coding.
SUFFIXES = {"br": ".br", "zstd": ".zst", "gzip": ".gz"}

#: The first bytes of content in a coding; brotli's has no mark.
_MAGIC = {"br": b"", "zstd": b"\x28\xb5\x2f\xfd", "gzip": b"\x1f\x8b"}

#: Media types of compressible content, besides text/ and those that end in +json or +xml.
_COMPRESSIBLE = frozenset(
    {
        "application/javascript",
        "application/json",
        "application/manifest+json",
        "application/rtf",
        "application/vnd.ms-fontobject",
        "application/wasm",
        "application/x-ndjson",
        "application/xml",
        "application/xml-dtd",
        "font/otf",
        "font/ttf",
        "image/bmp",
        "image/vnd.microsoft.icon",
        "image/x-icon",
    }
)

#: The coding for (Accept-Encoding, codings on offer), "" for none. To choose takes 4 us, a look
#: here 0.1 us.
_KNOWN_CHOICES: SecondTimeCache[tuple[str, tuple[str, ...]], str] = SecondTimeCache(
    256, 64 * 1024, max_key=256
)

#: What was compressed here, by path, identity and coding. It is kept for an hour, since a file that
#: has changed has another identity.
_COMPRESSED: AgeCache[tuple[object, ...], bytes] = AgeCache(
    max_entries=4096, max_cost=32 * 1024 * 1024, life=3600
)


class Description(NamedTuple):
    """What the fields of every representation of a file say alike."""

    media_type: str
    last_modified: str
    cache_control: str | None
    varies: bool
    """Whether Accept-Encoding decides which representation a request gets."""

    def fields_of(self, coding: str | None, etag: EntityTag) -> tuple[tuple[str, str], ...]:
        """Return the fields of a representation as (name, value), in the order of a head."""
        fields = [
            ("Content-type", self.media_type),
            ("Content-Encoding", coding),
            ("Accept-Ranges", "bytes"),
            ("ETag", str(etag)),
            ("Last-Modified", self.last_modified),
            ("Vary", "Accept-Encoding" if self.varies else None),
            ("Cache-Control", self.cache_control),
        ]
        return tuple((name, value) for name, value in fields if value is not None)


class Representation:
    """The bytes of a file in one coding (None: as it is), and the fields that describe them.

    `description` has the fields that all representations of the file have in common.
    """

    __slots__ = ("coding", "content", "etag", "fields", "head", "stored")

    def __init__(
        self,
        stored: StoredFile,
        content: bytes | None,
        coding: str | None,
        description: Description,
    ) -> None:
        self.stored = stored
        self.content = content
        self.coding = coding
        opaque = stored.opaque
        self.etag = EntityTag(f"{opaque}-{coding}" if coding else opaque)
        self.fields = description.fields_of(coding, self.etag)
        self.head: DatedHead | None = None
        """The head of a 200 with it, as the handler has sent it."""

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return self.stored.size if self.content is None else len(self.content)

    @property
    def in_memory(self) -> bytes | None:
        """All of it, if it is held in memory."""
        return self.stored.content if self.content is None else self.content

    def open(self, start: int = 0, stop: int | None = None) -> io.IOBase:
        """Return the bytes from `start` up to but without `stop` as a file to read and close."""
        if self.content is None:
            return self.stored.view(start, stop)
        return io.BytesIO(self.content[start:stop])


class Resource:
    """What a path names: a file in all the representations that there are of it.

    `neighbour` opens a file beside it, or raises `OSError`; with None there is no such search.
    `last_modified` and `cache_control` are the values of these fields, None for no such field.
    """

    __slots__ = ("_description", "_made", "as_it_is", "media_type", "named", "offered", "stored")

    def __init__(
        self,
        stored: StoredFile,
        media_type: str,
        named: KnownExtension,
        *,
        last_modified: str,
        cache_control: str | None,
        neighbour: Callable[[str], StoredFile] | None,
        compress: bool,
    ) -> None:
        self.stored = stored
        self.media_type = media_type
        self.named = named
        """What the table of extensions had for it when its type was looked up."""
        beside = {} if neighbour is None else _look_beside(stored, neighbour)
        here = compress and _is_compressible(media_type, stored.size)
        self.offered = (*beside, *(available_codings() if here else ()))
        """The codings that a request may choose from."""
        self._description = description = Description(
            media_type, last_modified, cache_control, bool(self.offered)
        )
        self.as_it_is = Representation(stored, None, None, description)
        self._made = {
            coding: Representation(file, None, coding, description)
            for coding, file in beside.items()
        }

    @property
    def modified(self) -> int:
        """When the file was last changed, in seconds since 1970."""
        return self.stored.modified_ns // 1_000_000_000

    @property
    def cost(self) -> int:
        """The bytes that it holds."""
        return self.stored.cost + sum(file.cost for file in self._neighbours()) + 2048

    @property
    def is_open(self) -> bool:
        """Whether it, or a neighbour of it, holds a file open."""
        return any(file.descriptor >= 0 for file in (self.stored, *self._neighbours()))

    def _neighbours(self) -> list[StoredFile]:
        return [made.stored for made in self._made.values() if made.stored is not self.stored]

    def is_current(self, since: float = math.inf) -> bool:
        """Return whether its file is unchanged, as checked after `since`: `StoredFile.is_current`.

        `since` is in seconds of `time.monotonic`.
        """
        return self.stored.is_current(since)

    def choose(self, accept_encoding: str | None, since: float = math.inf) -> Representation:
        """Return what a request with this Accept-Encoding gets, None without that field.

        `since` is in seconds of `time.monotonic`, as for `is_current`.
        """
        offered = self.offered
        if not accept_encoding or not offered:
            return self.as_it_is
        coding = _KNOWN_CHOICES.get((accept_encoding, offered))
        if coding is None:
            coding = _choose_coding(accept_encoding, offered)
        if not coding:
            return self.as_it_is
        made = self._made.get(coding)
        if made is None:
            made = self._made[coding] = self._compress(coding)
        elif made.stored is not self.stored and not made.stored.is_current(since):
            # The neighbour is being replaced.
            return self.as_it_is
        return made

    def _compress(self, coding: str) -> Representation:
        """Return the file compressed here, or as it is if that is no smaller."""
        stored = self.stored
        key = (stored.path, stored.identity, coding)
        content = _COMPRESSED.get(key) if stored.settled else None
        if content is None:
            data = stored.read_at(0, stored.size)
            content = b"".join(encode([data], coding))
            if not stored.is_current() or len(content) >= stored.size:
                content = b""
            elif stored.settled:
                _COMPRESSED.put(key, content, len(content) + 512)
        if not content:
            return self.as_it_is
        return Representation(stored, content, coding, self._description)


def _choose_coding(accept: str, offered: tuple[str, ...]) -> str:
    """Return what `choose_coding` returns, "" for no coding, and keep it."""
    found = choose_coding(accept, offered) or ""
    key = (accept, offered)
    if _KNOWN_CHOICES.admits(key, len(accept)):
        _KNOWN_CHOICES.put(key, found, 4 * len(accept) + 300)
    return found


def _look_beside(
    stored: StoredFile, neighbour: Callable[[str], StoredFile]
) -> dict[str, StoredFile]:
    """Return the neighbours that hold the file in a coding, and are not older than it is.

    A neighbour that has just changed is left out: a compressor may still be writing it, and sets
    the time of the original at the end. So is one that does not look like content in its coding.
    """
    found: dict[str, StoredFile] = {}
    for coding, suffix in SUFFIXES.items():
        try:
            beside = neighbour(stored.path + suffix)
        except OSError:
            continue
        if (
            beside.settled
            and _is_as_new(beside.modified_ns, stored.modified_ns)
            and _may_hold(beside, coding, stored.size)
        ):
            found[coding] = beside
    return found


def _may_hold(beside: StoredFile, coding: str, size: int) -> bool:
    """Return whether a file looks like `size` bytes in a coding, whole and nothing else."""
    magic = _MAGIC[coding]
    if beside.size == 0 or beside.read_at(0, len(magic)) != magic:
        return False
    # RFC 1952 section 2.3.1: gzip ends with the size of the original. A file of several members
    # ends with the size of its last; then the original is compressed here.
    return coding != "gzip" or beside.read_at(beside.size - 4, 4) == (size % 2**32).to_bytes(
        4, "little"
    )


def _is_as_new(neighbour: int, original: int) -> bool:
    """Return whether a neighbour's time of change, in nanoseconds, is the original's or later.

    Archives and some tools cut times to seconds or microseconds; then these alone are compared.

    >>> _is_as_new(5_000_000_000, 5_300_000_000), _is_as_new(5_200_000_001, 5_300_000_000)
    (True, False)
    """
    precision = next(unit for unit in (1_000_000_000, 1_000, 1) if neighbour % unit == 0)
    return neighbour // precision >= original // precision


def _is_compressible(media_type: str, size: int) -> bool:
    if not MIN_COMPRESSED <= size <= MAX_COMPRESSED:
        return False
    essence = media_type.partition(";")[0].strip().lower()
    return (
        essence.startswith("text/")
        or essence.endswith(("+json", "+xml"))
        or essence in _COMPRESSIBLE
    )
