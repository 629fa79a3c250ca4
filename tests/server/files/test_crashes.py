"""Processes that are killed in the middle of an upload: the old file is whole, nothing is left.

A run of `make stress` kills 1,000 times.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time

import pytest

from nethttp.server.files.store import Store
from nethttp.server.files.tree import DRAFT, Tree

from .shares import contents

STRESS = bool(os.environ.get("NETHTTP_STRESS"))

#: Replaces "file" again and again, with content of one letter; the first argument turns nameless
#: drafts off.
WRITER = """
import itertools, sys
from nethttp.server.files import drafts
from nethttp.server.files.store import Store
from nethttp.server.files.tree import Tree
kind, root, state = sys.argv[1:]
if kind == "named":
    drafts._NAMELESS = 0
store = Store(Tree(root), state)
place, name = store.tree.parent(("file",))
print("ready", flush=True)
for number in itertools.count():
    with store.begin(place, name) as upload:
        for _ in range(number % 5):
            upload.write(bytes([65 + number % 26]) * 100_000)
        upload.commit(lambda existing: True)
    if number % 10 == 9:
        store.make_directory(place, "dir")
        store.remove(place, "dir", lambda existing: True)
"""


def assert_whole(found: dict[str, bytes | str | None]) -> None:
    """Check what others see of the root: whole files, and names that no request reaches."""
    seen = {name: content for name, content in found.items() if not name.startswith(DRAFT)}
    assert set(seen) <= {"file", "dir"}
    content = seen["file"]
    assert isinstance(content, bytes)
    assert len(content) % 100_000 == 0
    assert len(set(content)) <= 1


@pytest.mark.parametrize("kind", ["nameless", "named"])
def test_a_writer_that_is_killed(root, tmp_path, kind):
    state = tmp_path / "state"
    (root / "file").write_bytes(b"A" * 100_000)
    chance = random.Random(1)
    for _ in range(300 if STRESS else 5):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, kind, str(root), str(state)], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(chance.random() / 30)
            writer.send_signal(signal.SIGKILL)
        assert_whole(contents(root))
        Store(Tree(str(root)), str(state)).clean()
        assert set(contents(root)) <= {"file", "dir"}
        assert [name for name in os.listdir(state / "drafts") if not name.startswith(".")] == []
        if (root / "dir").exists():
            (root / "dir").rmdir()


class Served:
    """A server of its own processes, with two workers."""

    def __init__(self, root, state) -> None:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "nethttp.server", "0", "-d", str(root), "--allow", "rwd"),
                *("--state", str(state), "--workers", "2", "--access-log", "off"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        self.port = int(line.rstrip().rpartition(":")[2].rstrip("/"))

    def kill_all(self) -> None:
        assert self.process.stdout is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()


def put(port: int, letter: bytes, length: int) -> socket.socket:
    """Begin an upload, and leave it before its end."""
    sock = socket.create_connection(("127.0.0.1", port), timeout=20)
    sock.sendall(b"PUT /file HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % length)
    sock.sendall(letter * (length // 2))
    return sock


def whole(port: int, letter: bytes, length: int) -> bytes:
    """Upload, and return the first line of the answer."""
    with put(port, letter, length) as sock:
        sock.sendall(letter * (length - length // 2))
        return sock.recv(65536).split(b"\r\n")[0]


@pytest.mark.parametrize("who", ["client", "all"])
def test_an_upload_whose_client_or_server_is_killed(root, tmp_path, who):
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (root / "file").write_bytes(b"A" * 100_000)
    chance = random.Random(2)
    for _ in range(200 if STRESS else 2):
        server = Served(root, state)
        try:
            assert whole(server.port, b"B", 300_000).startswith(b"HTTP/1.1 204")
            for _ in range(1 if who == "all" else 5):
                with put(server.port, b"C", 2_000_000):
                    time.sleep(chance.random() / 50)
                    if who == "all":
                        server.kill_all()
                assert contents(root) == {"file": b"B" * 300_000}
            if who == "client":
                assert whole(server.port, b"D", 100_000).startswith(b"HTTP/1.1 204")
                assert contents(root) == {"file": b"D" * 100_000}
        finally:
            if server.process.poll() is None:
                server.kill_all()
    assert [name for name in os.listdir(root) if name != "file"] == []


def test_what_one_worker_stores_every_worker_serves_at_once(root, tmp_path):
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    server = Served(root, state)
    try:
        for number in range(60):
            letter = bytes([65 + number % 26])
            assert whole(server.port, letter, 1000).startswith(b"HTTP/1.1 20")
            # Each is a connection of its own, which either worker may accept.
            for _ in range(2):
                with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
                    sock.sendall(b"GET /file HTTP/1.1\r\nHost: h.localhost\r\n\r\n")
                    data = b""
                    while not data.endswith(letter * 1000):
                        piece = sock.recv(65536)
                        assert piece, data
                        data += piece
    finally:
        server.kill_all()


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="this system has no small file system")
def test_a_full_disk(tmp_path, as_a_user):
    """A file system that is full in the middle of the content; only root can mount one."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this user cannot mount a file system")
    try:
        (place / "file").write_bytes(b"A" * 100_000)
        state = tmp_path / "state"
        state.mkdir(mode=0o700)
        server = Served(place, state)
        try:
            assert whole(server.port, b"B", 2_000_000).startswith(b"HTTP/1.1 507")
            with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
                sock.sendall(
                    b"PUT /file HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                sock.sendall(b"1e8480\r\n" + b"B" * 2_000_000 + b"\r\n0\r\n\r\n")
                assert sock.recv(65536).startswith(b"HTTP/1.1 507")
            assert contents(place) == {"file": b"A" * 100_000}
        finally:
            server.kill_all()
    finally:
        subprocess.run(["umount", str(place)], check=True)
