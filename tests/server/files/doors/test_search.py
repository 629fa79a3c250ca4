"""Searches: what they find, what they may not, and where they end."""

from __future__ import annotations

import errno
import json
import os
import time

import pytest

from nethttp.server.files.doors import search
from nethttp.server.files.doors.search import MAX_RUNNING
from nethttp.server.files.tree import Opened

from ..shares import Client


def found(client: Client, path: str) -> tuple[list[str], dict]:
    """Return the paths that a search finds, and what it says of itself."""
    response = client.ask("GET", path)
    assert response.status == 200, response.body
    assert response.getheader("Content-Type") == "application/x-ndjson"
    *lines, last = [json.loads(line) for line in response.body.splitlines()]
    return sorted(line["path"] for line in lines), last


@pytest.fixture
def root(root):
    for path in (
        "a/Report.TXT",
        "a/b/report 2.txt",
        "a/b/other.md",
        "secret/report.txt",
        "é/É.txt",
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"12345")
        os.utime(root / path, (1000, 1000))
    (root / ".hidden").mkdir()
    (root / ".hidden" / "report").touch()
    (root / "a" / "report").mkdir()
    os.symlink("..", root / "a" / "loop")
    os.symlink("/etc", root / "a" / "report out")
    return root


@pytest.mark.parametrize(
    ("path", "paths"),
    [
        ("/?q=report", ["/a/Report.TXT", "/a/b/report%202.txt", "/a/report/"]),
        ("/?q=REPORT+2", ["/a/b/report%202.txt"]),
        ("/?q=*.txt", ["/%C3%A9/%C3%89.txt", "/a/Report.TXT", "/a/b/report%202.txt"]),
        ("/?q=report?2*", ["/a/b/report%202.txt"]),
        ("/?q=%C3%A9.t", ["/%C3%A9/%C3%89.txt"]),
        ("/a/b/?q=r", ["/a/b/other.md", "/a/b/report%202.txt"]),
        ("/?q=report&larger=6", []),
        ("/?q=report&larger=5&smaller=5", ["/a/Report.TXT", "/a/b/report%202.txt"]),
        ("/?q=report&older=1000", ["/a/Report.TXT", "/a/b/report%202.txt"]),
        ("/?q=report&newer=1001", ["/a/report/"]),
        ("/?q=secret", []),
        ("/?q=nothing", []),
    ],
)
def test_what_is_found(shared, root, path, paths):
    result, last = found(shared("/ * r", "/secret * -"), path)
    assert result == paths
    assert (last["complete"], last["found"]) == (True, len(paths))


def test_a_search_begins_only_where_the_user_may_look(shared, root):
    client = shared("/ * r", "/secret * -", "/drop * w")
    assert client.status("GET", "/secret/?q=report") == 403
    assert client.status("GET", "/nothing/?q=report") == 404
    assert client.status("GET", "/a/b/other.md?q=r") == 400


@pytest.mark.parametrize("query", ["q=", "q=" + "a" * 257, "q=a&larger=x", "q=a&newer=-1"])
def test_a_wrong_query(shared, root, query):
    assert shared("/ * r").status("GET", f"/?{query}") == 400


@pytest.mark.parametrize(("name", "bound"), [("MAX_FOUND", 2), ("MAX_LOOKED", 3), ("MAX_DEPTH", 1)])
def test_hole_15_a_search_is_bounded(shared, root, monkeypatch, name, bound):
    monkeypatch.setattr(search, name, bound)
    result, last = found(shared("/ * r"), "/?q=t")
    assert last["complete"] is False
    assert len(result) <= 2


def test_hole_15_a_search_ends_in_time(shared, root, monkeypatch):
    for number in range(300):
        (root / f"file {number}").touch()
    monkeypatch.setattr(search, "MAX_SECONDS", -1.0)
    assert found(shared("/ * r"), "/?q=*")[1]["complete"] is False


def test_hole_15_only_so_many_searches_run_and_each_ends(shared, root, monkeypatch):
    client = shared("/ * r")
    for _ in range(2 * MAX_RUNNING):
        found(client, "/?q=report")
    for _ in range(MAX_RUNNING):
        search._running.acquire()
    try:
        assert client.status("GET", "/?q=report") == 503
    finally:
        for _ in range(MAX_RUNNING):
            search._running.release()
    found(client, "/?q=report")


def test_hole_15_a_pattern_takes_no_exponential_time(shared, root):
    (root / ("a" * 250)).touch()
    begun = time.process_time()
    found(shared("/ * r"), "/?q=" + "*a" * 100 + "b")
    assert time.process_time() - begun < 2


@pytest.fixture
def unreadable(monkeypatch):
    """Let the system refuse to read the directories a, and b below it."""
    check, children = Opened.check_readable, Opened.children

    def refuse(directory):
        if directory.names[-1:] in (("b",), ("a",)):
            raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Opened, "check_readable", lambda self: refuse(self) or check(self))
    monkeypatch.setattr(Opened, "children", lambda self: refuse(self) or children(self))


def test_a_search_begins_in_no_directory_that_cannot_be_read(shared, root, unreadable):
    client = shared("/ * r")
    for _ in range(MAX_RUNNING + 1):
        assert client.status("GET", "/a/?q=report") == 403
    assert client.status("GET", "/%C3%A9/?q=report") == 200


def test_a_search_says_which_directories_it_has_left_out(shared, root, unreadable):
    result, last = found(shared("/ * r", "/secret * -"), "/?q=report")
    assert result == []
    assert (last["complete"], last["left_out"]) == (False, ["/a/"])


def test_a_search_names_only_so_many_of_them(shared, root, unreadable):
    for number in range(30):
        (root / "many" / str(number) / "b").mkdir(parents=True)
    last = found(shared("/ * r"), "/many/?q=*")[1]
    assert len(last["left_out"]) == search.MAX_LEFT_OUT


def test_a_directory_that_is_deleted_meanwhile_is_not_left_out(shared, root, monkeypatch):
    child = Opened.child

    def vanish(directory, name):
        if name == "b":
            raise FileNotFoundError(errno.ENOENT, "No such file")
        return child(directory, name)

    monkeypatch.setattr(Opened, "child", vanish)
    last = found(shared("/ * r"), "/?q=report")[1]
    assert (last["complete"], last["left_out"]) == (True, [])
