"""Large files that a person uploads by the page: they go on where they stopped."""

from __future__ import annotations

import os
import time
from collections import Counter
from typing import ClassVar

import pytest

from ..server.files.shares import QuietHandler, share
from .elements import button

MIB = 1 << 20

SECONDS = 30.0

DONE = "document.querySelector('#said').textContent.startsWith('1 of 1 file uploaded')"
FAILED = "document.querySelector('#tray .failed')"


class Middle(QuietHandler):
    """Counts the content that it receives, and refuses and cuts as things on the way do."""

    received: ClassVar[Counter[str]]
    refused: ClassVar[dict[str, int]]
    """By method: the status that it is answered."""
    longest: ClassVar[int]
    """Bytes of content that one request may have."""
    cut_after: ClassVar[int]
    """The connection is cut when so many bytes were received, once."""

    def do_PATCH(self):
        if "PATCH" in self.refused:
            self.send_error(self.refused["PATCH"])
        elif int(self.headers["Content-Length"]) > self.longest:
            self.send_error(413)
        else:
            super().do_PATCH()

    def _pieces_of_content(self):
        for piece in super()._pieces_of_content():
            self.received[self.command] += len(piece)
            yield piece
            if self.received.total() >= self.cut_after:
                type(self).cut_after = 1 << 60
                raise ConnectionResetError


@pytest.fixture
def middle(chromium, serve, root):
    """The class that serves the page which the browser shows."""
    chromium.errors.clear()
    chromium.size(1000, 800)
    middle = Middle.of(share(root))
    middle.received, middle.refused = Counter(), {}
    middle.longest, middle.cut_after = 1 << 60, 1 << 60
    chromium.url = serve(middle).url + "/"
    show(chromium)
    yield middle
    assert chromium.errors == []
    chromium.open("about:blank")


@pytest.fixture
def large(tmp_path):
    """A file of 40 MiB, so of more than one part."""
    file = tmp_path / "large.bin"
    file.write_bytes(os.urandom(MIB) * 40)
    return file


def show(chromium) -> None:
    chromium.open(chromium.url)
    chromium.wait("document.body.classList.contains('scripted')")


def slow(chromium, rate: int) -> None:
    """Let uploads have `rate` bytes a second, -1: as many as they can."""
    chromium.call("Network.enable")
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1}
    chromium.call("Network.emulateNetworkConditions", uploadThroughput=rate, **conditions)


def unfinished(root) -> list[str]:
    return [name for name in os.listdir(root) if name.startswith(".nethttp-")]


def wait_for_bytes(chromium, middle, count: int) -> None:
    until = time.monotonic() + SECONDS
    while middle.received["PATCH"] < count:
        assert time.monotonic() < until
        chromium.wait("!document.querySelector('#tray .failed')")


def test_a_pause_in_the_middle(chromium, middle, root, large):
    slow(chromium, 4 * MIB)
    chromium.drop(large)
    wait_for_bytes(chromium, middle, 5 * MIB)
    chromium.click(button("Pause"))
    chromium.wait("document.querySelector('#tray').innerText.includes('paused')")
    assert not (root / "large.bin").exists()
    assert len(unfinished(root)) == 1
    slow(chromium, -1)
    chromium.click(button("Continue"))
    chromium.wait(DONE)
    assert (root / "large.bin").read_bytes() == large.read_bytes()
    assert int((root / "large.bin").stat().st_mtime) == int(large.stat().st_mtime)
    # Each byte came once, but for what was under way at the pause.
    assert middle.received["PATCH"] - 40 * MIB < 2 * MIB
    assert (unfinished(root), middle.received["PUT"]) == ([], 0)


def test_a_connection_that_breaks(chromium, middle, root, large):
    middle.cut_after = 35 * MIB
    chromium.drop(large)
    chromium.wait(FAILED)
    chromium.click(button("Try again"))
    chromium.wait(DONE)
    assert (root / "large.bin").read_bytes() == large.read_bytes()
    assert middle.received["PATCH"] - 40 * MIB < 2 * MIB


def test_the_same_file_after_the_page_was_closed(chromium, middle, root, large):
    middle.cut_after = 20 * MIB
    chromium.drop(large)
    chromium.wait(FAILED)
    show(chromium)
    chromium.drop(large)
    chromium.wait(DONE)
    assert (root / "large.bin").read_bytes() == large.read_bytes()
    assert middle.received["PATCH"] - 40 * MIB < 2 * MIB
    # Of another file of this name nothing is known.
    large.write_bytes(b"new" * 5 * MIB)
    chromium.drop(large)
    chromium.wait(button("Replace it"))
    chromium.click(button("Replace it"))
    chromium.wait(DONE)
    assert (root / "large.bin").read_bytes() == large.read_bytes()


@pytest.mark.parametrize("status", [405, 501])
def test_one_put_where_patch_is_refused_on_the_way(chromium, middle, root, large, status):
    middle.refused["PATCH"] = status
    chromium.drop(large)
    chromium.wait(DONE)
    assert (root / "large.bin").read_bytes() == large.read_bytes()
    assert (middle.received["PUT"], unfinished(root)) == (40 * MIB, [])


def test_smaller_parts_where_large_ones_are_refused(chromium, middle, root, large):
    middle.longest = MIB
    chromium.drop(large)
    chromium.wait(DONE)
    assert (root / "large.bin").read_bytes() == large.read_bytes()
    assert middle.received["PATCH"] == 40 * MIB


def test_a_session_that_ends(chromium, middle, root, large):
    middle.refused["PATCH"] = 401
    chromium.drop(large)
    chromium.wait("document.querySelector('dialog[open]')")
    middle.refused.clear()
    chromium.click(button("Go on"))
    chromium.wait("!document.querySelector('dialog[open]')")
    chromium.click(button("Try again"))
    chromium.wait(DONE)
    assert (root / "large.bin").read_bytes() == large.read_bytes()


def test_a_name_that_is_taken_meanwhile(chromium, middle, root, large):
    middle.cut_after = 20 * MIB
    chromium.drop(large)
    chromium.wait(FAILED)
    (root / "large.bin").write_bytes(b"theirs")
    chromium.click(button("Try again"))
    chromium.wait(button("Keep both"))
    chromium.click(button("Keep both"))
    chromium.wait(DONE)
    assert (root / "large.bin").read_bytes() == b"theirs"
    assert (root / "large (1).bin").read_bytes() == large.read_bytes()
    assert middle.received["PATCH"] - 40 * MIB < 2 * MIB


def test_what_is_cancelled_is_deleted(chromium, middle, root, large):
    slow(chromium, 4 * MIB)
    chromium.drop(large)
    wait_for_bytes(chromium, middle, MIB)
    chromium.click(button("Pause"))
    chromium.wait("document.querySelector('#tray').innerText.includes('paused')")
    chromium.click(button("Cancel"))
    slow(chromium, -1)
    until = time.monotonic() + SECONDS
    while unfinished(root):
        assert time.monotonic() < until
        chromium.wait("document.querySelector('#tray').innerText.includes('skipped')")
    assert not (root / "large.bin").exists()
