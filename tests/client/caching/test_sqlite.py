"""`SQLiteCache`: its file, and other processes."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import pytest

from nethttp.client.caching.sqlite import SQLiteCache
from nethttp.client.caching.store import GRACE, PIECE, Key
from nethttp.errors import LoadError, StorageError

from .conftest import URL
from .test_stores import KEY, content_of, put


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "cache.db")


def pieces_in(store) -> int:
    with store._database() as database:
        return database.execute("SELECT count(*) FROM pieces").fetchone()[0]


def test_the_files_are_for_their_owner_alone(path):
    mask = os.umask(0)
    try:
        with closing(SQLiteCache(path)) as store:
            put(store, "c1")
            for name in (path, path + "-wal", path + "-shm"):
                assert stat.S_IMODE(os.stat(name).st_mode) == 0o600
    finally:
        os.umask(mask)


def test_another_store_and_another_run_find_the_same(path):
    with closing(SQLiteCache(path)) as store, closing(SQLiteCache(path)) as other:
        made = put(store, "c1", bytes(3 * PIECE))
        assert other.variants(KEY) == [made]
        assert content_of(other, made) == bytes(3 * PIECE)
    with closing(SQLiteCache(path)) as store:
        assert store.variants(KEY) == [made]


WRITER = """
import os, sys
from dataclasses import replace
from nethttp.client.caching.entry import Entry
from nethttp.client.caching.sqlite import SQLiteCache
from nethttp.client.caching.store import PIECE, Key
path, name, kill = sys.argv[1:]
store = SQLiteCache(path)
for number in range(50):
    content = f"{name}-{number}"
    key = Key(f"http://a.example/{number % 5}")
    store.append(content, 0, bytes(PIECE))
    if kill and number == 40:
        os.kill(os.getpid(), 9)
    entry = Entry(key.url, 200, "", (), (("n", name),), 0.0, 0.0, content, PIECE + 5)
    store.commit(key, entry, b"hello")
store.close()
"""


def test_processes_write_at_the_same_time_and_one_is_killed(path):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, path, name, "kill" if name == "b" else ""])
        for name in ("a", "b", "c")
    ]
    assert [writer.wait(60) for writer in writers] == [0, -9, 0]
    with closing(SQLiteCache(path)) as store:
        for number in range(5):
            key = Key(f"http://a.example/{number}")
            found = store.variants(key)
            assert sorted(made.selecting[0][1] for made in found) == ["a", "b", "c"]
            for made in found:
                assert len(content_of(store, made, key)) == PIECE + 5


def test_contents_without_an_entry_go_after_their_grace(path, clock):
    with closing(SQLiteCache(path, now=clock)) as store:
        store.append("unfinished", 0, bytes(PIECE))
        put(store, "c1")
        put(store, "c2")
        assert pieces_in(store) == 3
        clock.now += GRACE - 1
        put(store, "other", key=Key(URL + "c"))
        assert pieces_in(store) == 4
        clock.now += 1
        put(store, "c3")
        # The piece of c2 has its own grace.
        assert pieces_in(store) == 3


def test_a_forked_child_opens_the_file_anew(path):
    with closing(SQLiteCache(path)) as store:
        made = put(store, "c1")
        parents = store._connection
        child = os.fork()
        if child == 0:
            found = False
            try:
                found = store.variants(KEY) == [made]
                found &= store._connection is not parents
                put(store, "c2", selecting=(("foo", "1"),))
            finally:
                os._exit(0 if found else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert [each.content for each in store.variants(KEY)] == ["c1", "c2"]


def test_other_files_are_refused(path, tmp_path):
    from nethttp.cookiejar import SQLiteCookieJar

    SQLiteCookieJar(path).close()
    with closing(SQLiteCache(path)) as store, pytest.raises(LoadError, match="expected a cache"):
        store.variants(KEY)
    nothing = tmp_path / "no directory" / "cache.db"
    with closing(SQLiteCache(nothing)) as store, pytest.raises(OSError):
        store.variants(KEY)


def test_a_damaged_entry_costs_no_other(path):
    with closing(SQLiteCache(path)) as store:
        put(store, "c1", selecting=(("foo", "1"),))
        put(store, "c2", selecting=(("foo", "2"),))
        with store._database() as database:
            database.execute("UPDATE entries SET entry = '{' WHERE content = 'c1'")
        assert [made.content for made in store.variants(KEY)] == ["c2"]


def test_a_full_disk(path):
    with closing(SQLiteCache(path)) as store:
        made = put(store, "c1")
        with store._database() as database:
            (pages,) = database.execute("PRAGMA page_count").fetchone()
            database.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StorageError, match="no space is left"):
            put(store, "c2", bytes(PIECE * 4))
        assert store.variants(KEY) == [made]


def test_size_is_counted_over_updates_and_removals(path):
    with closing(SQLiteCache(path)) as store:
        made = put(store, "c1")
        store.update(KEY, replace(made, fields=(("A", "b" * 1000),)))
        put(store, "c2", selecting=(("foo", "2"),))
        store.remove([URL])
        with store._database() as database:
            assert database.execute("SELECT size FROM state").fetchone() == (0,)


def test_the_path_is_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with closing(SQLiteCache("cache.db")) as store:
        assert store.path == str(tmp_path / "cache.db")
        assert store.variants(KEY) == []
