"""What an archive has: only what its user may read, and each file as it was found."""

from __future__ import annotations

import errno
import os

import pytest

from nethttp.server.files.access import ANYONE, User
from nethttp.server.files.archives import members as module
from nethttp.server.files.archives.members import Members
from nethttp.server.files.refusal import Refusal
from nethttp.server.files.reply import Changed
from nethttp.server.files.tree import Opened

from ..shares import share


@pytest.fixture
def found(root):
    """Return a function that finds the members of the root, for a user and by rules."""
    made = []

    def find(*rules, user=ANYONE, chosen=None, clock=None) -> Members:
        gate = share(root, *rules or ["/ * r"]).gate(user)
        members = Members(gate) if clock is None else Members(gate, clock)
        made.append(members)
        with gate.open(()) as directory:
            members.add_tree(directory, "", chosen)
        return members

    yield find
    for members in made:
        members.close()


def paths(members: Members) -> list[str]:
    return [member.path for member in members]


def test_files_and_directories_in_the_order_of_their_names(root, found):
    (root / "b" / "inner").mkdir(parents=True)
    (root / "b" / "z").write_bytes(b"12")
    (root / "a").write_bytes(b"1")
    members = found()
    assert paths(members) == ["a", "b/", "b/inner/", "b/z"]
    assert paths(members) == ["a", "b/", "b/inner/", "b/z"]
    assert [member.size for member in members] == [1, 0, 0, 2]


def test_hole_8_links_pipes_and_hidden_names_are_left_out(root, found):
    (root / "a").write_bytes(b"1")
    os.symlink("a", root / "link")
    os.symlink(root.parent, root / "up")
    os.mkfifo(root / "pipe")
    (root / ".hidden").write_bytes(b"1")
    assert paths(found()) == ["a"]


def test_hole_4_what_the_user_may_not_read_is_left_out(root, found):
    for place in ("open", "secret", "secret/inner", "drop"):
        (root / place).mkdir()
        (root / place / "f").write_bytes(b"1")
    rules = ("/ * r", "/secret * -", "/secret/inner carl r", "/drop * w")
    assert paths(found(*rules)) == ["drop/", "open/", "open/f"]
    assert paths(found(*rules, user=User("carl"))) == [
        *("drop/", "open/", "open/f", "secret/", "secret/inner/", "secret/inner/f"),
    ]


def test_a_file_that_one_may_only_write_is_left_out(root, found):
    for name in "ab":
        (root / name).write_bytes(b"1")
    assert paths(found("/ * r", "/a * w")) == ["b"]


def test_chosen_names_alone(root, found):
    for name in "abc":
        (root / name).write_bytes(b"1")
    assert paths(found(chosen={"a", "c", "../x"})) == ["a", "c"]
    with pytest.raises(Refusal, match="no such entries"):
        found(chosen={"x"})


