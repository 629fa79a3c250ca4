"""Uploads that wait: one request writes at a time, and nothing waits for ever."""

from __future__ import annotations

import os
from contextlib import closing

import pytest

from nethttp.server.files import unfinished
from nethttp.server.files.refusal import Refusal
from nethttp.server.files.store import Store
from nethttp.server.files.tree import Tree
from nethttp.server.files.unfinished import LIFE, UnfinishedUploads, Wanted

from .shares import contents


@pytest.fixture
def store(root, tmp_path):
    (root / "d").mkdir()
    return Store(Tree(str(root)), str(tmp_path / "state"))


@pytest.fixture
def place(store):
    """Return the directory "d", opened."""
    with store.tree.open(("d",)) as place:
        yield place


def wanted(name: str = "a", length: int = 4, user: str | None = None) -> Wanted:
    return Wanted(user, ("d", name), length, {"x-oc-mtime": "1"})


def begin(store, place, *args, **named) -> str:
    """Begin an upload that has two bytes, and return its token."""
    with closing(store.keep(place, wanted(*args, **named))) as begun:
        store.go_on(begun).write(b"ab")
        return begun.token


def resume(store, place, token: str, user: str | None = None, name: str = "a"):
    return store.unfinished.resume(token, user, place, ("d", name))


def yes(_existing) -> bool:
    return True


def notes(tmp_path) -> list[str]:
    return [name for name in os.listdir(tmp_path / "state" / "uploads") if name != ".lock"]


def parts(root) -> list[bytes | str | None]:
    """Return the contents of unfinished uploads."""
    return [content for name, content in contents(root).items() if ".nethttp-" in name]


@pytest.mark.parametrize("existing", [None, b"old"])
def test_an_upload_goes_on_and_is_put_in_place(store, place, root, tmp_path, existing):
    if existing is not None:
        (root / "d" / "a").write_bytes(existing)
    token = begin(store, place)
    # Another worker has its own store.
    other = Store(Tree(str(root)), str(tmp_path / "state"))
    with closing(resume(other, place, token)) as again:
        assert (again.size, again.wanted) == (2, wanted())
        upload = other.go_on(again)
        upload.write(b"cd")
        assert b"".join(upload.pieces()) == b"abcd"
        stored = upload.commit(yes)
    assert (stored.name, stored.created) == ("a", existing is None)
    assert contents(root) == {"d": None, "d/a": b"abcd"}
    assert notes(tmp_path) == []


def test_the_latest_request_alone_writes(store, place, root, tmp_path):
    token = begin(store, place)
    with closing(resume(store, place, token)) as first:
        upload = store.go_on(first)
        with closing(resume(store, place, token)) as second:
            for late in (
                lambda: upload.write(b"X"),
                lambda: first.truncate(0),
                first.drop,
                lambda: first.put_new("a"),
                lambda: first.put_over("a"),
            ):
                with pytest.raises(Refusal) as refused:
                    late()
                assert refused.value.status == 409
            rest = store.go_on(second)
            rest.write(b"cd")
            rest.commit(yes)
            # It is finished, and no request goes on with it.
            with pytest.raises(Refusal) as refused:
                second.write(memoryview(b"X"))
            assert refused.value.status == 404
    assert contents(root) == {"d": None, "d/a": b"abcd"}


def test_more_than_was_announced_is_not_written(store, place, root):
    token = begin(store, place)
    with closing(resume(store, place, token)) as again:
        with pytest.raises(Refusal) as refused:
            store.go_on(again).write(b"cde")
        assert refused.value.status == 400
        with pytest.raises(Refusal):
            store.go_on(again).commit(yes)
    assert parts(root) == [b"ab"]


@pytest.mark.parametrize(
    ("token", "user", "name"),
    [(None, "ann", "a"), (None, None, "b"), ("f" * 32, None, "a"), ("../locks/1", None, "a")],
)
def test_who_does_not_know_it_has_it_not(store, place, token, user, name):
    known = begin(store, place)
    with pytest.raises(Refusal) as refused:
        resume(store, place, token or known, user, name)
    assert refused.value.status == 404


def test_a_user_has_a_bounded_number(store, place, monkeypatch):
    monkeypatch.setattr(unfinished, "MAX_OF_USER", 3)
    for _ in range(3):
        begin(store, place)
    begin(store, place, user="ann")
    with pytest.raises(Refusal) as refused:
        begin(store, place)
    assert refused.value.status == 429


def test_a_user_has_a_bounded_number_of_bytes(store, place, monkeypatch):
    monkeypatch.setattr(unfinished, "MAX_BYTES_OF_USER", 10)
    begin(store, place, length=6)
    begin(store, place, length=4)
    begin(store, place, length=10, user="ann")
    with pytest.raises(Refusal) as refused:
        begin(store, place, length=2)
    assert refused.value.status == 429


def test_room_is_asked_for_all_of_it(store, place, root):
    store.room.max_file = 3
    with pytest.raises(Refusal) as refused:
        begin(store, place)
    assert refused.value.status == 413
    store.room.max_file, store.room.reserve = None, 1 << 60
    with pytest.raises(Refusal) as refused:
        begin(store, place)
    assert refused.value.status == 507
    assert parts(root) == []


