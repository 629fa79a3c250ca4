"""``python -m benchmarks.drippers PORT COUNT``: clients that send a byte of a head a second.

All connect first, and start when a line arrives on standard input. For each, the time from its
first byte to its response and to the end of its connection is measured. One process with one
thread, so that it takes little time from the programs that are measured. Prints JSON.
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
"""Seconds between two rounds of bytes. Waking up a hundred times a second would cost a machine of
two cores a fifth of the rate of a server and wrk, even if another program receives the bytes."""

PATIENCE = 60.0
"""Seconds after which the run ends, even if responses are missing."""


class Cut(NamedTuple):
    """The fate of the connections; times are in seconds from the first byte of each."""

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
