"""What leaves for a peer that has gone."""

from __future__ import annotations

import gc
import ssl
import weakref

import pytest

from nethttp.server.writer import send_all


class Gone:
    """A socket whose peer is not there any more."""

    def __init__(self, error: type[OSError]) -> None:
        self.error = error

    def send(self, data):
        raise self.error(1, "gone")


@pytest.mark.parametrize("error", [ssl.SSLEOFError, ConnectionResetError])
def test_a_peer_that_has_gone_is_a_connection_error_with_tls_and_without(error):
    with pytest.raises(ConnectionError):
        send_all(Gone(error), b"x", None)


def test_a_peer_that_has_gone_leaves_nothing_for_the_collector():
    """A file that was being sent is closed at once, and not when the collector runs."""
    gc.collect()
    gc.disable()
    try:
        sock = Gone(BrokenPipeError)
        left = weakref.ref(sock)
        with pytest.raises(BrokenPipeError) as raised:
            send_all(sock, b"x", None)
        del raised, sock
        assert left() is None
    finally:
        gc.enable()
