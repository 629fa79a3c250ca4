"""A client's TLS with OpenSSL's own server, which does what no other server does when asked."""

from __future__ import annotations

import socket
import subprocess
import time

import pytest

from nethttp.client.flow.dial import Dialler, Route
from nethttp.client.messages.url import Origin
from nethttp.errors import TLSError
from nethttp.net.effects import Read, Write
from nethttp.net.trust import TLSSettings

from ..client.flow.certificates import Authority
from ..flows import runner

__all__ = ["runner"]


class Marks:
    dns = tls = 0.0


@pytest.fixture
def started(program, tmp_path, eventually):
    """Return a function that starts ``openssl s_server``, and returns its process and a route."""
    authority = Authority(tmp_path)
    pem = tmp_path / "server.pem"
    issued = authority.ca.issue_cert("localhost")
    pem.write_bytes(issued.private_key_and_cert_chain_pem.bytes())
    running = []

    def start(*options):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        process = subprocess.Popen(
            [
                program("openssl"),
                "s_server",
                "-accept",
                f"127.0.0.1:{port}",
                "-cert",
                pem,
                *options,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        running.append(process)
        shown(process, b"ACCEPT")
        origin = Origin("https", "localhost", port)
        return process, Route(origin, TLSSettings(str(authority.path)))

    yield start
    for process in running:
        process.kill()
        process.communicate()


def say(process, line):
    process.stdin.write(line)
    process.stdin.flush()


def shown(process, text):
    """Wait until the server has printed `text`; what it has printed before counts no more."""
    seen = b""
    while text not in seen:
        more = process.stdout.read1()
        assert more, f"expected {text!r}, got {seen!r}"
        seen += more


def connected(route, use):
    deadline = time.monotonic() + 10
    link = yield from Dialler().connect(route, deadline, Marks())
    try:
        return (yield from use(link, deadline))
    finally:
        link.close()


def test_a_server_that_negotiates_again_is_refused(runner, started):
    process, route = started("-tls1_2")

    def use(link, deadline):
        yield Write(link, b"hi\n", deadline)
        shown(process, b"hi")
        say(process, b"R\n")
        with pytest.raises(TLSError, match=r"broke TLS off .* must turn on TLS 1\.3"):
            yield Read(link, deadline)

    runner(connected(route, use))


@pytest.mark.parametrize("command", [b"k\n", b"K\n"])
def test_new_keys_are_taken_in(runner, started, command):
    """RFC 8446 section 4.6.3: the server's, and with an answer of the client's own."""
    process, route = started("-tls1_3")

    def use(link, deadline):
        yield Write(link, b"hi\n", deadline)
        shown(process, b"hi")
        say(process, command)
        yield Write(link, b"x\n", deadline)
        shown(process, b"x")  # it reads commands first, so it has obeyed
        say(process, b"again\n")
        received = yield Read(link, deadline)
        assert not link.is_stale()
        yield Write(link, b"bye\n", deadline)
        shown(process, b"bye")
        return received

    assert runner(connected(route, use)) == b"again\n"
