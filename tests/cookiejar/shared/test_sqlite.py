"""The jar in an SQLite file: whose the file is, and what it does when the disk or others do not."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nethttp.cookiejar import LoadError, SQLiteCookieJar, StorageError
from nethttp.cookiejar.shared import sqlite as sqlite_module

from ..test_jar import given_to, take
from ..test_store import cookie
from .test_shared import pairs

URL = "https://www.acme.example/path/"


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "cookies.db")


@contextlib.contextmanager
def database(path):
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def test_the_file_and_its_log_are_their_owners_alone(path):
    before = os.umask(0)
    try:
        with SQLiteCookieJar(path) as jar:
            take(jar, URL, "a=1")
            for name in os.listdir(os.path.dirname(path)):
                mode = os.stat(os.path.join(os.path.dirname(path), name)).st_mode
                assert stat.S_IMODE(mode) == 0o600, name
    finally:
        os.umask(before)
    assert os.listdir(os.path.dirname(path)) == ["cookies.db"], "the last one tidies up"


def test_a_name_is_a_files_name(path, monkeypatch):
    monkeypatch.chdir(os.path.dirname(path))
    with SQLiteCookieJar(":memory:") as jar:
        take(jar, URL, "a=1")
    with SQLiteCookieJar(os.path.abspath(":memory:")) as jar:
        assert pairs(jar) == ["a=1"]


@pytest.mark.parametrize(("fsync", "number"), [(False, 1), (True, 2)])
def test_what_is_waited_for(path, fsync, number):
    with SQLiteCookieJar(path, fsync=fsync) as jar:
        connection = jar._storage._connection
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (number,)


def test_a_response_is_one_transaction_and_asking_without_news_is_none(path):
    with SQLiteCookieJar(path) as jar:
        said = []
        jar._storage._connection.set_trace_callback(said.append)
        take(jar, URL, *[f"n{number}=1" for number in range(50)])
        assert said.count("COMMIT") == 1
        said.clear()
        assert given_to(jar, URL)
        assert said == ["PRAGMA data_version"]
        jar._storage._connection.set_trace_callback(None)


# --- whose file it is ----------------------------------------------------------------------------


def test_what_is_no_database(path):
    with open(path, "w") as file:
        file.write("# Netscape HTTP Cookie File\n" * 100)
    with pytest.raises(LoadError, match="is not an SQLite database"):
        SQLiteCookieJar(path)


def test_another_programs_database_is_left_alone(path):
    with database(path) as other:
        other.execute("CREATE TABLE cookies (a)")
    before = Path(path).read_bytes()
    with pytest.raises(LoadError, match="another program's"):
        SQLiteCookieJar(path)
    assert Path(path).read_bytes() == before
    with database(path) as other:
        other.execute("CREATE TABLE moz_cookies (a)")
    with pytest.raises(LoadError, match="Firefox"):
        SQLiteCookieJar(path)


def test_a_newer_schema_is_refused(path):
    SQLiteCookieJar(path).close()
    with database(path) as newer:
        newer.execute("PRAGMA user_version = 7")
    with pytest.raises(LoadError, match=r"has schema 7, expected at most 1: a newer"):
        SQLiteCookieJar(path)


def test_an_older_schema_is_led_to_the_newest(path, monkeypatch):
    with SQLiteCookieJar(path) as jar:
        take(jar, URL, "a=1")
    step = "CREATE TABLE more (a); INSERT INTO more VALUES (5);"
    kind = sqlite_module._KIND
    monkeypatch.setattr(sqlite_module, "_KIND", kind._replace(schema=(*kind.schema, step)))
    with SQLiteCookieJar(path) as jar, SQLiteCookieJar(path) as other:
        assert pairs(jar) == pairs(other) == ["a=1"]
    with database(path) as newer:
        assert newer.execute("SELECT a FROM more").fetchall() == [(5,)]
        assert newer.execute("PRAGMA user_version").fetchone() == (2,)
    kind = sqlite_module._KIND
    monkeypatch.setattr(sqlite_module, "_KIND", kind._replace(schema=(*kind.schema, "NO SQL")))
    with pytest.raises(StorageError):
        SQLiteCookieJar(path)
    with database(path) as newer:
        assert newer.execute("PRAGMA user_version").fetchone() == (2,), "all of a step, or nothing"


def test_one_row_that_cannot_be_read_costs_no_other(path):
    with SQLiteCookieJar(path) as jar:
        take(jar, URL, "a=1", "b=2")
        with database(path) as other:
            other.execute("UPDATE cookies SET cookie = '{' WHERE key LIKE '%\"a\"%'")
    with SQLiteCookieJar(path) as jar:
        assert pairs(jar) == ["b=2"]


# --- disks and others ----------------------------------------------------------------------------


def test_a_full_disk(path):
    with SQLiteCookieJar(path) as jar, SQLiteCookieJar(path) as other:
        take(jar, URL, "a=1")
        connection = jar._storage._connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StorageError, match="no space is left") as caught:
            take(jar, URL, "a=2", *[f"n{number}={'x' * 4000}" for number in range(20)])
        assert caught.value.errno == errno.ENOSPC
        assert caught.value.filename == path
        assert given_to(jar, URL) == given_to(other, URL) == "a=1"
        connection.execute("PRAGMA max_page_count = 100000")
        take(jar, URL, "a=3")
        assert pairs(other) == ["a=3"]


LIMITED = """
import resource, signal, sys
from nethttp.cookiejar import Cookie, SQLiteCookieJar, StorageError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
jar = SQLiteCookieJar(sys.argv[1])
jar.set_cookie(Cookie.from_dict({"name": "first", "value": "1", "domain": "a.example"}))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
kept = 0
try:
    while True:
        row = {"name": f"n{kept}", "value": "x" * 2000, "domain": "a.example"}
        jar.set_cookie(Cookie.from_dict(row))
        kept += 1
