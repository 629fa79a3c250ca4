"""Zip archives, opened by Python, unzip, 7-Zip and libarchive."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.server.files.archives import zip_stream
from nethttp.server.files.archives.zip_stream import zip_length, zip_pieces

from .helpers import NAMES, content_of, member

STRESS = bool(os.environ.get("NETHTTP_STRESS"))


def made(contents: dict[str, bytes]) -> bytes:
    members = [member(path, content) for path, content in contents.items()]
    archive = b"".join(zip_pieces(members, content_of(contents)))
    assert len(archive) == zip_length(members)
    return archive


def opened(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as reader:
        assert reader.testzip() is None
        return {name: reader.read(name) for name in reader.namelist()}


CONTENTS = {
    "top/": b"",
    **{f"top/{name}": name.encode() * 999 for name in NAMES},
    "top/empty": b"",
    "top/inner/": b"",
    "top/large": os.urandom(700_000),
}


def test_python_reads_what_was_written():
    assert opened(made(CONTENTS)) == CONTENTS


@given(st.dictionaries(st.text("abcäß/\n", min_size=1, max_size=8), st.binary(max_size=90)))
def test_any_names_and_contents_and_their_length(contents):
    contents = {path: b"" if path.endswith("/") else data for path, data in contents.items()}
    assert opened(made(contents)) == contents


def test_any_part_is_that_of_the_whole():
    contents = {"a": b"1" * 30, "b/": b"", "b/c": b"", "d": os.urandom(40)}
    members = [member(path, content) for path, content in contents.items()]
    whole = made(contents)
    for start in range(len(whole) + 1):
        assert b"".join(zip_pieces(members, content_of(contents), start)) == whole[start:]


def test_a_file_before_the_part_is_read_when_the_directory_needs_it():
    contents = {"a": b"1" * 30, "b": b"2" * 30, "c": b"3" * 30}
    members = [member(path, content) for path, content in contents.items()]
    read = []

    def content(of, start):
        read.append(of.path)
        yield contents[of.path][start:]

    whole = made(contents)
    pieces = zip_pieces(members, content, whole.index(b"3" * 30) - 1)
    assert next(pieces)
    assert read == []
    assert b"".join(pieces) == whole[whole.index(b"3" * 30) :]
    assert read == ["c", "a", "b"]
    read.clear()
    assert b"".join(zip_pieces(members, content, len(whole) - 22)) == whole[-22:]
    assert read == []


def test_no_member_makes_an_empty_archive():
    assert opened(made({})) == {}


#: How programs look for faults in an archive.
PROGRAMS = {
    "unzip": ["unzip", "-tqq"],
    "7zip": ["7z" if shutil.which("7z") else "7zz", "t"],
    "libarchive": ["bsdtar", "-xOf"],
}


def check_with(program: str, path) -> None:
    """Check that a program finds no fault; skip the test where it is not installed."""
    command = PROGRAMS[program]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    ended = subprocess.run([*command, str(path)], capture_output=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert b"arning" not in ended.stdout + ended.stderr


@pytest.mark.parametrize("program", PROGRAMS)
def test_other_programs_find_no_fault(tmp_path, program):
    path = tmp_path / "a.zip"
    path.write_bytes(made(CONTENTS))
    check_with(program, path)


def test_sizes_and_offsets_beyond_a_field_stand_in_64_bits(monkeypatch):
    # The readers take 64 bits wherever the field says so, whatever the value.
    monkeypatch.setattr(zip_stream, "_MAX_32", 5000)
    members = [member("a", b"1" * 6000), member("b", b"2")]
    data = {"a": b"1" * 6000, "b": b"2"}
    archive = b"".join(zip_pieces(members, content_of(data)))
    assert len(archive) == zip_length(members)
    assert b"PK\6\6" in archive


def test_more_members_than_16_bits_count(tmp_path):
    contents = {f"{number:06}": b"" for number in range(70_000 if STRESS else 65_540)}
    path = tmp_path / "many.zip"
    path.write_bytes(made(contents))
    with zipfile.ZipFile(path) as reader:
        assert reader.namelist() == list(contents)
    # Python's reader counts for itself; others go by the count in 64 bits.
    [counted] = re.findall(b"PK\6\6.{28}(.{8})", path.read_bytes(), re.DOTALL)
    assert int.from_bytes(counted, "little") == len(contents)
    for program in ("unzip", "7zip") if STRESS else ():  # Each takes seconds.
        check_with(program, path)


@pytest.mark.parametrize(
    ("modified", "year"),
    [(1_700_000_000, 2023), (0, 1980), (1 << 40, 2107), (-5, 1980), (4354819199 + 99, 2107)],
)
def test_times_that_the_form_has_not(modified, year):
    archive = b"".join(zip_pieces([member("a", b"", modified)], content_of({"a": b""})))
    with zipfile.ZipFile(io.BytesIO(archive)) as reader:
        assert reader.infolist()[0].date_time[0] in (year, year + 1)


def test_an_archive_whose_file_fails_cannot_be_opened():
    def failing(_member, _start):
        yield b"1"
        raise OSError("gone")

    got = []
    with pytest.raises(OSError, match="gone"):
        got.extend(zip_pieces([member("a", b"12")], failing))
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(b"".join(got)))


@pytest.mark.skipif(not STRESS, reason="5 GB: a run of make stress does it")
@pytest.mark.parametrize("program", ["unzip", "7zip"])
def test_a_file_of_5_gb_and_one_after_it(tmp_path, program):
    size = 5 << 30
    members = [member("large")._replace(size=size), member("after", b"x")]

    def content(of, _start):
        if of.path == "after":
            yield b"x"
        else:
            for _ in range(size >> 20):
                yield bytes(1 << 20)

    path = tmp_path / "large.zip"
    with open(path, "wb") as file:
        for piece in zip_pieces(members, content):
            if piece.count(0) == len(piece):
                file.seek(len(piece), os.SEEK_CUR)  # The disk stays empty.
            else:
                file.write(piece)
    assert path.stat().st_size == zip_length(members)
    check_with(program, path)
    with zipfile.ZipFile(path) as reader:
        assert [info.file_size for info in reader.infolist()] == [size, 1]
        assert reader.read("after") == b"x"
