"""``?hash`` of a file, over a connection."""

from __future__ import annotations

import hashlib
import os
import threading

import pytest

from nethttp.server.files import digests


@pytest.mark.parametrize("size", [0, 5, 3_000_000])
def test_the_digest_as_text(shared, root, size):
    content = os.urandom(size)
    (root / "f").write_bytes(content)
    client = shared("/ * r")
    response = client.ask("GET", "/f?hash")
    assert response.status == 200
    assert response.body.decode() == hashlib.sha256(content).hexdigest()
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    head = client.ask("HEAD", "/f?hash")
    assert (head.status, head.body) == (200, b"")
    for name in ("ETag", "Content-Length", "Content-Type", "Cache-Control"):
        assert head.headers[name] == response.headers[name]


def test_an_entity_tag_of_its_own_that_spares_the_reading(shared, root, monkeypatch):
    (root / "f").write_bytes(b"1")
    client = shared("/ * rwd")
    tag = client.ask("GET", "/f?hash").headers["ETag"]
    assert tag != client.ask("GET", "/f").headers["ETag"]
    with monkeypatch.context() as patched:
        patched.setattr(digests, "_read", None)
        assert client.status("GET", "/f?hash", If_None_Match=tag) == 304
        assert client.status("GET", "/f?hash", If_Match='"x"') == 412
    assert client.status("PUT", "/f", b"2") == 204
    changed = client.ask("GET", "/f?hash", If_None_Match=tag)
    assert changed.status == 200
    assert changed.body.decode() == hashlib.sha256(b"2").hexdigest()


def test_what_has_no_digest(shared, root):
    (root / "secret").mkdir()
    (root / "secret" / "f").write_bytes(b"1")
    (root / "out").symlink_to("/etc/passwd")
    client = shared("/ * r", "/secret * w")
    for path, status in (("/", 400), ("/nothing", 404), ("/out", 404), ("/secret/f", 403)):
        for method in ("GET", "HEAD"):
            assert client.status(method, f"{path}?hash") == status


def test_a_file_that_is_being_changed(shared, root, monkeypatch):
    (root / "f").write_bytes(b"x" * 1000)
    client = shared("/ * r")
    real = os.pread

    def pread(descriptor, size, offset):
        with open(root / "f", "ab") as file:
            file.write(b"more")
        return real(descriptor, size, offset)

    with monkeypatch.context() as patched:
        patched.setattr(os, "pread", pread)
        response = client.ask("GET", "/f?hash")
    assert response.status == 503
    assert response.headers["Retry-After"] == "1"
    assert client.status("GET", "/f?hash") == 200


def test_hole_14_digests_are_made_by_turns(shared, root, monkeypatch):
    (root / "f").write_bytes(b"x")
    monkeypatch.setattr(digests, "_TURNS", threading.BoundedSemaphore(1))
    client = shared("/ * r")
    with digests._TURNS:
        response = client.ask("GET", "/f?hash")
    assert (response.status, response.headers["Retry-After"]) == (503, "10")
    for _ in range(3):
        assert client.status("GET", "/f?hash") == 200


def test_hole_24_a_large_file_is_not_read_whole(shared, root, monkeypatch):
    with open(root / "f", "wb") as file:
        file.truncate(64 << 20)
    read: list[int] = []
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, size, at: read.append(size) or real(fd, size, at))
    assert shared("/ * r").status("GET", "/f?hash") == 200
    assert 0 < max(read) <= 1 << 20
