"""Files of contents, without a database."""

from __future__ import annotations

import errno
import os
import threading

import pytest

from nethttp.client.caching import content_files
from nethttp.client.caching.content_files import ContentFiles
from nethttp.errors import StorageError


@pytest.fixture
def files(tmp_path):
    return ContentFiles(str(tmp_path / "contents"), 1000)


def test_pieces_that_the_system_takes_in_parts_are_written_whole(files, monkeypatch):
    given = []

    def write_a_little(descriptor, pieces):
        data = b"".join(pieces)[:7]
        given.append(data)
        return os.write(descriptor, data)

    monkeypatch.setattr(content_files.os, "writev", write_a_little)
    pieces = [b"0123456789", b"", b"ab", b"cdefghijklmnop"]
    files.append("c1", 0, pieces)
    assert len(given) == 2
    assert files.open("c1", 26).read(0, 26) == b"".join(pieces)


def test_a_system_without_writev(files, monkeypatch):
    monkeypatch.delattr(content_files.os, "writev")
    files.append("c1", 0, [b"hel", b"lo"])
    assert files.open("c1", 5).read(0, 5) == b"hello"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_disk_that_refuses_leaves_no_file_and_takes_more_later(files, monkeypatch, number):
    files.append("c1", 0, [b"x" * 900])

    def refuse(descriptor, pieces):
        raise OSError(number, "refused")

    with monkeypatch.context() as patched:
        patched.setattr(content_files.os, "writev", refuse)
        with pytest.raises(StorageError) as caught:
            files.append("c1", 900, [b"x", b"y"])
    assert caught.value.errno == number
    assert os.listdir(files.directory) == []
    files.append("c2", 0, [b"x" * 1000])


def test_a_content_that_is_discarded_while_a_thread_writes_it(files, monkeypatch):
    writing, discarded = threading.Event(), threading.Event()
    real = os.writev

    def write(descriptor, pieces):
        writing.set()
        assert discarded.wait(10)
        return real(descriptor, pieces)

    monkeypatch.setattr(content_files.os, "writev", write)
    thread = threading.Thread(target=files.append, args=("c1", 0, [b"a", b"b"]))
    thread.start()
    assert writing.wait(10)
    files.discard("c1")
    discarded.set()
    thread.join()
    assert os.listdir(files.directory) == []
    with pytest.raises(StorageError):
        files.append("c1", 2, [b"c", b"d"])


def next_descriptor() -> int:
    """Return the number that the next descriptor gets: the lowest that is free."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.close(descriptor)
    return descriptor


def test_no_descriptor_stays_open(files):
    before = next_descriptor()
    files.append("c1", 0, [b"hello"])
    assert next_descriptor() == before
    content = files.open("c1", 5)
    content.read(0, 1)
    assert next_descriptor() > before
    del content
    assert next_descriptor() == before
    with pytest.raises(StorageError):
        files.open("c1", 6)
    assert next_descriptor() == before
