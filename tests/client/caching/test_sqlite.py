"""`SQLiteCache`: its file, and other processes."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import stat
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from nethttp.client.caching.sqlite import _KIND, SQLiteCache
from nethttp.client.caching.store import PIECE, UNFINISHED, Key
from nethttp.errors import StorageError
from nethttp.sqlite_file import empty_damaged, transaction

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


KILLED = """
import os, sys
from nethttp.client.caching import content_files, sqlite
from nethttp.client.caching.entry import Entry
from nethttp.client.caching.store import PIECE, Key
path, name, calls = sys.argv[1], sys.argv[2], int(sys.argv[3])
in_files = name in ("append", "finish", "remove")
where = os if name == "writev" else content_files.ContentFiles if in_files else sqlite
real = getattr(where, name)
def call(*arguments):
    global calls
    calls -= 1
    if not calls and name == "writev":
        arguments = (arguments[0], [b"".join(arguments[1])[:1000]])
    result = real(*arguments)
    if not calls:
        os.kill(os.getpid(), 9)
    return result
store = sqlite.SQLiteCache(path)
key = Key("http://a.example/b")
store.variants(key)
setattr(where, name, call)
store.append("new", 0, [b"n" * 1000, b"n" * (PIECE - 1000)])
store.append("new", PIECE, [b"n" * 1000, b"n" * (PIECE - 1000)])
entry = Entry(key.url, 200, "", (), (), 0.0, 0.0, "new", 2 * PIECE + 2)
store.commit(key, entry, 2 * PIECE, [b"n", b"n"])
os._exit(0)
"""


@pytest.mark.parametrize(
    ("name", "calls", "found"),
    [
        *(("writev", calls, b"o") for calls in (1, 2)),
        *(("append", calls, b"o") for calls in (1, 2, 3)),
        *((name, 1, b"o") for name in ("finish", "_entries", "_forget", "_insert", "_make_room")),
        ("remove", 1, b"n"),
    ],
)
def test_a_process_that_is_killed_at_any_moment_leaves_the_old_or_the_new(path, name, calls, found):
    size = 2 * PIECE + 2
    with closing(SQLiteCache(path)) as store:
        put(store, "old", b"o" * size)
    run = subprocess.run([sys.executable, "-c", KILLED, path, name, str(calls)], timeout=60)
    assert run.returncode == -9
    with closing(SQLiteCache(path)) as store:
        (made,) = store.variants(KEY)
        assert content_of(store, made) == found * size


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


def test_a_child_that_was_forked_while_the_store_was_in_use_waits_for_nothing(path):
    with closing(SQLiteCache(path)) as store:
        made = put(store, "c1", bytes(PIECE))
        store.append("parents", 0, [bytes(PIECE)])
        with store._lock:
            child = os.fork()
            if child == 0:
                signal.alarm(10)
                found = False
                try:
                    found = store.variants(KEY) == [made]
                    found &= content_of(store, made) == bytes(PIECE)
                    store.close()
                finally:
                    os._exit(0 if found else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert files_of(path) == ["c1", "parents"]


def test_other_files_are_refused_and_not_touched(path, tmp_path):
    from nethttp.cookiejar import SQLiteCookieJar

    SQLiteCookieJar(path).close()
    (tmp_path / "text").write_bytes(b"this is my only copy" * 100)
    (tmp_path / "zeros").write_bytes(bytes(8192))
    for name, expected in (
        (path, "expected a cache"),
        (tmp_path / "text", "not an SQLite database"),
        (tmp_path / "zeros", "not an SQLite database"),
    ):
        before = Path(name).read_bytes()
        with closing(SQLiteCache(name, clock=time.monotonic)) as store:
            for _ in range(3):
                store._asked_again_at = 0.0
                with pytest.raises(StorageError, match=expected):
                    store.variants(KEY)
        assert Path(name).read_bytes() == before


def test_a_place_that_cannot_be_opened_is_left_alone_for_a_second(tmp_path, clock):
    place = tmp_path / "later"
    with closing(SQLiteCache(place / "cache.db", clock=clock)) as store:
        with pytest.raises(StorageError, match="No such file"):
            store.variants(KEY)
        place.mkdir()
        with pytest.raises(StorageError, match="a moment ago"):
            store.variants(KEY)
        clock.now += 1
        assert store.variants(KEY) == []


def test_a_file_that_another_keeps_locked_is_waited_for_once(path, clock):
    with (
        closing(SQLiteCache(path)) as other,
        closing(SQLiteCache(path, timeout=0.05, clock=clock)) as store,
    ):
        put(store, "c1")
        with other._database() as database, transaction(database):
            with pytest.raises(StorageError, match="another process kept it locked"):
                put(store, "c2")
            with pytest.raises(StorageError, match="a moment ago"):
                store.variants(KEY)
        clock.now += 1
        assert [made.content for made in store.variants(KEY)] == ["c1"]


def damage_the_head(path):
    with open(path, "r+b") as file:
        file.write(b"garbage!" * 2)


def damage_the_pages(path):
    with open(path, "r+b") as file:
        size = file.seek(0, os.SEEK_END)
        for at in range(4096, size, 4096):
            file.seek(at)
            file.write(b"\xff" * 4096)


def cut(path):
    os.truncate(path, os.path.getsize(path) // 4096 // 2 * 4096)


DAMAGES = [damage_the_head, damage_the_pages, cut]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_begun_anew(path, damage, caplog):
    with closing(SQLiteCache(path)) as store:
        put(store, "c1", bytes(PIECE))
        put(store, "c2", bytes(50_000), key=Key(URL + "2"))
    damage(path)
    with closing(SQLiteCache(path)) as store:
        for _ in range(2):
            store._asked_again_at = 0.0
            with contextlib.suppress(StorageError):
                store.variants(KEY)
        store._asked_again_at = 0.0
        assert store.variants(KEY) == []
        assert "damaged, and is empty now" in caplog.text
        made = put(store, "c3", bytes(PIECE))
        assert content_of(store, made) == bytes(PIECE)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_is_damaged_while_two_stores_have_it_open(path, damage):
    with closing(SQLiteCache(path)) as one, closing(SQLiteCache(path)) as two:
        put(one, "c1", bytes(50_000))
        assert len(two.variants(KEY)) == 1
        with one._database() as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        damage(path)
        worked = 0
        for number in range(20):
            store = (one, two)[number % 2]
            store._asked_again_at = 0.0
            with contextlib.suppress(StorageError):
                made = put(store, f"d{number}", b"fine")
                assert content_of(store, made) == b"fine"
                worked += 1
        assert worked > 10


def test_before_it_is_emptied_other_stores_let_the_file_go(path):
    with closing(SQLiteCache(path)) as one, closing(SQLiteCache(path)) as two:
        put(one, "c1")
        two.variants(KEY)
        one._damaged = True
        one._close_locked()
        with two._lock:
            assert len(one.variants(KEY)) == 1, "it is in use, so it is not emptied"
        one._damaged = True
        one._close_locked()
        assert one.variants(KEY) == []
        assert two._connection is None
        assert two.variants(KEY) == []


def test_only_a_file_of_its_kind_is_emptied(path, tmp_path):
    text = tmp_path / "text"
    text.write_text("my only copy")
    assert not empty_damaged(str(text), _KIND)
    assert not empty_damaged(str(tmp_path / "none"), _KIND)
    assert text.read_text() == "my only copy"
    with closing(SQLiteCache(path)) as store:
        put(store, "c1")
    assert empty_damaged(path, _KIND)
    assert os.path.getsize(path) == 0


HOLDER = """
import sys
from nethttp.client.caching.sqlite import SQLiteCache
from nethttp.client.caching.store import Key
store = SQLiteCache(sys.argv[1])
store.variants(Key("http://a.example/"))
print("open", flush=True)
sys.stdin.readline()
store.close()
"""


def test_a_damaged_file_that_another_process_has_open_is_left_to_it(path):
    with closing(SQLiteCache(path)) as store:
        put(store, "c1", bytes(50_000))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout.readline() == b"open\n"
        damage_the_head(path)
        before = Path(path).read_bytes()
        with closing(SQLiteCache(path)) as store:
            for _ in range(3):
                store._asked_again_at = 0.0
                with pytest.raises(StorageError):
                    store.variants(KEY)
            assert Path(path).read_bytes() == before
            holder.communicate(b"\n", timeout=60)
            store._asked_again_at = 0.0
            assert store.variants(KEY) == []


def test_a_file_that_cannot_be_written_is_read(path):
    with closing(SQLiteCache(path)) as store:
        made = put(store, "c1")
    with closing(SQLiteCache(path)) as store:
        store.variants(KEY)
        with store._database() as database:
            database.execute("PRAGMA query_only = 1")
        assert content_of(store, made) == b"hello"
        with pytest.raises(StorageError, match="cannot be written"):
            store.remove([URL])
        assert store.variants(KEY) == [made]


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
        assert set(files_of(path)) == {
            found.content
            for number in range(20)
            for found in store.variants(Key(f"{URL}{number}"))
            if found.size > 65536
        }


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
