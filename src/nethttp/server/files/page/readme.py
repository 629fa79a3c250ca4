"""The text that a directory has about itself, shown below its entries."""

from __future__ import annotations

from collections.abc import Iterable

from ..listing import Entry

__all__ = ["MAX_README", "readme_among", "readme_text"]

MAX_README = 64 * 1024
"""Bytes of a README that are shown."""

_NAMES = ("readme.md", "readme.txt", "readme.rst", "readme")


def readme_among(entries: Iterable[Entry]) -> str | None:
    """Return the name of the README among the entries of a directory, None without one.

    >>> readme_among([Entry("README", False, False, 9, 0), Entry("ReadMe.md", False, False, 9, 0)])
    'ReadMe.md'
    """
    found = {
        entry.name.lower(): entry.name
        for entry in entries
        if not entry.is_directory and entry.size and entry.name.lower() in _NAMES
    }
    return next((found[name] for name in _NAMES if name in found), None)


def readme_text(content: bytes) -> str:
    r"""Return the text of a README from its first `MAX_README` bytes.

    >>> readme_text(b"\xef\xbb\xbfa\xff")
    'a\ufffd'
    """
    return content[:MAX_README].decode("utf-8", "replace").removeprefix("\ufeff")
