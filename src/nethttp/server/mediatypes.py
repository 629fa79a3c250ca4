"""Which media type a file has, by the extension of its name."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from .seams import current

__all__ = ["MEDIA_TYPES", "KnownExtension", "media_type"]

#: Media types that the system's table may lack or have wrong. The compressed ones are what the
#: stdlib has: the file is served as it is, so its type is that of the archive.
MEDIA_TYPES = {
    ".gz": "application/gzip",
    ".Z": "application/octet-stream",
    ".bz2": "application/x-bzip2",
    ".xz": "application/x-xz",
    ".zst": "application/zstd",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/markdown",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}


class KnownExtension:
    """What a table of extensions has for a file's name, to be compared with what it has later.

    >>> types = {".a": "text/a"}
    >>> before = KnownExtension("name.A", types)
    >>> before.is_as_before(types), before.is_as_before({".A": "text/b", **types})
    (True, False)
    """

    __slots__ = ("_extension", "_in_lower_case", "_said")

    def __init__(self, path: str, known: Mapping[str, str]) -> None:
        self._extension = extension = posixpath.splitext(path)[1]
        lower = extension.lower()
        self._in_lower_case = None if lower == extension else lower
        self._said = known.get(extension), known.get(lower)

    def is_as_before(self, known: Mapping[str, str]) -> bool:
        """Return whether `known` has the same for the name."""
        if known.get(self._extension) != self._said[0]:
            return False
        lower = self._in_lower_case
        return lower is None or known.get(lower) == self._said[1]


def media_type(path: str, known: Mapping[str, str] = MEDIA_TYPES) -> str:
    """Return the media type for a file's name: by `known`, which has extensions as keys, then by
    the system's table; application/octet-stream if nothing is known.

    >>> media_type("site/app.wasm"), media_type("LOGO.SVG"), media_type("data")
    ('application/wasm', 'image/svg+xml', 'application/octet-stream')
    """
    mimetypes = current("mimetypes")  # start-up: it reads the system's tables
    extension = posixpath.splitext(path)[1]
    for form in (extension, extension.lower()):
        if form in known:
            return known[form]
    guessed: str | None = mimetypes.guess_type(path)[0]
    return guessed or "application/octet-stream"
