"""Part files: what is there agrees with what is said of it, and nobody else writes it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from threading import Event, Thread

import pytest

from nethttp.client import part_file
from nethttp.client.part_file import ChecksumError, PartFile, Version, kept_bytes

VERSION = Version.of("http://a/?signature=secret", '"1"', 6)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "name"


def names(path):
    return sorted(entry.name for entry in path.parent.iterdir())


@pytest.mark.parametrize("closes_first", [True, False])
def test_a_whole_file_appears_under_its_name(path, closes_first, monkeypatch):
    monkeypatch.setattr(part_file, "CLOSES_FIRST", closes_first)
    path.write_bytes(b"old")
    with PartFile(path) as part:
        part.begin(VERSION)
        part.add(b"abc")
        part.write()
        assert path.read_bytes() == b"old"
        part.add(b"def")
        assert part.size == 6
        assert part.finish() == 6
    assert path.read_bytes() == b"abcdef"
    assert names(path) == ["name"]


def test_what_can_be_resumed_stays(path):
    with PartFile(path) as part:
        part.begin(VERSION)
        part.add(b"abcde")
    assert names(path) == ["name.part", "name.part.json"]
    with PartFile(path) as part:
        assert (part.size, part.version) == (5, VERSION)
        part.go_on(3)
        part.add(b"DEF")
        part.finish()
    assert path.read_bytes() == b"abcDEF"


def test_bytes_that_are_not_written_yet_stay_too(path):
    with PartFile(path) as part:
        part.begin(VERSION)
        part.add(b"abc")
        part.go_on(3)
        part.add(b"def")
        part.finish()
    assert path.read_bytes() == b"abcdef"


def test_what_cannot_be_resumed_goes(path):
    with PartFile(path) as part:
        part.begin(None)
        part.add(b"abcde")
    assert names(path) == []
    with PartFile(path) as part:
        part.begin(VERSION)
        part.add(b"abc")
        part.begin(None)
        assert part.size == 0
    assert names(path) == []


def test_no_secret_of_a_url_is_stored(path):
    with PartFile(path) as part:
        part.begin(VERSION)
        part.add(b"a")
    assert "secret" not in (path.parent / "name.part.json").read_text()


@pytest.mark.parametrize("state", ["", "{", "[]", '{"url": 1, "etag": "", "length": 1}', "null"])
def test_a_damaged_state_is_no_state(path, state):
    with PartFile(path) as part:
        part.begin(VERSION)
        part.add(b"abc")
    (path.parent / "name.part.json").write_text(state)
    with PartFile(path) as part:
        assert part.version is None


def test_checksums(path):
    good = hashlib.sha256(b"abcdef").hexdigest()
    with PartFile(path, good.upper()) as part:
        part.begin(VERSION)
        part.add(b"abc")
    with PartFile(path, good) as part:
        part.go_on(2)
        part.add(b"cdef")
        part.finish()
    assert path.read_bytes() == b"abcdef"
    with PartFile(path, good) as part:
        part.begin(VERSION)
        part.add(b"abcdeX")
        with pytest.raises(ChecksumError, match="expected SHA-256"):
            part.finish()
    assert path.read_bytes() == b"abcdef"
    assert names(path) == ["name"]


def test_two_processes_do_not_write_one_file(path):
    with PartFile(path) as part:
        part.begin(VERSION)
        code = f"from nethttp.client.part_file import PartFile; PartFile({str(path)!r})"
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert "BlockingIOError" in ran.stderr
        with pytest.raises(BlockingIOError, match="another download"):
            PartFile(path)
        part.add(b"abcdef")
        part.finish()
        # The name is free again, though the first has not been closed.
        PartFile(path).close()
    assert path.read_bytes() == b"abcdef"


def test_a_file_that_another_process_has_just_completed_is_not_written(path, monkeypatch):
    first = PartFile(path)
    first.begin(VERSION)
    first.add(b"abcdef")
    lock = part_file._lock

    def lock_late(descriptor, name):
        if not path.exists():
            first.finish()
            first.close()
        lock(descriptor, name)

    monkeypatch.setattr(part_file, "_lock", lock_late)
    with PartFile(path) as second:
        second.begin(None)
        second.add(b"other")
        second.write()
    assert path.read_bytes() == b"abcdef"


@pytest.mark.parametrize("kind", ["directory", "device", "link to nothing"])
def test_only_regular_files_are_replaced(tmp_path, kind):
    target = {"directory": tmp_path, "device": os.devnull}.get(kind, tmp_path / "link")
    if kind == "link to nothing":
        target.symlink_to(tmp_path / "nothing")
    with pytest.raises(OSError, match="regular file"):
        PartFile(target)


def test_a_link_in_the_place_of_the_part_is_not_followed(path):
    victim = path.parent / "victim"
    victim.write_bytes(b"precious")
    (path.parent / "name.part").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        PartFile(path)
    assert victim.read_bytes() == b"precious"


def test_few_large_writes(path):
    with PartFile(path) as part:
        part.begin(VERSION)
        piece = b"x" * (part_file.BUFFER // 4)
        assert [part.add(piece) for _ in range(4)] == [False, False, False, True]
        part.write()
        assert part.size == part_file.BUFFER


def test_closing_waits_for_a_write_in_another_thread(path):
    part = PartFile(path)
    part.begin(VERSION)
    part.add(b"abc")
    begun, go_on = Event(), Event()
    file = part._file

    class Slow:
        closed = False

        def write(self, data):
            begun.set()
            assert go_on.wait(10)
            return file.write(data)

        def close(self):
            file.close()

    part._file = Slow()
    writer = Thread(target=part.write)
    writer.start()
    assert begun.wait(10)
    closer = Thread(target=part.close)
    closer.start()
    assert not file.closed
    go_on.set()
    writer.join()
    closer.join()
    assert (path.parent / "name.part").read_bytes() == b"abc"
    part.close()


# --- split files ----------------------------------------------------------------------------------


def test_a_split_file_is_written_in_any_order(path):
    right = hashlib.sha256(b"abcdef").hexdigest()
    with PartFile(path, right) as part:
        part.begin(VERSION)
        part.add(b"ab?")
        part.split(2)
        assert (part.size, part.missing) == (2, [(2, 6)])
        part.write_at(4, b"ef")
        part.write_at(2, b"c")
        assert (part.size, part.missing) == (5, [(3, 4)])
        assert kept_bytes(path) == 2  # the state is saved now and then
        part.write_at(3, b"d")
        assert part.finish() == 6
    assert path.read_bytes() == b"abcdef"
    assert names(path) == ["name"]


def test_a_split_file_is_resumed_where_bytes_are_missing(path):
    with PartFile(path) as part:
        part.begin(VERSION)
        part.split(0)
        part.write_at(1, b"bc")
        part.write_at(4, b"e")
    assert kept_bytes(path) == 3
    with PartFile(path) as part:
        assert (part.size, part.missing, part.version) == (3, [(0, 1), (3, 4), (5, 6)], VERSION)
        for at, data in ((3, b"d"), (0, b"a"), (5, b"f")):
            part.write_at(at, data)
        part.finish()
    assert path.read_bytes() == b"abcdef"


def test_what_a_crash_leaves_of_a_split_file_lacks_too_much_but_never_too_little(path, monkeypatch):
    monkeypatch.setattr(part_file, "SAVE_EVERY", 2)
    with PartFile(path) as part:
        part.begin(VERSION)
        part.split(0)
        part.write_at(4, b"ef")
        part.write_at(0, b"a")
        state = (path.parent / "name.part.json").read_bytes()
    (path.parent / "name.part.json").write_bytes(state)
    with PartFile(path) as part:
        assert part.missing == [(0, 4)]


@pytest.mark.parametrize(
    "missing",
    ["[[0, 7]]", "[[3, 2]]", "[[2, 3], [1, 2]]", "[[-1, 2]]", "[[1]]", "7", '["ab"]', "[[4, 6]]"],
)
def test_a_state_that_cannot_be_is_no_state(path, missing):
    with PartFile(path) as part:
        part.begin(VERSION)
        part.add(b"abc")  # shorter than what the last state says is there
    file = path.parent / "name.part.json"
    file.write_bytes(file.read_bytes()[:-1] + b', "missing": ' + missing.encode() + b"}")
    with PartFile(path) as part:
        assert (part.version, part.missing) == (None, None)
    assert names(path) == ["name.part.json"]


def test_another_version_of_a_split_file_begins_anew(path):
    with PartFile(path) as part:
        part.begin(VERSION)
        part.split(0)
        part.write_at(2, b"cd")
        part.begin(VERSION._replace(etag='"2"'))
        assert (part.size, part.missing) == (0, None)
        part.add(b"new")
        assert part.finish() == 3
    assert path.read_bytes() == b"new"


def test_threads_write_a_split_file(path):
    content = bytes(range(256)) * 256
    with PartFile(path, hashlib.sha256(content).hexdigest()) as part:
        part.begin(VERSION._replace(length=len(content)))
        part.split(0)

        def write(number):
            for at in range(number * 1000, len(content), 8000):
                part.write_at(at, content[at : at + 1000])

        threads = [Thread(target=write, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        part.finish()
    assert path.read_bytes() == content
