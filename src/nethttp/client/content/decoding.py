"""Content codings (RFC 9110 section 8.4): decode what a response was encoded with.

A few bytes of a coding can stand for gigabytes, so every output piece is bounded, and a program may
bound their sum and how much larger than the received bytes it may get. Nothing is collected here: a
program that reads content in pieces holds one piece at a time.

>>> import gzip
>>> decoder = decoder_for("gzip")
>>> b"".join(decoder.decode(gzip.compress(b"Hello")))
b'Hello'
>>> decoder.finish()
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from ...errors import DecodingError, ResponseTooLarge, excerpt
from ...wire.values import parse_list
from .codings import CODINGS, Unpacker, decodable, library_errors

__all__ = ["MAX_CODINGS", "MAX_RATIO", "Bounds", "Decoder", "accept_encoding", "decoder_for"]

MAX_CODINGS = 5
"""The most codings that one content may be encoded with, one after the other."""

MAX_RATIO = 250.0
"""How many bytes each received byte may become where content is read whole, into memory. What is
read in pieces has no such bound."""

MAX_WINDOWS = 36 * 1024 * 1024
"""The most bytes that the libraries of a chain of codings may keep together: br takes 16 MiB."""

RATIO_FROM = 1024 * 1024
"""Decoded bytes up to which `Bounds.max_ratio` does not count: a short content is no danger."""

_SYNONYMS = {"x-gzip": "gzip"}
"""RFC 9110 section 8.4.1.3."""

_SLICE = 16 * 1024
"""Received bytes are decoded in slices: a library copies the rest of its input at each output
piece and at each end of a member, and a slice bounds that copy."""


class Bounds(NamedTuple):
    """How much a decoder may give out. None: no bound.

    >>> Bounds(max_size=10_000_000).max_ratio is None
    True
    """

    max_size: int | None = None
    """Decoded bytes of one content."""

    max_ratio: float | None = None
    """Decoded bytes for each received byte; not counted below 1 MiB of decoded content. gzip
    reaches about 1 000 with zeros, br and zstd far more; text seldom reaches 20."""


NO_BOUNDS = Bounds()


class Decoder:
    """Decodes one content, which arrives in pieces.

    Every piece must be decoded to its end before the next one is passed. `decoder_for` makes one.
    """

    __slots__ = ("_bounds", "_given", "_stages", "_taken")

    def __init__(self, stages: Iterable[_Stage], bounds: Bounds = NO_BOUNDS) -> None:
        self._stages = tuple(stages)
        self._bounds = bounds
        self._taken = 0
        self._given = 0

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` decodes to, each piece of at most 64 KiB; nothing is held back.

        Without a coding, `data` is yielded as it is.

        Raises:
            DecodingError: `data` is not in its coding.
            ResponseTooLarge: a bound is reached.
        """
        pieces: Iterator[bytes] = self._slices(data)
        for stage in self._stages:
            pieces = self._within_ratio(stage, pieces)
        most = self._bounds.max_size
        for piece in pieces:
            self._given += len(piece)
            if most is not None and self._given > most:
                raise _too_large(f"expected at most {most} bytes of content, got more", most)
            yield piece

    def finish(self) -> None:
        """See that the content has ended where its codings end. No content at all is whole, too.

        Raises:
            DecodingError: the content ended too early.
        """
        for stage in self._stages:
            if not stage.complete:
                raise DecodingError(
                    f"expected the end of content in {stage.name}, got the end of the message"
                    f" after {self._taken} bytes",
                    phase="decode",
                )

    def _slices(self, data: bytes) -> Iterator[bytes]:
        if not self._stages:
            self._taken += len(data)
            if data:
                yield data
            return
        for start in range(0, len(data), _SLICE):
            piece = data[start : start + _SLICE]
            self._taken += len(piece)
            yield piece

    def _within_ratio(self, stage: _Stage, pieces: Iterator[bytes]) -> Iterator[bytes]:
        # Each stage is judged: an inner one may decode gigabytes of which the next makes nothing.
        ratio = self._bounds.max_ratio
        for coded in pieces:
            for piece in stage.decode(coded):
                stage.given += len(piece)
                if ratio and stage.given > max(RATIO_FROM, ratio * self._taken):
                    raise _too_large(
                        f"expected at most {ratio:g} bytes of content for each received byte,"
                        f" got {stage.given} from {self._taken} bytes of {stage.name}: read it in"
                        " pieces (iter_bytes) if the server is trusted",
                        int(ratio * self._taken),
                    )
                yield piece


