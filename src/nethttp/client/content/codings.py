"""The codings that content can be decoded from, each with its library, in bounded pieces.

`CODINGS` is the table. An `Unpacker` decodes one member; `decoding` strings members and codings
together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple, Protocol

from ...wire.coding import available_codings

__all__ = ["CODINGS", "PIECE", "Coding", "Unpacker", "decodable", "library_errors"]

PIECE = 64 * 1024
"""The most bytes of a decoded piece."""

_MAX_WINDOW_LOG = 23
"""RFC 9659: content in zstd needs a window of at most 8 MiB (2 ** 23 bytes)."""


class Unpacker(Protocol):
    """Decodes one member of a coding. When it has ended, another is made for the next member."""

    @property
    def eof(self) -> bool:
        """Whether the member has ended."""

    @property
    def unused_data(self) -> bytes:
        """The bytes behind its end."""

    def unpack(self, data: bytes) -> Iterator[bytes]:
        """Yield all that `data` decodes to, in bounded pieces."""


class _Zlib:
    """One member of gzip, or the whole of deflate."""

    def __init__(self, wbits: int) -> None:
        import zlib  # start-up: needed when content is encoded

        self._inflate = zlib.decompressobj(wbits)

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def unpack(self, data: bytes) -> Iterator[bytes]:
        while True:
            piece = self._inflate.decompress(data, PIECE)
            if piece:
                yield piece
            data = self._inflate.unconsumed_tail
            # A full piece may have left output in the library although it has read all its input.
            if self._inflate.eof or (not data and len(piece) < PIECE):
                return


class _Zstd:
    """One frame of zstd."""

    def __init__(self) -> None:
        zstd = _zstd_module()
        options = {zstd.DecompressionParameter.window_log_max: _MAX_WINDOW_LOG}
        self._decompressor = zstd.ZstdDecompressor(options=options)

    @property
    def eof(self) -> bool:
        return bool(self._decompressor.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._decompressor.unused_data)

    def unpack(self, data: bytes) -> Iterator[bytes]:
        while True:
            piece = self._decompressor.decompress(data, PIECE)
            if piece:
                yield piece
            if self._decompressor.eof or (self._decompressor.needs_input and len(piece) < PIECE):
                return
            data = b""


class _Brotli:
    """The whole of br. The library itself refuses bytes behind its end."""

    unused_data = b""

    def __init__(self) -> None:
        import brotli  # an extra

        self._decompressor = brotli.Decompressor()

    @property
    def eof(self) -> bool:
        return bool(self._decompressor.is_finished())

    def unpack(self, data: bytes) -> Iterator[bytes]:
        # The library stops at the first of its blocks that ends behind the limit; the first one
        # has 32 KiB, the second 64.
        piece = self._decompressor.process(data, output_buffer_limit=PIECE // 4)
        while piece:
            yield piece
            if self.eof:
                return
            piece = self._decompressor.process(b"", output_buffer_limit=PIECE // 4)


def _zstd_module() -> Any:
    try:
        from compression import zstd  # Python 3.14 and later have it
    except ImportError:
        from backports import zstd  # an extra
    return zstd


def _deflate(head: bytes) -> Unpacker:
    """Return an unpacker of deflate, which is in the zlib format, or raw as old servers send it.

    A zlib header (RFC 1950 section 2.2) names method 8 and is a multiple of 31. Raw data begins
    with such bytes only if it has padding bits that no compressor sets.
    """
    is_zlib = head[0] & 0x0F == 8 and head[0] >> 4 <= 7 and (head[0] << 8 | head[1]) % 31 == 0
    return _Zlib(15 if is_zlib else -15)


class Coding(NamedTuple):
    """What there is to know of a coding before its content is looked at."""

    unpacker: Callable[[bytes], Unpacker]
    """Makes the unpacker of a member that begins with these bytes."""
    head: int
    """How many bytes it needs to see for that."""
    again: bytes | None
    """How another member begins. None: there is one member."""
    ignores_rest: bool
    """Whether other bytes behind the last member are ignored, as by gzip, curl and browsers."""
    window: int
    """The most decoded bytes that the library keeps to refer to."""


#: In the order of Accept-Encoding, which is that of browsers; servers go by their own order.
CODINGS = {
    "gzip": Coding(
        lambda _: _Zlib(31), head=2, again=b"\x1f\x8b", ignores_rest=True, window=1 << 15
    ),
    "deflate": Coding(_deflate, head=2, again=None, ignores_rest=True, window=1 << 15),
    "br": Coding(lambda _: _Brotli(), head=1, again=None, ignores_rest=False, window=1 << 24),
    "zstd": Coding(
        lambda _: _Zstd(), head=1, again=b"", ignores_rest=False, window=1 << _MAX_WINDOW_LOG
    ),
}


@cache
def library_errors() -> tuple[type[Exception], ...]:
    """Return what the libraries raise for content that is not in their coding.

    >>> import zlib
    >>> zlib.error in library_errors()
    True
    """
    import zlib  # start-up: needed when content is encoded

    errors: list[type[Exception]] = [zlib.error]
    if "br" in available_codings():
        import brotli  # an extra

        errors.append(brotli.error)
    if "zstd" in available_codings():
        errors.append(_zstd_module().ZstdError)
    return tuple(errors)


@cache
def decodable() -> tuple[str, ...]:
    """Return the codings whose libraries this process has.

    >>> decodable()[:2]
    ('gzip', 'deflate')
    """
    return tuple(name for name in CODINGS if name in available_codings() and _can_bound(name))


def _can_bound(name: str) -> bool:
    if name != "br":
        return True
    import brotli  # an extra

    # Versions before 1.2 put out gigabytes at once.
    return hasattr(brotli.Decompressor, "can_accept_more_data")