except StorageError:
    assert len(jar) == kept + 1, (len(jar), kept)
    print(kept)
"""


def test_a_file_that_may_not_grow(path):
    said = subprocess.run(
        [sys.executable, "-c", LIMITED, path], capture_output=True, text=True, timeout=60
    )
    assert said.returncode == 0, said.stderr
    with SQLiteCookieJar(path) as jar:
        assert len(jar) == int(said.stdout) + 1 > 1


def test_who_waits_for_others_waits_so_long_and_no_longer(path):
    with SQLiteCookieJar(path, timeout=0.05) as jar, database(path) as other:
        take(jar, URL, "a=1")
        other.execute("BEGIN IMMEDIATE")
        assert given_to(jar, URL) == "a=1", "reading waits for nobody"
        with pytest.raises(StorageError, match="another process kept it locked") as caught:
            take(jar, URL, "a=2")
        assert caught.value.errno == errno.EBUSY
        assert given_to(jar, URL) == "a=1"
        other.execute("COMMIT")
        take(jar, URL, "a=3")
        other.execute("PRAGMA journal_mode = WAL")
    with SQLiteCookieJar(path, timeout=5) as jar, database(path) as other:
        other.execute("BEGIN IMMEDIATE")
        thread = threading.Thread(target=take, args=(jar, URL, "a=4"))
        thread.start()
        other.execute("ROLLBACK")
        thread.join()
        assert pairs(jar) == ["a=4"]


def test_opening_waits_for_a_file_that_others_make(path):
    with database(path) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageError, match="locked"):
            SQLiteCookieJar(path, timeout=0.05)
        other.execute("COMMIT")
    SQLiteCookieJar(path).close()


def test_a_folder_that_is_not_there(path):
    with pytest.raises(FileNotFoundError):
        SQLiteCookieJar(os.path.join(path, "cookies.db"))
    os.mkdir(path)
    with pytest.raises(StorageError, match="cannot be opened"):
        SQLiteCookieJar(path)


def test_a_damaged_file(path):
    with SQLiteCookieJar(path) as jar:
        for number in range(100):
            jar.set_cookie(cookie(f"n{number}", value="x" * 500))
    with open(path, "r+b") as file:
        file.seek(4096)
        file.write(os.urandom(os.path.getsize(path) - 4096))
    with pytest.raises(StorageError) as caught:
        SQLiteCookieJar(path)
    assert caught.value.errno == errno.EIO


def test_an_older_copy_in_the_files_place_is_read_anew(path, tmp_path):
    with SQLiteCookieJar(path) as jar:
        take(jar, URL, "a=1")
        take(jar, URL, "b=2")
        with database(path) as other:
            # As a backup would be written back: from within SQLite.
            other.execute("DELETE FROM cookies WHERE key LIKE '%\"b\"%'")
            other.execute("UPDATE state SET change = 1")
        assert pairs(jar) == ["a=1"]
