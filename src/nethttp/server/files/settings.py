"""`FileSettings`: the options of a handler of files, as attributes and as keyword arguments."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, ClassVar, Self

from ..handlers.handler import BaseHTTPRequestHandler
from .mediatypes import DEFAULT_TYPE, MEDIA_TYPES
from .options import FileOptions, file_options, options_of
from .paths import LinkPolicy

__all__ = ["FileSettings"]


class FileSettings(BaseHTTPRequestHandler):
    """A handler with a `directory`, and with options of its files.

    A program sets them on a class, on a handler, or as keyword arguments.
    """

    index_pages: Sequence[str] = ("index.html", "index.htm")
    extensions_map = _encodings_map_default = MEDIA_TYPES

    default_content_type: str = DEFAULT_TYPE
    """The media type of a file if neither `extensions_map` nor the system has its extension."""

    follow_links: LinkPolicy = "inside"
    """Which symbolic links are followed: "all", "none", or those that stay "inside" `directory`."""

    precompressed: bool = True
    """Whether ``page.html.br``, ``.zst`` or ``.gz`` is sent for ``page.html``, if that is not newer
    and the client accepts the coding."""

    compress: bool = True
    """Whether text of 1 KiB to 4 MiB is compressed if the client accepts that. Up to 32 MiB of
    compressed text are cached. A range is always one of the uncompressed file."""

    cache_control: str | None = None
    """The value of Cache-Control in responses with files; None for no such field."""

    spa: str | None = None
    """The page of a single-page application, a path below `directory`. It is sent with 200 for a
    path that does not exist, unless the path's last name has an extension and Accept has no
    text/html. With such a page no directory is listed."""

    not_found_page: str | None = "404.html"
    """The content of a 404, a path below `directory`; a short message if there is no such file."""

    show_listing: bool = True
    """Whether a directory without an index page is listed; if not, the response is a 404."""

    extra_response_headers: Sequence[tuple[str, str]] | None = None
    """(name, value) of fields to add to a response with a file, a part of a file, or a listing (200
    and 206), unless the response has a field of that name."""

    cors: str | Sequence[str] | None = None
    """Origins whose pages may read the responses, "*" for all; with None browsers allow none."""

    _OPTIONS: ClassVar[frozenset[str]] = frozenset(
        {
            *("index_pages", "extensions_map", "follow_links", "precompressed", "compress"),
            *("cache_control", "spa", "not_found_page", "show_listing"),
            *("extra_response_headers", "cors", "default_content_type"),
        }
    )

    # These are slots, so that the object's dictionary has only what a program has set.
    __slots__ = ("_known_options", "directory")
    _known_options: FileOptions | None
    """What `_options_now` returned last."""
    directory: str

    def __new__(cls, *args: Any, **named: Any) -> Self:
        """Return a handler that works even if a program's `__init__` does not call ours."""
        self = super().__new__(cls, *args, **named)
        self._known_options = None
        return self

    def __init__(
        self, *args: Any, directory: str | os.PathLike[str] | None = None, **options: Any
    ) -> None:
        self.directory = os.fspath(os.getcwd() if directory is None else directory)
        for name in self._OPTIONS & options.keys():
            setattr(self, name, options.pop(name))
        super().__init__(*args, **options)

    def _options_now(self) -> FileOptions:
        """Return the options of this handler, which a program may have changed just now."""
        known, options = self._known_options, options_of(self)
        if known is None or known.options != options:
            known = self._known_options = file_options(type(self), options)
        return known
