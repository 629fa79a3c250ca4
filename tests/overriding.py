"""Which methods a class calls, overridden in each way that programs have."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

_SPECIAL = frozenset({"__iter__", "__setitem__"})

WAYS = ("subclass", "mix-in", "object", "class")


def methods_of(cls: type) -> list[str]:
    """Return the methods of a class of the standard library that a program can override."""
    return sorted(
        {
            name
            for base in cls.__mro__
            if base.__module__ == cls.__module__
            for name, value in vars(base).items()
            if callable(value) and (not name.startswith("__") or name in _SPECIAL)
        }
    )


@contextlib.contextmanager
def overridden(cls: type, name: str, way: str) -> Iterator[tuple[Callable[..., Any], list[str]]]:
    """Return what makes an object of `cls` whose method `name` is overridden, and its calls."""
    calls: list[str] = []
    original = getattr(cls, name)

    def override(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls.append(name)
        return original(self, *args, **kwargs)

    def make_with_own(*args: Any, **kwargs: Any) -> Any:
        made = cls(*args, **kwargs)
        setattr(made, name, lambda *args, **kwargs: override(made, *args, **kwargs))
        return made

    if way == "subclass":
        yield type(cls.__name__, (cls,), {name: override}), calls
    elif way == "mix-in":
        mixin = type("Mixin", (), {name: override})
        yield type(cls.__name__, (mixin, cls), {}), calls
    elif way == "object":
        yield make_with_own, calls
    else:
        with mock.patch.object(cls, name, override):
            yield cls, calls


def ways_for(name: str) -> tuple[str, ...]:
    """Return how a method can be overridden: Python looks for special ones in the class alone."""
    return tuple(way for way in WAYS if way != "object" or not name.startswith("__"))
