"""The zoo of TLS: each way of failing has its class, and a sentence that says what to do."""

from __future__ import annotations

import pickle
import ssl
import threading
import time
import warnings

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from nethttp.client.flow.dial import Dialler, Route
from nethttp.client.messages.url import Origin
from nethttp.errors import CertificateError, ConnectTimeout, TLSError
from nethttp.net.effects import Exchange, Read, Upload, Write
from nethttp.net.trust import TLSSettings

from .certificates import DAY, NOW, Authority, built, tls_peer


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"))


class Marks:
    dns = tls = 0.0


def soon(seconds: float = 5.0) -> float:
    return time.monotonic() + seconds


def echo(connection):
    while data := connection.recv(65536):
        connection.sendall(data)


def route(server, settings, host="localhost", **given):
    return Route(Origin("https", host, server.port), settings, **given)


def connect(way, use=None, deadline=None):
    """Connect by `way`, let `use` have the link, close it."""
    dialler = Dialler(resolve={way.origin.host: "127.0.0.1"})
    link = yield from dialler.connect(way, deadline or soon(), Marks())
    try:
        return (yield from use(link)) if use is not None else None
    finally:
        link.close()


def hello(link):
    return (yield Exchange(link, b"hello", soon()))


def trusting(authority, **given):
    return TLSSettings(str(authority.path), **given)


def test_bytes_pass_through_tls(runner, peer, authority):
    def use(link):
        answer = yield from hello(link)
        assert not link.can_send_files
        assert not link.is_stale()
        return answer, link.layer.version, link.layer.protocol, link.layer.certificate[:1], link.cut

    context = authority.server("localhost")
    context.set_alpn_protocols(["h2", "http/1.1"])
    server = peer(tls_peer(context, echo))
    result = runner(connect(route(server, trusting(authority)), use))
    assert result == (b"hello", "TLSv1.3", "http/1.1", b"\x30", False)


def test_much_passes_through_tls(runner, peer, authority):
    big = b"0123456789abcdef" * 200_000
    received = bytearray()

    def script(connection):
        while len(received) < 2 * len(big) and (data := connection.recv(65536)):
            received.extend(data)
        connection.sendall(big)
        connection.unwrap()

    def use(link):
        yield Write(link, big, soon())
        assert (yield Upload(link, big, soon())) == len(big)
        answer = bytearray()
        while data := (yield Read(link, soon())):
            answer += data
        assert link.is_stale()
        return answer, link.cut

    server = peer(tls_peer(authority.server("localhost"), script))
    answer, cut = runner(connect(route(server, trusting(authority)), use))
    assert answer == big == received[: len(big)] == received[len(big) :]
    assert not cut


def test_an_end_without_tls_own_is_seen(runner, peer, authority):
    def script(connection):
        connection.sendall(b"half")
        connection.recv(1)

    def use(link):
        yield Write(link, b"x", soon())
        data = yield Read(link, soon())
        assert (yield Read(link, soon())) == b""
        return data, link.cut

    server = peer(tls_peer(authority.server("localhost"), script))
    assert runner(connect(route(server, trusting(authority)), use)) == (b"half", True)


def test_an_upload_stops_when_the_peer_speaks_tls(runner, peer, authority):
    answered = threading.Event()

    def script(connection):
        connection.recv(10)
        connection.sendall(b"413")
        answered.wait(10)

    def use(link):
        yield Write(link, b"x", soon())
        piece = bytes(200_000)
        for _ in range(1000):
            if (yield Upload(link, piece, soon())) < len(piece):
                break
        answer = yield Read(link, soon())
        answered.set()
        return answer

    server = peer(tls_peer(authority.server("localhost"), script))
    assert runner(connect(route(server, trusting(authority)), use)) == b"413"


def test_bytes_that_come_with_the_end_of_the_handshake_are_read(runner, peer, authority):
    """With TLS 1.2 a server that speaks first can send them in the same segment."""
    context = authority.server("localhost")
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    def script(connection):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        while True:
            incoming.write(connection.recv(65536))
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                connection.sendall(outgoing.read())
            else:
                break
        tls.write(b"first")
        connection.sendall(outgoing.read())
        connection.recv(10)

    def use(link):
        return (yield Read(link, soon()))

    way = route(peer(script), trusting(authority))
    assert runner(connect(way, use)) == b"first"


def test_a_server_is_told_why_its_certificate_was_refused(runner, peer, authority):
    context = authority.server("localhost", not_after=NOW - DAY)
    told = []

    def script(connection):
        try:
            context.wrap_socket(connection, server_side=True).close()
        except ssl.SSLError as error:
            told.append(error.reason)

    server = peer(script)
    with pytest.raises(CertificateError):
        runner(connect(route(server, trusting(authority)), hello))
    server.close()
    assert told == ["SSLV3_ALERT_CERTIFICATE_EXPIRED"]


