"""nethttp under the standard library's names, for programs that are to run unchanged.

``python -m nethttp.compat program.py args…`` and ``python -m nethttp.compat -m module args…`` run a
program whose ``http``, ``http.client``, ``http.server``, ``http.cookies`` and ``http.cookiejar``
are nethttp's. A program does the same for itself with `install`, best before it imports anything
else:

>>> from nethttp import compat
>>> compat.install()
>>> import http.client
>>> http.client.__name__
'nethttp.client'
>>> compat.uninstall()
>>> import http.client
>>> http.client.__name__
'http.client'

What other modules have imported before is seen to as far as can be: names that they took with
``from http.client import …`` are bound anew, in both directions. A class that was derived from one
of the standard library's before `install` stays what it is. It is one process's affair: a child
process begins without it.
"""

from __future__ import annotations

import http
import os
import runpy
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from . import status

__all__ = ["install", "uninstall"]

_MODULES = {
    "http.client": "nethttp.client",
    "http.server": "nethttp.server",
    "http.cookies": "nethttp.cookies",
    "http.cookiejar": "nethttp.cookiejar",
}

#: Names outside `__all__` that programs import too.
_ALSO = {
    "http.client": ("HTTPMessage", "parse_headers"),
    "http.server": ("executable", "nobody_uid", "test"),
    "http.cookies": ("Morsel",),
}

_MISSING: Any = object()


class _Undo:
    """What `uninstall` has to put back: each entry is a call."""

    def __init__(self) -> None:
        self._calls: list[tuple[Any, tuple[Any, ...]]] = []

    def set_attribute(self, target: Any, name: str, value: Any) -> None:
        """Set an attribute, and remember what it was."""
        before = target.__dict__.get(name, _MISSING)
        self._calls.append((_restore_attribute, (target, name, before)))
        setattr(target, name, value)

    def set_owner(self, value: Any, name: str) -> None:
        """Let a class or function say that it is of the module `name`, as pickles have it."""
        self._calls.append((setattr, (value, "__module__", value.__module__)))
        value.__module__ = name

    def set_module(self, name: str, module: ModuleType) -> None:
        """Put a module into `sys.modules`, and remember what was there."""
        self._calls.append((_restore_module, (name, sys.modules.get(name, _MISSING))))
        sys.modules[name] = module

    def run(self) -> None:
        """Put everything back, the last first."""
        while self._calls:
            call, arguments = self._calls.pop()
            call(*arguments)


def _restore_attribute(target: Any, name: str, before: Any) -> None:
    if before is _MISSING:
        delattr(target, name)
    else:
        setattr(target, name, before)


def _restore_module(name: str, before: Any) -> None:
    if before is _MISSING:
        del sys.modules[name]
    else:
        sys.modules[name] = before


_undo: _Undo | None = None


def install() -> None:
    """Put nethttp's modules under the standard library's names. Doing it twice is doing it once."""
    global _undo
    if _undo is not None:
        return
    _undo = _Undo()
    replaced: dict[int, tuple[Any, Any]] = {}
    for name in ("HTTPStatus", "HTTPMethod"):
        theirs, ours = getattr(http, name), getattr(status, name)
        replaced[id(theirs)] = theirs, ours
        _undo.set_attribute(http, name, ours)
        _undo.set_owner(ours, "http")
    for name, our_name in _MODULES.items():
        ours = import_module(our_name)
        theirs = sys.modules.get(name)
        for exported in (*ours.__all__, *_ALSO.get(name, ())):
            # Some names are made when they are asked for, and kept nowhere.
            value = getattr(ours, exported)
            if getattr(value, "__module__", None) == our_name:
                _undo.set_owner(value, name)
        if theirs is not None:
            replaced.update(_pairs(theirs, ours))
        for _, value in _its_own(ours):
            _undo.set_owner(value, name)
        if name == "http.server":
            # Programs of the stdlib that know chunks take them apart themselves.
            _undo.set_attribute(ours.BaseHTTPRequestHandler, "_decodes_chunks", False)
            # CPython's own clients send a path without a slash, and one with a fragment.
            _undo.set_attribute(ours.BaseHTTPRequestHandler, "_takes_any_target", True)
        _undo.set_module(name, ours)
        _undo.set_attribute(http, name.rpartition(".")[2], ours)
    _rebind(replaced, _undo)


