"""A user is signed out of a folder while it is served, from another process."""

from __future__ import annotations

import os

from nethttp.server.files.accounts.shared_state import open_sessions, sign_out_everywhere


def test_a_user_is_signed_out_everywhere_at_once(tmp_path):
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (_, one), (_, other) = open_sessions(str(state)), open_sessions(str(state))
    tokens = [one.begin("ann", b""), other.begin("ann", b"")]
    bob = one.begin("bob", b"")
    assert all(worker.find(token) for worker in (one, other) for token in (*tokens, bob))
    assert sign_out_everywhere("ann", str(tmp_path), str(state)) == 2
    for worker in (one, other):
        assert [worker.find(token) for token in tokens] == [None, None]
        assert worker.find(bob) == ("bob", b"")
    assert sign_out_everywhere("ann", str(tmp_path), str(state)) == 0


def test_nobody_has_ever_signed_in(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    assert sign_out_everywhere("ann", str(tmp_path)) == 0
    assert [name for _, _, names in os.walk(tmp_path / "state") for name in names] == []
