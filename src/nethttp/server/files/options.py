"""`FileOptions`: everything that a response for a file depends on, but the request and the file.

Handlers of one class with the same options share what is cached of files. A program may change an
option at any time, on the class or on one handler: from then on other entries of the cache apply.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

__all__ = ["FileOptions", "file_options", "options_of"]

MAX_KNOWN = 256
"""Options that are kept; with one more, the others are forgotten, and files are looked up anew."""

#: Attributes of a handler that decide which file a path names, and what a head says of it.
_OPTIONS = (
    *("directory", "index_pages", "extensions_map", "follow_links", "precompressed", "compress"),
    *("default_content_type", "cache_control", "cors", "extra_response_headers"),
    *("protocol_version", "server_version", "sys_version", "responses"),
)

options_of = attrgetter(*_OPTIONS)
"""Return the options of a handler, to compare them."""


class FileOptions:
    """A handler class with its options.

    Two are equal only if they are the same object: a cache then compares one address. To hash and
    compare the options themselves costs 1.6 % of a request for 1 KB. `file_options` returns the
    same object for the same options.
    """

    __slots__ = ("handler", "options")

    def __init__(self, handler: type, options: tuple[Any, ...]) -> None:
        self.handler = handler
        self.options = options


_KNOWN_OPTIONS: dict[tuple[type, Any], FileOptions] = {}


def file_options(handler: type, options: tuple[Any, ...]) -> FileOptions:
    """Return the `FileOptions` of handlers of a class with these options.

    >>> file_options(object, ("/srv",)) is file_options(object, ("/srv",))
    True
    >>> file_options(object, ("/srv",)) is file_options(int, ("/srv",))
    False
    """
    key = (handler, options[0])
    known = _KNOWN_OPTIONS.get(key)
    if known is None or known.options != options:
        if len(_KNOWN_OPTIONS) >= MAX_KNOWN:
            _KNOWN_OPTIONS.clear()
        # A list is copied: one that a program changes in place would still be equal to itself.
        kept = tuple(list(value) if isinstance(value, list) else value for value in options)
        known = _KNOWN_OPTIONS[key] = FileOptions(handler, kept)
    return known