def _too_large(message: str, limit: int) -> ResponseTooLarge:
    error = ResponseTooLarge(message, phase="decode")
    error.limit = limit
    return error


class _Stage:
    """One coding of a content: member after member."""

    __slots__ = ("_coding", "_held", "_member", "_members", "_over", "given", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.given = 0
        self._coding = CODINGS[name]
        self._member: Unpacker | None = None
        self._members = 0
        self._held = b""
        self._over = False

    @property
    def complete(self) -> bool:
        """Whether the content may end here."""
        return self._member is None and (self._members > 0 or not self._held)

    def decode(self, data: bytes) -> Iterator[bytes]:
        try:
            yield from self._decode(data)
        except library_errors() as error:
            raise DecodingError(
                f"expected content in {self.name} (RFC 9110 section 8.4.1), got {excerpt(data)}"
                f" after {self.given} decoded bytes: {error}",
                phase="decode",
            ) from None

    def _goes_on(self, data: bytes) -> bool:
        """Return whether another member begins with `data`."""
        again = self._coding.again
        if again is not None and data.startswith(again[: len(data)]):
            return True
        if not self._coding.ignores_rest:
            raise DecodingError(
                f"expected nothing behind the end of content in {self.name}, got {excerpt(data)}",
                phase="decode",
            )
        self._over = True
        return False

    def _decode(self, data: bytes) -> Iterator[bytes]:
        while data and not self._over:
            if self._member is None:
                data = self._held + data
                if self._members and not self._goes_on(data):
                    return
                if len(data) < self._coding.head:
                    self._held = data
                    return
                self._held = b""
                self._member = self._coding.unpacker(data)
            yield from self._member.unpack(data)
            if not self._member.eof:
                return
            data = self._member.unused_data
            self._member = None
            self._members += 1


@cache
def accept_encoding() -> str:
    """Return the Accept-Encoding of a client that decodes what this process has libraries for.

    "gzip, deflate", and with the extras ``br`` and ``zstd`` (from Python 3.14 on without it) those.

    >>> accept_encoding().startswith("gzip, deflate")
    True
    """
    return ", ".join(decodable())


def decoder_for(content_encoding: str | None, bounds: Bounds = NO_BOUNDS) -> Decoder:
    """Return a decoder for content with this Content-Encoding (RFC 9110 section 8.4).

    An unknown coding is passed over, and with it all others: browsers do the same, since servers
    put words such as "utf-8" and "none" there.

    >>> import zlib
    >>> list(decoder_for("deflate").decode(zlib.compress(b"abc")))
    [b'abc']
    >>> list(decoder_for("utf-8").decode(b"abc"))
    [b'abc']

    Raises:
        DecodingError: more than `MAX_CODINGS` codings, codings that need more than 36 MiB of memory
            together, or the library for one is missing.
    """
    names = [name.lower() for name in parse_list(content_encoding or "")]
    names = [_SYNONYMS.get(name, name) for name in names if name != "identity"]
    if not names or not all(name in CODINGS for name in names):
        return Decoder((), bounds)
    if len(names) > MAX_CODINGS:
        raise DecodingError(
            f"expected at most {MAX_CODINGS} content codings, got {len(names)}", phase="decode"
        )
    windows = sum(CODINGS[name].window for name in names)
    if windows > MAX_WINDOWS:
        raise DecodingError(
            f"expected content codings that need at most {MAX_WINDOWS} bytes of memory, got"
            f" {', '.join(names)}, which need {windows}",
            phase="decode",
        )
    for name in names:
        if name not in decodable():
            raise DecodingError(
                f"got content in {name}, which this client did not ask for: to decode it, install"
                f" nethttp[{name}]; to read it as it is, use iter_raw()",
                phase="decode",
            )
    # The codings stand in the order in which they were applied.
    return Decoder(map(_Stage, reversed(names)), bounds)
