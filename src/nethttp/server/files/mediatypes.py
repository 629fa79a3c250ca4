"""Which media type a file has, by the extension of its name."""

from __future__ import annotations

import codecs
import posixpath
from collections.abc import Mapping

from ..seams import current

__all__ = ["DEFAULT_TYPE", "MEDIA_TYPES", "KnownExtension", "media_type", "with_charset"]

#: Media types that the system's table may lack or have wrong. Compressed files have the types of
#: the standard library's server: they are served as they are, so the type is the archive's.
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
    # Notes and sources, which a click should show and not download.
    ".ipynb": "application/json",
    **dict.fromkeys(
        (
            *(".adoc", ".bash", ".bat", ".cfg", ".cmake", ".conf", ".cs", ".csh", ".dart", ".diff"),
            *(".env", ".err", ".erl", ".ex", ".exs", ".go", ".gradle", ".graphql", ".hs", ".ini"),
            *(".jl", ".jsonl", ".jsx", ".kt", ".less", ".lock", ".log", ".lua", ".mk", ".ndjson"),
            *(".nfo", ".out", ".patch", ".php", ".pl", ".properties", ".proto", ".ps1", ".r"),
            *(".rb", ".rs", ".rst", ".scala", ".scss", ".sh", ".sql", ".svelte", ".swift", ".tex"),
            *(".tf", ".toml", ".ts", ".tsx", ".vue", ".yaml", ".yml", ".zig", ".zsh"),
        ),
        "text/plain",
    ),
}

DEFAULT_TYPE = "application/octet-stream"
"""The media type of a file if neither table has its extension."""

#: Files without an extension, in lower case, that hold text.
_TEXTS = frozenset(
    {"authors", "changelog", "changes", "containerfile", "contributing", "copying", "dockerfile"}
    | {"gemfile", "install", "jenkinsfile", "license", "licence", "makefile", "news", "notice"}
    | {"procfile", "rakefile", "readme", "todo", "vagrantfile"}
)


class KnownExtension:
    """What a table of extensions had for a file's name, to compare it with what it has later.

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
        """Return whether the table `known` has the same media type for the name."""
        if known.get(self._extension) != self._said[0]:
            return False
        lower = self._in_lower_case
        return lower is None or known.get(lower) == self._said[1]


def media_type(
    path: str, known: Mapping[str, str] = MEDIA_TYPES, default: str = DEFAULT_TYPE
) -> str:
    """Return the media type for a file's name, `default` if nothing is known.

    `known` has media types by extension, and is asked before the system's table.

    >>> media_type("site/app.wasm"), media_type("LOGO.SVG"), media_type("data")
    ('application/wasm', 'image/svg+xml', 'application/octet-stream')
    >>> media_type("LICENSE"), media_type("LICENSE", default="text/html")
    ('text/plain', 'text/html')
    """
    mimetypes = current("mimetypes")  # start-up: it reads the system's tables
    extension = posixpath.splitext(path)[1]
    for form in (extension, extension.lower()):
        if form in known:
            return known[form]
    guessed: str | None = mimetypes.guess_type(path)[0]
    if guessed:
        return guessed
    # A program's own default applies to these too.
    is_text = default == DEFAULT_TYPE and posixpath.basename(path).lower() in _TEXTS
    return "text/plain" if is_text else default


def with_charset(media_type: str, beginning: bytes, *, whole: bool = True) -> str:
    """Return the media type of a text, with its charset if that is UTF-8 and not only ASCII.

    Browsers would read such text as Windows-1252. A `beginning` that is not the `whole` text may
    end in the middle of a character.

    >>> with_charset("text/plain", "ä".encode()), with_charset("text/plain", b"a")
    ('text/plain; charset=utf-8', 'text/plain')
    """
    if not media_type.startswith("text/") or ";" in media_type or beginning.isascii():
        return media_type
    try:
        codecs.utf_8_decode(beginning, "strict", whole)
    except UnicodeDecodeError:
        return media_type
    return f"{media_type}; charset=utf-8"
