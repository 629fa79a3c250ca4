"""Peers of clients: a script behind a connection, and servers of several origins."""

from __future__ import annotations

import io

import pytest

from nethttp.client import HTTPConnection, HTTPResponse

from .flow.certificates import Authority
from .origins import origins


class ScriptedSocket:
    """A socket that remembers each send, and answers with what it was given."""

    def __init__(self, answer: bytes) -> None:
        self.file = io.BufferedReader(io.BytesIO(answer))
        self.sends: list[bytes] = []
        self.closed = False

    @property
    def sent(self) -> bytes:
        return b"".join(self.sends)

    def sendall(self, data) -> None:
        self.sends.append(bytes(data))

    def makefile(self, mode: str):
        # One file for all responses, as one buffer would be.
        return _Unclosed(self.file)

    def close(self) -> None:
        self.closed = True


class _Unclosed:
    def __init__(self, file) -> None:
        self._file = file

    def __getattr__(self, name):
        return getattr(self._file, name)

    def close(self) -> None:
        pass


@pytest.fixture
def scripted():
    """Return a function that gives a connection whose peer will answer with some bytes."""

    def make(answer: bytes = b"", **options) -> HTTPConnection:
        connection = HTTPConnection("example.com", **options)
        connection.sock = ScriptedSocket(answer)
        return connection

    return make


@pytest.fixture
def response_to():
    """Return a function that gives the begun response that some bytes are."""

    def make(data: bytes, method: str = "GET", **options) -> HTTPResponse:
        response = HTTPResponse(ScriptedSocket(data), method=method)
        response.begin(**options)
        return response

    return make


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """An authority of certificates, which a client trusts by the file `path`."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def peers(authority):
    """Servers of four origins, which do what a request's path says: see `origins`."""
    certificate = authority.folder / "localhost.pem"
    authority.ca.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(certificate)
    with origins(str(certificate)) as servers:
        yield servers
