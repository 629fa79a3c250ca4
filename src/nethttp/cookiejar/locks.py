"""The lock of a jar, which programs replace: Scrapy's has `acquire` and `release` alone."""

from __future__ import annotations

from typing import Any

__all__ = ["acquired"]


def acquired(lock: Any) -> Any:
    """Return `lock`, acquired; `release` gives it back.

    It is a lock by its two methods, as the standard library asks, or a context manager.
    """
    try:
        acquire = lock.acquire
    except AttributeError:
        lock = _ContextLock(lock)
        acquire = lock.acquire
    acquire()
    return lock


class _ContextLock:
    """A context manager as a lock."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager

    def acquire(self) -> None:
        self._manager.__enter__()

    def release(self) -> None:
        self._manager.__exit__(None, None, None)
