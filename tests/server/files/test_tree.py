"""The names of a tree: what is opened is what is judged."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from nethttp.server.files import tree as module
from nethttp.server.files.tree import Tree, is_new_name, names_of


@pytest.fixture
def root(root):
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "f").write_text("f")
    (root / ".hidden").write_text("h")
    (root / ".nethttp-00").write_text("draft")
    (root.parent / "outside").mkdir()
    (root.parent / "outside" / "f").write_text("outside")
    os.symlink("../outside", root / "out")
    os.symlink("a/b", root / "in")
    os.symlink("b", root / "a" / "to_b")
    os.symlink("loop", root / "loop")
    os.mkfifo(root / "pipe")
    return root


def open_text(tree: Tree, *names: str) -> str:
    with tree.open(names) as found:
        return os.pread(found.descriptor, 100, 0).decode()


@pytest.mark.parametrize(
    ("target", "names"),
    [
        ("/", ()),
        ("/a/%2e%2e/secret/./f", ("secret", "f")),
        ("/a%2Fb//c/", ("a", "b", "c")),
        ("http://h/a?b#c", ("a",)),
        ("/%252e%252e/a", ("%2e%2e", "a")),
        ("/../../a", ("a",)),
        ("/a%00", None),
    ],
)
def test_names_are_decoded_once(target, names):
    assert names_of(target) == names


@pytest.mark.parametrize("name", ["con\x00", "a\nb", "..", ".", "", "a\\b", "a/b", "é" * 128])
def test_names_that_no_request_may_give(name):
    assert not is_new_name(name)


def test_a_file_has_the_names_of_its_own_place(root):
    tree = Tree(str(root))
    for way in (("a", "b", "f"), ("in", "f"), ("a", "to_b", "f")):
        with tree.open(way) as found:
            assert found.names == ("a", "b", "f")
    assert open_text(tree, "in", "f") == "f"


@pytest.mark.parametrize(
    "names",
    [
        ("out", "f"),
        ("out",),
        ("loop",),
        ("pipe",),
        ("nothing",),
        (".hidden",),
        (".nethttp-00",),
        ("a", "b", "f", "x"),
    ],
)
def test_what_does_not_exist(root, names):
    for links in ("inside", "none"):
        with pytest.raises(OSError, match=r"."):
            Tree(str(root), links=links).open(names)


def test_links_are_followed_as_said(root):
    with pytest.raises(FileNotFoundError):
        Tree(str(root), links="none").open(("in", "f"))
    assert open_text(Tree(str(root), links="all"), "out", "f") == "outside"


def test_hidden_names_exist_if_asked_for_and_drafts_never(root):
    tree = Tree(str(root), hidden=True)
    assert open_text(tree, ".hidden") == "h"
    with pytest.raises(FileNotFoundError):
        tree.open((".nethttp-00",))
    with tree.open(()) as top:
        assert {entry.name for entry in top.children()} >= {".hidden", "a"}
        assert ".nethttp-00" not in {entry.name for entry in top.children()}


def test_a_list_says_where_links_lead(root):
    with Tree(str(root)).open(()) as top:
        found = {entry.name: entry for entry in top.children()}
    assert found["in"].names == ("a", "b")
    assert found["out"].status is None
    assert ".hidden" not in found


def test_a_place_to_write_is_reached_through_no_link(root):
    tree = Tree(str(root))
    for names in (("in", "x"), ("out", "x"), ("a", "to_b", "x")):
        with pytest.raises(FileNotFoundError):
            tree.parent(names)
    place, name = tree.parent(("a", "b", "new"))
    with place:
        assert (place.names, name) == (("a", "b"), "new")
    with pytest.raises(PermissionError):
        tree.parent(())
    with pytest.raises(NotADirectoryError):
        tree.parent(("a", "b", "f", "x"))
    with pytest.raises(FileNotFoundError):
        tree.parent((".nethttp-1",))


def test_hole_6_the_state_does_not_exist_though_it_lies_inside(root):
    state = root / "a" / "state"
    state.mkdir()
    (state / "users").write_text("secret")
    tree = Tree(str(root), own=[str(state)])
    for names in (("a", "state"), ("a", "state", "users")):
        with pytest.raises(FileNotFoundError):
            tree.open(names)
    with tree.open(("a",)) as place:
        assert {entry.name for entry in place.children()} == {"b", "to_b"}
    assert tree.holds_own(("a",))
    assert not tree.holds_own(("a", "b"))


def test_hole_2_another_spelling_of_a_name_does_not_exist(root, monkeypatch):
    def folding(real):
        def call(path, *args, **named):
            path = "secret" if str(path).lower() == "secret" else path
            return real(path, *args, **named)

        return call

    (root / "secret").mkdir()
    (root / "secret" / "f").write_text("f")
    monkeypatch.setattr(module.os, "stat", folding(os.stat))
    monkeypatch.setattr(module.os, "open", folding(os.open))
    assert open_text(Tree(str(root)), "SECRET", "f") == "f"
    tree = Tree(str(root), exact=True)
    assert open_text(tree, "secret", "f") == "f"
    for name in ("SECRET", "Secret"):
        with pytest.raises(FileNotFoundError):
            tree.open((name, "f"))
        with pytest.raises(FileExistsError):
            tree.parent((name,))


def test_hole_6_another_spelling_of_the_state_or_of_a_draft(root, monkeypatch):
    def folding(real):
        def call(path, *args, **named):
            return real(str(path).lower() if isinstance(path, str) else path, *args, **named)

        return call

    (root / "state").mkdir()
    (root / "state" / "users").write_text("secret")
    tree = Tree(str(root), own=[str(root / "state")], hidden=True)
    with monkeypatch.context() as folded:
        inner = os.open(root, os.O_RDONLY)
        folded.setattr(module.os, "stat", folding(os.stat))
        folded.setattr(module.os, "open", folding(os.open))
        try:
            for name in ("STATE", ".NETHTTP-00"):
                with pytest.raises(FileNotFoundError):
                    tree.open_in(inner, name, (name,))
        finally:
            os.close(inner)


def swap_for_a_link(root, times: int, act) -> None:
    """Call `act` while the directory "swapped" and a link to outside change places."""
    (root / "swapped").mkdir()
    (root / "swapped" / "f").write_text("inside")
    os.symlink("../outside", root / "link")
    stop = threading.Event()
    swaps = 0

    def swap() -> None:
        nonlocal swaps
        while not stop.is_set():
            swaps += 1
            os.rename(root / "swapped", root / "kept")
            os.rename(root / "link", root / "swapped")
            os.rename(root / "swapped", root / "link")
            os.rename(root / "kept", root / "swapped")

    thread = threading.Thread(target=swap)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # in the middle of a walk too
    thread.start()
    try:
        acts = 0
        while acts < times or swaps < times / 10:
            act()
            acts += 1
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)


STRESS = bool(os.environ.get("NETHTTP_STRESS"))


@pytest.mark.parametrize("links", ["inside", "none"])
def test_hole_8_a_folder_swapped_for_a_link_while_reading(root, links):
    tree = Tree(str(root), links=links)
    seen = {"inside": 0, "missing": 0}  # "outside" would be a KeyError

    def read() -> None:
        try:
            text = open_text(tree, "swapped", "f")
        except OSError:
            text = "missing"
        seen[text] += 1

    swap_for_a_link(root, 100_000 if STRESS else 500, read)
    assert sum(seen.values()) >= 500


def test_hole_8_a_folder_swapped_for_a_link_while_writing(root):
    tree = Tree(str(root))

    def write() -> None:
        try:
            place, name = tree.parent(("swapped", "new"))
        except OSError:
            return
        with place:
            descriptor = os.open(name, os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=place.descriptor)
            os.close(descriptor)

    swap_for_a_link(root, 100_000 if STRESS else 500, write)
    assert os.listdir(root.parent / "outside") == ["f"]
