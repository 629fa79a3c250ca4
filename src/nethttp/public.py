"""What makes a package look like one module: its classes say its name, its names can be replaced.

The standard library's modules are one file each. A class says the name of the module that documents
it, and a program that sets a name there (``mock.patch``, or a plain assignment) changes what the
functions of that file see. Here the files of a package share the work: a class is given the name of
its package, and a name that is set on the package is passed on to the files that use it.

`nethttp.client` has another way, `client.seams`: it looks a name up when it is used. Programs bind
names there that no file holds (`print`), or whose own value is loaded only when it is asked for,
and a look-up per call costs a client little. A server and a jar use such names for every request,
and pay nothing where the value is passed on.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from types import ModuleType
from typing import Any

__all__ = ["name_after", "present"]

_MISSING: Any = object()

#: Two names may have the same constant by chance; anything else is itself.
_CONSTANTS = (bool, int, float, str, bytes, tuple, type(None))

#: The files that a name is passed on to, by the package; every file of a package without an entry.
_FILES: dict[str, Collection[str]] = {}


class _Package(ModuleType):
    """A package that passes on what is set on it."""

    def __setattr__(self, name: str, value: Any) -> None:
        # A name that is made when first asked for counts too.
        before = getattr(self, name, _MISSING)
        super().__setattr__(name, value)
        _pass_on(self, name, before, value)

    def __delattr__(self, name: str) -> None:
        before = getattr(self, name, _MISSING)
        super().__delattr__(name)
        _pass_on(self, name, before, getattr(self, name, _MISSING))


def _pass_on(package: ModuleType, name: str, before: Any, value: Any) -> None:
    """Let the files of a package see `value` where they saw `before`."""
    if value is before or before is _MISSING or value is _MISSING:
        return
    by_name = isinstance(before, _CONSTANTS)
    for module in _files_of(package.__name__):
        names = vars(module)
        for key, held in list(names.items()):
            if key == name if by_name else held is before:
                names[key] = value
            elif hasattr(held, "cache_clear") and not isinstance(held, type):
                # What was found out by the old function or constant.
                held.cache_clear()


def _files_of(package_name: str) -> list[ModuleType]:
    """Return the loaded modules of a package that a name is passed on to."""
    files = _FILES.get(package_name)
    return [
        module
        for name, module in list(sys.modules.items())
        if name.startswith(f"{package_name}.")
        and (files is None or name.removeprefix(f"{package_name}.") in files)
    ]


def present(package_name: str, files: Collection[str] | None = None) -> None:
    """Let a package be what it is documented as; to be called at the end of its `__init__`.

    Its classes and functions say the package's name as their module, as pickles and messages have
    it. A name that is set on the package, or deleted, is passed on to those of its `files` that are
    loaded, by default all.
    """
    name_after(package_name)
    if files is not None:
        _FILES[package_name] = files
    sys.modules[package_name].__class__ = _Package


def name_after(package_name: str) -> None:
    """Let the public classes and functions of a package say its name as their module."""
    for name, value in list(vars(sys.modules[package_name]).items()):
        # Classes and functions alone have a name of their own.
        if name[0] != "_" and hasattr(value, "__qualname__") and _is_of(package_name, value):
            value.__module__ = package_name


def _is_of(package_name: str, value: Any) -> bool:
    return str(value.__module__).startswith((f"{package_name}.", "nethttp.errors"))
