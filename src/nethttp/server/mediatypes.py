"""Which media type a file has, by the extension of its name."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from .seams import current

__all__ = ["MEDIA_TYPES", "media_type"]

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
