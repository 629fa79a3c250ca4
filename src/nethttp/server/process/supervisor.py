"""`Supervisor`: keeps workers running, renews them, and ends them, without losing a connection.

It owns the listening sockets and serves nothing itself. A worker is a forked process with the
sockets of its place. Its successor takes them over, with the connections in their queues, so
neither a crash nor a renewal resets a connection (see "Life cycle" in docs/design.md). Only workers
import the program that is served: a new worker has new code.

One thread, one loop: signals and the workers' reports arrive as bytes in pipes.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ..logs.lines import write_stderr
from .exits import end_process, forget_exit_functions
from .listeners import Listeners
from .worker import Service
from .worker_process import READY, SIGNALS, WorkerProcess, say_ending

__all__ = ["Supervisor"]

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""Seconds before a worker that died is replaced: twice as long each time, up to the longest."""

QUICK = 2.0
"""A worker that ends within so many seconds counts as one that cannot serve."""

MAX_QUICK_DEATHS = 5
"""So many such workers in a row, in one place, and the supervisor gives up."""

KILL_GRACE = 5.0
"""Seconds beyond the drain timeout after which a worker that has not ended is killed."""


def _flush() -> None:
    """Flush standard output and error: a fork would print the buffers twice, `os._exit` never."""
    for file in (sys.stdout, sys.stderr):
        with suppress(Exception):
            file.flush()


class _Child:
    """A worker's process, as its supervisor sees it."""

    def __init__(self, pid: int, place: int, report: int) -> None:
        self.pid = pid
        self.place = place
        self.report = report
        """The pipe that it reports in; -1 once that is closed."""
        self.reported = b""
        self.began = time.monotonic()
        self.ready = False
        self.kill_at: float | None = None
        """When it is to be killed; None: it has not been told to end."""


class _Place:
    """The place of one worker: its process, the next one, and how the last ones have ended."""

    def __init__(self) -> None:
        self.current: _Child | None = None
        self.next: _Child | None = None
        self.quick_deaths = 0
        self.start_at: float | None = 0.0
        """When a worker is to be started here; None: there is one, or there is to be none."""


