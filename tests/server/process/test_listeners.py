"""Where a server listens, and how it stops to."""

from __future__ import annotations

import socket
import sys

import pytest

from nethttp.server.process.listeners import stop_new_connections

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what Linux can do")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_no_handshake_begins_any_more_and_those_in_the_queue_are_served(host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip("no IPv6 here")
    with listener, socket.create_connection(listener.getsockname()[:2]) as early:
        stop_new_connections(listener)
        with socket.socket(family) as late:
            late.settimeout(0.05)
            with pytest.raises(TimeoutError):
                late.connect(listener.getsockname())
        early.sendall(b"hello")
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.recv(10) == b"hello"


def test_a_unix_socket_refuses_and_keeps_its_queue(tmp_path):
    path = str(tmp_path / "s")
    with (
        socket.socket(socket.AF_UNIX) as listener,
        socket.socket(socket.AF_UNIX) as early,
        socket.socket(socket.AF_UNIX) as late,
    ):
        listener.bind(path)
        listener.listen()
        early.connect(path)
        early.sendall(b"hello")
        stop_new_connections(listener)
        with pytest.raises(ConnectionRefusedError):
            late.connect(path)
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.recv(10) == b"hello"
