"""TLS contexts: each connection's is its own, and what programs replace is obeyed."""

from __future__ import annotations

import gc
import ssl
import weakref

import pytest
import trustme

import nethttp.client
from nethttp.client import HTTPSConnection
from nethttp.net import tls
from nethttp.server import BaseHTTPRequestHandler, ThreadingHTTPSServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"hi")

    def log_message(self, format, *args):
        pass


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def port(authority, serve, tmp_path):
    """Return the port of a server whose certificate nobody trusts."""
    pem = tmp_path / "pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(pem)
    return serve(Handler, ThreadingHTTPSServer, certfile=pem).port


@pytest.fixture
def trusted(authority, monkeypatch, tmp_path):
    """Have the system's trust be the server's authority."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return tmp_path / "ca.pem"


def fetch(connection):
    with connection:
        connection.request("GET", "/")
        return connection.getresponse().read()


@pytest.fixture
def connections():
    """Return a function that makes connections, and close them at the end."""
    made = []

    def connect(port: int, host: str = "localhost", **options) -> HTTPSConnection:
        made.append(HTTPSConnection(host, port, timeout=20, **options))
        return made[-1]

    yield connect
    for connection in made:
        connection.close()


def verification_off(context):
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE


def test_a_context_is_verified_and_is_the_connections_own():
    first, second = HTTPSConnection("a"), HTTPSConnection("b")
    context = first._context
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context is first._context is not second._context
    first._context = mine = ssl.create_default_context()
    assert first._context is mine


@pytest.mark.parametrize("sock", [False, True], ids=["of-the-connection", "of-its-socket"])
@pytest.mark.parametrize(
    "change",
    [
        verification_off,
        lambda context: context.load_verify_locations(
            cadata=trustme.CA().cert_pem.bytes().decode()
        ),
        lambda context: setattr(context, "maximum_version", ssl.TLSVersion.TLSv1_2),
        lambda context: setattr(context, "options", context.options | ssl.OP_NO_TICKET),
        lambda context: context.set_alpn_protocols(["h2"]),
        lambda context: context.set_ciphers("AES256"),
    ],
    ids=["verification", "authority", "version", "options", "alpn", "ciphers"],
)
def test_a_changed_context_changes_no_other_connection(port, trusted, connections, sock, change):
    def state(connection):
        connection.connect()
        made = connection.sock
        return (
            made.version(),
            made.cipher(),
            made.selected_alpn_protocol(),
            made.context.options,
            made.context.verify_mode,
            made.context.check_hostname,
            made.context.cert_store_stats(),
        )

    wanted = state(connections(port))
    changed = connections(port)
    if sock:
        changed.connect()
        assert changed.sock.context is changed._context
        change(changed.sock.context)
    else:
        change(changed._context)
    assert state(connections(port)) == wanted


@pytest.mark.parametrize("sock", [False, True], ids=["of-the-connection", "of-its-socket"])
def test_verification_switched_off_for_one_is_on_for_the_next(port, trusted, connections, sock):
    lax = connections(port)
    if sock:
        lax.connect()
        verification_off(lax.sock.context)
    else:
        verification_off(lax._context)
    lax.close()
    trusted.write_bytes(trustme.CA().cert_pem.bytes())
    # The connection that it was done on is not asked for a certificate that is trusted; others are.
    assert fetch(lax) == b"hi"
    with pytest.raises(ssl.SSLCertVerificationError):
        connections(port).connect()


def test_the_certificate_and_the_name_are_checked(port, connections, monkeypatch, trusted):
    assert fetch(connections(port)) == b"hi"
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        connections(port, "127.0.0.1").connect()
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(ssl.SSLCertVerificationError):
        connections(port).connect()


def test_connections_whose_context_nobody_looks_at_load_the_trust_once(
    port, trusted, connections, monkeypatch
):
    made = []
    new = tls.new_client_context
    monkeypatch.setattr(tls, "new_client_context", lambda: made.append(None) or new())
    for _ in range(3):
        assert fetch(connections(port)) == b"hi"
    assert len(made) == 1


def test_a_connection_and_its_socket_are_no_circle(port, trusted):
    connection = HTTPSConnection("localhost", port, timeout=20)
    connection.connect()
    sock, gone = connection.sock, weakref.ref(connection)
    gc.disable()
    try:
        del connection
        assert gone() is None
    finally:
        gc.enable()
    assert sock.context.verify_mode is ssl.CERT_REQUIRED
    assert sock.context is sock.context
    assert repr(sock).startswith("<ssl.SSLSocket fd=")
    sock.close()


def test_the_function_that_makes_every_default_context_may_be_replaced(
    port, connections, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(ssl, "_create_default_https_context", ssl._create_unverified_context)
        before = connections(port)
        assert before._context.verify_mode is ssl.CERT_NONE
        assert fetch(connections(port)) == b"hi"
    # A connection keeps what was in force when it was made; the next one has the system's trust.
    assert fetch(before) == b"hi"
    with pytest.raises(ssl.SSLCertVerificationError):
        connections(port).connect()


def test_what_a_program_makes_keeps_its_versions_of_tls(monkeypatch):
    def make():
        context = ssl.create_default_context()
        with pytest.warns(DeprecationWarning, match="TLSv1"):
            context.minimum_version = ssl.TLSVersion.TLSv1
        return context

    monkeypatch.setattr(ssl, "_create_default_https_context", make)
    assert HTTPSConnection("a")._context.minimum_version is ssl.TLSVersion.TLSv1


def test_the_clients_own_function_may_be_replaced(port, connections, monkeypatch):
    asked = []

    def make(http_version):
        asked.append(http_version)
        return ssl._create_unverified_context()

    monkeypatch.setattr(nethttp.client, "_create_https_context", make)
    assert fetch(connections(port)) == b"hi"
    assert asked == [11]


def test_the_clients_ssl_may_be_replaced(port, connections, monkeypatch):
    class Module:
        _create_default_https_context = staticmethod(ssl._create_unverified_context)

    monkeypatch.setattr(nethttp.client, "ssl", Module)
    assert fetch(connections(port)) == b"hi"


def test_a_method_put_into_the_ssl_module_never_receives_the_shared_context(
    port, trusted, connections, monkeypatch
):
    seen = []

    wrap = ssl.SSLContext.wrap_socket

    def wrap_socket(self, *arguments, **options):
        if not options.get("server_side"):
            seen.append(self)
            verification_off(self)
        return wrap(self, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(ssl.SSLContext, "wrap_socket", wrap_socket)
        assert fetch(connections(port)) == b"hi"
    assert len(seen) == 1
    trusted.write_bytes(trustme.CA().cert_pem.bytes())
    with pytest.raises(ssl.SSLCertVerificationError):
        connections(port).connect()


def test_a_class_put_into_the_ssl_module_is_used(monkeypatch):
    class Context:
        """As truststore's and gevent's, which derive from none of the ssl module."""

        def wrap_socket(self, sock, server_hostname):
            return sock, server_hostname

    monkeypatch.setattr(ssl, "SSLContext", Context)
    assert tls.wrap_client_socket("sock", "name", Context) == ("sock", "name")


def test_a_subclass_may_make_its_context_itself(port, trusted, connections, authority):
    class Own(HTTPSConnection):
        @property
        def _context(self):
            return self.chosen

        @_context.setter
        def _context(self, context):
            verification_off(context)
            self.chosen = context

    assert Own("localhost", port)._context.verify_mode is ssl.CERT_NONE

    class WithoutInit(HTTPSConnection):
        def __init__(self, port):
            nethttp.client.HTTPConnection.__init__(self, "localhost", port, timeout=20)

    assert fetch(WithoutInit(port)) == b"hi"