@pytest.mark.parametrize("more", [b"", b"more"])
def test_a_record_that_was_begun_is_sent_whole(runner, peer, authority, more):
    """An upload is interrupted within a record; the rest goes first, before a read or a write."""
    interrupted = threading.Event()
    given = []

    def script(connection):
        connection.recv(1)
        time.sleep(0.05)  # the upload fills the buffers of both systems meanwhile
        connection.sendall(b"go")
        assert interrupted.wait(10)
        left = sum(given) + len(more)
        while left and (data := connection.recv(65536)):
            left -= len(data)
        connection.sendall(b"all")

    def use(link):
        piece = bytes(200_000)
        yield Write(link, b"x", soon())
        while taken := (yield Upload(link, piece, soon())):
            given.append(taken)
        assert (yield Read(link, soon())) == b"go"
        interrupted.set()
        if more:
            yield Write(link, more, soon())
        return (yield Read(link, soon()))

    server = peer(tls_peer(authority.server("localhost"), script))
    assert runner(connect(route(server, trusting(authority)), use)) == b"all"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_certificate_is_shown(runner, peer, authority, version):
    context = authority.server("localhost")
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = version
    authority.ca.configure_trust(context)
    seen = []

    def script(connection):
        seen.append(connection.getpeercert()["subjectAltName"])
        echo(connection)

    server = peer(tls_peer(context, script))
    settings = trusting(authority, cert=authority.client_files())
    assert runner(connect(route(server, settings), hello)) == b"hello"
    assert seen == [(("email", "client@example.test"),)]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_certificate_is_missed(runner, peer, authority, version):
    context = authority.server("localhost")
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = version
    server = peer(tls_peer(context, echo))
    with pytest.raises(TLSError, match=r"pass.* as cert="):
        runner(connect(route(server, trusting(authority)), hello))


def test_a_client_certificate_of_strangers_is_refused(runner, peer, authority, tmp_path):
    context = authority.server("localhost")
    context.verify_mode = ssl.CERT_REQUIRED
    authority.ca.configure_trust(context)
    server = peer(tls_peer(context, echo))
    settings = trusting(authority, cert=Authority(tmp_path).client_files())
    with pytest.raises(
        TLSError, match=r"refuses this client's certificate .*unknown ca.*authority"
    ):
        runner(connect(route(server, settings), hello))


#: Each: name, the server's context made by an authority and in a folder, host, what is said of it.
CASES = [
    ("expired", lambda a, _: a.server("localhost", not_after=NOW - DAY), "localhost",
     "certificate has expired .*must renew it"),
    ("not yet valid", lambda a, _: a.server("localhost", not_before=NOW + DAY), "localhost",
     "is not valid yet .*clock"),
    ("wrong host", lambda a, _: a.server("other.test"), "localhost",
     "is for another host .*localhost.*must add this name"),
    ("self-signed", lambda _, folder: built(folder), "localhost",
     "signed by itself.*pass its file"),
    ("unknown authority", lambda _, folder: Authority(folder).server("localhost"), "localhost",
     "does not (know|trust) .*verify="),
    ("missing intermediate", lambda a, folder: without_intermediate(a, folder), "localhost",
     "must send its intermediates"),
    ("common name alone", lambda a, folder: built(folder, a, names=[], common_name="localhost"),
     "localhost", "is for another host"),
    ("address not in it", lambda a, _: a.server("localhost"), "127.0.0.1",
     "is for another address .*use the host's name"),
    ("wildcard too deep", lambda a, _: a.server("*.example.test"), "a.b.example.test",
     "is for another host"),
    ("weak key", lambda a, folder: built(folder, a, bits=1024), "localhost",
     "key that is too weak"),
    ("client's purpose",
     lambda a, folder: built(folder, a, purpose=ExtendedKeyUsageOID.CLIENT_AUTH), "localhost",
     "is not one for servers"),
]  # fmt: skip


