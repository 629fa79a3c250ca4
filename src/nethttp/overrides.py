"""Tells every fast path whether a program has overridden the methods that the path skips.

A fast path does the work of methods without calling them. That is correct only while no program has
replaced one: in a subclass, through a mix-in, on the object, or by patching a class. So the class
names the skipped methods in its body, above the code that skips them, and that code checks first:

    >>> class Greeter:
    ...     def name(self): return "you"
    ...     _WORDS = Bypassed("name")
    ...     def greet(self):
    ...         return "Hello, you" if self._WORDS.left_alone(self) else f"Hello, {self.name()}"
    >>> class Polite(Greeter):
    ...     def name(self): return "dear reader"
    >>> Greeter().greet(), Polite().greet()
    ('Hello, you', 'Hello, dear reader')

The originals are recorded while the class is made, before any program can patch it. Outside a class
body no originals are recorded, and the result is always False. Every `Bypassed` is in `REGISTRY`;
for each, `tests/test_bypasses.py` overrides each name and checks that the override is called.
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
    """The names of methods that a fast path skips, or of attributes that it does not read.

    It is made in the body of the class that defines or inherits them.
    """

    __slots__ = ("_found", "_originals", "left_alone", "left_alone_by", "names", "owner")

    # These two are functions, not methods: a cookie jar calls them four times for a request, and
    # each access to an attribute of `self` would cost it 0.3 %.

    left_alone: Callable[[Any], bool]
    """Return whether an object, and its class, have the original methods under all names."""

    left_alone_by: Callable[[Any], bool]
    """Return whether a class has the originals under all names."""

    owner: type
    """The class in whose body this was made."""

    def __init__(self, *names: str) -> None:
        self.names = frozenset(names)
        """For a fast path that checks the class once, and an object's `__dict__` each time."""
        self._originals: dict[str, list[Any]] = {name: [] for name in names}
        #: The results of `attrgetter` that mean "original under all names".
        self._found: list[Any] = []
        # Without `__dict__`: until Python 3.12, reading it makes an object's attributes slower.
        self.left_alone = _asker_of_objects(self._originals)
        self.left_alone_by = _asker(attrgetter(*names), self._found)

    def __set_name__(self, owner: type, name: str) -> None:
        _registry[f"{owner.__qualname__}.{name}"] = self
        self.owner = owner
        self.also(owner)

    def also(self, cls: _Class) -> _Class:
        """Return `cls`, and count its methods of these names as originals too.

        A decorator for classes of this package that override some of them. A mix-in may lack some.
        """
        for name, originals in self._originals.items():
            original = getattr(cls, name, None)
            if original is not None and original not in originals:
                originals.append(original)
        lists = list(self._originals.values())
        self._found[:] = lists[0] if len(lists) == 1 else product(*lists)
        return cls


def _asker_of_objects(originals: dict[str, list[Any]]) -> Callable[[Any], bool]:
    """Return `left_alone`. The method of another object is not an object's own (`a.f = b.f`)."""
    each = [(attrgetter(name), functions) for name, functions in originals.items()]
    look_at_first, first = each[0]

    # Most fast paths skip one method; without the loop the question takes 0.16 us, and not 0.19.
    def one_left_alone(subject: Any) -> bool:
        try:
            method = look_at_first(subject)
            return method.__self__ is subject and method.__func__ in first
        except AttributeError:
            # The method is missing, or a program has set a function or a mock on the object.
            return False

    def all_left_alone(subject: Any) -> bool:
        try:
            for look, functions in each:
                method = look(subject)
                if method.__self__ is not subject or method.__func__ not in functions:
                    return False
        except AttributeError:
            return False
        return True

    return one_left_alone if len(each) == 1 else all_left_alone


def _asker(look: Callable[[Any], Any], found: list[Any]) -> Callable[[Any], bool]:
    def left_alone(subject: Any) -> bool:
        try:
            return look(subject) in found
        except AttributeError:
            # The method is missing, or a program has set a function or a mock on the object.
            return False

    return left_alone
