"""Clients of every kind, good and bad, as the soak has them: small pieces of traffic.

A well-behaved piece checks every response and raises `Wrong` for a wrong one; the stdlib's client
reads the responses, so nethttp does not check itself. A bad piece (aborts, garbage, half heads,
peers that do not read) checks, where it can, that the server closes its connection.
"""

from __future__ import annotations

import hashlib
import http.client
import random
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from .soaked import content

__all__ = ["BAD", "GOOD", "WAITING", "Deadlines", "Peer", "Wrong", "closing"]

SIZES = (0, 1, 13, 1000, 20_000)
"""Of small content."""

LARGE = (100_000, 2_000_000, 8_000_000)

WAIT = 30.0
"""Seconds after which a client that was not answered says so."""


class Wrong(Exception):
    """A well-behaved request was not answered as it should have been."""


class Deadlines(NamedTuple):
    """The deadlines that the server was started with, in seconds."""

    head: float = 3.0
    idle: float = 20.0
    body: float = 5.0


class Peer(NamedTuple):
    """A server under test; `uploads` says whether it takes content."""

    name: str
    address: tuple[str, int]
    context: ssl.SSLContext | None
    uploads: bool

    def plain(self) -> socket.socket:
        """Return a connection on which nothing was sent yet, not even a TLS handshake."""
        return socket.create_connection(self.address, timeout=WAIT)

    def connect(self) -> socket.socket:
        """Return a connection for raw bytes."""
        sock = self.plain()
        return self.context.wrap_socket(sock) if self.context else sock

    def client(self) -> http.client.HTTPConnection:
        """Return the standard library's client for this server."""
        host, port = self.address
        if self.context:
            return http.client.HTTPSConnection(host, port, timeout=WAIT, context=self.context)
        return http.client.HTTPConnection(host, port, timeout=WAIT)


