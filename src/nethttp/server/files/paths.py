r"""From the path of a URL to a path below the root, textually.

This file treats `..`, escapes, separators, NUL and names of devices. `beneath` follows links, when
it opens the path.
"""

from __future__ import annotations

import os
import re
import urllib.parse
from typing import Literal

from ...caching import SecondTimeCache

__all__ = ["LinkPolicy", "local_path", "names_directory", "repeated_local_path"]

LinkPolicy = Literal["inside", "all", "none"]
"""Which symbolic links are followed: those that stay inside the root, all, or none."""

#: RFC 9112 section 3.2.2: a server accepts the absolute form, and serves the path in it.
_ORIGIN_OF_ABSOLUTE_FORM = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*+://[^/?#]*+")

#: Names that Windows takes for devices, whatever their extension (gh-157504).
_WINDOWS_DEVICE = re.compile(r"(?i)(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?")


def decoded_path(path: str) -> str:
    """Return the path of a URL without scheme, host, query and fragment, escapes decoded once.

    Bytes that are not UTF-8 are decoded as the file system's names are.

    >>> decoded_path("http://a/b%20c?x#y")
    '/b c'
    """
    origin = _ORIGIN_OF_ABSOLUTE_FORM.match(path)
    path = path[origin.end() :] if origin else path
    path = path.partition("#")[0].partition("?")[0]
    try:
        decoded = urllib.parse.unquote(path, errors="surrogatepass")
    except UnicodeDecodeError:
        return os.fsdecode(urllib.parse.unquote_to_bytes(path))
    # The bytes of half a surrogate may be a name too, though one that is not UTF-8.
    return decoded if _can_be_named(decoded) else os.fsdecode(urllib.parse.unquote_to_bytes(path))


def names_directory(path: str) -> bool:
    """Return whether the path of a URL ends with a slash, which may be escaped.

    >>> names_directory("/a/?b"), names_directory("/a%2f"), names_directory("/a")
    (True, True, False)
    """
    return decoded_path(path).endswith("/")


def url_to_parts(path: str) -> list[str] | None:
    """Return the names in the path of a URL, None if one of them must not be opened.

    ``.`` and ``..`` are resolved and never lead above the root. A name with a separator or a drive
    is left out.

    >>> url_to_parts("/a/./b/../c%20d?x#y"), url_to_parts("/../../etc"), url_to_parts("/a%00")
    (['a', 'c d'], ['etc'], None)
    """
    return _parts_of(decoded_path(path))


def _parts_of(path: str) -> list[str] | None:
    if not _can_be_named(path):
        return None
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part and part != "." and not os.path.dirname(part) and not os.path.splitdrive(part)[0]:
            if "\0" in part or _is_disguised(part):
                return None
            parts.append(part)
    return parts


def _can_be_named(path: str) -> bool:
    """Whether the file system can encode each character, which is not so for half a surrogate."""
    if path.isascii():
        return True
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return True


def _is_disguised(name: str) -> bool:
    """Whether a name means another file: ``.. `` is the parent directory on Windows."""
    return os.path.sep == "\\" and bool(
        name.endswith((".", " ")) or _WINDOWS_DEVICE.fullmatch(name)
    )


def local_path(root: str, path: str) -> str:
    """Return the local path that the path of a URL names below `root`, textually.

    A trailing slash is kept, an escaped one too. For a path that must not be opened the result is
    one that cannot exist.

    >>> local_path("/srv", "/a/../b/")
    '/srv/b/'
    """
    path = decoded_path(path)
    parts = _parts_of(path)
    if parts is None:
        return os.path.join(root, "\0")
    found = os.path.join(root, *parts)
    return found + "/" if path.endswith("/") and not found.endswith("/") else found


_KNOWN: SecondTimeCache[tuple[str, str], str] = SecondTimeCache(max_key=512)
"""What `local_path` returned. A lookup here takes a twentieth of the time of a call."""


def repeated_local_path(root: str, path: str) -> str:
    """Return what `local_path` returns, and keep it from the second time on.

    >>> repeated_local_path("/srv", "/a%20b?c")
    '/srv/a b'
    """
    key = (root, path)
    found = _KNOWN.get(key)
    if found is None:
        found = local_path(root, path)
        if _KNOWN.admits(key, len(path)):
            _KNOWN.put(key, found, 4 * (len(path) + len(found)) + 300)
    return found
