"""Changes of files: each is old or new, whatever happens in between."""

from __future__ import annotations

import errno
import json
import os
import threading
from contextlib import closing

import pytest

from nethttp.server.files import drafts
from nethttp.server.files import store as module
from nethttp.server.files.drafts import Draft, Notes, finish_draft
from nethttp.server.files.places import status_of
from nethttp.server.files.refusal import Refusal
from nethttp.server.files.store import Store, tag_of
from nethttp.server.files.tree import Tree
from nethttp.server.files.unfinished import Wanted

from .shares import contents


@pytest.fixture(params=["nameless", "named"])
def store(request, root, tmp_path, monkeypatch):
    """Return a store, with drafts that have no name, and with ones that have."""
    if request.param == "named":
        monkeypatch.setattr(drafts, "_NAMELESS", 0)
    elif not drafts._NAMELESS:
        pytest.skip("this system has no files without names")
    return Store(Tree(str(root)), str(tmp_path / "state"))


@pytest.fixture
def place(store):
    """Return the root, opened."""
    with store.tree.open(()) as place:
        yield place


def yes(_existing) -> bool:
    return True


def no(_existing) -> bool:
    return False


def refuse(_existing) -> bool:
    raise Refusal(409, "no")


def put(store, place, name: str, content: bytes, decide=yes):
    with store.begin(place, name) as upload:
        upload.write(content)
        return upload.commit(decide)


def test_a_file_appears_when_it_is_whole(store, place, root):
    with store.begin(place, "a") as upload:
        upload.write(b"12")
        upload.write(memoryview(b"34"))
        assert [name for name in contents(root) if not name.startswith(".nethttp-")] == []
        stored = upload.commit(yes)
    assert (stored.name, stored.created, stored.status.st_size) == ("a", True, 4)
    assert contents(root) == {"a": b"1234"}


def test_a_file_is_replaced_at_once_and_keeps_its_mode(store, place, root):
    (root / "a").write_bytes(b"old")
    (root / "a").chmod(0o640)
    stored = put(store, place, "a", b"new")
    assert not stored.created
    assert contents(root) == {"a": b"new"}
    assert (root / "a").stat().st_mode & 0o777 == 0o640


def test_new_content_does_not_run_as_the_owner_of_the_old(store, place, root):
    (root / "a").write_bytes(b"old")
    (root / "a").chmod(0o6755)
    put(store, place, "a", b"new")
    assert (root / "a").stat().st_mode & 0o7777 == 0o755


def test_a_link_is_replaced_itself(store, place, root, tmp_path):
    (tmp_path / "outside").write_bytes(b"outside")
    os.symlink("../outside", root / "a")
    put(store, place, "a", b"new")
    assert contents(root) == {"a": b"new"}
    assert (tmp_path / "outside").read_bytes() == b"outside"


def test_what_is_not_committed_leaves_nothing(store, place, root):
    (root / "a").write_bytes(b"old")
    with store.begin(place, "a") as upload:
        upload.write(b"half")
    with pytest.raises(Refusal), store.begin(place, "a") as upload:
        upload.commit(refuse)
    assert contents(root) == {"a": b"old"}
    assert store.clean() == 0


def test_the_next_free_name(store, place, root):
    for name in ("a.tar.gz", "a (1).tar.gz", "b", ".c"):
        (root / name).write_bytes(b"old")
    names = [put(store, place, name, b"new", no).name for name in ("a.tar.gz", "b", ".c")]
    assert names == ["a (2).tar.gz", "b (1)", ".c (1)"]
    assert contents(root)["a.tar.gz"] == b"old"


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_file_system_on_which_a_file_has_one_name(root, tmp_path, monkeypatch, code):
    """FAT, exFAT, some of networks."""

    def link(*_args, **_named):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(drafts, "_NAMELESS", 0)
    monkeypatch.setattr(os, "link", link)
    store = Store(Tree(str(root)), str(tmp_path / "state"))
    with store.tree.open(()) as place:
        assert put(store, place, "a", b"1").created
        assert not put(store, place, "a", b"2").created
        assert put(store, place, "a", b"3", no).name == "a (1)"
        with closing(store.keep(place, Wanted(None, ("b",), 1, {}))) as unfinished:
            upload = store.go_on(unfinished)
            upload.write(b"4")
            assert upload.commit(yes).created
    assert contents(root) == {"a": b"2", "a (1)": b"3", "b": b"4"}
    assert os.listdir(store.notes._directory) == []


def test_a_name_that_another_program_takes_at_that_moment(store, place, root):
    asked = []

    def decide(existing):
        asked.append(existing is not None)
        if len(asked) == 1:
            (root / "a").write_bytes(b"theirs")
        return True

    assert not put(store, place, "a", b"ours", decide).created
    assert asked == [False, True]
    assert contents(root) == {"a": b"ours"}


