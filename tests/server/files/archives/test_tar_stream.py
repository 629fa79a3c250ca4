"""Tar archives, opened by Python and GNU tar."""

from __future__ import annotations

import io
import subprocess
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from nethttp.server.files.archives.tar_stream import tar_length, tar_pieces

from .helpers import NAMES, content_of, member

CONTENTS = {
    "top/": b"",
    **{f"top/{name}": name.encode() * 999 for name in NAMES},
    "top/empty": b"",
    "top/" + "long/" * 60 + "name": b"x" * 512,
}


def made(contents: dict[str, bytes]) -> bytes:
    members = [member(path, content) for path, content in contents.items()]
    archive = b"".join(tar_pieces(members, content_of(contents)))
    assert len(archive) == tar_length(members)
    return archive


def opened(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as reader:
        return {
            f"{info.name}/" if info.isdir() else info.name: b""
            if info.isdir()
            else reader.extractfile(info).read()
            for info in reader
        }


def test_python_reads_what_was_written():
    assert opened(made(CONTENTS)) == CONTENTS


@given(st.dictionaries(st.text("abcäß\n", min_size=1, max_size=8), st.binary(max_size=1200)))
def test_any_names_and_contents_and_their_length(contents):
    assert opened(made(contents)) == contents


def test_any_part_is_that_of_the_whole_and_reads_nothing_before_it():
    contents = {"a": b"1" * 700, "b/": b"", "b/c": b"", "d": b"2" * 512, "e": b"3" * 9}
    members = [member(path, content) for path, content in contents.items()]
    whole = made(contents)
    read = []

    def content(of, start):
        read.append((of.path, start))
        yield contents[of.path][start:]

    for start in range(0, len(whole) + 1, 50):
        assert b"".join(tar_pieces(members, content, start)) == whole[start:]
    read.clear()
    assert b"".join(tar_pieces(members, content, 512 + 600)) == whole[512 + 600 :]
    assert read == [("a", 600), ("b/c", 0), ("d", 0), ("e", 0)]


def test_tar_lists_it(tmp_path):
    path = tmp_path / "a.tar"
    path.write_bytes(made(CONTENTS))
    command = ["tar", "--quoting-style=literal", "-tf", str(path)]
    listed = subprocess.run(command, capture_output=True, check=True)
    assert listed.stdout.decode() == "".join(f"{name}\n" for name in CONTENTS)
    assert listed.stderr == b""


def test_a_size_beyond_eight_octal_digits_of_a_gigabyte_has_a_header():
    large = member("large")._replace(size=9 << 30)
    assert tar_length([large]) > 9 << 30