def _its_own(module: ModuleType) -> list[tuple[str, Any]]:
    """Return the classes and functions, with their names, that say `module` as their own."""
    return [
        (name, value)
        for name, value in list(vars(module).items())
        if hasattr(value, "__qualname__") and value.__module__ == module.__name__
    ]


def _pairs(theirs: ModuleType, ours: ModuleType) -> dict[int, tuple[Any, Any]]:
    """Return (their object, our object) for all that both modules have, by their identity."""
    pairs = {id(theirs): (theirs, ours)}
    exported = [(name, getattr(theirs, name, _MISSING)) for name in ours.__all__]
    for name, value in (*exported, *_its_own(theirs)):
        replacement = getattr(ours, name, _MISSING)
        if value is not _MISSING and replacement is not _MISSING:
            pairs[id(value)] = value, replacement
    return pairs


def _rebind(replaced: dict[int, tuple[Any, Any]], undo: _Undo) -> None:
    """Bind the globals of all modules that hold a replaced object to what replaces it."""
    for name, module in list(sys.modules.items()):
        if not isinstance(module, ModuleType) or name.partition(".")[0] in ("http", "nethttp"):
            continue
        for key, value in list(vars(module).items()):
            theirs, ours = replaced.get(id(value), (None, None))
            if theirs is not None and value is theirs:
                undo.set_attribute(module, key, ours)


def uninstall() -> None:
    """Put the standard library's modules back, exactly as they were before `install`."""
    global _undo
    if _undo is not None:
        _undo.run()
        _undo = None


_USAGE = "usage: python -m nethttp.compat (PROGRAM | -m MODULE) [ARGUMENT ...]"


def main(argv: list[str]) -> int:
    """Run the program that `argv` names, and return its exit status."""
    if not argv or argv[0] in ("-h", "--help"):
        print(
            f"{_USAGE}\n\nRun a Python program unchanged, with nethttp in the place of\n"
            "http.client, http.server, http.cookies and http.cookiejar."
        )
        return 0 if argv else 2
    if argv[0] == "-m":
        if len(argv) < 2:
            print(f"{_USAGE}\nexpected a module after -m", file=sys.stderr)
            return 2
        return _run_module(argv[1], argv[1:])
    if argv[0] == "--version":
        from .commandline import version_line  # start-up: few ask for it

        print(version_line())
        return 0
    if argv[0].startswith("-"):
        print(f"{_USAGE}\nexpected a program or -m, got {argv[0]}", file=sys.stderr)
        return 2
    if not os.path.exists(argv[0]):
        print(f"python -m nethttp.compat: no such program: {argv[0]}", file=sys.stderr)
        return 2
    if os.path.isdir(argv[0]) and not os.path.exists(os.path.join(argv[0], "__main__.py")):
        print(f"python -m nethttp.compat: no __main__.py in {argv[0]}", file=sys.stderr)
        return 2
    install()
    sys.argv = argv
    sys.path[0] = os.path.dirname(os.path.abspath(argv[0]))
    runpy.run_path(argv[0], run_name="__main__")
    return 0


def _run_module(name: str, argv: list[str]) -> int:
    install()
    sys.argv = argv
    sys.path[0] = os.getcwd()
    try:
        runpy.run_module(_MODULES.get(name, name), run_name="__main__", alter_sys=True)
    except ImportError as error:
        if error.__traceback__ is not None and _is_about(error, name):
            print(f"python -m nethttp.compat: {error}", file=sys.stderr)
            return 2
        raise
    return 0


def _is_about(error: ImportError, name: str) -> bool:
    """Whether it is the module itself that could not be found, and not one that it imports."""
    return str(error).startswith(f"No module named {name}") or error.name == name.partition(".")[0]


if __name__ == "__main__":
    # As a module of its own name, so that the program that calls `uninstall` finds what was done.
    from nethttp import compat

    sys.exit(compat.main(sys.argv[1:]))
