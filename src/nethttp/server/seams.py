"""The undocumented names of `nethttp.server` that programs use and replace.

In the standard library the server is one module: programs reach what it imports through it, and a
program that sets another module or function under a name there changes what the server uses. Here
`nethttp.public` passes such a name on to the files that have it. Modules that are imported late are
found by `load` and `current`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

__all__ = ["MODULES", "current", "load", "remember"]

#: The name in the standard library's module, and the module to import for it.
MODULES = {
    **{name: name for name in ("copy", "datetime", "html", "io", "itertools", "mimetypes", "os")},
    **{name: name for name in ("posixpath", "select", "shutil", "socket", "socketserver")},
    **{name: name for name in ("sys", "time", "_colorize")},
    "email": "email.utils",
    "urllib": "urllib.parse",
    "http": "nethttp",
}


def load(name: str) -> Any:
    """Return the module that the standard library's server has under `name`.

    >>> load("email").__name__
    'email'

    Raises:
        ModuleNotFoundError: this Python has no such module, as `_colorize` before 3.13.
    """
    wanted = MODULES[name]
    import_module(wanted)
    return sys.modules[wanted.partition(".")[0]]


def current(name: str) -> Any:
    """Return what `nethttp.server` has under `name` now.

    It is looked up with each call, because a program may have replaced it.
    """
    return getattr(sys.modules[__package__], name)


def remember(name: str, value: Any) -> None:
    """Set `name` of `nethttp.server` to `value`."""
    setattr(sys.modules[__package__], name, value)
