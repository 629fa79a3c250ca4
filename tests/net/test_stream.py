"""A socket as a file with deadlines: the clock is the test's."""

from __future__ import annotations

import io
import socket

import pytest

from nethttp.net.stream import SocketReader


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_reads_what_comes(pair):
    ours, theirs = pair
    file = io.BufferedReader(SocketReader(ours, 5))
    theirs.sendall(b"hello\nworld")
    assert file.readline() == b"hello\n"
    theirs.close()
    assert file.read() == b"world"
    assert file.fileno() == ours.fileno()


def test_one_wait_is_bounded(pair):
    reader = SocketReader(pair[0], 0.01)
    with pytest.raises(TimeoutError):
        reader.read(1)
    assert reader.timed_out


def test_all_waits_together_are_bounded_from_the_first_byte_on(pair):
    ours, theirs = pair
    clock = Clock()
    reader = SocketReader(ours, 5, clock=clock)
    reader.begin(10)
    clock.now = 1000
    theirs.sendall(b"a")
    assert not reader.begun
    assert reader.read(1) == b"a"
    assert reader.begun
    clock.now += 9.9
    theirs.sendall(b"b")
    assert reader.read(1) == b"b"
    clock.now += 0.2
    theirs.sendall(b"c")
    with pytest.raises(TimeoutError, match="within 10 s"):
        reader.read(1)
    reader.end()
    assert reader.read(1) == b"c"


def test_what_must_be_sent_first_is_sent_before_a_wait(pair):
    ours, theirs = pair
    reader = SocketReader(ours, 5, before_wait=lambda: theirs.sendall(b"x"))
    assert reader.read(1) == b"x"


def test_the_timeout_can_be_lifted(pair):
    reader = SocketReader(pair[0], 5)
    reader.timeout = None
    assert pair[0].gettimeout() is None
    assert reader.timeout is None
