"""`NameLocks`: keeps other threads and workers from changing names in the same directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from .drafts import lock_file, open_own
from .tree import Opened

__all__ = ["NameLocks"]

LOCKS = 64
"""Files that stand for directories to lock."""


class NameLocks:
    """Locks for the directories of a tree, in `directory`, which is made if it is missing."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        os.makedirs(directory, mode=0o700, exist_ok=True)

    @contextmanager
    def held(self, *places: Opened) -> Iterator[None]:
        """Return a context in which no other thread or worker changes names in these directories.

        Each of a bounded number of locks stands for many directories. They are taken in one order.
        """
        numbers = {hash((place.status.st_dev, place.status.st_ino)) % LOCKS for place in places}
        with ExitStack() as held:
            for number in sorted(numbers):
                path = os.path.join(self._directory, str(number))
                descriptor = open_own(path, os.O_RDWR | os.O_CREAT)
                held.callback(os.close, descriptor)
                lock_file(descriptor, wait=True)
            yield