def test_a_directory_is_not_replaced_by_a_file(store, place, root):
    (root / "a").mkdir()
    with pytest.raises(Refusal) as refused:
        put(store, place, "a", b"x")
    assert refused.value.status == 409


def test_a_length_that_is_not_kept(store, place, root):
    with store.begin(place, "a", 5) as upload:
        upload.write(b"1234")
        with pytest.raises(Refusal) as refused:
            upload.commit(yes)
    assert refused.value.status == 400
    assert contents(root) == {}


def test_the_largest_file(store, place, root):
    store.room.max_file = 4
    put(store, place, "a", b"1234")
    with pytest.raises(Refusal) as refused:
        store.begin(place, "b", 5)
    assert refused.value.status == 413
    with pytest.raises(Refusal) as refused:
        put(store, place, "b", b"12345")
    assert refused.value.status == 413
    assert contents(root) == {"a": b"1234"}


def test_space_that_stays_free(store, place, root):
    space = os.statvfs(root)
    free = space.f_bavail * space.f_frsize
    for store.room.reserve, length in ((0, 2 * free), (2 * free, 0), (free - 10_000, 10_000_000)):
        with pytest.raises(Refusal) as refused:
            store.begin(place, "a", length)
        assert refused.value.status == 507
    assert contents(root) == {}


def test_a_disk_that_fills_up_while_content_arrives(store, place, root, monkeypatch):
    real = os.write

    def write(descriptor, data):
        if bytes(data[:4]) == b"full":
            raise OSError(errno.ENOSPC, "full")
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(OSError, match="full"):
        put(store, place, "a", b"full")
    assert contents(root) == {}
    assert store.clean() == 0


def test_content_is_on_the_disk_before_it_has_its_name(store, place, root, monkeypatch):
    order = []
    real = os.fsync

    def fsync(descriptor):
        order.append(sorted(name for name in contents(root) if not name.startswith(".")))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    put(store, place, "a", b"x")
    assert order == [[], ["a"]]


def test_removing(store, place, root):
    (root / "d" / "e").mkdir(parents=True)
    (root / "d" / "e" / "f").write_bytes(b"f")
    (root / "g").write_bytes(b"g")
    store.remove(place, "d", yes)
    assert contents(root) == {"g": b"g"}
    with pytest.raises(Refusal):
        store.remove(place, "g", refuse)
    store.remove(place, "g", yes)
    with pytest.raises(FileNotFoundError):
        store.remove(place, "g", yes)
    assert contents(root) == {}
    assert os.listdir(store.notes._directory) == []


def test_removing_does_not_follow_links(store, place, root, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "f").write_bytes(b"f")
    (root / "d").mkdir()
    os.symlink("../../outside", root / "d" / "out")
    store.remove(place, "d", yes)
    assert contents(root) == {}
    assert (tmp_path / "outside" / "f").read_bytes() == b"f"


@pytest.fixture
def undeletable(monkeypatch):
    """Have the system refuse to delete what has the name "kept"."""
    real = os.unlink

    def unlink(name, **named):
        if name == "kept":
            raise PermissionError(errno.EPERM, "immutable", name)
        real(name, **named)

    monkeypatch.setattr(os, "unlink", unlink)
    return monkeypatch


def test_what_the_system_does_not_delete_has_its_name_again(store, place, root, undeletable):
    (root / "d" / "e").mkdir(parents=True)
    (root / "d" / "e" / "kept").write_bytes(b"kept")
    with pytest.raises(PermissionError):
        store.remove(place, "d", yes)
    assert contents(root) == {"d": None, "d/e": None, "d/e/kept": b"kept"}
    assert os.listdir(store.notes._directory) == []