def without_intermediate(authority, folder):
    child = authority.ca.create_child_ca()
    leaf = child.issue_cert("localhost")
    path = folder / "leaf.pem"
    path.write_bytes(leaf.private_key_pem.bytes() + leaf.cert_chain_pems[0].bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.mark.parametrize(
    ("make", "host", "says"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_a_certificate_that_is_not_valid(runner, peer, authority, tmp_path, make, host, says):
    server = peer(tls_peer(make(authority, tmp_path), echo))
    with pytest.raises(CertificateError, match=says) as raised:
        runner(connect(route(server, trusting(authority), host), hello))
    assert str(raised.value).startswith(f"'{host}''s certificate ")
    assert raised.value.phase == "tls"
    assert isinstance(raised.value.__cause__, ssl.SSLCertVerificationError)
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)


@pytest.mark.parametrize(
    ("names", "host"),
    [
        (["localhost"], "localhost"),
        (["localhost"], "localhost."),
        (["127.0.0.1"], "127.0.0.1"),
        (["*.example.test"], "a.example.test"),
    ],
)
def test_a_certificate_that_is_valid(runner, peer, authority, names, host):
    asked = []
    context = authority.server(*names)
    context.sni_callback = lambda _sock, name, _context: asked.append(name)
    server = peer(tls_peer(context, echo))
    assert runner(connect(route(server, trusting(authority), host), hello)) == b"hello"
    assert asked == [None if host[0].isdigit() else host.rstrip(".")]


def test_nothing_is_verified_if_the_program_says_so(runner, peer, tmp_path):
    server = peer(tls_peer(built(tmp_path, names=["other.test"]), echo))
    assert runner(connect(route(server, TLSSettings(False)), hello)) == b"hello"


def test_the_name_for_tls_can_be_another_than_the_host(runner, peer, authority):
    server = peer(tls_peer(authority.server("inside.test"), echo))
    way = route(server, trusting(authority), "127.0.0.1", server_hostname="inside.test")
    assert runner(connect(way, hello)) == b"hello"


@pytest.mark.parametrize(
    ("alert", "says"),
    [
        (40, "no cipher, key or certificate that both sides accept.*pass it as cert="),
        (70, "no version of TLS from 1.2 on.*its administrator must"),
        (71, "found this client's ciphers too weak"),
        (80, "could not agree on TLS .*internal error.*server's log"),
        (112, "does not serve a host of this name.*server_hostname"),
        (120, "does not offer HTTP/1.1 over TLS"),
    ],
)
def test_an_alert_of_the_server(runner, peer, authority, alert, says):
    def script(connection):
        connection.recv(65536)
        connection.sendall(bytes([21, 3, 3, 0, 2, 2, alert]))
        connection.recv(10)

    with pytest.raises(TLSError, match=says):
        runner(connect(route(peer(script), trusting(authority)), hello))


def test_a_server_that_speaks_old_tls_alone(runner, peer, authority):
    context = authority.server("localhost")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.raises(TLSError, match=r"no version of TLS from 1.2 on.*must turn on TLS 1.3"):
        runner(connect(route(peer(tls_peer(context, echo)), trusting(authority)), hello))


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"220 mail.test ESMTP\r\n", b"\0" * 50]
)
def test_a_server_that_does_not_speak_tls(runner, peer, authority, answer):
    def script(connection):
        connection.recv(65536)
        connection.sendall(answer)
        connection.recv(10)

    with pytest.raises(TLSError, match=r"does not speak TLS at this port .*http://"):
        runner(connect(route(peer(script), trusting(authority)), hello))


def test_a_server_that_ends_the_connection_within_the_handshake(runner, peer, authority):
    with pytest.raises(TLSError, match=r"ended the connection within the TLS handshake; look"):
        runner(connect(route(peer(lambda c: c.recv(65536)), trusting(authority)), hello))


def test_a_server_that_stalls_within_the_handshake(runner, peer, authority):
    started = time.monotonic()
    server = peer(lambda connection: connection.recv(65536) and connection.recv(10))
    with pytest.raises(ConnectTimeout, match=r"TLS handshake with 'localhost' to end in time"):
        way = route(server, trusting(authority))
        runner(connect(way, hello, deadline=time.monotonic() + 0.1))
    assert time.monotonic() - started < 2


def test_a_program_whose_context_offers_http2_is_told(runner, peer, authority):
    context = authority.server("localhost")
    context.set_alpn_protocols(["h2"])
    own = ssl.create_default_context(cafile=authority.path)
    own.set_alpn_protocols(["h2", "http/1.1"])
    with pytest.raises(TLSError, match=r"expected 'localhost' to choose http/1.1 .* got 'h2'"):
        runner(connect(route(peer(tls_peer(context, echo)), TLSSettings(own)), hello))


def test_files_that_have_no_certificates_are_named(runner, peer, tmp_path):
    (tmp_path / "empty.pem").write_text("")
    server = peer(echo)
    for name in ("empty.pem", "missing.pem"):
        with pytest.raises(TLSError, match=f"expected PEM certificates as verify=.*{name}"):
            runner(connect(route(server, TLSSettings(str(tmp_path / name))), hello))
