"""The path of a URL that leads to names below the root."""

from __future__ import annotations

import os
import urllib.parse

from .access import Names

__all__ = ["url_of"]


def url_of(names: Names, *, directory: bool = False) -> str:
    """Return the path of a URL, escaped; that of a directory ends with a slash.

    >>> url_of(("a b", "c")), url_of((), directory=True)
    ('/a%20b/c', '/')
    """
    path = "/" + "/".join(urllib.parse.quote(os.fsencode(name), safe="") for name in names)
    return path + "/" if directory and names else path
