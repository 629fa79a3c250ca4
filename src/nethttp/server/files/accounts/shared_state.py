"""What all workers of a shared folder know of its accounts, in files of its state directory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from ..state import state_directory
from . import attempts, sessions
from .database import Database
from .mark import Mark
from .sessions import Sessions

__all__ = ["open_sessions", "sign_out_everywhere"]

DATABASE = "accounts.sqlite"


def open_sessions(state: str, clock: Callable[[], float] = time.time) -> tuple[Database, Sessions]:
    """Return the database in the directory `state`, which has the tries too, and its sessions.

    Raises:
        OSError: the files cannot be made.
    """
    database = Database(os.path.join(state, DATABASE), attempts.SCHEMA + sessions.SCHEMA)
    return database, Sessions(database, Mark(os.path.join(state, "sessions.mark")), clock)


def sign_out_everywhere(user: str, root: str, state: str | None = None) -> int:
    """End all sessions of a user of the folder `root`, and return how many there were.

    Servers of the folder that run know it at once. `state` is its state directory, if it is none
    of the usual places.

    Raises:
        OSError: the files cannot be used.
        sqlite3.Error: the database cannot be changed.
    """
    directory = state_directory(root, state)
    if not os.path.exists(os.path.join(directory, DATABASE)):
        return 0
    _, found = open_sessions(directory)
    return found.end_all(user)
