"""What a connection can tell of its peer."""

from __future__ import annotations

import socket

import pytest

from nethttp.server.engine.connection import Connection


@pytest.fixture
def pair():
    ours, peer = socket.socketpair()
    ours.setblocking(False)
    with ours, peer:
        yield Connection(ours, ("", 0), 0.0), peer


def test_a_peer_has_ended_when_all_that_it_sent_is_read(pair):
    connection, peer = pair
    assert not connection.has_ended()
    assert not connection.has_input()
    peer.sendall(b"1")
    peer.close()
    assert connection.has_input()
    assert not connection.has_ended()
    assert connection.sock.recv(1) == b"1"
    assert connection.has_ended()
    assert not connection.has_input()


def test_a_connection_that_is_broken_has_ended(pair):
    connection, _ = pair
    connection.sock.close()
    assert connection.has_ended()
