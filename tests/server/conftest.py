"""A handler that answers as a test needs, and a raw connection to it."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import trustme

from nethttp.server import BaseHTTPRequestHandler
from nethttp.server.files.stored import StoredFile


class Echo(BaseHTTPRequestHandler):
    """Answers every GET with the path, every POST with the content."""

    protocol_version = "HTTP/1.1"

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(self.path.encode())

    do_HEAD = do_GET
    do_OPTIONS = do_GET

    def do_POST(self):
        self.answer(self.rfile.read())

    do_PUT = do_POST

    def log_message(self, format, *args):
        pass


class RawClient:
    """A client's end of a connection, in bytes."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.file = sock.makefile("rb")

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def drip(self, data: bytes) -> None:
        """Send byte by byte; stop when the server has had enough."""
        try:
            for i in range(len(data)):
                self.sock.sendall(data[i : i + 1])
        except (BrokenPipeError, ConnectionResetError):
            pass

    def response(self) -> tuple[int, dict[str, str], bytes]:
        """Return (status, fields, content) of the next response."""
        line = self.file.readline()
        assert line, "the server closed the connection without an answer"
        assert line.startswith(b"HTTP/1."), line
        fields = {}
        while (field := self.file.readline()) not in (b"\r\n", b""):
            name, _, value = field.decode("latin-1").partition(":")
            fields[name.lower()] = value.strip()
        length = fields.get("content-length")
        content = self.file.read(int(length)) if length else b""
        return int(line.split()[1]), fields, content

    def rest(self) -> bytes:
        """Return all that comes until the server closes."""
        try:
            return self.file.read()
        except ConnectionResetError:
            return b""

    def is_closed(self) -> bool:
        return self.rest() == b""


@contextmanager
def connected(address: tuple[str, int]) -> Iterator[RawClient]:
    with socket.create_connection(address, timeout=10) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw = RawClient(sock)
        with raw.file:
            yield raw


@pytest.fixture
def connect():
    """Return `connected`: a context manager that connects to an address."""
    return connected


@pytest.fixture
def echo():
    """Return the handler class `Echo`."""
    return Echo


@pytest.fixture
def raw(serve):
    """Return a connection to a server that echoes."""
    with connected(serve(Echo).address) as raw:
        yield raw


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture(scope="session")
def certificate(authority, tmp_path_factory):
    """Return the paths of a certificate for localhost and of its key."""
    folder = tmp_path_factory.mktemp("tls")
    issued = authority.issue_cert("localhost")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def trusting(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
def stored_file():
    """Return a function that opens a path as a `StoredFile`."""

    def open_path(path) -> StoredFile:
        return StoredFile(str(path), os.open(path, os.O_RDONLY))

    return open_path


@pytest.fixture
def as_a_user(tmp_path):
    """Return a context manager in which this process is one without root's rights.

    `tmp_path` belongs to everyone then.
    """
    if not hasattr(os, "geteuid"):
        pytest.skip("this system has no users")

    @contextmanager
    def user() -> Iterator[None]:
        if os.geteuid() != 0:
            yield
            return
        folder = tmp_path
        while folder.stat().st_uid == 0 and folder.parent != folder:
            if folder.stat().st_mode & 0o7077 == 0:
                folder.chmod(0o755)
            folder = folder.parent
        os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(0)

    return user
