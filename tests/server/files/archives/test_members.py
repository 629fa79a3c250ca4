"""What an archive has: only what its user may read, and each file as it was found."""

from __future__ import annotations

import os

import pytest

from nethttp.server.files.access import ANYONE, User
from nethttp.server.files.archives import members as module
from nethttp.server.files.archives.members import Members
from nethttp.server.files.refusal import Refusal
from nethttp.server.files.reply import Changed

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


def test_links_pipes_and_hidden_names_are_left_out(root, found):
    (root / "a").write_bytes(b"1")
    os.symlink("a", root / "link")
    os.symlink(root.parent, root / "up")
    os.mkfifo(root / "pipe")
    (root / ".hidden").write_bytes(b"1")
    assert paths(found()) == ["a"]


def test_what_the_user_may_not_read_is_left_out(root, found):
    for place in ("open", "secret", "secret/inner", "drop"):
        (root / place).mkdir()
        (root / place / "f").write_bytes(b"1")
    rules = ("/ * r", "/secret * -", "/secret/inner carl r", "/drop * w")
    assert paths(found(*rules)) == ["drop/", "open/", "open/f"]
    assert paths(found(*rules, user=User("carl"))) == [
        *("drop/", "open/", "open/f", "secret/", "secret/inner/", "secret/inner/f"),
    ]


def test_chosen_names_alone(root, found):
    for name in "abc":
        (root / name).write_bytes(b"1")
    assert paths(found(chosen=["a", "c", "../x"])) == ["a", "c"]
    with pytest.raises(Refusal, match="no such entries"):
        found(chosen=["x"])


def test_a_grown_file_has_as_many_bytes_as_it_had(root, found):
    (root / "a").write_bytes(b"123")
    members = found()
    (root / "a").write_bytes(b"1234567")
    [member] = members
    assert b"".join(members.content(member)) == b"123"


@pytest.mark.parametrize("change", ["shrunk", "gone", "a directory", "a link"])
def test_any_other_change_ends_the_archive(root, found, change):
    (root / "a").write_bytes(b"123")
    (root / "b").write_bytes(b"secret")
    members = found()
    member = next(iter(members))
    (root / "a").unlink()
    if change == "shrunk":
        (root / "a").write_bytes(b"12")
    elif change == "a directory":
        (root / "a").mkdir()
    elif change == "a link":
        os.symlink("b", root / "a")
    with pytest.raises(Changed, match="a "):
        list(members.content(member))


@pytest.mark.parametrize(
    ("bound", "value"), [("MAX_MEMBERS", 3), ("MAX_BYTES", 3), ("MAX_DEPTH", 2)]
)
def test_bounds(root, found, monkeypatch, bound, value):
    (root / "1" / "2" / "3").mkdir(parents=True)
    (root / "1" / "a").write_bytes(b"1234")
    monkeypatch.setattr(module, bound, value)
    with pytest.raises(Refusal, match="An archive may have") as refused:
        found()
    assert refused.value.status == 403


def test_the_time_to_find_members_has_a_bound(root, found):
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
