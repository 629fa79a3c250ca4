"""What a file is for the one who looks at a page: its icon, and how it is previewed."""

from __future__ import annotations

__all__ = ["kind_of"]

#: By the beginning of a media type; the first that fits.
_KINDS = (
    ("image/", "image"),
    ("audio/", "audio"),
    ("video/", "video"),
    ("application/pdf", "pdf"),
    ("text/html", "page"),  # A click opens it; all other text is previewed.
    ("text/", "text"),
    ("application/json", "text"),
    ("application/xml", "text"),
    ("application/zip", "archive"),
    ("application/gzip", "archive"),
    ("application/zstd", "archive"),
    ("application/x-tar", "archive"),
    ("application/x-xz", "archive"),
    ("application/x-bzip2", "archive"),
    ("application/x-7z", "archive"),
)


def kind_of(media_type: str) -> str:
    """Return the kind of a file by its media type, "file" for any other.

    >>> kind_of("image/png"), kind_of("text/x-python"), kind_of("text/html"), kind_of("font/woff")
    ('image', 'text', 'page', 'file')
    """
    return next((kind for start, kind in _KINDS if media_type.startswith(start)), "file")
