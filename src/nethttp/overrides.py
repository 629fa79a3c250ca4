"""Whether a program has left methods and attributes alone, asked in one way by every fast path.

A fast path does the work of methods without calling them. It may do so only while no program has
put its own in the place of one: in a subclass, through a mix-in, on the object, or by patching a
class. So the methods that it does not call are named in the body of the class that has them, above
the code that skips the calls, and that code asks first:

    >>> class Greeter:
    ...     def name(self): return "you"
    ...     _WORDS = Bypassed("name")
    ...     def greet(self):
    ...         return "Hello, you" if self._WORDS.left_alone(self) else f"Hello, {self.name()}"
    >>> class Polite(Greeter):
    ...     def name(self): return "dear reader"
    >>> Greeter().greet(), Polite().greet()
    ('Hello, you', 'Hello, dear reader')

The originals are noted while the class is made, when no program can have patched it yet. Outside a
class body there are none, and the answer is always no. So every fast path is in `REGISTRY`, and
`tests/test_bypasses.py` overrides each name of each in it, and sees the override called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from operator import attrgetter
from types import MappingProxyType
from typing import Any, TypeVar

__all__ = ["REGISTRY", "Bypassed"]

_Class = TypeVar("_Class", bound=type)

_registry: dict[str, Bypassed] = {}

REGISTRY: Mapping[str, Bypassed] = MappingProxyType(_registry)
"""Every `Bypassed` of a class that was imported, by ``Class.NAME``."""


class Bypassed:
    """The names of methods that a fast path does not call, or of attributes that it does not read.

    The class in whose body this is made has them, or inherits them.
    """

    __slots__ = ("_found", "_originals", "left_alone", "left_alone_by", "names", "owner")

    # These two are functions and no methods: a cookie jar asks four times for a request, and each
    # look at an attribute of `self` costs it 0.3 %.

    left_alone: Callable[[Any], bool]
    """Return whether an object, and its class, have the original methods under all names."""

    left_alone_by: Callable[[Any], bool]
    """Return whether a class has the originals under all names."""

    owner: type
    """The class in whose body this was made."""

    def __init__(self, *names: str) -> None:
        self.names = frozenset(names)
        """For a fast path that asks the class once, and an object's `__dict__` each time."""
        self._originals: dict[str, list[Any]] = {name: [] for name in names}
        #: What `attrgetter` may find under all names.
        self._found: list[Any] = []
        # Not by a look into `__dict__`: until Python 3.12 that makes an object's attributes slower.
        functions = attrgetter(*[f"{name}.__func__" for name in names])
        self.left_alone = _asker(functions, self._found)
        self.left_alone_by = _asker(attrgetter(*names), self._found)

    def __set_name__(self, owner: type, name: str) -> None:
        _registry[f"{owner.__qualname__}.{name}"] = self
        self.owner = owner
        self.also(owner)

    def also(self, cls: _Class) -> _Class:
        """Return `cls`, and take what it has under these names for original too.

        A decorator for a class of this package that overrides some of them. A mix-in need not have
        them all.
        """
        for name, originals in self._originals.items():
            original = getattr(cls, name, None)
            if original is not None and original not in originals:
                originals.append(original)
        lists = list(self._originals.values())
        self._found[:] = lists[0] if len(lists) == 1 else product(*lists)
        return cls


def _asker(look: Callable[[Any], Any], found: list[Any]) -> Callable[[Any], bool]:
    def left_alone(subject: Any) -> bool:
        try:
            return look(subject) in found
        except AttributeError:
            # It has none, or a function of the program's own on the object, or a mock.
            return False

    return left_alone
