"""Whether a program has left methods and attributes alone, asked in one way.

A short cut that does not call a method must know that no program has put another in its place: in a
subclass, through a mix-in, on the object, or by patching the class that defines it.
"""

from __future__ import annotations

from collections.abc import Iterable
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
            name: tuple({getattr(cls, name) for cls in classes if hasattr(cls, name)})
            for name in names
        }

    def left_alone(self, subject: Any) -> bool:
        """Return whether `subject`, a class or an object, has these originals under all names."""
        if isinstance(subject, type):
            cls = subject
        else:
            cls = type(subject)
            if not vars(subject).keys().isdisjoint(self._found):
                return False
        return all(getattr(cls, name, None) in originals for name, originals in self._found.items())
