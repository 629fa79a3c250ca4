"""Content codings (RFC 9110 section 8.4): choose the one that a request prefers, and encode.

`available_codings` is the only place that checks which compression libraries are installed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Protocol

from .values import parse_weighted_list

__all__ = ["CODINGS", "Encoder", "available_codings", "choose_coding", "encode", "encoder"]


class Encoder(Protocol):
    r"""Takes content piece by piece; what its methods return, joined, is the coded content.

    >>> gzip = encoder("gzip")
    >>> (gzip.compress(b"a" * 100) + gzip.flush())[:2]
    b'\x1f\x8b'
    """

    def compress(self, data: bytes, /) -> bytes:
        """Return what is ready of the coded content, possibly nothing."""

    def flush(self) -> bytes:
        """Return the rest. Nothing may follow."""


GZIP_LEVEL = 6
BROTLI_QUALITY = 5
"""Quality 5 takes less time than gzip's level 6 and makes 7 % less of source text; 11, the
library's own, takes 70 times as long."""
ZSTD_LEVEL = 6


def _gzip() -> Encoder:
    import zlib  # start-up: needed when something is compressed

    return zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)


def _deflate() -> Encoder:
    import zlib  # start-up, as above

    # RFC 9110 section 8.4.1.2: the zlib format, although some old clients expect raw deflate.
    return zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS)


class _Brotli:
    def __init__(self) -> None:
        import brotli  # an extra

        self._compressor = brotli.Compressor(quality=BROTLI_QUALITY)

    def compress(self, data: bytes, /) -> bytes:
        return bytes(self._compressor.process(data))

    def flush(self) -> bytes:
        return bytes(self._compressor.finish())


def _zstd() -> Encoder:
    try:
        from compression import zstd  # Python 3.14 and later have it
    except ImportError:
        from backports import zstd  # an extra
    compressor: Encoder = zstd.ZstdCompressor(level=ZSTD_LEVEL)
    return compressor


#: For each coding, the function that makes an encoder, and the modules of which it needs one. The
#: coding with the smallest result stands first: it wins where a request prefers several equally.
_ENCODERS: dict[str, tuple[Callable[[], Encoder], tuple[str, ...]]] = {
    "br": (_Brotli, ("brotli",)),
    "zstd": (_zstd, ("compression.zstd", "backports.zstd")),
    "gzip": (_gzip, ("zlib",)),
    "deflate": (_deflate, ("zlib",)),
}

CODINGS = tuple(_ENCODERS)
"""Every coding that can be written, the preferred first."""


@cache
def available_codings() -> tuple[str, ...]:
    """Return those of `CODINGS` whose library this process has.

    >>> "gzip" in available_codings()
    True
    """
    return tuple(name for name, (_, modules) in _ENCODERS.items() if any(map(_is_there, modules)))


def _is_there(module: str) -> bool:
    from importlib.util import find_spec  # start-up: called once, when a file can be compressed

    try:
        return find_spec(module) is not None
    except ImportError:
        # The package of the module is missing.
        return False


def choose_coding(accept: str | None, offered: Sequence[str]) -> str | None:
    """Return the `offered` coding to use for a request with this Accept-Encoding, or None.

    None: send the content uncoded. The greatest weight wins, then the order of `offered`. ``*``
    stands for every coding that is not named; ``identity`` (no coding) wins if its weight is
    greater than all others. If the field is missing, the content is sent uncoded, since every
    client can read that. It is also sent uncoded if the field refuses every coding, identity
    included.

    >>> choose_coding("gzip, br;q=0.9", ["br", "gzip"]), choose_coding("*;q=0", ["gzip"])
    ('gzip', None)
    """
    if not accept:
        return None
    weights: dict[str, float] = {}
    for name, weight in parse_weighted_list(accept):
        # RFC 9110 section 8.4.1.3: x-gzip is gzip.
        weights.setdefault("gzip" if name == "x-gzip" else name, weight)
    others = weights.get("*", 0.0)
    best, best_weight = None, 0.0
    for name in offered:
        weight = weights.get(name, others)
        if weight > best_weight:
            best, best_weight = name, weight
    return None if weights.get("identity", 0.0) > best_weight else best


def encoder(coding: str) -> Encoder:
    """Return an encoder for one of the `available_codings`.

    >>> from zlib import decompress
    >>> deflate = encoder("deflate")
    >>> decompress(deflate.compress(b"abc") + deflate.flush())
    b'abc'

    Raises:
        LookupError: the coding is unknown, or its library is missing.
    """
    if coding not in available_codings():
        raise LookupError(
            f"expected one of the content codings {', '.join(available_codings())}, got {coding!r}"
        )
    return _ENCODERS[coding][0]()


def encode(pieces: Iterable[bytes], coding: str) -> Iterator[bytes]:
    """Yield the coded form of the content that `pieces` make up.

    >>> import gzip
    >>> gzip.decompress(b"".join(encode([b"a", b"b"], "gzip")))
    b'ab'

    Raises:
        LookupError: as `encoder`.
    """
    writer = encoder(coding)
    for piece in pieces:
        if coded := writer.compress(piece):
            yield coded
    if coded := writer.flush():
        yield coded
