"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import stat

import pytest

from nethttp.whole_file import whole_file


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


@pytest.mark.parametrize("permissions", [0o600, 0o644])
def test_the_file_appears_whole_and_with_its_mode(tmp_path, permissions):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with whole_file(str(path), permissions) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
        (draft,) = set(tmp_path.iterdir()) - {path}
        assert mode_of(draft) == 0o600
    assert path.read_bytes() == b"new"
    assert mode_of(path) == permissions
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_what_was_there(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), whole_file(str(path), 0o600) as file:
        file.write(b"new")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_names_the_file_that_was_asked_for(tmp_path):
    path = str(tmp_path / "missing" / "file")
    with pytest.raises(FileNotFoundError) as caught, whole_file(path, 0o600):
        pass
    assert caught.value.filename == path


def test_a_device_is_written_directly():
    with whole_file(os.devnull, 0o600) as file:
        assert file.write(b"gone") == 4
    assert not os.path.isfile(os.devnull)


def test_a_file_without_a_folder_lies_in_the_current_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with whole_file("file", 0o600) as file:
        file.write(b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
