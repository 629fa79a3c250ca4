"""MOVE and COPY where two names are those of one file: hard links."""

from __future__ import annotations

import os

import pytest

from ..shares import contents


@pytest.fixture
def linked(root):
    """Return the root, in which a, b and d/c are one file."""
    (root / "d").mkdir()
    (root / "a").write_bytes(b"old")
    for name in ("b", "d/c"):
        os.link(root / "a", root / name)
    return root


@pytest.mark.parametrize("target", ["/b", "/d/c"])
def test_a_move_to_another_name_of_the_same_file(shared, linked, target):
    client = shared()
    assert client.status("MOVE", "/a", Destination=target, Overwrite="F") == 412
    assert (linked / "a").exists()
    assert client.status("MOVE", "/a", Destination=target) == 204
    assert contents(linked) == {"b": b"old", "d": None, "d/c": b"old"}
    assert client.status("GET", "/a") == 404


def test_such_a_move_replaces_and_needs_the_right_to(shared, linked):
    client = shared("/ * rwd", "/d * rw")
    assert client.status("MOVE", "/a", Destination="/d/c") == 403
    assert len(contents(linked)) == 4


def test_a_page_renames_to_no_name_of_the_same_file(shared, linked):
    fields = {"Content-Type": "application/x-www-form-urlencoded"}
    assert shared().status("POST", "/?move", b"name=a&to=b", **fields) == 412
    assert len(contents(linked)) == 4


def test_new_content_of_one_name_leaves_the_others(shared, linked):
    client = shared()
    assert client.status("PUT", "/a", b"new") == 204
    assert contents(linked) == {"a": b"new", "b": b"old", "d": None, "d/c": b"old"}
    (linked / "x").write_bytes(b"copied")
    assert client.status("COPY", "/x", Destination="/b") == 204
    assert (linked / "b").read_bytes() == b"copied"
    assert (linked / "d" / "c").read_bytes() == b"old"


def test_a_copy_to_another_name_parts_the_two(shared, linked):
    client = shared()
    assert client.status("COPY", "/a", Destination="/b") == 204
    assert contents(linked) == {"a": b"old", "b": b"old", "d": None, "d/c": b"old"}
    assert (linked / "a").stat().st_ino != (linked / "b").stat().st_ino
