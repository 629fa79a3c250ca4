"""The dicts of ``CookieJar._cookies``, which note that a program has changed them.

Many programs read ``_cookies``, and some write to it. The jar changes these dicts by `dict`'s own
functions, so that every call of a method here is a program's. At its next step the jar sees the
note and builds its index from the tree.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Changes", "Watched"]


class Changes:
    """`seen`: whether a program has changed a dict of the tree since the jar last looked."""

    __slots__ = ("seen",)

    def __init__(self) -> None:
        self.seen = False


class Watched(dict[str, Any]):
    """A dict that sets ``changes.seen`` at every change by its own methods.

    Programs write into ``CookieJar._cookies``, so the jar must learn when its index is out of date.
    """

    __slots__ = ("changes",)
    changes: Changes

    @classmethod
    def over(cls, changes: Changes, items: dict[str, Any] | None = None) -> Watched:
        """Return a copy of `items`, and of the dicts in it, that notes in `changes`."""
        watched = cls()
        watched.changes = changes
        for key, value in (items or {}).items():
            dict.__setitem__(watched, key, watched._level(value))
        return watched

    def _level(self, value: Any) -> Any:
        # A program that stores a dict and reads it back must get the one that the jar uses.
        if isinstance(value, dict) and not isinstance(value, Watched):
            return Watched.over(self.changes, value)
        return value

    def __setitem__(self, key: str, value: Any) -> None:
        self.changes.seen = True
        super().__setitem__(key, self._level(value))

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the value of `key`; if there is none, set it to `default`."""
        self.changes.seen = True
        return super().setdefault(key, self._level(default))

    def __delitem__(self, key: str) -> None:
        self.changes.seen = True
        super().__delitem__(key)

    def pop(self, *args: Any) -> Any:
        """Remove a key and return its value; without the key, return the default."""
        self.changes.seen = True
        return super().pop(*args)

    def popitem(self) -> tuple[str, Any]:
        """Remove the last pair and return it."""
        self.changes.seen = True
        return super().popitem()

    def update(self, *args: Any, **items: Any) -> None:
        """Set several keys."""
        self.changes.seen = True
        super().update(*args, **items)

    def __ior__(self, other: Any) -> Watched:  # type: ignore[misc]  # dict has one for each kind of argument
        self.update(other)
        return self

    def clear(self) -> None:
        """Remove every key."""
        self.changes.seen = True
        super().clear()

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy or a pickle is a plain dict.
        return dict, (dict(self),)
