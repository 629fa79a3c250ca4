"""``python -m benchmarks.drippers PORT COUNT``: clients that send a byte of a head a second.

All connect first, and begin when a line comes on standard input. For each the time from its first
byte to its answer, and to the end of its connection, is taken. One process and one thread, so that
what it costs takes little from who else is measured. Prints JSON.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from typing import NamedTuple

BEGINNING = b"GET / HTTP/1.1\r\nA: "

BURST = 0.1
"""Seconds between two rounds of drops. To wake up a hundred times a second costs a machine of two
cores a fifth of what a server and wrk do on it, whoever the drops go to."""

PATIENCE = 60.0
"""Seconds after which it is over, whatever has not come."""


class Cut(NamedTuple):
    """What became of the connections, in seconds from the first byte of each."""

    answered: list[float]
    """When those that were answered 408 got the answer."""
    closed: list[float]
    """When those that were closed were."""
    alive: int
    """How many were still open when it was over."""


def drip(sockets: list[socket.socket]) -> Cut:
    """Begin on all at once, go on byte by byte, and see when each is cut."""
    poll = select.epoll()
    alive: dict[int, tuple[socket.socket, float]] = {}
    for sock in sockets:
        sock.setblocking(False)
        sock.send(BEGINNING)
        alive[sock.fileno()] = (sock, time.monotonic())
        poll.register(sock, select.EPOLLIN)
    answered: list[float] = []
    closed: list[float] = []
    began = time.monotonic()
    waiting = list(alive)
    sent = 0
    while alive and (passed := time.monotonic() - began) < PATIENCE:
        # One byte a second on each, evenly over the second.
        while sent < passed * len(waiting):
            entry = alive.get(waiting[sent % len(waiting)])
            if entry is not None:
                try:
                    entry[0].send(b"x")
                except OSError:
                    pass  # It is cut, which is read below.
            sent += 1
        for fd, _ in poll.poll(BURST):
            sock, first = alive[fd]
            now = time.monotonic()
            try:
                data = sock.recv(1000)
            except OSError:
                data = b""
            if b" 408 " in data:
                answered.append(now - first)
            if not data:
                closed.append(now - first)
                poll.unregister(fd)
                del alive[fd]
                sock.close()
    return Cut(answered, closed, len(alive))


def main() -> None:
    """Connect, wait for a line, drip and report."""
    port, count = map(int, sys.argv[1:])
    sockets = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(count)]
    print("connected", flush=True)
    sys.stdin.readline()
    print(json.dumps(drip(sockets)._asdict()))


if __name__ == "__main__":
    main()
