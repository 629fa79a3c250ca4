"""`FileOptions`: what the responses for files depend on besides the request and the files.

Handlers of one class with the same options serve the same site, and share what is kept of it. An
option may be changed at any time, on a class or on one handler: that makes it another site.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

__all__ = ["FileOptions", "file_options", "options_of"]

MAX_SITES = 256
"""Sites that are remembered."""

#: Attributes of a handler that decide what is found at a path, and what a head says of it.
_OPTIONS = (
    *("directory", "index_pages", "extensions_map", "follow_links", "precompressed", "compress"),
    *("default_content_type", "cache_control", "cors", "extra_response_headers"),
    *("protocol_version", "server_version", "sys_version", "responses"),
)

options_of = attrgetter(*_OPTIONS)
"""Return the options of a handler, to be compared."""


class FileOptions:
    """A handler class with its options. Two are equal only if they are the same object."""

    __slots__ = ("handler", "options")

    def __init__(self, handler: type, options: tuple[Any, ...]) -> None:
        self.handler = handler
        self.options = options


_KNOWN_OPTIONS: dict[tuple[type, Any], FileOptions] = {}


def file_options(handler: type, options: tuple[Any, ...]) -> FileOptions:
    """Return the site that handlers of a class with these options serve.

    >>> file_options(object, ("/srv",)) is file_options(object, ("/srv",))
    True
    >>> file_options(object, ("/srv",)) is file_options(int, ("/srv",))
    False
    """
    key = (handler, options[0])
    site = _KNOWN_OPTIONS.get(key)
    if site is None or site.options != options:
        if len(_KNOWN_OPTIONS) >= MAX_SITES:
            _KNOWN_OPTIONS.clear()
        # A list that a program changes where it is would be equal to itself.
        kept = tuple(list(value) if isinstance(value, list) else value for value in options)
        site = _KNOWN_OPTIONS[key] = FileOptions(handler, kept)
    return site
