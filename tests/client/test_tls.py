"""TLS of both clients: sessions, pins, certificates from memory, and what a response says of it."""

from __future__ import annotations

import ssl
import threading

import pytest
from cryptography.hazmat.primitives import serialization

from nethttp.client import Client, Proxy
from nethttp.client.testing.network import Read, ScriptedNetwork, Write, inf
from nethttp.errors import CertificateError, TLSError
from nethttp.net.pins import pin_of

from ..flows import peer
from .both import caller
from .flow.certificates import Authority
from .origins import proxy

__all__ = ["caller", "peer"]

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
OTHER_PIN = "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


class Server:
    """A server of HTTPS that notes for each connection whether its session was resumed."""

    def __init__(self, peer, context, answers=10, answer=ANSWER):
        self.context = context
        self.answers = answers
        self.answer = answer
        self.resumed: list[bool | None] = []
        self.certificates: list[bytes | None] = []
        self.url = f"https://localhost:{peer(self.serve).port}/"

    def serve(self, connection):
        try:
            with self.context.wrap_socket(connection, server_side=True) as tls:
                self.resumed.append(tls.session_reused)
                self.certificates.append(tls.getpeercert(binary_form=True))
                for _ in range(self.answers):
                    if not tls.recv(65536):
                        return
                    tls.sendall(self.answer)
        except OSError:
            pass  # the client has refused the certificate


