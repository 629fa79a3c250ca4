"""`Integrity`: checks uploaded content against the digests that came with it. RFC 9530."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping

from .refusal import Refusal

__all__ = ["ALGORITHMS", "Integrity"]

ALGORITHMS = {"sha-256": "sha256", "sha-512": "sha512"}
"""The algorithms that RFC 9530 section 5 calls active: the names of `hashlib` by those there."""

_MEMBER = re.compile(r"([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]*):")


class Integrity:
    """The digests that content is to have, by Content-Digest and Repr-Digest.

    Without a content coding both are of the same bytes. Digests of other algorithms are ignored.

    >>> import base64, hashlib
    >>> value = base64.b64encode(hashlib.sha256(b"abc").digest()).decode()
    >>> integrity = Integrity({"content-digest": f"sha-256=:{value}:"})
    >>> integrity.update(b"abc"), integrity.check()
    (None, None)

    Raises:
        Refusal: 400, a digest that cannot be read.
    """

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._expected: list[tuple[str, str, bytes]] = []
        for field in ("content-digest", "repr-digest"):
            for name, digest in _members(field, fields.get(field, "")):
                if name in ALGORITHMS:
                    self._expected.append((field, name, digest))
        self._hashes = {name: hashlib.new(ALGORITHMS[name]) for _, name, _ in self._expected}

    @property
    def is_asked(self) -> bool:
        """Whether there is a digest to check."""
        return bool(self._expected)

    def update(self, data: bytes | memoryview) -> None:
        """Take the next bytes of the content into account."""
        for each in self._hashes.values():
            each.update(data)

    def check(self) -> None:
        """Check the whole content.

        Raises:
            Refusal: 400, the content has another digest.
        """
        for field, name, digest in self._expected:
            if not hmac.compare_digest(self._hashes[name].digest(), digest):
                raise Refusal(400, f"The content does not have the {name} digest of {field}")


def _members(field: str, value: str) -> list[tuple[str, bytes]]:
    """Return the members of a dictionary of byte sequences (RFC 9651 sections 3.2 and 3.3.5)."""
    members: list[tuple[str, bytes]] = []
    for text in filter(None, (part.strip(" \t") for part in value.split(","))):
        m = _MEMBER.fullmatch(text)
        try:
            if m is None:
                raise ValueError
            members.append((m[1], base64.b64decode(m[2], validate=True)))
        except (ValueError, binascii.Error):
            raise Refusal(400, f"{field} is expected to have members like sha-256=:...:") from None
    return members
