"""The database: whole steps, and a connection for each process."""

from __future__ import annotations

import os
import sqlite3
import threading

import pytest

from nethttp.server.files.accounts import database as module


def test_a_step_that_fails_changes_nothing(database):
    place = database()

    def fail():
        with place.changing() as connection:
            connection.execute("INSERT INTO sessions VALUES (x'00', 'ann', x'00', 0)")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    with place.changing() as connection:
        assert connection.execute("SELECT count(*) FROM sessions").fetchone() == (0,)


def test_another_process_opens_a_connection_of_its_own(database, monkeypatch):
    place = database()
    with place.reading() as ours:
        pass
    monkeypatch.setattr(os, "getpid", lambda: 1)
    with place.reading() as theirs:
        assert theirs is not ours


def test_workers_that_open_it_at_the_same_time(database):
    def step(place):
        with place.changing() as connection:
            connection.execute("INSERT INTO attempts VALUES (?, 1, 0, 0)", (os.urandom(8),))

    for _ in range(5):
        threads = [threading.Thread(target=step, args=(database(),)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with database().reading() as connection:
        assert connection.execute("SELECT count(*) FROM attempts").fetchone() == (40,)


def test_waiting_for_others_has_a_bound(database, monkeypatch):
    monkeypatch.setattr(module, "SECONDS", 0.01)
    one, other = database(), database()
    with other.reading():
        pass
    locked = pytest.raises(sqlite3.OperationalError, match="locked")
    with one.changing(), locked, other.changing():
        pass
