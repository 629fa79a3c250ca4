"""Digests of stored files, and of what is sent of them: RFC 9530.

A file is read in pieces, and only so many are at once. Its digest counts if it was not changed
while it was read, and is kept with the identity that it had.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping

from ...caching import AgeCache
from .integrity import ALGORITHMS
from .refusal import Refusal
from .representations import Representation
from .stored import SETTLED_SECONDS, identity_of

__all__ = ["digest_fields", "digest_of"]

AT_ONCE = 4
"""Files that a worker reads for their digests at the same time."""

RETRY_AFTER = 10
"""Seconds after which a client may ask again while there are so many."""

PIECE = 256 * 1024
"""Bytes that are read at once."""

_TURNS = threading.BoundedSemaphore(AT_ONCE)

#: Digests by algorithm and identity of the file. A changed file has another identity.
_KNOWN: AgeCache[tuple[str, tuple[int, ...]], bytes] = AgeCache(
    max_entries=1024, max_cost=1024 * 1024, life=3600
)
_COST = 1024

#: A member of Want-Repr-Digest. RFC 9530 section 4.
_PREFERENCE = re.compile(r"([a-z*][a-z0-9_.*-]*)=(10|[0-9])")


def digest_of(
    descriptor: int, identity: tuple[int, ...], algorithm: str, check_client: Callable[[], None]
) -> bytes:
    """Return the digest of a file, which still must be as it was when it had `identity`.

    `algorithm` is one of `integrity.ALGORITHMS`, `identity` what `identity_of` returned.
    `check_client` is called for each piece, and may raise.

    Raises:
        Refusal: 503, the file has changed, or too many are read.
        OSError: it cannot be read.
    """
    digest = _KNOWN.get((algorithm, identity))
    if digest is not None:
        return digest
    if not _TURNS.acquire(blocking=False):
        message = f"Other files are read for their digests; try again in {RETRY_AFTER} seconds"
        raise Refusal(503, message, retry_after=RETRY_AFTER)
    try:
        return _read(descriptor, identity, algorithm, check_client)
    finally:
        _TURNS.release()


def _read(
    descriptor: int, identity: tuple[int, ...], algorithm: str, check_client: Callable[[], None]
) -> bytes:
    _, size, _, _, changed = identity
    settled = time.time() - changed / 1e9 > SETTLED_SECONDS

    def read() -> bytes:
        found = hashlib.new(ALGORITHMS[algorithm])
        offset = 0
        while offset < size and (piece := os.pread(descriptor, PIECE, offset)):
            check_client()
            found.update(piece)
            offset += len(piece)
        return found.digest()

    digest = read()
    # The clocks of file systems tick slowly: a file that has just changed may change again without
    # another time of change. Then a second reading tells.
    if identity_of(os.fstat(descriptor)) != identity or (not settled and read() != digest):
        raise Refusal(503, "The file is being changed; try again", retry_after=1)
    if settled:
        _KNOWN.put((algorithm, identity), digest, _COST)
    return digest


def digest_fields(
    asked: Mapping[str, str],
    chosen: Representation,
    check_client: Callable[[], None],
    *,
    has_all: bool,
) -> Iterator[tuple[str, str]]:
    """Yield Repr-Digest and Content-Digest, as far as Want-Repr-Digest and its kin ask for them.

    `has_all` says whether the content of the response is the whole representation. RFC 9530
    section 4: these are wishes, so a digest that cannot be made now is left out.

    Raises:
        OSError: the file cannot be read.
    """
    for field in ("Repr-Digest", "Content-Digest") if has_all else ("Repr-Digest",):
        algorithm = _preferred(asked.get(f"want-{field.lower()}", ""))
        if algorithm is None:
            continue
        try:
            digest = _digest_of_representation(chosen, algorithm, check_client)
        except Refusal:
            continue
        yield field, f"{algorithm}=:{b64encode(digest).decode()}:"


def _digest_of_representation(
    chosen: Representation, algorithm: str, check_client: Callable[[], None]
) -> bytes:
    content, stored = chosen.in_memory, chosen.stored
    if content is None:
        return digest_of(stored.descriptor, stored.identity, algorithm, check_client)
    return hashlib.new(ALGORITHMS[algorithm], content).digest()


def _preferred(value: str) -> str | None:
    """Return the algorithm that a field like Want-Repr-Digest prefers, None if we have none of it.

    >>> _preferred("sha-512=3, sha-256=10, unixsum=2"), _preferred("sha-256=0, md5=5")
    ('sha-256', None)
    """
    weights: dict[str, int] = {}
    for member in value.split(","):
        m = _PREFERENCE.fullmatch(member.strip(" \t"))
        if m is not None and m[1] in ALGORITHMS:
            weights[m[1]] = int(m[2])  # RFC 9651 section 4.2.2: the last one of a name counts.
    wanted = [name for name in ALGORITHMS if weights.get(name)]
    return max(wanted, key=weights.__getitem__, default=None)
