"""The fields of a request that decide which bytes of which representation it gets."""

from __future__ import annotations

from collections.abc import Mapping

from ...caching import SecondTimeCache
from ...wire.fields import FieldFinder

__all__ = ["DECIDING", "deciding_fields", "note_deciding_fields"]

DECIDING = FieldFinder(
    *("accept-encoding", "range", "if-range", "if-match", "if-none-match"),
    *("if-modified-since", "if-unmodified-since"),
)

_KNOWN: SecondTimeCache[bytes, Mapping[str, str]] = SecondTimeCache()
"""What a field section decides. A look here takes a sixth of the time of a search."""


def deciding_fields(section: bytes) -> Mapping[str, str]:
    """Return which of these fields a field section has, by lower-case name.

    >>> deciding_fields(b"\\r\\nHost: a\\r\\nRange: bytes=0-9\\r\\n\\r\\n")
    {'range': 'bytes=0-9'}
    """
    known = _KNOWN.get(section)
    return DECIDING.in_head(section) if known is None else known


def note_deciding_fields(section: bytes) -> Mapping[str, str]:
    """Return `deciding_fields`, and keep them if the section has been noted before.

    Call it once for each request: otherwise the fields of one single request would be kept.
    """
    found = _KNOWN.get(section)
    if found is None:
        found = DECIDING.in_head(section)
        if _KNOWN.admits(section, len(section)):
            # The values that it has are in the section too, and it has seven at most.
            _KNOWN.put(section, found, 2 * len(section) + 700)
    return found
