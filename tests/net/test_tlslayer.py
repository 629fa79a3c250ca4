"""TLS without a socket: what only the layer itself shows. The rest is in `test_handshake`."""

from __future__ import annotations

import ssl
import threading
import time

import pytest
import trustme

from nethttp.errors import TLSError
from nethttp.net.tlslayer import TLSLayer


@pytest.fixture(scope="module")
def contexts():
    """Return a server's and a client's context that trust each other."""
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(client)
    return server, client


class Server:
    """The other side, in memory."""

    def __init__(self, context):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)

    def greet(self, layer):
        """Shake hands with a layer."""
        received = b""
        while not layer.established:
            answer = layer.handshake(received)
            self.incoming.write(answer)
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                pass
            received = self.outgoing.read()
        if received:  # of TLS 1.3: tickets
            layer.receive(received)


def test_bytes_arrive_one_by_one(contexts):
    server, layer = Server(contexts[0]), TLSLayer(contexts[1], "localhost")
    server.greet(layer)
    server.tls.write(b"hello")
    plain = b"".join(layer.receive(bytes([byte])) for byte in server.outgoing.read())
    assert plain == b"hello"
    server.incoming.write(layer.send(b"bye"))
    assert server.tls.read(10) == b"bye"
    assert layer.send(b"") == layer.output() == b""


def test_the_end_of_a_layer(contexts):
    for farewell in (True, False):
        server, layer = Server(contexts[0]), TLSLayer(contexts[1], "localhost")
        server.greet(layer)
        server.tls.write(b"last")
        if farewell:
            with pytest.raises(ssl.SSLWantReadError):
                server.tls.unwrap()
        assert layer.receive(server.outgoing.read()) == b"last"
        assert layer.ended is farewell
        assert layer.receive(b"") == b""
        assert (layer.ended, layer.cut) == (True, not farewell)


def test_a_farewell_is_tls_own(contexts):
    server, layer = Server(contexts[0]), TLSLayer(contexts[1], "localhost")
    server.greet(layer)
    server.incoming.write(layer.farewell())
    assert server.tls.read(10) == b""  # close_notify


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("end", ["close_notify", "none", "within a record", "unread", "by us"])
def test_a_session_is_resumed_after_any_end(contexts, version, end):
    """And again after the resumed connection, whose session is another one with TLS 1.3."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = version
    kept, resumed = [], []
    for _ in range(3):
        server = Server(contexts[0])
        layer = TLSLayer(context, "localhost", session=kept[-1] if kept else None)
        layer.at_end = kept.append
        server.greet(layer)
        resumed.append(layer.resumed)
        server.tls.write(b"hello")
        if end == "close_notify":
            with pytest.raises(ssl.SSLWantReadError):
                server.tls.unwrap()
        received = server.outgoing.read()
        if end == "within a record":
            received = received[:-1]
        if end != "unread":
            layer.receive(received)
        if end in ("close_notify", "none", "within a record"):
            assert layer.receive(b"") == layer.receive(b"") == b""
            assert layer.cut is (end != "close_notify")
        layer.farewell()
        del layer, server
    assert resumed == [False, True, True]


def test_a_damaged_record_is_an_error(contexts):
    server, layer = Server(contexts[0]), TLSLayer(contexts[1], "localhost")
    server.greet(layer)
    server.tls.write(b"hello")
    record = bytearray(server.outgoing.read())
    record[-1] ^= 1
    with pytest.raises(TLSError, match="'localhost' sent a TLS record that is damaged"):
        layer.receive(bytes(record))
    assert layer.ended


def test_a_context_of_the_system_is_used_by_one_thread_at_a_time(contexts):
    """truststore relaxes the context while it makes an object, and reads it while it verifies."""
    overlaps = []
    busy = threading.Lock()

    class Context:
        __module__ = "truststore._api"

        def wrap_bio(self, incoming, outgoing, server_hostname):
            with alone():
                made = contexts[1].wrap_bio(incoming, outgoing, server_hostname=server_hostname)
            handshake = made.do_handshake

            class Watched:
                def do_handshake(self):
                    with alone():
                        handshake()

            return Watched()

    class alone:
        def __enter__(self):
            if not busy.acquire(blocking=False):
                overlaps.append(1)
                busy.acquire()
            time.sleep(0.0005)  # so that threads do meet

        def __exit__(self, *_):
            busy.release()

    def shake_hands():
        for _ in range(5):
            layer = TLSLayer(Context(), "localhost")
            server = Server(contexts[0])
            server.incoming.write(layer.handshake(b""))

    threads = [threading.Thread(target=shake_hands) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert overlaps == []


def test_a_shared_context_verifies_for_64_threads(contexts):
    """Half of them ask for another name, and every one of these is refused."""
    refused = []
    accepted = []

    def shake_hands(name):
        for _ in range(3):
            layer = TLSLayer(contexts[1], name)
            try:
                Server(contexts[0]).greet(layer)
            except TLSError:
                refused.append(name)
            else:
                accepted.append(name)

    names = ["localhost", "other.test"] * 32
    threads = [threading.Thread(target=shake_hands, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert accepted == ["localhost"] * 96
    assert refused == ["other.test"] * 96
