"""What holds for every jar whose storage others use too: SQLite's and Valkey's."""

from __future__ import annotations

import copy
import os
import pickle
import threading
import time

import pytest

from nethttp.cookiejar import CookieJar, DefaultCookiePolicy, StorageError
from nethttp.cookiejar.shared import storage as storage_module
from nethttp.cookiejar.shared.storage import Storage

from ..test_jar import given_to, take
from ..test_store import cookie

URL = "https://www.acme.example/path/"


def pairs(jar: CookieJar) -> list[str]:
    return sorted(f"{found.name}={found.value}" for found in jar)


def test_each_sees_what_the_other_does(shared):
    one, two = shared.open(), shared.open()
    take(one, URL, "a=1; Max-Age=60; HttpOnly; SameSite=Lax", "session=2; Path=/")
    assert {found.name: found.to_dict() for found in two} == {
        found.name: found.to_dict() for found in one
    }
    assert given_to(two, URL) == "a=1; session=2"
    take(two, URL, "a=3; Max-Age=60", "session=; Path=/; Max-Age=0")
    assert given_to(one, URL) == "a=3"
    one.clear("www.acme.example", "/path", "a")
    assert len(two) == 0
    take(one, URL, "a=4")
    assert pairs(two) == ["a=4"], "removed, and there again"
    two.clear()
    assert list(one) == []


def test_everything_about_a_cookie_is_kept(shared):
    jar = shared.open()
    rows = [
        cookie("plain"),
        cookie("none", value=None),
        cookie("", value="nameless"),
        cookie("part", partition_key="https://top.example", rest={"Partitioned": None}),
        cookie("part", partition_key="https://other.example", value="2"),
        cookie("odd", value="\udc80 \u2713 \x00\n\t;", path="/\udcff", expires=2**70),
        cookie("rfc", version=1, port="80,81", port_specified=True, comment="c", rfc2109=True),
    ]
    for row in rows:
        jar.set_cookie(row)
    again = {(c.name, c.partition_key): c.to_dict() for c in shared.open()}
    assert again == {(row.name, row.partition_key): row.to_dict() for row in rows}


def test_a_batch_is_one_step_or_none(shared):
    one, two = shared.open(), shared.open()
    take(one, URL, "before=1")
    with one.batch():
        one.set_cookie(cookie("a"))
        one.clear("www.acme.example")
        assert pairs(two) == ["before=1"], "not yet"
    assert pairs(two) == ["a=1"]
    with pytest.raises(ZeroDivisionError), one.batch():
        one.set_cookie(cookie("b"))
        one.clear("a.example")
        1 / 0
    assert pairs(one) == pairs(two) == ["a=1"]
    with one.batch() as same:
        with pytest.raises(KeyError):
            same.clear("there.is.none")
        same.set_cookie(cookie("c"))
    assert pairs(two) == ["a=1", "c=1"]


def test_what_could_not_be_stored_is_not_kept(shared, monkeypatch):
    jar = shared.open()
    take(jar, URL, "a=1")
    exchange = jar._storage.exchange

    def full(changes):
        if changes:
            raise StorageError(28, "full")
        return exchange(changes)

    with monkeypatch.context() as patch:
        patch.setattr(jar._storage, "exchange", full)
        with pytest.raises(StorageError, match="full"):
            take(jar, URL, "a=2", "b=2")
        with pytest.raises(StorageError, match="full"):
            jar.clear()
        assert given_to(jar, URL) == "a=1"
    take(jar, URL, "b=3")
    assert pairs(shared.open()) == ["a=1", "b=3"]


def test_who_was_away_for_long_reads_everything(shared, monkeypatch):
    monkeypatch.setattr(storage_module, "MAX_REMEMBERED_REMOVALS", 3)
    for module in ("sqlite", "valkey"):
        monkeypatch.setattr(f"nethttp.cookiejar.shared.{module}.MAX_REMEMBERED_REMOVALS", 3)
    away, here = shared.open(), shared.open()
    for number in range(10):
        here.set_cookie(cookie(f"n{number}"))
    assert len(away) == 10
    for number in range(9):
        here.clear("a.example", "/", f"n{number}")
    assert pairs(away) == pairs(shared.open()) == ["n9=1"]
    here.set_cookie(cookie("n8"))
    here.clear()
    assert len(away) == 0