@pytest.mark.parametrize("change", ["begins", "ends"])
def test_a_directory_is_deleted_in_which_an_upload_begins_or_ends_meanwhile(
    store, root, tmp_path, monkeypatch, change
):
    for name in "abc":
        (root / "d").mkdir(exist_ok=True)
        (root / "d" / name).touch()
    unlink, seen = os.unlink, []

    def meanwhile(name, *, dir_fd=None):
        if dir_fd is not None and name in ("a", "b", "c"):
            seen.append(name)
            if len(seen) == 1 and change == "begins":
                os.close(os.open("new", os.O_CREAT, dir_fd=dir_fd))
            if len(seen) == 1 and change == "ends":
                for other in {"a", "b", "c"} - {name}:
                    unlink(other, dir_fd=dir_fd)
        unlink(name, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", meanwhile)
    with store.tree.open(()) as top:
        store.remove(top, "d", yes)
    assert seen
    assert contents(root) == {}
    assert os.listdir(tmp_path / "state" / "drafts") == []


def test_a_directory_that_is_deleted_by_two_leaves_no_note(store, root, tmp_path, monkeypatch):
    def second(place, draft, replaced):
        finish_draft(place, draft, None)
        finish_draft(place, draft, replaced)

    (root / "d").mkdir()
    monkeypatch.setattr(module, "finish_draft", second)
    with store.tree.open(()) as top:
        store.remove(top, "d", yes)
    assert contents(root) == {}
    assert os.listdir(tmp_path / "state" / "drafts") == []


def test_what_was_replaced_and_cannot_be_deleted_is_left_to_the_next_cleaning(
    store, place, root, undeletable
):
    (root / "d").mkdir()
    (root / "d" / "kept").write_bytes(b"kept")
    (root / "new").write_bytes(b"new")
    assert not store.move(place, "new", place, "d", yes, leaving=yes).created
    assert (root / "d").read_bytes() == b"new"
    assert store.clean() == 0
    (draft,) = (name for name in os.listdir(root) if name != "d")
    assert contents(root) == {"d": b"new", draft: None, f"{draft}/kept": b"kept"}
    undeletable.undo()
    assert store.clean() == 1
    assert contents(root) == {"d": b"new"}
    assert os.listdir(store.notes._directory) == []


def test_moving(store, place, root):
    (root / "a").write_bytes(b"a")
    (root / "b").write_bytes(b"b")
    (root / "d").mkdir()
    with store.tree.open(("d",)) as inner:
        assert store.move(place, "a", inner, "c", yes, leaving=yes).created
        assert not store.move(place, "b", inner, "c", yes, leaving=yes).created
        assert contents(root) == {"d": None, "d/c": b"b"}
        with pytest.raises(FileNotFoundError):
            store.move(place, "a", inner, "c", yes, leaving=yes)
    (root / "e").mkdir()
    assert not store.move(place, "d", place, "e", yes, leaving=yes).created
    assert contents(root) == {"e": None, "e/c": b"b"}
    with store.tree.open(("e",)) as inner, pytest.raises(OSError, match=r"."):
        store.move(place, "e", inner, "in itself", yes, leaving=yes)
    (root / "x").write_bytes(b"x")
    with pytest.raises(Refusal):
        store.move(place, "x", place, "e", refuse, leaving=yes)
    assert contents(root) == {"e": None, "e/c": b"b", "x": b"x"}


def test_another_spelling_of_a_name_is_a_new_name(store, place, root, monkeypatch):
    (root / "a").write_bytes(b"a")

    def without_case(place, name):
        return status_of(place, name.lower())

    monkeypatch.setattr("nethttp.server.files.store.status_or_none", without_case)
    assert store.move(place, "a", place, "A", yes, leaving=yes).created
    assert contents(root) == {"A": b"a"}


def test_what_is_moved_or_copied_to_itself_by_another_path_stays(store, place, root):
    # Two spellings of a directory, or two places where it is mounted, are two paths.
    (root / "d").mkdir()
    (root / "d" / ".hidden").write_bytes(b"h")
    (root / "a").write_bytes(b"a")
    before = contents(root)
    for name in ("a", "d"):
        with pytest.raises(Refusal, match="is the source"):
            store.move(place, name, place, name, yes, leaving=yes)
    with store.tree.open(("d",)) as source, pytest.raises(Refusal, match="is the source"):
        store.copy(source, place, "d", yes)
    assert contents(root) == before


def test_a_move_that_fails_at_the_last_moment_loses_nothing(store, place, root, monkeypatch):
    for name in ("a", "b"):
        (root / name).mkdir()
        (root / name / name).write_bytes(b"content")
    before = contents(root)
    real = os.rename

    def rename(old, new, **named):
        if (old, new) == ("a", "b"):
            raise OSError(errno.EXDEV, "another file system")
        real(old, new, **named)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(OSError, match="another file system"):
        store.move(place, "a", place, "b", yes, leaving=yes)
    assert contents(root) == before
    assert os.listdir(store.notes._directory) == []


def test_copying(store, place, root, tmp_path):
    (root / "d" / "e").mkdir(parents=True)
    (root / "d" / "e" / "f").write_bytes(b"f" * 3_000_000)
    (root / "d" / ".hidden").write_bytes(b"h")
    os.symlink("../../etc", root / "d" / "out")
    os.utime(root / "d" / "e" / "f", (1, 1_600_000_000))
    with store.tree.open(("d",)) as source:
        assert store.copy(source, place, "copy", yes).created
        assert not store.copy(source, place, "copy", yes).created
    found = contents(root / "copy")
    assert found == {"e": None, "e/f": b"f" * 3_000_000}
    assert (root / "copy" / "e" / "f").stat().st_mtime == 1_600_000_000
    with store.tree.open(("d", "e", "f")) as source:
        store.copy(source, place, "one", yes)
        assert (root / "one").stat().st_mtime == 1_600_000_000
        with pytest.raises(Refusal):
            store.copy(source, place, "two", refuse)
    with store.tree.open(("d",)) as source, pytest.raises(Refusal):
        store.copy(source, place, "two", refuse)
    refusals = iter([True, Refusal(403, "at the last moment")])

    def refuse_later(_existing):
        answer = next(refusals)
        if answer is True:
            return True
        raise answer

    with store.tree.open(("d",)) as source, pytest.raises(Refusal):
        store.copy(source, place, "two", refuse_later)
    assert sorted(os.listdir(root)) == ["copy", "d", "one"]
    assert os.listdir(store.notes._directory) == []


def test_two_contents_of_one_size_and_time_have_two_tags(store, place):
    tags = set()
    for content in (b"aaa", b"bbb"):
        with store.begin(place, "a") as upload:
            upload.write(content)
            upload.set_modified(1_600_000_000_000_000_000)
            tags.add(tag_of(upload.commit(yes).status))
    assert len(tags) == 2


def test_one_of_two_that_write_on_a_condition_is_refused(store, place, root):
    (root / "a").write_bytes(b"old")
    before = tag_of(os.stat(root / "a"))
    ready = threading.Barrier(8)
    refused = []

    def decide(existing):
        if tag_of(existing) != before:
            raise Refusal(412, "changed")
        return True

    def write(number: int) -> None:
        with store.begin(place, "a") as upload:
            upload.write(b"%d" % number)
            ready.wait()
            try:
                upload.commit(decide)
            except Refusal:
                refused.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 7


# --- what dead processes leave ---


def test_notes_of_dead_processes_are_cleaned_and_those_of_live_ones_not(root, tmp_path):
    tree, notes = Tree(str(root)), Notes(str(tmp_path / "notes"))
    (root / "d").mkdir()
    with tree.open(("d",)) as place:
        alive, dead = notes.write(place), notes.write(place)
        for note in (alive, dead):
            (root / "d" / note.draft).write_bytes(b"draft")
        # The system closes the files of a process that is killed.
        os.close(dead._descriptor)
        assert notes.clean(tree) == 1
        assert os.listdir(root / "d") == [alive.draft]
        alive.drop()
    assert notes.clean(tree) == 0
    assert os.listdir(tmp_path / "notes") == []


@pytest.mark.parametrize("taken", [False, True])
def test_what_a_dead_process_has_set_aside_is_put_back_if_nothing_replaced_it(
    root, tmp_path, taken
):
    tree, notes = Tree(str(root)), Notes(str(tmp_path / "notes"))
    with tree.open(()) as place:
        note = notes.write(place, "d")
    (root / note.draft).mkdir()
    (root / note.draft / "old").touch()
    if taken:
        (root / "d").mkdir()
    os.close(note._descriptor)
    assert notes.clean(tree) == 1
    assert contents(root) == ({"d": None} if taken else {"d": None, "d/old": b""})


def test_a_note_that_was_not_finished_is_deleted_when_it_is_old(root, tmp_path):
    notes = Notes(str(tmp_path / "notes"))
    for name, age in ((".old", 100), (".new", 0)):
        (tmp_path / "notes" / name).write_text("")
        if age:
            os.utime(tmp_path / "notes" / name, (1, 1))
    assert notes.clean(Tree(str(root))) == 0
    assert os.listdir(tmp_path / "notes") == [".new"]


@pytest.mark.parametrize("text", ["", "{", '{"names": []}'])
def test_a_note_that_is_damaged_is_deleted(root, tmp_path, text):
    notes = Notes(str(tmp_path / "notes"))
    (tmp_path / "notes" / "0").write_text(text)
    assert notes.clean(Tree(str(root))) == 0
    assert os.listdir(tmp_path / "notes") == []


def test_a_note_names_only_drafts(root, tmp_path):
    """A note that was changed by hand deletes no file of the folder."""
    notes = Notes(str(tmp_path / "notes"))
    (root / "file").write_bytes(b"kept")
    text = json.dumps({"names": [], "draft": "file", "replaced": None})
    (tmp_path / "notes" / "0").write_text(text)
    notes.clean(Tree(str(root)))
    assert contents(root) == {"file": b"kept"}


def test_a_draft_without_a_name_is_not_in_its_directory(root, tmp_path):
    if not drafts._NAMELESS:
        pytest.skip("this system has no files without names")
    with Tree(str(root)).open(()) as place, Draft(Notes(str(tmp_path / "notes")), place):
        assert os.listdir(root) == []