@pytest.fixture(autouse=True)
def servers_outlive_clients(peer):
    """Else each server would wait for what its client still has to say."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def context(authority):
    return authority.server("localhost")


@pytest.fixture
def client(caller, authority):
    """Return a function that makes a client which trusts the authority."""

    def make(**settings):
        given = {"verify": str(authority.path), "resolve": {"localhost": "127.0.0.1"}}
        return caller.client(**{**given, **settings})

    return make


# --- what a response says -------------------------------------------------------------------------


def test_a_response_says_how_its_connection_is_encrypted(caller, client, peer, context):
    context.set_alpn_protocols(["http/1.1"])
    server = Server(peer, context)
    response = caller.call(client().get, server.url)
    said = response.connection
    assert said.address == f"127.0.0.1:{server.url.rpartition(':')[2].rstrip('/')}"
    assert (said.tls.version, said.tls.protocol, said.tls.resumed) == ("TLSv1.3", "http/1.1", False)
    assert said.tls.cipher.startswith("TLS_")
    assert said.tls.pin == pin_of(said.tls.certificate)
    assert "BEGIN CERTIFICATE" in ssl.DER_cert_to_PEM_cert(said.tls.certificate)


def test_without_tls_it_says_the_address(caller, peer):
    def serve(connection):
        connection.recv(1000)
        connection.sendall(ANSWER)

    server = peer(serve)
    client = caller.client()
    response = caller.call(client.get, f"http://127.0.0.1:{server.port}/")
    assert response.connection == (f"127.0.0.1:{server.port}", None)


def test_it_is_said_of_unusual_heads_of_streams_and_by_a_client_with_a_cache(
    caller, client, peer, context
):
    from nethttp.client import MemoryCache

    fields = b"Set-Cookie: a=b\r\nETag: 1\r\nCache-Control: max-age=9\r\nContent-Length"
    server = Server(peer, context, answer=ANSWER.replace(b"Content-Length", fields))
    told = client(cache=MemoryCache())
    assert caller.call(told.get, server.url).connection.tls.version == "TLSv1.3"
    assert caller.call(told.get, server.url).connection is None  # of the cache
    plain = client()
    assert caller.call(plain.get, server.url).connection.tls.version == "TLSv1.3"
    version = caller.stream(plain, lambda it: it.connection.tls.version, "GET", server.url)
    assert version == "TLSv1.3"


def test_through_a_tunnel_it_is_the_proxys_address_and_the_servers_tls(
    caller, client, peer, context
):
    server = Server(peer, context)
    with proxy() as (url, _):
        through = client(proxy=Proxy.of(url.replace("//", "//proxy:secret@")), pins=OTHER_PIN)
        with pytest.raises(CertificateError):
            caller.call(through.get, server.url)
        through = client(proxy=url.replace("//", "//proxy:secret@"))
        said = caller.call(through.get, server.url).connection
        assert f"http://{said.address}" == url
        assert said.tls.certificate


# --- sessions -------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_was_there_before_resumes_its_session(caller, client, peer, context, version):
    context.maximum_version = version
    server = Server(peer, context, answers=1)
    seen = client()
    said = [caller.call(seen.get, server.url).connection.tls for _ in range(3)]
    assert server.resumed == [False, True, True]
    assert [each.resumed for each in said] == [False, True, True]
    assert said[0].certificate == said[2].certificate
    other = client()  # which nobody is to recognise
    caller.call(other.get, server.url)
    assert server.resumed[3:] == [False]


def test_a_session_is_resumed_while_its_connection_is_open(caller, client, peer, context):
    content = bytes(300_000)
    server = Server(peer, context, answer=ANSWER.replace(b": 2", b": 300000")[:-2] + content)
    two = client()
    caller.call(two.get, server.url)

    def use(_):
        return caller.call(two.get, server.url).connection.tls.resumed

    assert caller.stream(two, use, "GET", server.url)
    assert server.resumed == [False, True]


def test_another_port_or_name_has_a_session_of_its_own(caller, client, peer, authority):
    context = authority.server("localhost", "other.test")
    one, two = (Server(peer, context, answers=1) for _ in range(2))
    seen = client(resolve={"localhost": "127.0.0.1", "other.test": "127.0.0.1"})
    for url in (one.url, two.url, one.url.replace("localhost", "other.test")):
        caller.call(seen.get, url)
    assert one.resumed + two.resumed == [False] * 3


def test_a_context_that_verifies_more_than_before_resumes_nothing(caller, client, peer, context):
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    own.check_hostname = False
    own.verify_mode = ssl.CERT_NONE
    server = Server(peer, context, answers=1)
    seen = client(verify=own)
    for _ in range(2):
        caller.call(seen.get, server.url)
    own.verify_mode = ssl.CERT_REQUIRED
    with pytest.raises(CertificateError):
        caller.call(seen.get, server.url)
    assert server.resumed[:2] == [False, True]


def test_a_server_that_has_forgotten_the_session_verifies_anew(caller, client, peer, authority):
    server = Server(peer, authority.server("localhost"), answers=1)
    seen = client()
    caller.call(seen.get, server.url)
    server.context = authority.server("localhost")  # with other keys for its tickets
    caller.call(seen.get, server.url)
    server.context = authority.server("elsewhere.test")
    with pytest.raises(CertificateError, match="another host"):
        caller.call(seen.get, server.url)
    assert server.resumed[:2] == [False, False]


def test_many_threads_resume_sessions(peer, authority, context):
    server = Server(peer, context, answers=1)
    failures = []
    with Client(verify=str(authority.path), resolve={"localhost": "127.0.0.1"}) as client:
        client.get(server.url)

        def work():
            try:
                for _ in range(5):
                    client.get(server.url)
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures
    assert server.resumed.count(True) == 40


# --- pins -----------------------------------------------------------------------------------------


def test_a_pin_is_the_servers_or_the_authoritys(caller, client, peer, context, authority):
    server = Server(peer, context, answers=1)
    pin = caller.call(client().get, server.url).connection.tls.pin
    ours = pin_of(ssl.PEM_cert_to_DER_cert(authority.path.read_text()))
    for pins in (pin, [OTHER_PIN, pin], {"localhost": pin}, {"*": ours}, {"elsewhere": OTHER_PIN}):
        pinned = client(pins=pins)
        for _ in range(2):  # a resumed session has no authorities
            assert caller.call(pinned.get, server.url).text == "hi"
    assert server.resumed[-2:] == [False, True]


def test_another_pin_is_an_error_that_says_what_came(caller, client, peer, context):
    server = Server(peer, context)
    pin = caller.call(client().get, server.url).connection.tls.pin
    pinned = client(pins={"localhost": OTHER_PIN})
    for _ in range(2):
        with pytest.raises(CertificateError) as error:
            caller.call(pinned.get, server.url)
        assert OTHER_PIN in str(error.value)
        assert f"got {pin} or sha256/" in str(error.value) or f" or {pin}" in str(error.value)
        assert error.value.phase == "tls"
        assert pinned.connections() == (0, 0, 0)


def test_without_verification_only_the_servers_own_key_counts(caller, client, peer, authority):
    """Else an attacker would add the pinned authority to its chain."""
    server = Server(peer, authority.server("localhost"))
    pin = caller.call(client().get, server.url).connection.tls.pin
    ours = pin_of(ssl.PEM_cert_to_DER_cert(authority.path.read_text()))
    assert caller.call(client(verify=False, pins=pin).get, server.url).text == "hi"
    with pytest.raises(CertificateError):
        caller.call(client(verify=False, pins=ours).get, server.url)


def test_pins_are_judged_when_the_client_is_made(caller):
    with pytest.raises(ValueError, match="expected a pin"):
        caller.client(pins="sha256/abc")


# --- certificates of the client -------------------------------------------------------------------


@pytest.fixture
def strict(authority):
    """A server's context that requires a certificate."""
    context = authority.server("localhost")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.path)
    return context