def test_what_expired_goes_without_a_word(shared):
    one, two = shared.open(), shared.open()
    soon = int(time.time()) + 2
    one.set_cookie(cookie("soon", expires=soon))
    one.set_cookie(cookie("late", expires=soon + 100))
    one.set_cookie(cookie("session"))
    assert len(two) == 3
    while time.time() < soon:
        time.sleep(0.05)
    assert given_to(two, "http://a.example/") == "late=1; session=1"
    assert not two._changes
    two.clear_expired_cookies()
    assert pairs(shared.open()) == ["late=1", "session=1"]
    two.clear_session_cookies()
    assert pairs(shared.open()) == ["late=1"]


def test_what_programs_write_to_the_dicts_is_stored(shared):
    one, two = shared.open(), shared.open()
    take(one, URL, "a=1", "b=2")
    del one._cookies["www.acme.example"]["/path"]["a"]
    one._cookies["www.acme.example"]["/path"]["c"] = cookie("c", "www.acme.example", "/path")
    assert len(one) == 2
    assert pairs(two) == ["b=2", "c=1"]


def test_a_pickled_or_copied_jar_is_the_same_jar(shared):
    jar = shared.open(policy=DefaultCookiePolicy(blocked_domains=["evil.example"]))
    take(jar, URL, "a=1")
    for again in (pickle.loads(pickle.dumps(jar)), copy.copy(jar), copy.deepcopy(jar)):
        with again:
            assert again._storage is not jar._storage
            assert again._policy.is_blocked("evil.example")
            take(again, URL, "a=2")
            assert pairs(jar) == ["a=2"]
            take(jar, URL, "a=1")


def test_json_goes_in_and_out(shared):
    jar = shared.open()
    take(jar, URL, "a=1", "b=2; Max-Age=60")
    assert CookieJar.from_json(jar.to_json()).to_json() == jar.to_json()


def test_a_closed_jar_says_so(shared):
    jar = shared.open()
    jar.close()
    jar.close()
    for use in (lambda: len(jar), lambda: list(jar), lambda: given_to(jar, URL), jar.clear):
        with pytest.raises(ValueError, match="is closed"):
            use()


def test_a_response_without_cookies_asks_for_nothing(shared, monkeypatch):
    jar = shared.open()
    monkeypatch.setattr(jar._storage, "exchange", None)
    take(jar, URL)


def test_threads_may_share_a_jar(shared):
    jar = shared.open()
    failed = []

    def work(name: str) -> None:
        try:
            for number in range(25):
                take(jar, f"https://{name}.example/", f"n{number}=1")
                assert given_to(jar, f"https://{name}.example/")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(shared.open()) == 100


def in_a_fork(work) -> int:
    """Run `work` in a forked process, and return its exit status."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_both_sides_of_a_fork_go_on(shared):
    jar = shared.open()
    take(jar, URL, "a=1")

    def child() -> None:
        assert pairs(jar) == ["a=1"]
        take(jar, URL, "child=1")

    assert in_a_fork(child) == 0
    assert pairs(jar) == ["a=1", "child=1"]
    take(jar, URL, "a=2")
    assert pairs(shared.open()) == ["a=2", "child=1"]


def test_a_fork_in_the_middle_of_a_batch(shared):
    jar = shared.open()
    take(jar, URL, "a=1")

    def child() -> None:
        # The batch is its parent's business.
        jar._depth = 0
        assert pairs(jar) == ["a=1"]
        take(jar, URL, "child=1")

    with jar.batch():
        take(jar, URL, "a=2")
        assert in_a_fork(child) == 0
    assert pairs(jar) == ["a=2", "child=1"]


def test_a_storage_is_what_the_jar_asks_for(shared):
    storage: Storage = shared.open()._storage
    assert str(storage).startswith(shared.place)
    assert repr(shared.open()).startswith(f"<{type(shared.open()).__name__} {shared.place}")
