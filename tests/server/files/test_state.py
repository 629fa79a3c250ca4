"""Where the server keeps its own files for a shared folder."""

from __future__ import annotations

import os

import pytest

from nethttp.server.files.state import state_directory


def test_the_state_of_a_root(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    one, other = state_directory("/srv/a"), state_directory("/srv/b")
    assert one != other
    assert one.startswith(str(tmp_path / "state" / "nethttp"))
    assert os.stat(one).st_mode & 0o777 == 0o700
    assert state_directory("/srv/a") == one
    assert state_directory("/srv/a", str(tmp_path / "own")) == str(tmp_path / "own")
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nothing")
    monkeypatch.setenv("HOME", "/proc/nothing")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert state_directory("/srv/a").startswith(str(tmp_path / f"nethttp-{os.getuid()}"))


def test_the_shared_folder_itself_is_no_place_for_the_state(tmp_path):
    root = tmp_path / "root"
    root.mkdir(mode=0o755)
    (tmp_path / "link").symlink_to("root")
    for given in (root, f"{root}/", tmp_path / "link"):
        with pytest.raises(PermissionError, match="besides the shared"):
            state_directory(str(root), str(given))
    assert os.stat(root).st_mode & 0o777 == 0o755
    assert os.listdir(root) == []
    assert state_directory(str(root), str(root / "state")) == str(root / "state")


@pytest.mark.parametrize("where", ["nethttp-{uid}", "nethttp-{uid}/{name}"])
def test_the_state_is_kept_in_no_directory_of_another_user(tmp_path, monkeypatch, where):
    if os.getuid() != 0:
        pytest.skip("only root can give a directory to another user")
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nothing")
    monkeypatch.setenv("HOME", "/proc/nothing")
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    name = os.path.basename(state_directory("/srv/a"))
    os.chown(tmp_path / where.format(uid=os.getuid(), name=name), 65534, 65534)
    with pytest.raises(PermissionError, match="expected a directory of this user"):
        state_directory("/srv/a")
