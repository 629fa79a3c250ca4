"""`SQLiteCache`: its file, and other processes."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace

import pytest

from nethttp.client.caching.sqlite import SQLiteCache
from nethttp.client.caching.store import PIECE, UNFINISHED, Key
from nethttp.errors import LoadError, StorageError

from .conftest import URL, entry
from .test_stores import KEY, content_of, put


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "cache.db")


def files_of(path) -> list[str]:
    directory = path + "-contents"
    return sorted(os.listdir(directory)) if os.path.exists(directory) else []


def test_the_files_are_for_their_owner_alone(path):
    mask = os.umask(0)
    try:
        with closing(SQLiteCache(path)) as store:
            put(store, "c1", bytes(PIECE))
            for name in (path, path + "-wal", path + "-shm", path + "-contents/c1"):
                assert stat.S_IMODE(os.stat(name).st_mode) == 0o600
            assert stat.S_IMODE(os.stat(path + "-contents").st_mode) == 0o700
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
    store.append(content, 0, [bytes(PIECE)])
    if kill and number == 40:
        os.kill(os.getpid(), 9)
    entry = Entry(key.url, 200, "", (), (("n", name),), 0.0, 0.0, content, PIECE + 5)
    store.commit(key, entry, PIECE, [b"hello"])
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


def test_short_contents_are_in_the_database_and_long_ones_are_files(path):
    with closing(SQLiteCache(path)) as store:
        for size in (65536, 65537):
            made = put(store, f"c{size}", bytes(size), selecting=(("s", str(size)),))
            assert content_of(store, made) == bytes(size)
        assert files_of(path) == ["c65537"]
        store.remove([URL])
        assert files_of(path) == []


def test_what_is_replaced_evicted_or_given_up_leaves_no_file(path, clock):
    with closing(SQLiteCache(path, 3 * PIECE, PIECE, now=clock)) as store:
        put(store, "c1", bytes(PIECE))
        put(store, "c2", bytes(PIECE))
        assert files_of(path) == ["c2"]
        for number in range(3, 6):
            clock.now += 1
            put(store, f"c{number}", bytes(PIECE), key=Key(f"{URL}{number}"))
        assert files_of(path) == ["c4", "c5"]
        store.append("given-up", 0, [bytes(PIECE)])
        store.discard("given-up")
        store.append("open", 0, [bytes(PIECE)])
    assert files_of(path) == ["c4", "c5"]


def test_what_a_killed_process_left_goes_after_a_while(path, clock):
    with closing(SQLiteCache(path, now=clock)) as store:
        put(store, "c1", bytes(PIECE))
        for name in ("left", "young"):
            with open(f"{path}-contents/{name}", "wb") as file:
                file.write(b"half")
        old = time.time() - UNFINISHED - 1
        for name in ("left", "c1"):
            os.utime(f"{path}-contents/{name}", (old, old))
        clock.now += UNFINISHED
        put(store, "c2", key=Key(URL + "c"))
        assert files_of(path) == ["c1", "young"]


def test_a_file_that_is_missing_or_too_short_is_gone(path):
    with closing(SQLiteCache(path)) as store:
        made = put(store, "c1", bytes(PIECE))
        content = store.open(KEY, made)
        os.truncate(path + "-contents/c1", PIECE - 1)
        with pytest.raises(StorageError) as caught:
            content.read(PIECE - 1, PIECE)
        content.close()
        assert caught.value.errno == errno.EIO
        for damage in (lambda: None, lambda: os.unlink(path + "-contents/c1")):
            damage()
            with pytest.raises(StorageError) as caught:
                store.open(KEY, made)
            assert caught.value.errno == errno.ENOENT


def test_a_writer_that_was_swept_stores_nothing(path):
    with closing(SQLiteCache(path)) as store:
        store.append("c1", 0, [bytes(PIECE)])
        os.unlink(path + "-contents/c1")
        with pytest.raises(StorageError):
            store.commit(KEY, entry(content="c1", size=PIECE + 1), PIECE, [b"x"])
        assert store.variants(KEY) == []
        assert files_of(path) == []


def test_a_name_that_leads_elsewhere_is_no_content(path, tmp_path):
    (tmp_path / "secret").write_bytes(b"hello")
    with closing(SQLiteCache(path)) as store:
        with pytest.raises(StorageError, match="no such content"):
            store.open(KEY, entry(content="../secret"))
        store._files.remove(["../secret"])
    assert (tmp_path / "secret").exists()


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
        for size in (60_000, PIECE * 4):
            with pytest.raises(StorageError, match="no space is left"):
                for number in range(20):
                    put(store, f"c2-{number}", bytes(size), key=Key(f"{URL}{number}"))
        assert store.variants(KEY) == [made]


FULL = """
import os, resource, signal, sys
from nethttp.client.caching.sqlite import SQLiteCache
from nethttp.client.caching.store import PIECE
from nethttp.errors import StorageError
store = SQLiteCache(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (PIECE + 100, PIECE + 100))
store.append("c1", 0, [bytes(PIECE)])
try:
    store.append("c1", PIECE, [bytes(50), bytes(PIECE)])
except StorageError as error:
    print(type(error).__name__, os.listdir(sys.argv[1] + "-contents"))
store.close()
"""


def test_a_file_that_cannot_be_written_to_its_end_is_removed(path):
    run = subprocess.run(
        [sys.executable, "-c", FULL, path], capture_output=True, text=True, timeout=60, check=True
    )
    assert run.stdout == "StorageError []\n"


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
