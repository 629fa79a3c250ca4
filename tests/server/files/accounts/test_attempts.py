"""Tries of passwords: each wrong one delays the next, for all workers."""

from __future__ import annotations

import threading

import pytest

from nethttp.server.files.accounts import attempts as module
from nethttp.server.files.accounts.attempts import Attempts


@pytest.fixture
def attempts(database, clock):
    return Attempts(database(), clock)


def test_hole_18_the_delay_doubles(attempts, clock):
    waits = []
    for _ in range(4):
        assert attempts.begin("192.0.2.1", "ann") == 0
    for _ in range(12):
        assert attempts.begin("192.0.2.1", "ann") == 0
        waits.append(attempts.begin("192.0.2.1", "ann"))
        clock.now += waits[-1]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


def test_a_delay_is_for_one_account_from_one_address(attempts):
    for _ in range(5):
        attempts.begin("192.0.2.1", "ann")
    assert attempts.begin("192.0.2.1", "ann") == 1
    assert attempts.begin("192.0.2.1", "bob") == 0
    assert attempts.begin("192.0.2.2", "ann") == 0


def test_many_accounts_from_one_address(attempts):
    for number in range(30):
        assert attempts.begin("192.0.2.1", str(number)) == 0
    assert attempts.begin("192.0.2.1", "another") == 1
    assert attempts.begin("192.0.2.2", "another") == 0


def test_a_right_password_forgets_its_account_alone(attempts, clock):
    for _ in range(5):
        attempts.begin("192.0.2.1", "ann")
        attempts.begin("192.0.2.1", "bob")
    clock.now += 1
    attempts.begin("192.0.2.1", "ann")
    attempts.succeeded("192.0.2.1", "ann")
    assert attempts.begin("192.0.2.1", "ann") == 0
    assert attempts.begin("192.0.2.1", "bob") == 0
    assert attempts.begin("192.0.2.1", "bob") == 2


def test_right_passwords_never_delay(attempts):
    for _ in range(100):
        assert attempts.begin("192.0.2.1", "ann") == 0
        attempts.succeeded("192.0.2.1", "ann")


def test_hole_18_all_workers_count_together(database, clock):
    workers = [Attempts(database(), clock) for _ in range(5)]
    assert [worker.begin("::1", "ann") for worker in workers] == [0] * 5
    assert [worker.begin("::1", "ann") for worker in workers] == [1] * 5


def test_tries_at_the_same_time_are_counted(database, clock):
    workers = [Attempts(database(), clock) for _ in range(4)]
    allowed = []

    def tries(worker):
        allowed.extend(worker.begin("::1", "ann") == 0 for _ in range(5))

    threads = [threading.Thread(target=tries, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert allowed.count(True) == 5


def test_tries_are_forgotten(attempts, clock):
    for _ in range(5):
        attempts.begin("::1", "ann")
    clock.now += module.FORGET + 1
    assert attempts.begin("::1", "ann") == 0
    assert attempts.begin("::1", "ann") == 0


def test_a_clock_that_is_set_back_delays_no_longer_than_the_longest(attempts, clock):
    for _ in range(5):
        attempts.begin("::1", "ann")
    clock.now -= 1_000_000
    assert attempts.begin("::1", "ann") == module.MAX_DELAY


def test_hole_18_rows_have_a_bound(database, clock, monkeypatch):
    monkeypatch.setattr(module, "MAX_ROWS", 10)
    place = database()
    attempts = Attempts(place, clock)
    for number in range(40):
        clock.now += 1
        attempts.begin(f"192.0.2.{number}", "ann")
    with place.reading() as connection:
        assert connection.execute("SELECT count(*) FROM attempts").fetchone() == (10,)


def test_hole_18_an_ipv6_network_counts_as_one_address(attempts):
    for number in range(5):
        attempts.begin(f"2001:db8::{number}", "ann")
    assert attempts.begin("2001:db8::ffff", "ann") == 1
    assert module.network_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert module.network_of("fe80::1%eth0") == "fe80::/64"
    assert module.network_of("") == ""
