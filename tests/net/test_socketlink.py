"""A link of a thread: what only sockets without an event loop show. The rest: `test_runners`."""

from __future__ import annotations

import socket
import time
from math import inf

import pytest

from nethttp.net.blocking import run
from nethttp.net.effects import Address, Exchange, Read, Write
from nethttp.net.socketlink import SocketLink


@pytest.fixture
def pair():
    """Return a link, and the peer's socket."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    link = SocketLink(ours, Address(socket.AF_UNIX, "peer"))
    with theirs:
        yield link, theirs
    link.close()


def one(effect):
    return (yield effect)


def test_an_end_is_the_error_of_the_exchange_that_met_it(pair):
    """The peer has closed: sending fails, and the end that can be read says less."""
    link, theirs = pair
    theirs.close()
    with pytest.raises(BrokenPipeError):
        run(one(Exchange(link, b"request", inf)))
    assert link.is_stale()


def test_without_a_request_an_end_is_an_end(pair):
    link, theirs = pair
    theirs.close()
    assert run(one(Read(link, inf))) == b""


def test_what_was_received_before_the_connection_broke_is_returned_first(pair):
    link, theirs = pair
    theirs.sendall(b"408")
    theirs.close()
    assert run(one(Exchange(link, b"request", inf))) == b"408"
    with pytest.raises(BrokenPipeError):
        run(one(Read(link, inf)))


def test_what_the_system_took_is_counted_also_after_an_error(pair):
    link, _ = pair
    with pytest.raises(TimeoutError):
        run(one(Write(link, bytes(1 << 23), time.monotonic() + 0.02)))
    assert 0 < link.sent < 1 << 23


def test_a_forked_child_closes_its_descriptor_and_says_nothing(pair):
    link, theirs = pair
    copy = socket.socket(fileno=socket.dup(link.sock.fileno()))  # the parent's
    link.forget()
    assert link.closed
    theirs.setblocking(False)
    with copy, pytest.raises(BlockingIOError):
        theirs.recv(1)
