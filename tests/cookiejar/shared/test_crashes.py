"""Nothing that was committed is lost, whoever is killed: many processes change one jar at once.

``make stress`` runs this at its full size, and prints what it did.
"""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from nethttp.cookiejar import SQLiteCookieJar, ValkeyCookieJar

FULL = bool(os.environ.get("NETHTTP_STRESS"))
PROCESSES, CHANGES, KILLS = (8, 1000, 5) if FULL else (3, 60, 2)
RESTARTS = 5 if FULL else 2

PROGRAM = Path(__file__).parent / "keep_changing.py"


class Worker:
    """Runs the program to its end, killing it now and then, and knows what it committed."""

    def __init__(self, place: str, name: int, kills: int, told: Callable[[], None]) -> None:
        self.place, self.name, self.told = place, str(name), told
        self.committed = 0
        self.kills = 0
        self.failed = ""
        # From one kill to the next: so many changes, and then at some point of a later one.
        self.until = sorted(random.sample(range(1, CHANGES), kills))
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        while self.committed < CHANGES and not self.failed:
            stop = self.until.pop(0) if self.until else CHANGES
            self.run_until(max(stop, self.committed))

    def run_until(self, stop: int) -> None:
        arguments = [self.place, self.name, str(self.committed), str(CHANGES)]
        program = subprocess.Popen(
            [sys.executable, str(PROGRAM), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with program:
            for line in program.stdout:
                self.committed = int(line) + 1
                self.told()
                if self.committed == stop < CHANGES:
                    time.sleep(random.random() / 500)
                    program.kill()
                    self.kills += 1
            said = program.stderr.read()
        if program.returncode > 0:
            self.failed = said


def expected(worker: Worker) -> dict[str, str]:
    """Return the cookies that a worker's committed changes make."""
    there = {}
    for number in range(worker.committed):
        there[f"n{number}"] = str(number)
        if number % 10 == 9:
            del there[f"n{number - 5}"]
    return there


def check(jar, workers: list[Worker]) -> None:
    found = {}
    for cookie in jar:
        worker = cookie.domain.partition("-")[0].removeprefix("w")
        found.setdefault(worker, {})[cookie.name] = cookie.value
    for worker in workers:
        assert not worker.failed, worker.failed
        assert worker.committed == CHANGES
        assert found[worker.name] == expected(worker)


def test_sqlite_no_change_that_was_committed_is_lost(tmp_path):
    place = str(tmp_path / "cookies.db")
    began = time.monotonic()
    workers = [Worker(place, name, KILLS, lambda: None) for name in range(PROCESSES)]
    for worker in workers:
        worker.thread.join()
    took = time.monotonic() - began
    with SQLiteCookieJar(place) as jar:
        check(jar, workers)
    with closing(sqlite3.connect(place)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    kills = sum(worker.kills for worker in workers)
    assert kills >= PROCESSES
    print(f"SQLite: {PROCESSES} processes, {CHANGES} changes each, {kills} killed, {took:.1f} s")


def test_valkey_no_change_that_was_committed_is_lost(valkey):
    began = time.monotonic()
    total = PROCESSES * CHANGES
    # The server is killed when so many changes were made in all.
    due = sorted(random.sample(range(total // 10, total * 8 // 10), RESTARTS))
    lock = threading.Lock()
    made = [0]
    restarts = [0]

    def told() -> None:
        with lock:
            made[0] += 1
            if due and made[0] >= due[0]:
                due.pop(0)
                restarts[0] += 1
                valkey.kill()
                valkey.start()

    workers = [Worker(valkey.url, name, KILLS, told) for name in range(PROCESSES)]
    for worker in workers:
        worker.thread.join()
    took = time.monotonic() - began
    with ValkeyCookieJar(valkey.url, patience=30) as jar:
        check(jar, workers)
    kills = sum(worker.kills for worker in workers)
    assert (kills >= PROCESSES, restarts[0]) == (True, RESTARTS)
    print(
        f"Valkey: {PROCESSES} processes, {CHANGES} changes each, {kills} killed, "
        f"the server killed {restarts[0]} times, {took:.1f} s"
    )
