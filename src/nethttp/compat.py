"""nethttp under the standard library's names, to run programs unchanged.

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

`install` and `uninstall` also rebind names that other modules have imported before with
``from http.client import …``. A class that was derived from one of the standard library's before
`install` keeps its base. Both affect this process only: a child process starts with the standard
library.
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
    """The calls with which `uninstall` restores everything."""

    def __init__(self) -> None:
        self._calls: list[tuple[Any, tuple[Any, ...]]] = []

    def set_attribute(self, target: Any, name: str, value: Any) -> None:
        """Set an attribute, and record its old value."""
        before = target.__dict__.get(name, _MISSING)
        self._calls.append((_restore_attribute, (target, name, before)))
        setattr(target, name, value)

    def set_owner(self, value: Any, name: str) -> None:
        """Set a class's or function's `__module__` to `name`, which pickles contain."""
        self._calls.append((setattr, (value, "__module__", value.__module__)))
        value.__module__ = name

    def set_module(self, name: str, module: ModuleType) -> None:
        """Put a module into `sys.modules`, and record the old entry."""
        self._calls.append((_restore_module, (name, sys.modules.get(name, _MISSING))))
        sys.modules[name] = module

    def run(self) -> None:
        """Restore everything, the last change first."""
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
    """Put nethttp's modules under the standard library's names. A second call does nothing."""
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
            # Some names are made at each access, so they are not in `vars`.
            value = getattr(ours, exported)
            if getattr(value, "__module__", None) == our_name:
                _undo.set_owner(value, name)
        if theirs is not None:
            replaced.update(_pairs(theirs, ours))
        for _, value in _its_own(ours):
            _undo.set_owner(value, name)
        if name == "http.server":
            # Programs for the stdlib that support chunks parse them themselves.
            _undo.set_attribute(ours.BaseHTTPRequestHandler, "_decodes_chunks", False)
            # CPython's own clients send a path without a slash, and one with a fragment.
            _undo.set_attribute(ours.BaseHTTPRequestHandler, "_takes_any_target", True)
        _undo.set_module(name, ours)
        _undo.set_attribute(http, name.rpartition(".")[2], ours)
    _rebind(replaced, _undo)


def _its_own(module: ModuleType) -> list[tuple[str, Any]]:
    """Return the (name, object) pairs of the classes and functions that `module` defines."""
    return [
        (name, value)
        for name, value in list(vars(module).items())
        if hasattr(value, "__qualname__") and value.__module__ == module.__name__
    ]


def _pairs(theirs: ModuleType, ours: ModuleType) -> dict[int, tuple[Any, Any]]:
    """Return (their object, our object) for each name of both modules, by the `id` of theirs."""
    pairs = {id(theirs): (theirs, ours)}
    exported = [(name, getattr(theirs, name, _MISSING)) for name in ours.__all__]
    for name, value in (*exported, *_its_own(theirs)):
        replacement = getattr(ours, name, _MISSING)
        if value is not _MISSING and replacement is not _MISSING:
            pairs[id(value)] = value, replacement
    return pairs


def _rebind(replaced: dict[int, tuple[Any, Any]], undo: _Undo) -> None:
    """In all modules, bind globals that are a replaced object to its replacement."""
    for name, module in list(sys.modules.items()):
        if not isinstance(module, ModuleType) or name.partition(".")[0] in ("http", "nethttp"):
            continue
        for key, value in list(vars(module).items()):
            theirs, ours = replaced.get(id(value), (None, None))
            if theirs is not None and value is theirs:
                undo.set_attribute(module, key, ours)


def uninstall() -> None:
    """Restore the standard library's modules, exactly as they were before `install`."""
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
        from .commandline import version_line  # start-up: only --version needs it

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
    """Return whether the module `name` itself is missing, not one that it imports."""
    return str(error).startswith(f"No module named {name}") or error.name == name.partition(".")[0]


if __name__ == "__main__":
    # Imported under its own name, so that `uninstall`, called by the program, finds `_undo`.
    from nethttp import compat

    sys.exit(compat.main(sys.argv[1:]))
