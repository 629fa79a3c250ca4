"""Whether a program has left methods and attributes alone, asked in one way.

A short cut that does not call a method must know that no program has put another in its place: in a
subclass, through a mix-in, on the object, or by patching the class that defines it.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

__all__ = ["Originals"]


class Originals:
    """What `classes` have under `names`, as it is when this object is made.

    >>> class Base:
    ...     def answer(self): return 1
    >>> originals = Originals(["answer"], Base)
    >>> class Other(Base):
    ...     def answer(self): return 2
    >>> originals.left_alone(Base), originals.left_alone(Other)
    (True, False)
    >>> changed = Base()
    >>> changed.answer = lambda: 3
    >>> originals.left_alone(Base()), originals.left_alone(changed)
    (True, False)
    """

    def __init__(self, names: Iterable[str], *classes: type) -> None:
        self._found: dict[str, tuple[Any, ...]] = {
            name: tuple(getattr(cls, name) for cls in classes if hasattr(cls, name))
            for name in names
        }
        self.names = frozenset(self._found)
        """For a short cut that asks a class seldom, and an object's `__dict__` each time."""
        # Nearly every class has all of them as one of `classes` has them.
        self._all_of = attrgetter(*self._found)
        self._usual = [
            self._all_of(cls) for cls in classes if all(hasattr(cls, name) for name in self._found)
        ]

    def left_alone(self, subject: Any) -> bool:
        """Return whether `subject`, a class or an object, has these originals under all names."""
        if isinstance(subject, type):
            cls = subject
        else:
            cls = type(subject)
            if not self.names.isdisjoint(vars(subject)):
                return False
        try:
            if self._all_of(cls) in self._usual:
                return True
        except AttributeError:
            pass
        return all(getattr(cls, name, None) in originals for name, originals in self._found.items())