def test_room_is_asked_for_again_when_it_goes_on(store, place, root):
    token = begin(store, place)
    store.room.reserve = 1 << 60
    with closing(resume(store, place, token)) as again, pytest.raises(Refusal) as refused:
        store.go_on(again)
    assert refused.value.status == 507
    assert parts(root) == [b"ab"]


def test_the_lock_of_a_directory_stays(store, place, tmp_path):
    begin(store, place)
    lock = tmp_path / "state" / "uploads" / ".lock"
    os.utime(lock, (1, 1))
    store.clean()
    assert lock.exists()


def test_any_upload_sweeps(store, place, root, tmp_path):
    token = begin(store, place)
    os.utime(tmp_path / "state" / "uploads" / token, (1, 1))
    # A worker that has just begun has not swept yet.
    with Store(store.tree, str(tmp_path / "state")).begin(place, "b"):
        assert notes(tmp_path) == []
    assert parts(root) == []


def test_what_is_left_too_long_is_deleted(store, place, root, tmp_path):
    old, young = begin(store, place), begin(store, place)
    begun = os.stat(tmp_path / "state" / "uploads" / old).st_mtime
    os.utime(tmp_path / "state" / "uploads" / old, (begun - LIFE - 1, begun - LIFE - 1))
    with pytest.raises(Refusal):
        resume(store, place, old)
    assert Store(store.tree, str(tmp_path / "state")).clean() == 1
    assert (notes(tmp_path), parts(root)) == ([young], [b"ab"])


def test_uploads_of_a_long_run_are_swept_now_and_then(store, root, place, tmp_path):
    now = [0.0]
    directory = str(tmp_path / "state" / "uploads")
    uploads = UnfinishedUploads(directory, store.tree, lambda: now[0])
    begun = uploads.begin(place, wanted())
    begun.close()
    now[0] = os.stat(os.path.join(directory, begun.token)).st_mtime + LIFE
    uploads.sweep()
    assert notes(tmp_path) == [begun.token]
    now[0] += 10
    uploads.sweep()  # That was within the last hour.
    assert notes(tmp_path) == [begun.token]
    now[0] += 3600
    uploads.sweep()
    assert (notes(tmp_path), parts(root)) == ([], [])


def test_a_request_keeps_an_upload_young(store, place, tmp_path):
    token = begin(store, place)
    path = tmp_path / "state" / "uploads" / token
    os.utime(path, (path.stat().st_mtime - LIFE + 60,) * 2)
    before = path.stat().st_mtime
    resume(store, place, token).close()
    assert path.stat().st_mtime > before + LIFE - 120


def test_what_a_kill_or_a_loss_of_power_leaves(store, place, root, tmp_path):
    directory = tmp_path / "state" / "uploads"
    (directory / ("0" * 32)).write_bytes(b"")  # A note of which nothing reached the disk.
    (directory / ("1" * 32)).write_bytes(b"0" * 16 + b'{"draft": "f"}')
    (directory / ("." + "2" * 32)).write_bytes(b"half")
    os.utime(directory / ("." + "2" * 32), (1, 1))
    lost = begin(store, place)
    for name in os.listdir(root / "d"):
        os.unlink(root / "d" / name)
    placed = begin(store, place)
    # A process was killed between the two steps in which content gets its name.
    newest = max((root / "d").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    os.link(newest, root / "d" / "a")
    store.clean()
    assert sorted(notes(tmp_path)) == sorted([lost, placed])
    with pytest.raises(Refusal):
        resume(store, place, placed)
    assert contents(root) == {"d": None, "d/a": b"ab"}
    assert notes(tmp_path) == [lost]


def test_no_upload_is_left_in_a_directory_that_is_moved(store, place, root, tmp_path):
    token = begin(store, place)
    with store.tree.open(()) as top:
        store.move(top, "d", top, "e", yes, leaving=yes)
    assert contents(root) == {"e": None}
    assert notes(tmp_path) == []
    with store.tree.open(("e",)) as moved, pytest.raises(Refusal):
        resume(store, moved, token)


def test_an_upload_whose_directory_is_deleted(store, place, root, tmp_path):
    token = begin(store, place)
    with store.tree.open(()) as top:
        store.remove(top, "d", yes)
    (root / "d").mkdir()
    with store.tree.open(("d",)) as new, pytest.raises(Refusal):
        resume(store, new, token)
    assert notes(tmp_path) == []


@pytest.mark.parametrize("change", ["remove", "move", "copy"])
def test_uploads_to_a_directory_that_goes_away_count_no_more(store, root, tmp_path, change):
    (root / "d" / "in").mkdir()
    (root / "new").mkdir()
    for names in (("d",), ("d", "in")):
        with store.tree.open(names) as place:
            store.keep(place, Wanted(None, (*names, "a"), 6, {})).close()
    with store.tree.open(()) as top, store.tree.open(("new",)) as new:
        if change == "remove":
            store.remove(top, "d", yes)
        elif change == "move":
            store.move(top, "new", top, "d", yes, leaving=yes)
        else:
            store.copy(new, top, "d", yes)
    assert notes(tmp_path) == []


def test_no_name_is_given_twice(store, place, root):
    (root / "d" / "a").write_bytes(b"old")
    token = begin(store, place, length=2)
    with closing(resume(store, place, token)) as again:
        assert store.go_on(again).commit(lambda existing: existing is None).name == "a (1)"
    assert contents(root) == {"d": None, "d/a": b"old", "d/a (1)": b"ab"}
