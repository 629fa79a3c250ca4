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


def test_content_has_an_average_rate(pair):
    ours, theirs = pair
    clock = Clock()
    sent = []

    def drip() -> None:
        """A byte comes after four seconds of waiting."""
        clock.now += 4
        theirs.sendall(b"x")
        sent.append(clock.now)

    class Dripping(SocketReader):
        def _receive(self, buffer, seconds, flags):
            drip()
            return super()._receive(buffer, seconds, flags)

    reader = Dripping(ours, 5, clock=clock)
    reader.allow(2, 10)
    # What a program does in between is its own affair.
    clock.now += 1000
    with pytest.raises(TimeoutError, match=r"2 bytes a second or more, got 3 in 12\.0 s"):
        while True:
            assert reader.read(1) == b"x"
    assert reader.timed_out
    assert len(sent) == 3


def test_content_that_comes_fast_enough_takes_as_long_as_it_takes(pair):
    ours, theirs = pair
    clock = Clock()

    class Slow(SocketReader):
        def _receive(self, buffer, seconds, flags):
            clock.now += 4
            theirs.sendall(b"x" * 10)
            return super()._receive(buffer, seconds, flags)

    reader = Slow(ours, 5, clock=clock)
    reader.allow(2, 10)
    for _ in range(100):
        assert reader.read(10) == b"x" * 10
    reader.allow(0, 0)
    for _ in range(10):
        assert reader.read(1) == b"x"


def test_the_last_wait_ends_when_the_allowance_does(pair):
    reader = SocketReader(pair[0], 60)
    reader.allow(1000, 0.01)
    with pytest.raises(TimeoutError):
        reader.read(1)
    assert pair[0].gettimeout() == 60


def test_what_came_ahead_counts_too(pair):
    clock = Clock()
    reader = SocketReader(pair[0], 5, clock=clock, ahead=b"x" * 100)
    reader.allow(10, 0.01)
    assert reader.read(100) == b"x" * 100
    assert reader._longest_wait(clock()) == 5
    clock.now += 100
    assert reader._longest_wait(clock()) == 5
