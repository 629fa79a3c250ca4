"""A database that workers share, and a clock that a test turns."""

from __future__ import annotations

import pytest

from nethttp.server.files.accounts import attempts, sessions
from nethttp.server.files.accounts.database import Database


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def database(tmp_path):
    """Return a function that opens the database as another worker does."""

    def opened() -> Database:
        return Database(str(tmp_path / "accounts.sqlite"), attempts.SCHEMA + sessions.SCHEMA)

    return opened
