"""`Room`: how large a file may be, and how much of the disk stays free."""

from __future__ import annotations

import os

from .refusal import Refusal

__all__ = ["Room"]


class Room:
    """Bounds for files: `max_file` bytes (None: any number), with `reserve` bytes of the disk free.

    >>> Room(max_file=10).check_size(10)
    """

    def __init__(self, *, max_file: int | None = None, reserve: int = 0) -> None:
        self.max_file = max_file
        self.reserve = reserve

    def check(self, descriptor: int, size: int) -> None:
        """Check that a file of `size` bytes may be made on the disk of the file `descriptor`.

        Raises:
            Refusal: it may not.
        """
        self.check_size(size)
        self.check_space(descriptor, size)

    def check_size(self, size: int) -> None:
        """Check that a file may have `size` bytes.

        Raises:
            Refusal: it may not.
        """
        if self.max_file is not None and size > self.max_file:
            raise Refusal(413, f"A file may have {self.max_file} bytes, this one has more")

    def check_space(self, descriptor: int, more: int) -> None:
        """Check that the disk of the file or directory `descriptor` has room for `more` bytes.

        Raises:
            Refusal: it has not.
        """
        space = os.fstatvfs(descriptor)
        free = space.f_bavail * space.f_frsize - self.reserve
        # A pseudo file system has no blocks at all.
        if space.f_blocks and (more > free or free <= 0):
            raise Refusal(507, f"The disk has no room for {more} bytes more")