@pytest.fixture(scope="module")
def own(authority):
    """The PEM texts of a client's certificate, of its key, and of the key encrypted."""
    issued = authority.ca.issue_cert("client@example.test")
    key = issued.private_key_pem.bytes()
    encrypted = serialization.load_pem_private_key(key, None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    return issued.cert_chain_pems[0].bytes(), key, encrypted


@pytest.mark.parametrize("form", ["bytes", "str", "one text", "password", "key's file"])
def test_a_certificate_from_memory(caller, client, peer, strict, own, form, tmp_path):
    certificate, key, encrypted = own
    (tmp_path / "key.pem").write_bytes(key)
    given = {
        "bytes": (certificate, key),
        "str": (certificate.decode(), key.decode()),
        "one text": certificate + key,
        "password": (certificate, encrypted, "secret"),
        "key's file": (certificate, tmp_path / "key.pem"),
    }[form]
    server = Server(peer, strict)
    assert caller.call(client(cert=given).get, server.url).text == "hi"
    assert server.certificates == [ssl.PEM_cert_to_DER_cert(certificate.decode())]


def test_a_text_that_is_no_certificate_is_an_error_without_it(caller, client, peer, strict, own):
    certificate, key, encrypted = own
    server = Server(peer, strict)
    for given in ((certificate, b"-----BEGIN no key"), key, (certificate, encrypted, "wrong")):
        with pytest.raises(TLSError, match="the PEM text") as error:
            caller.call(client(cert=given).get, server.url)
        assert "PRIVATE" not in str(error.value)
        assert "wrong" not in str(error.value)


def test_a_missing_password_is_not_asked_for(caller, client, peer, strict, own):
    with pytest.raises(ValueError, match="its password"):
        caller.call(client(cert=(own[0], own[2])).get, Server(peer, strict).url)


# --- in time --------------------------------------------------------------------------------------


def test_a_session_is_too_old_after_hours(authority, context):
    """The script's clock says when; the server is asked for a whole handshake again."""
    network = ScriptedNetwork()
    resumed = []

    def serve(link):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        while True:
            incoming.write((yield Read(link, inf)))
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                yield Write(link, outgoing.read(), inf)
        resumed.append(tls.session_reused)
        tls.write(ANSWER.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        yield Write(link, outgoing.read(), inf)
        yield Read(link, inf)

    network.serve("localhost", 443, serve)
    with Client(verify=str(authority.path), network=network, trust_env=False) as client:
        for pause in (0, 3600, 7201):
            network._now += pause
            assert client.get("https://localhost/").text == "hi"
    assert resumed == [False, True, False]
