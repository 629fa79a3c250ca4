"""``python -m benchmarks.restarts``: renew and end a server under full load, again and again.

In each round a server starts, 16 clients ask as fast as they can (half of them on a new connection
each time), SIGHUP has its workers renewed, SIGTERM ends it: in turns once the renewal is over, at
any moment of it, and told to all processes at once, as whoever manages services does. A request
has failed if its connection was made, and not closed by the server before the request was sent, and
its answer did not come whole. The exit status is 1 if one has, or if a server did not end with
status 0.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import select
import signal
import socket
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from .command import Command, unverified
from .page import machine, write_section
from .soaked import content

CLIENTS = 16

SIZE = 1000
"""Bytes of each answer."""

UNDER_LOAD = 300
"""Answers before each signal."""

RENEWAL = 0.8
"""Seconds that a renewal takes at most, roughly."""

TARGETS = {"handler": "benchmarks.soaked:Handler", "WSGI": "benchmarks.soaked:wsgi"}
TRANSPORTS = ("TCP", "Unix socket", "TLS")

WAIT = 20.0
"""The longest time to wait for anything, in seconds; then the run has failed."""


class Setting(NamedTuple):
    """What is restarted."""

    target: str
    transport: str
    workers: int

    def __str__(self) -> str:
        return f"{self.target}, {self.transport}, {self.workers} worker{'s'[: self.workers - 1]}"


class Clients:
    """Send requests as fast as possible until no server listens any more."""

    def __init__(self, address: str | tuple[str, int], context: ssl.SSLContext | None) -> None:
        self._address = address
        self._context = context
        self._changed = threading.Condition()
        self._stop = False
        self.answered = 0
        self.failures: list[str] = []
        self.phase = "before a signal"
        self._threads = [
            threading.Thread(target=self._ask, args=(number % 2 == 0,)) for number in range(CLIENTS)
        ]
        for thread in self._threads:
            thread.start()

    def await_answers(self, count: int) -> None:
        """Wait until so many more requests have been answered."""
        with self._changed:
            goal = self.answered + count
            if not self._changed.wait_for(lambda: self.answered >= goal, WAIT):
                self.failures.append(f"{self.phase}: not {count} answers in {WAIT:g} s")

    def join(self) -> None:
        """Wait for the last responses."""
        self._stop = True
        for thread in self._threads:
            thread.join()

    def _connect(self) -> socket.socket | None:
        """Return a connection, None if no server listens."""
        unix = isinstance(self._address, str)
        sock = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
        # A handshake without an answer is tried again after a second: the server is gone by then.
        sock.settimeout(0.3)
        try:
            sock.connect(self._address)
        except OSError:
            sock.close()
            return None
        sock.settimeout(WAIT)
        return sock

    def _ask(self, keeps: bool) -> None:
        line = f"GET /bytes/{SIZE} HTTP/1.1\r\nHost: a\r\n"
        request = (line + ("\r\n" if keeps else "Connection: close\r\n\r\n")).encode()
        sock: socket.socket | None = None
        while not self._stop:
            if sock is not None and _is_closed(sock):
                sock.close()
                sock = None
            if sock is None and (sock := self._connect()) is None:
                continue
            began = time.monotonic()
            try:
                if self._context is not None and not isinstance(sock, ssl.SSLSocket):
                    sock = self._context.wrap_socket(sock)
                sock.sendall(request)
                goes_on = _read_answer(sock)
            except (OSError, EOFError) as error:
                took = time.monotonic() - began
                kind = "kept" if keeps else "new"
                self.failures.append(f"{self.phase}: {error!r} after {took:.3f} s, {kind}")
                goes_on = False
            else:
                with self._changed:
                    self.answered += 1
                    self._changed.notify()
            if not goes_on:
                sock.close()
                sock = None
        if sock is not None:
            sock.close()


def _is_closed(sock: socket.socket) -> bool:
    """Return whether the server has closed a connection that has sent no request."""
    if not select.select([sock], [], [], 0)[0]:
        return False
    try:
        return not socket.socket.recv(sock, 1, socket.MSG_PEEK)
    except OSError:
        return True


def _read_answer(sock: socket.socket) -> bool:
    """Read an answer, and return whether another may follow on this connection.

    Raises:
        EOFError: it did not come whole.
    """
    data = b""
    expected = content(SIZE)
    while not data.endswith(expected):
        piece = sock.recv(65536)
        if not piece:
            raise EOFError(data[:100])
        data += piece
    head = data.partition(b"\r\n\r\n")[0].lower()
    if not head.startswith(b"http/1.1 200"):
        raise EOFError(data[:100])
    return b"\r\nconnection: close" not in head


@contextmanager
def _loaded(setting: Setting, folder: Path) -> Iterator[tuple[Command, Clients]]:
    """Give a server and its clients; in the end both are over, whatever happened."""
    tls = setting.transport == "TLS"
    arguments = [TARGETS[setting.target], "--workers", str(setting.workers)]
    server = Command(
        [*arguments, "--tls-self-signed"] if tls else arguments,
        folder,
        unix=setting.transport == "Unix socket",
    )
    clients = Clients(server.address, unverified() if tls else None)
    try:
        yield server, clients
    finally:
        clients.join()
        server.stop()


def _await_renewal(server: Command, old: set[int]) -> bool:
    """Wait until none of the old workers is left; return whether that came."""
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        if old.isdisjoint(server.workers()):
            return True
        time.sleep(0.02)  # grandchildren give no sign when they end
    return False


def restart(setting: Setting, folder: Path, number: int) -> tuple[int, list[str]]:
    """Do a round, the first, second or third way; return what was answered, and what failed."""
    with _loaded(setting, folder) as (server, clients):
        clients.await_answers(UNDER_LOAD)
        old = set(server.workers())
        clients.phase = "SIGHUP"
        server.process.send_signal(signal.SIGHUP)
        way = number % 3
        renewed = way == 1 or _await_renewal(server, old)
        if way == 1:
            time.sleep(random.random() * RENEWAL)  # any moment of a renewal
        else:
            clients.await_answers(UNDER_LOAD)
        clients.phase = ("SIGTERM", "SIGTERM amid SIGHUP", "SIGTERM to all")[way]
        if way == 2:
            os.killpg(server.pid, signal.SIGTERM)
        else:
            server.process.send_signal(signal.SIGTERM)
        status = server.ended(WAIT)
    failures = list(clients.failures)
    if status:
        failures.append(f"exit status {status}")
    if not renewed:
        failures.append("SIGHUP did not renew the workers")
    return clients.answered, failures


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.restarts", description=__doc__)
    parser.add_argument("--repeats", type=int, default=200, help="of each setting (default: 200)")
    parser.add_argument("--minutes", type=float, help="begin no round after that")
    parser.add_argument("--only", default="", help="settings whose name has these words")
    parser.add_argument("--write", action="store_true", help="write docs/loads.md")
    arguments = parser.parse_args(argv)
    settings = [Setting(*each) for each in itertools.product(TARGETS, TRANSPORTS, (1, 2))]
    settings = [setting for setting in settings if arguments.only in str(setting)]
    answered = dict.fromkeys(settings, 0)
    failures: dict[Setting, list[str]] = {setting: [] for setting in settings}
    began = time.monotonic()
    rounds = 0
    # In turns, so that what else the machine does meets all of them.
    for number in range(arguments.repeats):
        if arguments.minutes is not None and time.monotonic() - began > arguments.minutes * 60:
            break
        rounds += 1
        for setting in settings:
            with tempfile.TemporaryDirectory(prefix="nethttp-restarts-") as folder:
                count, failed = restart(setting, Path(folder), number)
            answered[setting] += count
            failures[setting] += failed
            for what in failed:
                print(f"FAILED round {number}, {setting}: {what}", file=sys.stderr, flush=True)
    text = "\n".join(
        [
            f"{machine()}:\n",
            "| server | SIGHUP and SIGTERM, each | requests answered | failed |",
            "|---|---:|---:|---:|",
            *(
                f"| {setting} | {rounds} | {answered[setting]:,} | {len(failures[setting])} |"
                for setting in settings
            ),
        ]
    )
    print(text)
    if arguments.write:
        write_section("loads.md", "restarts", text)
    return 1 if any(failures.values()) else 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
