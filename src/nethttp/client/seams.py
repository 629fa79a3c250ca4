"""The names of `nethttp.client` that programs replace, looked up when they are used.

In the standard library the client is one module: what a program binds to a name there (a limit, a
function, `print`) takes effect at once. Here the client is several modules; each of them looks such
a name up through this module.
"""

from __future__ import annotations

import builtins
import sys
from functools import lru_cache
from typing import Any

from ..wire.limits import DEFAULT_LIMITS, Limits

__all__ = ["NAMES", "as_imported", "head_limits", "named", "replaced", "say"]

NAMES: dict[str, Any] = vars(sys.modules[__package__])
"""The globals of `nethttp.client`."""

_imported: dict[str, Any] = {}


def as_imported(**values: Any) -> None:
    """Record the values that `nethttp.client` itself binds to names that programs replace."""
    _imported.update(values)


def named(name: str) -> Any:
    """Return what `nethttp.client` has under `name`, importing it if that was deferred.

    Call it at each use, so that a program may replace the name.
    """
    return NAMES[name] if name in NAMES else NAMES["__getattr__"](name)


def replaced(name: str) -> Any:
    """Return what a program has bound to `name` in the place of nethttp's own, else None.

    It is looked up when it is used, so that the program may do so at any time.
    """
    found = NAMES.get(name)
    return None if found is _imported.get(name) else found


def say(*values: object) -> None:
    """Print a line of `debuglevel`, with the `print` that `nethttp.client` has at that moment."""
    NAMES.get("print", builtins.print)(*values)


def head_limits(max_fields: float | None = None) -> Limits:
    """Return the bounds of a response, from the current values of names that programs replace.

    These are `_MAXLINE`, `_MAXHEADERS` and `_MAXINTERIMRESPONSES`; `max_fields` takes precedence
    over `_MAXHEADERS`.

    >>> head_limits(5).max_fields
    5
    """
    most = NAMES["_MAXHEADERS"] if max_fields is None else max_fields
    bounds = NAMES["_MAXLINE"], most, NAMES["_MAXINTERIMRESPONSES"]
    return DEFAULT_LIMITS if bounds == _USUAL else _limits(*bounds)


_USUAL = (
    DEFAULT_LIMITS.max_field_line,
    DEFAULT_LIMITS.max_fields,
    DEFAULT_LIMITS.max_interim_responses,
)

#: Fields beyond this number do not raise the bound on the field section: programs set infinity.
_MAX_COUNTED = 10_000


@lru_cache(maxsize=8)
def _limits(*bounds: float) -> Limits:
    longest, most, interim = (int(min(bound, sys.maxsize // 4)) for bound in bounds)
    more = max(1, min(most, _MAX_COUNTED) // DEFAULT_LIMITS.max_fields)
    section = max(DEFAULT_LIMITS.max_field_section, 4 * longest) * more
    return DEFAULT_LIMITS._replace(
        max_start_line=longest,
        max_field_line=longest,
        max_fields=most,
        max_field_section=min(section, sys.maxsize),
        max_trailers=most,
        max_trailer_section=DEFAULT_LIMITS.max_trailer_section * more,
        max_interim_responses=interim,
    )
