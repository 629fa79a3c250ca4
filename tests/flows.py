"""Fixtures: the runners of flows, for every scenario, and peers that a test scripts."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from nethttp.net.aio import arun
from nethttp.net.blocking import run
from nethttp.net.effects import Address

RUNNERS = ["blocking", "asyncio", "uvloop"]


@pytest.fixture(params=RUNNERS)
def runner(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    """Return a function that runs a flow in one way after the other."""
    if request.param == "blocking":
        return run
    make_loop = asyncio.new_event_loop
    if request.param == "uvloop":
        make_loop = pytest.importorskip("uvloop").new_event_loop

    def run_in_loop(flow: Any) -> Any:
        with asyncio.Runner(loop_factory=make_loop) as loop:
            return loop.run(arun(flow))

    return run_in_loop


def stopped_at(number: int, flow: Any, how: str = "throw") -> Any:
    """Run a flow but for its yield of this number, where it is stopped; yields are counted from 0.

    `how`: ``throw`` an exception instead of a result, ``close`` the flow, or ``cancel`` the task.
    The flow's result is returned if it has fewer yields; else a `Stopped` is raised.
    """
    result = None
    count = 0
    try:
        while True:
            effect = flow.send(result)
            if count == number and how == "throw":
                flow.throw(Stopped())
                raise AssertionError("expected the flow to end by the exception")
            if count == number and how == "close":
                flow.close()
                raise Stopped
            if count == number:
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
            count += 1
            try:
                result = yield effect
            except BaseException as error:
                flow.throw(error)
                raise AssertionError("expected the flow to end by the exception") from error
    except StopIteration as end:
        return end.value
    except asyncio.CancelledError:
        raise Stopped from None


class Stopped(BaseException):
    """Raised at a yield instead of a result."""


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[socket.socket]:
    """Return the sockets that flows open from now on, by whatever runner."""
    from nethttp.net import looplink, socketlink, sockets

    found: list[socket.socket] = []

    def open_socket(*given: Any) -> socket.socket:
        found.append(sockets.open_socket(*given))
        return found[-1]

    monkeypatch.setattr(looplink, "open_socket", open_socket)
    monkeypatch.setattr(socketlink, "open_socket", open_socket)
    return found


class Peer:
    """A server for one script a connection, each run by a thread."""

    def __init__(self, listener: socket.socket, script: Callable[[socket.socket], object]) -> None:
        self._listener = listener
        self._script = script
        self._stack = ExitStack()
        self.errors: list[BaseException] = []
        self.accepted = 0
        self.address = Address(listener.family, listener.getsockname())
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        return int(self.address.sockaddr[1])

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            if self._closing:
                connection.close()
                return
            self.accepted += 1
            self._stack.enter_context(connection)
            connection.settimeout(10)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    _closing = False

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                self._script(connection)
        except BaseException as error:
            self.errors.append(error)

    def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        # An accept that waits is not ended by closing its socket.
        with socket.socket(self._listener.family) as last:
            last.settimeout(5)
            last.connect(self._listener.getsockname())
        for thread in self._threads:
            thread.join(15)
        self._listener.close()
        self._stack.close()


@pytest.fixture
def peer() -> Iterator[Callable[..., Peer]]:
    """Return a function that serves a script: a function of one accepted socket."""
    peers: list[Peer] = []

    def serve(script: Callable[[socket.socket], object], at: str = "127.0.0.1") -> Peer:
        family = socket.AF_INET6 if ":" in at else socket.AF_INET
        listener = socket.create_server((at, 0), family=family)
        peers.append(Peer(listener, script))
        return peers[-1]

    yield serve
    for one in peers:
        one.close()


def reset(connection: socket.socket) -> None:
    """Close a connection by a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
