"""How a head and a file's content leave: together, whatever carries them."""

from __future__ import annotations

import gc
import io
import os
import socket
import ssl
import weakref

import pytest

from nethttp.net.nonblocking import Timeouts
from nethttp.server.engine import nonblocking_sender
from nethttp.server.engine.framed_response import MAX_JOINED
from nethttp.server.handlers.writer import NonblockingWriter

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"


@pytest.fixture
def ends():
    """Return the two ends of a TCP connection; the first does not block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        theirs = socket.create_connection(listener.getsockname(), timeout=10)
        ours, _ = listener.accept()
    ours.setblocking(False)
    ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with ours, theirs:
        yield ours, theirs


class Carrier(socket.socket):
    """A socket that the kernel cannot send a file on, as one with TLS; it tells what was sent."""

    sends: list[bytes]

    def send(self, data, flags=0):
        assert not flags
        self.sends.append(bytes(data))
        return len(data)


def test_a_head_waits_in_the_kernel_for_the_file(ends, tmp_path, monkeypatch, stored_file):
    if not nonblocking_sender.MORE_FOLLOWS:
        pytest.skip("this system knows no MSG_MORE")
    ours, theirs = ends
    (tmp_path / "file").write_bytes(b"a" * 100_000)
    stored = stored_file(tmp_path / "file")
    held = []

    def sendfile(*args):
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            held.append(theirs.recv(100))
        theirs.settimeout(10)
        return real(*args)

    real = os.sendfile
    monkeypatch.setattr(os, "sendfile", sendfile)
    out = NonblockingWriter(ours, Timeouts(10, 0, 0))
    out.begin_with(HEAD, 5, True, True)
    assert out.sendfile(stored.view(), 0, 100_000) == 5, "no more than was declared"
    assert not held
    assert theirs.recv(1000) == HEAD + b"aaaaa"
    assert (out.sent, out.missing) == (5, 0)


@pytest.mark.parametrize("size", [0, 5, MAX_JOINED + 1])
def test_a_head_leaves_with_the_first_piece_of_a_copy(size):
    with Carrier() as sock:
        sock.sends = []
        out = NonblockingWriter(sock, Timeouts(10, 0, 0))
        out.begin_with(HEAD, MAX_JOINED + 1, True, True)
        assert out.sendfile(io.BytesIO(b"a" * size), 0, MAX_JOINED + 1) == size
        assert b"".join(sock.sends) == HEAD + b"a" * size
        assert len(sock.sends) == (2 if size > MAX_JOINED else 1)
        assert out.missing == MAX_JOINED + 1 - size


def test_a_head_that_no_content_follows_leaves_at_once():
    with Carrier() as sock:
        sock.sends = []
        out = NonblockingWriter(sock, Timeouts(10, 0, 0))
        out.begin_with(HEAD, 5, False, True)
        assert out.sendfile(io.BytesIO(b"aaaaa"), 0, 5) == 0
        assert sock.sends == [HEAD]


# --- to a peer that has gone ---


PATIENCE = Timeouts(10.0, 0, 10.0)


class Gone:
    """A socket whose peer is not there any more."""

    def __init__(self, error: type[OSError]) -> None:
        self.error = error

    def send(self, data, flags=0):
        raise self.error(1, "gone")


@pytest.mark.parametrize("error", [ssl.SSLEOFError, ConnectionResetError])
def test_a_peer_that_has_gone_is_a_connection_error_with_tls_and_without(error):
    with pytest.raises(ConnectionError):
        NonblockingWriter(Gone(error), PATIENCE).write(b"x")


def test_a_peer_that_has_gone_leaves_nothing_for_the_collector():
    """A file that was being sent is closed at once, and not when the collector runs."""
    gc.collect()
    gc.disable()
    try:
        sock = Gone(BrokenPipeError)
        left = weakref.ref(sock)
        with pytest.raises(BrokenPipeError) as raised:
            NonblockingWriter(sock, PATIENCE).write(b"x")
        del raised, sock
        assert left() is None
    finally:
        gc.enable()
