"""Digests of files: which count, which are kept, and how many are made at the same time."""

from __future__ import annotations

import hashlib
import os
import threading

import pytest

from nethttp.server.files import digests
from nethttp.server.files.digests import PIECE, digest_of
from nethttp.server.files.refusal import Refusal
from nethttp.server.files.stored import identity_of

CONTENT = b"content of a file" * PIECE  # some pieces


@pytest.fixture(autouse=True)
def _nothing_known():
    digests._KNOWN.cache_clear()


@pytest.fixture
def file(tmp_path):
    """Return the descriptor of a file, and its path."""
    path = tmp_path / "f"
    path.write_bytes(CONTENT)
    descriptor = os.open(path, os.O_RDONLY)
    yield descriptor, path
    os.close(descriptor)


def digest(descriptor: int, check=lambda: None, algorithm: str = "sha-256") -> bytes:
    return digest_of(descriptor, identity_of(os.fstat(descriptor)), algorithm, check)


@pytest.fixture
def settled(monkeypatch):
    """Let all files have changed long ago."""
    monkeypatch.setattr(digests, "SETTLED_SECONDS", -3600.0)


@pytest.mark.parametrize("name", ["sha-256", "sha-512"])
def test_the_digest_of_all_of_it(file, name):
    assert digest(file[0], algorithm=name) == hashlib.new(name.replace("-", ""), CONTENT).digest()


def test_an_empty_file(tmp_path):
    (tmp_path / "f").touch()
    with open(tmp_path / "f", "rb") as empty:
        assert digest(empty.fileno()) == hashlib.sha256().digest()


def test_it_is_read_in_pieces_and_once(file, settled, monkeypatch):
    read = []
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, size, at: read.append(size) or real(fd, size, at))
    first = digest(file[0])
    assert set(read) == {PIECE}
    assert len(read) == 17
    assert digest(file[0]) == first
    assert len(read) == 17
    file[1].write_bytes(b"new")
    assert digest(file[0]) == hashlib.sha256(b"new").digest()


def test_the_digest_of_a_file_that_has_just_changed_is_not_kept(file):
    digest(file[0])
    assert len(digests._KNOWN) == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(b"x" * len(CONTENT)),
        lambda path: os.truncate(path, PIECE + 1),
        lambda path: os.truncate(path, len(CONTENT) + 1),
    ],
)
def test_a_file_that_changes_meanwhile_has_none(file, settled, change):
    changes = iter([lambda: None, lambda: change(file[1])])
    with pytest.raises(Refusal, match="being changed") as caught:
        digest(file[0], lambda: next(changes, lambda: None)())
    assert (caught.value.status, caught.value.retry_after) == (503, 1)
    assert len(digests._KNOWN) == 0


def test_a_change_within_a_tick_of_the_clock_is_seen(file, monkeypatch):
    """All times and the size stay: the file has another content when it is read again."""
    identity = identity_of(os.fstat(file[0]))
    monkeypatch.setattr(digests, "identity_of", lambda _status: identity)
    pieces = 0

    def check() -> None:
        nonlocal pieces
        pieces += 1
        if pieces == 3:
            file[1].write_bytes(b"y" * len(CONTENT))

    with pytest.raises(Refusal, match="being changed"):
        digest_of(file[0], identity, "sha-256", check)


def test_a_file_that_has_changed_before_has_none(file):
    old = identity_of(os.fstat(file[0]))
    file[1].write_bytes(b"new")
    with pytest.raises(Refusal, match="being changed"):
        digest_of(file[0], old, "sha-256", lambda: None)


def test_hole_14_only_so_many_are_read_and_each_ends(file, monkeypatch):
    monkeypatch.setattr(digests, "_TURNS", threading.BoundedSemaphore(1))

    def gone() -> None:
        with pytest.raises(Refusal, match="Other files") as caught:
            digest(file[0])
        assert (caught.value.status, caught.value.retry_after) == (503, 10)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        digest(file[0], gone)
    digest(file[0])


@pytest.mark.parametrize(
    ("value", "preferred"),
    [
        ("sha-256=10", "sha-256"),
        ("sha-512=3,sha-256=1", "sha-512"),
        ("sha-256=5, sha-512=5", "sha-256"),
        ("sha-256=0, sha-512=1", "sha-512"),
        ("sha-256=3, sha-256=0", None),
        ("sha-256=11", None),
        ("sha-256", None),
        ("sha-256=-1", None),
        ("SHA-256=1", None),
        ("md5=10, unixsum=1", None),
        (", ,", None),
        ("", None),
    ],
)
def test_what_a_client_prefers(value, preferred):
    assert digests._preferred(value) == preferred
