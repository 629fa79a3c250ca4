"""`use_one_arena`: one malloc arena for all threads, so that freed memory is used again.

glibc gives threads arenas of their own, up to eight for each processor, and memory that is freed in
one arena is not used for another: a worker with many threads grows for an hour under a steady load.
Under the GIL threads take turns anyway, so one arena costs nothing.
"""

from __future__ import annotations

import sys

__all__ = ["use_one_arena"]

#: The number of the parameter. mallopt(3).
_M_ARENA_MAX = -8


def use_one_arena() -> bool:
    """Have this process's threads allocate from one arena; return whether they will.

    Call it before the process has other threads, because a thread keeps its arena. Without glibc or
    without the GIL nothing changes.
    """
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return False
    try:
        import ctypes  # start-up: only workers need it

        return bool(ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1))
    except (ImportError, OSError, TypeError, AttributeError):
        return False
