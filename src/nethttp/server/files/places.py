"""What a directory has under a name, by the directory's descriptor."""

from __future__ import annotations

import os
from contextlib import suppress

from .tree import Opened

__all__ = ["is_listed", "status_of", "status_or_none", "sync_directory"]


def status_of(place: Opened, name: str) -> os.stat_result:
    """Return the status of what has a name; a link is not followed.

    Raises:
        OSError: nothing has it.
    """
    return os.stat(name, dir_fd=place.descriptor, follow_symlinks=False)


def status_or_none(place: Opened, name: str) -> os.stat_result | None:
    """Return the status of what has a name, None if nothing has it; a link is not followed."""
    try:
        return status_of(place, name)
    except FileNotFoundError:
        return None


def is_listed(place: Opened, name: str) -> bool:
    """Return whether a directory has a name in just this spelling.

    Raises:
        OSError: it cannot be read.
    """
    readable = os.open(os.curdir, os.O_RDONLY, dir_fd=place.descriptor)
    try:
        return name in os.listdir(readable)
    finally:
        os.close(readable)


def sync_directory(place: Opened) -> None:
    """Write the names of a directory to the disk, where the system lets a directory be synced."""
    with suppress(OSError):
        descriptor = os.open(os.curdir, os.O_RDONLY, dir_fd=place.descriptor)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
