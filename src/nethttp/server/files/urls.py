"""The path of a URL that leads to names below the root."""

from __future__ import annotations

import os
import urllib.parse

from .access import Names

__all__ = ["back_to", "url_of"]


def url_of(names: Names, *, directory: bool = False) -> str:
    """Return the path of a URL, escaped; that of a directory ends with a slash.

    >>> url_of(("a b", "c")), url_of((), directory=True)
    ('/a%20b/c', '/')
    """
    path = "/" + "/".join(urllib.parse.quote(os.fsencode(name), safe="") for name in names)
    return path + "/" if directory and names else path


def back_to(names: Names, *, ends_with_slash: bool, directory: bool = True) -> str:
    """Return the URL for the Location of a response that leads back to the path of its request.

    To a directory with its slash it is relative, so that it holds behind a proxy that takes a
    prefix off the path. RFC 9110 section 10.2.2.

    >>> back_to(("a",), ends_with_slash=True), back_to(("a",), ends_with_slash=False)
    ('./', '/a/')
    """
    return "./" if ends_with_slash else url_of(names, directory=directory)
