"""Makes a package look like one module to programs.

In the standard library a module is one file. A class has the name of that module, and a program
that sets a name in it (``mock.patch``, or a plain assignment) changes what the file's functions
see. Here several files make up a package: their classes get the name of the package, and a name
that a program sets on the package is passed on to the files that use it.

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

#: Equal constants may be the same object by chance, so these are matched by name, not by identity.
_CONSTANTS = (bool, int, float, str, bytes, tuple, type(None))

#: The files to which each package passes names on; a package without an entry: all its files.
_FILES: dict[str, Collection[str]] = {}


class _Package(ModuleType):
    """A package that passes names that are set on it on to its files."""

    def __setattr__(self, name: str, value: Any) -> None:
        # getattr, since some names are made at their first access.
        before = getattr(self, name, _MISSING)
        super().__setattr__(name, value)
        _pass_on(self, name, before, value)

    def __delattr__(self, name: str) -> None:
        before = getattr(self, name, _MISSING)
        super().__delattr__(name)
        _pass_on(self, name, before, getattr(self, name, _MISSING))


def _pass_on(package: ModuleType, name: str, before: Any, value: Any) -> None:
    """Replace `before` by `value` in the files of a package."""
    if value is before or before is _MISSING or value is _MISSING:
        return
    by_name = isinstance(before, _CONSTANTS)
    for module in _files_of(package.__name__):
        names = vars(module)
        for key, held in list(names.items()):
            if key == name if by_name else held is before:
                names[key] = value
            elif hasattr(held, "cache_clear") and not isinstance(held, type):
                # Its results may depend on the old function or constant.
                held.cache_clear()


def _files_of(package_name: str) -> list[ModuleType]:
    """Return the loaded modules to which a package passes names on."""
    files = _FILES.get(package_name)
    return [
        module
        for name, module in list(sys.modules.items())
        if name.startswith(f"{package_name}.")
        and (files is None or name.removeprefix(f"{package_name}.") in files)
    ]


def present(package_name: str, files: Collection[str] | None = None) -> None:
    """Make a package look like one module; its `__init__` calls this at its end.

    The package's classes and functions get its name as their `__module__`, which pickles and
    messages contain. A name that is set on the package, or deleted, is passed on to its `files`
    that are loaded; None: all its files.
    """
    name_after(package_name)
    if files is not None:
        _FILES[package_name] = files
    sys.modules[package_name].__class__ = _Package


def name_after(package_name: str) -> None:
    """Set the `__module__` of a package's public classes and functions to its name."""
    for name, value in list(vars(sys.modules[package_name]).items()):
        # Only classes and functions have a `__qualname__`.
        if name[0] != "_" and hasattr(value, "__qualname__") and _is_of(package_name, value):
            value.__module__ = package_name


def _is_of(package_name: str, value: Any) -> bool:
    return str(value.__module__).startswith((f"{package_name}.", "nethttp.errors"))