class Supervisor:
    """Runs the worker processes that serve `service` on `listeners`.

    `announce` is called once, when all of them serve.
    """

    def __init__(
        self,
        service: Service,
        listeners: Listeners,
        announce: Callable[[], None] = lambda: None,
    ) -> None:
        self._service = service
        self._listeners = listeners
        self._announce: Callable[[], None] | None = announce
        self._places = [_Place() for _ in range(service.options.workers)]
        self._children: dict[int, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._at_a_terminal = _at_a_terminal()
        self._stopping = False
        self._status = 0
        self._said: set[str] = set()
        """The messages since the workers were last started or renewed."""

    def run(self) -> int:
        """Supervise until told to end; return the exit status: 1 if it had to give up."""
        with _signals_as_bytes((*SIGNALS, signal.SIGCHLD)) as signals:
            self._signals = signals
            self._selector.register(signals, selectors.EVENT_READ, None)
            try:
                while True:
                    self._start_what_is_due()
                    if not self._children and self._stopping:
                        return self._status
                    for key, _ in self._selector.select(self._time_left()):
                        if key.data is None:
                            self._on_signals(signals.recv(256))
                        else:
                            self._read_report(key.data)
            finally:
                for child in self._children.values():
                    os.kill(child.pid, signal.SIGKILL)
                self._selector.close()

    def _say(self, message: str) -> None:
        write_stderr(f"{self._service.name}: {message}\n")

    def _say_once(self, message: str) -> None:
        """Print a message that each new worker reports, once for all of them."""
        if message not in self._said:
            self._said.add(message)
            self._say(message)

    # --- workers ---

    def _time_left(self) -> float | None:
        """Return the seconds until something is due, None if nothing is."""
        due = [place.start_at for place in self._places if place.start_at is not None]
        due += [child.kill_at for child in self._children.values() if child.kill_at is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _start_what_is_due(self) -> None:
        now = time.monotonic()
        for number, place in enumerate(self._places):
            if place.start_at is not None and now >= place.start_at:
                place.start_at = None
                place.current = self._start(number)
                if place.current is None:
                    place.quick_deaths += 1
                    self._start_later(place)
        for child in self._children.values():
            if child.kill_at is not None and now >= child.kill_at:
                self._say(f"worker {child.pid} did not end in time and is killed")
                child.kill_at = None
                os.kill(child.pid, signal.SIGKILL)

    def _start(self, place: int) -> _Child | None:
        """Return a new worker; None, after printing why, if the system cannot start one."""
        try:
            ours, theirs = os.pipe()
        except OSError as error:
            self._say_once(f"cannot start a worker: {error.strerror}")
            return None
        _flush()
        # A signal that arrives before the child has its own handlers waits for them.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            pid = os.fork()
        except OSError as error:
            os.close(ours)
            self._say_once(f"cannot start a worker: {error.strerror}")
            return None
        else:
            if pid == 0:
                os.close(ours)
                self._become_worker(place, theirs)
        finally:
            # Reached by the supervisor alone: a worker does not return.
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            os.close(theirs)
        # A process that the worker has started may hold the other end for ever.
        os.set_blocking(ours, False)
        child = self._children[pid] = _Child(pid, place, ours)
        self._selector.register(ours, selectors.EVENT_READ, child)
        return child

    def _become_worker(self, place: int, report: int) -> None:
        """Run a worker until the process ends. Called in the child."""
        status = 1
        try:
            forget_exit_functions()
            signal.set_wakeup_fd(-1)
            self._selector.close()
            self._signals.close()
            for child in self._children.values():
                if child.report >= 0:
                    os.close(child.report)
            status = WorkerProcess().serve(self._service, self._listeners.of_worker(place), report)
        except BaseException:
            write_stderr(traceback.format_exc())
        finally:
            # The stack is a copy of the supervisor's: its `finally` blocks must not run here. After
            # SIGQUIT the process does not wait for the program's threads either.
            signal.signal(signal.SIGQUIT, lambda *_: os._exit(status))
            end_process(status)

    def _read_report(self, child: _Child) -> None:
        """Read a worker's report: that it serves, why it cannot, or that it has ended.

        `select` returns several events at a time. Handling an earlier one may have closed this
        report.
        """
        if child.report < 0:
            return
        try:
            while child.reported != READY and (piece := os.read(child.report, 65536)):
                child.reported += piece
        except BlockingIOError:
            return  # The rest of the reason follows.
        self._close_report(child)
        if child.reported == READY:
            self._serves(child)

    def _close_report(self, child: _Child) -> None:
        self._selector.unregister(child.report)
        os.close(child.report)
        child.report = -1
        if child.reported not in (b"", READY) and child.kill_at is None:
            self._say_once(child.reported.decode("utf-8", "replace"))

    def _serves(self, child: _Child) -> None:
        child.ready = True
        place = self._places[child.place]
        if place.next is child:
            old, place.current, place.next = place.current, child, None
            if old is not None:
                self._end(old)
        if self._announce is not None and all(
            place.current is not None and place.current.ready for place in self._places
        ):
            announce, self._announce = self._announce, None
            announce()

    def _end(self, child: _Child, with_signal: int = signal.SIGTERM) -> None:
        """Tell a worker to end once running requests have finished, or by SIGQUIT at once."""
        if child.kill_at is None:
            child.kill_at = time.monotonic() + self._service.options.drain_timeout + KILL_GRACE
        os.kill(child.pid, with_signal)

    # --- signals ---

    def _on_signals(self, numbers: bytes) -> None:
        for number in numbers:
            if number == signal.SIGCHLD:
                self._reap()
            elif number == signal.SIGINT:
                say_ending(self._service.name, again=self._stopping)
                self._stop()
            elif number != signal.SIGHUP or (self._at_a_terminal and not _at_a_terminal()):
                # A terminal that was closed sends SIGHUP too.
                self._stop()
            elif not self._stopping:
                self._renew()

    def _stop(self) -> None:
        """Stop accepting and end the workers; the second call ends them at once."""
        again, self._stopping = self._stopping, True
        if not again:
            self._listeners.stop_new_connections()
        for place in self._places:
            place.start_at = None
        for child in self._children.values():
            self._end(child, signal.SIGQUIT if again else signal.SIGTERM)

    def _renew(self) -> None:
        """Start a new worker for each place; once it serves, the old one is ended."""
        self._said.clear()
        for number, place in enumerate(self._places):
            if place.next is not None:
                # One is starting already, perhaps with older code.
                self._end(place.next)
            if place.current is None:
                place.quick_deaths, place.start_at = 0, time.monotonic()
            else:
                place.next = self._start(number)

    def _reap(self) -> None:
        for pid in list(self._children):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                child = self._children[pid]
                # Its last report may not have been read yet.
                self._read_report(child)
                if child.report >= 0:
                    self._close_report(child)
                del self._children[pid]
                self._on_worker_exit(child, os.waitstatus_to_exitcode(status))

    def _on_worker_exit(self, child: _Child, code: int) -> None:
        """Decide what follows from a worker's end."""
        place = self._places[child.place]
        if place.next is child:
            place.next = None
            if child.kill_at is None and not self._stopping:
                self._say_once("the new workers cannot start; the old ones go on")
            return
        if place.current is not child:
            return
        place.current = None
        if self._stopping:
            return
        if place.next is not None:
            # Its successor is starting.
            place.current, place.next = place.next, None
            return
        if self._announce is not None and not child.ready:
            # The first worker could not start, so another would not either.
            self._give_up()
            return
        lived = time.monotonic() - child.began
        place.quick_deaths = place.quick_deaths + 1 if lived < QUICK else 1
        if place.quick_deaths >= MAX_QUICK_DEATHS and lived < QUICK:
            self._say(f"{place.quick_deaths} workers in a row have ended at once: giving up")
            self._give_up()
            return
        pause = self._start_later(place)
        how = f"signal {-code}" if code < 0 else f"exit status {code}"
        self._say(f"worker {child.pid} ended with {how}; another starts in {pause:.1f} s")

    def _start_later(self, place: _Place) -> float:
        """Let a worker be started after a pause, and return its seconds."""
        pause: float = min(FIRST_PAUSE * 2 ** max(0, place.quick_deaths - 1), LONGEST_PAUSE)
        place.start_at = time.monotonic() + pause
        return pause

    def _give_up(self) -> None:
        self._status = 1
        self._stop()


@contextmanager
def _signals_as_bytes(numbers: tuple[int, ...]) -> Iterator[socket.socket]:
    """Give a socket in which each of the signals arrives as a byte."""
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    wakeup = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        reader.close()
        writer.close()


def _at_a_terminal() -> bool:
    try:
        return os.isatty(0)
    except OSError:
        return False
