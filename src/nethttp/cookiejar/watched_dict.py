"""The dicts of ``CookieJar._cookies``, which tell the jar when somebody else changes them.

Programs have always looked into ``_cookies`` and some write to it. The jar itself changes these
dicts with `dict`'s own functions, so what is told comes from outside; at its next step it then
takes the cookies up as they are.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Changes", "Watched"]


class Changes:
    """Whether somebody else has changed something since the jar last looked."""

    __slots__ = ("seen",)

    def __init__(self) -> None:
        self.seen = False


class Watched(dict[str, Any]):
    """A dict that notes in `changes` every change that is made by its own methods."""

    __slots__ = ("changes",)
    changes: Changes

    @classmethod
    def over(cls, changes: Changes, items: dict[str, Any] | None = None) -> Watched:
        """Return a dict with `items`, and the dicts in them, that notes in `changes`."""
        watched = cls()
        watched.changes = changes
        for key, value in (items or {}).items():
            dict.__setitem__(watched, key, watched._level(value))
        return watched

    def _level(self, value: Any) -> Any:
        # What a program is given back must be what the jar goes on with.
        if isinstance(value, dict) and not isinstance(value, Watched):
            return Watched.over(self.changes, value)
        return value

    def __setitem__(self, key: str, value: Any) -> None:
        self.changes.seen = True
        super().__setitem__(key, self._level(value))

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the value of `key`, which is `default` from now on if there was none."""
        self.changes.seen = True
        return super().setdefault(key, self._level(default))

    def __delitem__(self, key: str) -> None:
        self.changes.seen = True
        super().__delitem__(key)

    def pop(self, *args: Any) -> Any:
        """Remove a key and return its value, or a default."""
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
        # A copy, by whatever way, is watched by nobody.
        return dict, (dict(self),)