def _reset(sock: socket.socket) -> None:
    """Close a connection with a reset, as the system does for a killed program."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def _check(client: http.client.HTTPConnection, expected: bytes, what: str) -> None:
    """Read a response and compare its content."""
    with client.getresponse() as response:
        got = response.read()
    if response.status != 200 or got != expected:
        raise Wrong(f"{what}: status {response.status}, {len(got)} bytes of {len(expected)}")


def _get(client: http.client.HTTPConnection, size: int, **fields: str) -> None:
    client.request("GET", f"/bytes/{size}", headers=fields)
    _check(client, content(size), f"GET of {size} bytes")


# --- well-behaved ---


def small(peer: Peer, chance: random.Random) -> int:
    """Small responses on a connection that is kept."""
    client = peer.client()
    for _ in range(20):
        _get(client, chance.choice(SIZES))
    client.close()
    return 20


def closing(peer: Peer, chance: random.Random) -> int:
    """One response on a connection that is closed then."""
    client = peer.client()
    _get(client, chance.choice(SIZES), Connection="close")
    client.close()
    return 1


def large(peer: Peer, chance: random.Random) -> int:
    """Large responses, the largest seldom."""
    client = peer.client()
    _get(client, chance.choices(LARGE, (8, 3, 1))[0])
    _get(client, 1000)
    client.close()
    return 2


def pipelined(peer: Peer, chance: random.Random) -> int:
    """Several requests in one piece; the responses come in their order."""
    sizes = [chance.choice(SIZES) for _ in range(8)]
    heads = [f"GET /bytes/{size} HTTP/1.1\r\nHost: a\r\n" for size in sizes]
    heads[-1] += "Connection: close\r\n"
    with peer.connect() as sock, sock.makefile("rb") as file:
        sock.sendall("".join(head + "\r\n" for head in heads).encode())
        for size in sizes:
            status = file.readline()
            length = -1
            while (line := file.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if not status.startswith(b"HTTP/1.1 200") or file.read(size) != content(size):
                raise Wrong(f"pipelined GET of {size} bytes: {status!r}, length {length}")
    return len(sizes)


def in_pieces(peer: Peer, chance: random.Random) -> int:
    """A head that arrives in pieces, slowly but in time."""
    data = b"GET /bytes/1000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    cuts = sorted(chance.sample(range(1, len(data)), 3))
    with peer.connect() as sock, sock.makefile("rb") as file:
        for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
            sock.sendall(data[begin:end])
            time.sleep(0.02)  # so that the pieces arrive as pieces
        answer = file.read()
    if not answer.endswith(content(1000)):
        raise Wrong(f"GET in pieces: {answer[:80]!r}")
    return 1


def slow_reader(peer: Peer, _chance: random.Random) -> int:
    """A large response that is read slowly, and whole."""
    size = 2_000_000
    client = peer.client()
    client.request("GET", f"/bytes/{size}")
    with client.getresponse() as response:
        got = bytearray()
        while piece := response.read(100_000):
            got += piece
            time.sleep(0.05)  # the slow reader
    client.close()
    if got != content(size):
        raise Wrong(f"GET of {size} bytes, read slowly: {len(got)} came")
    return 1


def _uploaded(peer: Peer, size: int, pieces: Callable[[bytes], bytes | Iterator[bytes]]) -> None:
    """POST content, whole with its length or in pieces as chunks, and check the digest."""
    data = content(size)
    body = pieces(data)
    client = peer.client()
    client.request("POST", "/", body, encode_chunked=not isinstance(body, bytes))
    _check(client, hashlib.sha256(data).hexdigest().encode(), f"POST of {size} bytes")
    _get(client, 13)
    client.close()


def upload(peer: Peer, chance: random.Random) -> int:
    """Content with its length: some is collected by the loop, some read by the handler."""
    if not peer.uploads:
        return 0
    _uploaded(peer, chance.choice((0, 500, 60_000, 300_000, 3_000_000)), lambda data: data)
    return 2


def chunked(peer: Peer, chance: random.Random) -> int:
    """Content in chunks."""
    if not peer.uploads:
        return 0
    step = chance.choice((100, 5_000, 70_000))

    def pieces(data: bytes) -> Iterator[bytes]:
        return (data[at : at + step] for at in range(0, len(data), step))

    _uploaded(peer, chance.choice((500, 60_000, 300_000)), pieces)
    return 2


def blocking(peer: Peer, _chance: random.Random) -> int:
    """A handler that sleeps."""
    if not peer.uploads:
        return 0
    client = peer.client()
    client.request("GET", "/slow")
    _check(client, b"slow", "GET of what is slow")
    client.close()
    return 1


# --- not well-behaved ---


def _sent(peer: Peer, data: bytes) -> socket.socket:
    """Return a connection on which some bytes were sent."""
    sock = peer.connect()
    sock.sendall(data)
    return sock


def abort_head(peer: Peer, _chance: random.Random) -> int:
    """Half a head, then a reset."""
    _reset(_sent(peer, b"GET / HTTP/1.1\r\nHo"))
    return 0


def abort_upload(peer: Peer, chance: random.Random) -> int:
    """Some of the content, then a reset or an end."""
    size = chance.choice((1000, 1_000_000))
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size
    sock = _sent(peer, head + content(size // 2))
    if chance.random() < 0.5:
        _reset(sock)
    else:
        sock.close()
    return 0


def abort_chunks(peer: Peer, _chance: random.Random) -> int:
    """A chunk that is shorter than it says, then a reset."""
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    _reset(_sent(peer, head + b"1000\r\nabc"))
    return 0


def abort_response(peer: Peer, _chance: random.Random) -> int:
    """The beginning of a large response, then a reset."""
    sock = _sent(peer, b"GET /bytes/8000000 HTTP/1.1\r\nHost: a\r\n\r\n")
    sock.recv(10_000)
    _reset(sock)
    return 0


GARBAGE = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"GET  /  HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\nA : b\r\nHost: a\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"\r\n\r\n\r\n\r\n",
)


def garbage(peer: Peer, chance: random.Random) -> int:
    """Invalid requests: the server refuses them, or closes the connection."""
    data = chance.choice((*GARBAGE, chance.randbytes(200)))
    open_plainly = chance.random() < 0.3
    with peer.plain() if open_plainly else peer.connect() as sock:
        try:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            answer = sock.recv(100)
        except OSError:
            return 0
    if answer.startswith(b"HTTP/1.1 200"):
        raise Wrong(f"garbage was answered {answer!r}")
    return 0


# --- those that wait ---


def half_heads(peer: Peer, deadlines: Deadlines) -> None:
    """Half a head, and then nothing: answered 408 and cut at the deadline."""
    sockets = [peer.connect() for _ in range(10)]
    began = time.monotonic()
    for sock in sockets:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: ")
    for sock in sockets:
        with sock:
            answer = sock.recv(100)
        took = time.monotonic() - began
        if b" 408 " not in answer or not deadlines.head - 0.5 <= took <= deadlines.head + 3:
            raise Wrong(f"half a head was answered {answer!r} after {took:.1f} s")


def idle(peer: Peer, deadlines: Deadlines) -> None:
    """Connections that are silent for long between two requests, but not too long."""
    clients = [peer.client() for _ in range(30)]
    for client in clients:
        _get(client, 13)
    time.sleep(deadlines.idle / 2)
    for client in clients:
        _get(client, 1000)
        client.close()


def forgotten(peer: Peer, deadlines: Deadlines) -> None:
    """Connections that are silent for too long are closed."""
    clients = [peer.client() for _ in range(10)]
    for client in clients:
        _get(client, 13)
    began = time.monotonic()
    for client in clients:
        assert client.sock is not None
        client.sock.settimeout(deadlines.idle + 5)
        if client.sock.recv(1):
            raise Wrong("an idle connection was sent something")
        client.close()
    if time.monotonic() - began < deadlines.idle - 1:
        raise Wrong("an idle connection was closed before its time")


def deaf(peer: Peer, deadlines: Deadlines) -> None:
    """Large responses that the client does not read: the server gives up."""
    sockets = [peer.connect() for _ in range(3)]
    for sock in sockets:
        sock.sendall(b"GET /bytes/8000000 HTTP/1.1\r\nHost: a\r\n\r\n")
    time.sleep(deadlines.body + 3)
    for sock in sockets:
        with sock:
            got = 0
            try:
                while piece := sock.recv(1 << 20):
                    got += len(piece)
            except OSError:
                pass
        if got >= 8_000_000:
            raise Wrong("a response was sent whole to a peer that did not read in time")


GOOD: dict[Callable[[Peer, random.Random], int], int] = {
    small: 8,
    closing: 6,
    large: 2,
    pipelined: 4,
    in_pieces: 3,
    slow_reader: 1,
    upload: 4,
    chunked: 4,
    blocking: 2,
}
"""Well-behaved clients and how often each comes; they return the requests that were answered."""

BAD: dict[Callable[[Peer, random.Random], int], int] = {
    abort_head: 2,
    abort_upload: 3,
    abort_chunks: 2,
    abort_response: 3,
    garbage: 5,
}

WAITING: tuple[Callable[[Peer, Deadlines], None], ...] = (half_heads, idle, forgotten, deaf)
"""Those that take their time; each has a thread of its own."""
