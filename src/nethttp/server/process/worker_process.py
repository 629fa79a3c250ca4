"""What a process does around its one worker: signals, and the report to a supervisor."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any

from ...errors import reason_of
from ..logs.lines import write_stderr
from .discover import NotServable
from .listeners import Listeners
from .malloc import use_one_arena
from .worker import Service, Worker

__all__ = ["READY", "SIGNALS", "WorkerProcess", "say_ending", "serve_in_this_process"]

SIGNALS = (signal.SIGTERM, signal.SIGINT, *((signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()))
"""The signals that a person or a service manager sends."""

READY = b"!"
"""The report of a worker that serves. One that cannot start reports the reason, in UTF-8."""


class WorkerProcess:
    """A forked process that runs one worker for a supervisor.

    SIGTERM and SIGINT let running requests finish, however often they arrive: a terminal or a
    service manager signals each process of a group, and then the supervisor signals its workers.
    SIGQUIT ends the process at once.
    """

    def __init__(self) -> None:
        self._parent = os.getppid()
        self._worker: Worker | None = None
        """The worker once it serves."""
        self._is_ending = False

    def serve(self, service: Service, listeners: Sequence[socket.socket], report: int) -> int:
        """Return the exit status once the worker has ended: 1 if it could not start, else 0.

        `report` is the descriptor of a pipe to the supervisor, because that waits for `READY`, or
        for the reason why the worker cannot start.
        """
        self._handle_signals()
        use_one_arena()
        try:
            worker = Worker(service, listeners)
        except (NotServable, OSError) as error:
            os.write(report, reason_of(error).encode("utf-8", "replace"))
            return 1
        os.write(report, READY)
        os.close(report)
        # A signal between these two steps would drain the worker twice.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        self._worker = worker
        if self._is_ending:
            worker.drain()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        worker.run(self._end_without_parent)
        return 0

    def _handle_signals(self) -> None:
        signal.signal(signal.SIGQUIT, self._end_at_once)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    def _end(self, _number: int = 0, _frame: Any = None) -> None:
        # Another signal may arrive in the middle of this.
        is_first, self._is_ending = not self._is_ending, True
        if is_first and self._worker is not None:
            self._worker.drain()

    def _end_at_once(self, _number: int, _frame: Any) -> None:
        if self._worker is None:
            os._exit(0)  # There are no requests yet.
        self._worker.stop()

    def _end_without_parent(self) -> None:
        """End if the supervisor was killed: nothing else would end this process."""
        if os.getppid() != self._parent:
            self._end()


def serve_in_this_process(
    service: Service, listeners: Listeners, announce: Callable[[], None] = lambda: None
) -> None:
    """Serve with one worker, which is this process, until SIGTERM or SIGINT.

    SIGHUP reads the certificate again and reopens the log. Outside the main thread this function
    handles no signals, because Python delivers them to the main thread alone.
    """
    worker = Worker(service, listeners.of_worker(0))

    def end(number: int, _frame: Any) -> None:
        if number == signal.SIGINT:
            say_ending(service.name)
        listeners.stop_new_connections()
        worker.drain()

    def reload(_number: int, _frame: Any) -> None:
        worker.reload()

    wanted: dict[int, Any] = {signal.SIGTERM: end, signal.SIGINT: end}
    if hasattr(signal, "SIGHUP"):
        wanted[signal.SIGHUP] = reload
    before = {}
    try:
        for number, handler in wanted.items():
            before[number] = signal.signal(number, handler)
    except ValueError:
        pass  # Not the main thread.
    try:
        announce()
        worker.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def say_ending(name: str, *, again: bool = False) -> None:
    """Print, below the ``^C`` that a terminal shows for Ctrl-C, that the server is ending."""
    try:
        at_a_terminal = sys.stderr.isatty()
    except (AttributeError, ValueError):
        return
    if at_a_terminal:
        how = "at once" if again else "after the running requests; Ctrl-C again ends it at once"
        write_stderr(f"\n{name}: ending {how}\n")
