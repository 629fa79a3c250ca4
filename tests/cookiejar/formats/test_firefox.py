"""The cookies of a Firefox profile."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time

import pytest

from nethttp.cookiejar import LoadError, read_firefox

TABLE = """
CREATE TABLE moz_cookies (id INTEGER PRIMARY KEY, originAttributes TEXT NOT NULL DEFAULT '',
  name TEXT, value TEXT, host TEXT, path TEXT, expiry INTEGER, lastAccessed INTEGER,
  creationTime INTEGER, isSecure INTEGER, isHttpOnly INTEGER, inBrowserElement INTEGER DEFAULT 0,
  sameSite INTEGER DEFAULT 0, rawSameSite INTEGER DEFAULT 0, schemeMap INTEGER DEFAULT 0
  {partitioned},
  CONSTRAINT moz_uniqueid UNIQUE (name, host, path, originAttributes))
"""
INSERT = (
    "INSERT INTO moz_cookies (originAttributes, name, value, host, path, expiry, lastAccessed,"
    " creationTime, isSecure, isHttpOnly, sameSite) VALUES (?, ?, ?, ?, '/', ?, ?, ?, ?, ?, ?)"
)
LATER = int(time.time()) + 10_000


def rows(schema: int):
    expiry = LATER * (1000 if schema >= 16 else 1)
    now = int(time.time() * 1e6)
    unset = 256 if schema >= 15 else 0
    yield "", "host", "1", "a.example", expiry, now, now, 1, 1, 2
    yield "", "domain", "2", ".a.example", expiry, now, now + 1, 0, 0, unset
    yield "", "none", "3", "a.example", expiry, now, now + 2, 1, 0, 0
    yield "^userContextId=4", "box", "4", "a.example", expiry, now, now + 3, 0, 0, 1
    yield (
        *("^partitionKey=%28https%2Ctop.example%29", "part", "5", "a.example"),
        *(expiry, now, now + 4, 1, 0, 0),
    )
    yield "^privateBrowsingId=1", "private", "6", "a.example", expiry, now, now + 5, 0, 0, 0


def make_firefox(path: str, schema: int) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        fill(database, schema)


def fill(database: sqlite3.Connection, schema: int) -> None:
    partitioned = ", isPartitionedAttributeSet INTEGER DEFAULT 0" if schema >= 14 else ""
    database.execute(TABLE.format(partitioned=partitioned))
    database.execute(f"PRAGMA user_version = {schema}")
    database.executemany(INSERT, rows(schema))
    if schema >= 14:
        database.execute("UPDATE moz_cookies SET isPartitionedAttributeSet = 1 WHERE name = 'part'")


@pytest.mark.parametrize("schema", [12, 15, 16])
def test_a_profile(schema, tmp_path):
    make_firefox(str(tmp_path / "cookies.sqlite"), schema)
    found = {cookie.name: cookie for cookie in read_firefox(tmp_path)}
    assert list(found) == ["host", "domain", "none", "part"]
    host, domain = found["host"], found["domain"]
    assert (host.host_only, host.secure, host.http_only) == (True, True, True)
    assert (host.same_site, host.expires, host.discard) == ("Strict", LATER, False)
    assert (domain.host_only, domain.domain, domain.same_site) == (False, ".a.example", None)
    assert found["none"].same_site == (None if schema < 15 else "None")
    assert found["part"].partition_key == "https://top.example"
    assert found["host"].creation_time < found["domain"].creation_time
    assert [cookie.name for cookie in read_firefox(tmp_path, container=4)] == ["box"]


def test_while_firefox_runs(tmp_path):
    path = str(tmp_path / "cookies.sqlite")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as firefox:
        firefox.execute("PRAGMA journal_mode = WAL")
        firefox.execute("PRAGMA locking_mode = EXCLUSIVE")
        fill(firefox, 16)
        with (
            contextlib.closing(sqlite3.connect(path, timeout=0)) as other,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("SELECT * FROM moz_cookies")
        assert os.path.getsize(f"{path}-wal") > 0
        assert len(read_firefox(path)) == 4


def test_what_is_not_firefoxs(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_firefox(tmp_path)
    (tmp_path / "text").write_text("no database" * 100)
    with pytest.raises(LoadError, match="no cookie database of Firefox"):
        read_firefox(tmp_path / "text")