CHANGES = {
    "longer and other bytes": lambda path: path.write_bytes(b"1294567"),
    "shrunk": lambda path: path.write_bytes(b"12"),
    "other bytes": lambda path: (path.write_bytes(b"456"), os.utime(path, (5, 5))),
    "another file": lambda path: os.replace(path.with_name("b"), path),
    "gone": lambda path: path.unlink(),
    "a directory": lambda path: (path.unlink(), path.mkdir()),
    "a link": lambda path: (path.unlink(), path.symlink_to("b")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_before_a_file_is_sent_ends_the_archive(root, found, change):
    (root / "a").write_bytes(b"123")
    (root / "b").write_bytes(b"secret")
    members = found()
    member = next(iter(members))
    CHANGES[change](root / "a")
    with pytest.raises(Changed, match="a "):
        list(members.content(member))


@pytest.mark.parametrize("change", ["longer and other bytes", "shrunk", "other bytes"])
def test_a_change_while_a_file_is_sent_ends_the_archive(root, found, change, monkeypatch):
    monkeypatch.setattr(module, "PIECE", 1)
    (root / "a").write_bytes(b"123")
    members = found()
    pieces = members.content(next(iter(members)))
    assert next(pieces) == b"1"
    CHANGES[change](root / "a")
    with pytest.raises(Changed, match="a has"):
        list(pieces)


@pytest.mark.parametrize("size", [0, 3, 1000])
def test_a_file_that_grows_has_the_bytes_that_it_had(root, found, size, monkeypatch):
    monkeypatch.setattr(module, "PIECE", 100)
    content = os.urandom(size)
    (root / "log").write_bytes(content)
    members = found()
    for _ in range(2):
        with open(root / "log", "ab") as log:
            log.write(b"one more line")
        got = []
        for piece in members.content(next(iter(members))):
            got.append(piece)
            with open(root / "log", "ab") as log:
                log.write(b"and more")
        assert b"".join(got) == content


def test_only_a_file_that_was_modified_just_now_may_grow(root, found):
    (root / "old").write_bytes(b"123")
    os.utime(root / "old", (5, 5))
    members = found()
    with open(root / "old", "ab") as file:
        file.write(b"4")
    with pytest.raises(Changed, match="old has changed"):
        list(members.content(next(iter(members))))


def test_the_digest_is_that_of_all_members_and_of_nothing_else(root, found, monkeypatch):
    (root / "b").mkdir()
    (root / "b" / "a").write_bytes(b"123")
    (root / "link").symlink_to("b")
    digests = {found().digest}
    monkeypatch.setattr(module, "GROWING_SECONDS", -1e9)  # A minute later.
    assert {found().digest} == digests
    (root / "link").unlink()
    assert {found().digest} == digests
    for change in (
        lambda: (root / "b" / "a").write_bytes(b"456"),
        lambda: os.utime(root / "b" / "a", (5, 5)),
        lambda: os.rename(root / "b" / "a", root / "b" / "c"),
        lambda: (root / "b" / "d").write_bytes(b""),
        lambda: (root / "b" / "d").unlink(),
    ):
        before = found().digest
        change()
        assert found().digest != before


def test_content_from_a_byte_on(root, found):
    (root / "a").write_bytes(b"123")
    members = found()
    [member] = members
    assert [b"".join(members.content(member, start)) for start in range(4)] == [
        *(b"123", b"23", b"3", b""),
    ]


def test_hole_12_a_name_that_was_replaced_differs_from_all_others(root, found):
    for name in (
        "a\\b",
        "a%5Cb",
        "line\nend",
        "\x1b[31m",
        "a%5Cb_",
        b"\xff".decode("utf-8", "surrogateescape"),
    ):
        (root / name).write_bytes(b"")
    assert sorted(paths(found())) == [
        *("%1B[31m", "%FF", "a%5Cb", "a%5Cb_", "a%5Cb__", "line%0Aend"),
    ]


@pytest.mark.parametrize(
    ("number", "is_absent"),
    [(errno.EACCES, True), (errno.ELOOP, True), (errno.EMFILE, False), (errno.EIO, False)],
)
def test_a_fault_of_the_system_makes_no_archive_that_lacks_files(
    root, found, monkeypatch, number, is_absent
):
    (root / "inner").mkdir()
    (root / "inner" / "a").write_bytes(b"")
    (root / "inner" / "b").write_bytes(b"")
    child = Opened.child

    def failing(directory, name):
        if name == "a":
            raise OSError(number, os.strerror(number))
        return child(directory, name)

    monkeypatch.setattr(Opened, "child", failing)
    if is_absent:
        assert paths(found()) == ["inner/", "inner/b"]
    else:
        with pytest.raises(OSError, match=os.strerror(number)):
            found()


def test_a_directory_that_the_system_does_not_let_the_server_read_is_empty(
    root, found, monkeypatch
):
    (root / "inner").mkdir()
    (root / "inner" / "a").write_bytes(b"")
    (root / "z").write_bytes(b"")
    children = Opened.children

    def failing(directory):
        if directory.names == ("inner",):
            raise PermissionError(errno.EACCES, "no")
        return children(directory)

    monkeypatch.setattr(Opened, "children", failing)
    assert paths(found()) == ["inner/", "z"]


@pytest.mark.parametrize(
    ("bound", "value"), [("MAX_MEMBERS", 3), ("MAX_BYTES", 3), ("MAX_DEPTH", 2)]
)
def test_hole_14_bounds(root, found, monkeypatch, bound, value):
    (root / "1" / "2" / "3").mkdir(parents=True)
    (root / "1" / "a").write_bytes(b"1234")
    monkeypatch.setattr(module, bound, value)
    with pytest.raises(Refusal, match="An archive may have") as refused:
        found()
    assert refused.value.status == 403


def test_hole_14_the_time_to_find_members_has_a_bound(root, found):
    for number in range(5):
        (root / str(number)).write_bytes(b"")
    times = iter(range(0, 1000, 10))
    with pytest.raises(Refusal, match="30 seconds"):
        found(clock=lambda: float(next(times)))


def test_many_members_are_kept_in_a_file(root, found, monkeypatch):
    monkeypatch.setattr(module, "_IN_MEMORY", 100)
    for number in range(50):
        (root / f"{number:03}").write_bytes(b"")
    members = found()
    assert members._file._rolled
    assert paths(members) == [f"{number:03}" for number in range(50)]
