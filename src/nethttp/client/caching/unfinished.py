"""`Unfinished`: the contents that this process is writing, which no store counts yet."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable

from ...errors import StorageError
from .store import UNFINISHED

__all__ = ["Unfinished"]


class Unfinished:
    """Counts the bytes of unfinished contents; all together they may have `max_size`.

    One that was not written to for `UNFINISHED` seconds of the `clock` counts no longer: its store
    removes it. Any thread may call the methods.

    >>> unfinished = Unfinished(1000)
    >>> unfinished.note("c1", 700)
    >>> unfinished.end("c1"), unfinished.end("c1")
    (True, False)
    """

    def __init__(self, max_size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.max_size = max_size
        self._clock = clock
        self._noted: dict[str, tuple[int, float]] = {}
        """The size of each content, and when it was written to."""
        # A response that is garbage collected ends its content, at any moment in any thread.
        self._lock = threading.RLock()

    def note(self, content: str, size: int) -> None:
        """Note that a content is about to have `size` bytes.

        Raises:
            StorageError: there is no room for so many (ENOSPC).
        """
        now = self._clock()
        with self._lock:
            noted = self._noted
            for name in [name for name, (_, at) in noted.items() if at < now - UNFINISHED]:
                del noted[name]
            noted[content] = (size, now)
            if sum(size for size, _ in noted.values()) > self.max_size:
                raise StorageError(errno.ENOSPC, "cache: unfinished contents fill it", content)

    def end(self, content: str) -> bool:
        """Count a content no longer; return whether it was counted."""
        with self._lock:
            return self._noted.pop(content, None) is not None

    def names(self) -> list[str]:
        """Return the names of the contents that count."""
        with self._lock:
            return list(self._noted)
