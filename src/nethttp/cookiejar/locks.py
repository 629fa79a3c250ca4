"""Locks of jars. Programs replace them: Scrapy's has only `acquire` and `release`."""

from __future__ import annotations

from typing import Any

__all__ = ["acquired"]


def acquired(lock: Any) -> Any:
    """Acquire `lock`, and return an object whose `release` releases it.

    `lock` has `acquire` and `release`, or is a context manager, since the standard library's jar
    works with either.

    >>> import threading
    >>> lock = threading.Lock()
    >>> acquired(lock).release()
    """
    try:
        acquire = lock.acquire
    except AttributeError:
        lock = _ContextLock(lock)
        acquire = lock.acquire
    acquire()
    return lock


class _ContextLock:
    """A context manager with the methods of a lock."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager

    def acquire(self) -> None:
        self._manager.__enter__()

    def release(self) -> None:
        self._manager.__exit__(None, None, None)
