"""`use_one_arena`: memory that threads have given back serves all of them.

glibc gives threads arenas of their own, up to eight a processor, and what is freed in one is of no
use to another: a worker with many threads goes on growing for an hour under a load that does not
change. Under the GIL threads take turns anyway, so one arena costs them nothing.
"""

from __future__ import annotations

import sys

__all__ = ["use_one_arena"]

#: The number of the parameter. mallopt(3).
_M_ARENA_MAX = -8


def use_one_arena() -> bool:
    """Have this process's threads allocate from one arena; return whether they will.

    For a process that has no other thread yet. Where there is no glibc, or no GIL, nothing changes.
    """
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return False
    try:
        import ctypes  # start-up: only workers need it

        return bool(ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1))
    except (ImportError, OSError, TypeError, AttributeError):
        return False
