"""`watching`: a process that renews a supervisor's workers when Python files change.

The kernel tells the library `watchfiles` which files change. To poll the times of all files would
take seconds in a large project, and battery.
"""

from __future__ import annotations

import os
import signal
import socket
import traceback
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

from ..logs.lines import write_stderr

__all__ = ["watching"]


def watching(
    directories: Sequence[str], listeners: Sequence[socket.socket], name: str
) -> AbstractContextManager[None]:
    """Return a context in which this process receives SIGHUP when Python files change.

    Files below `directories` are watched, by a forked process. That process closes its copies of
    the `listeners`, because the port must be free as soon as this process ends. `name` is the
    prefix of its messages.

    Raises:
        ImportError: without the library `watchfiles`.
    """
    import watchfiles  # an extra

    return _running(watchfiles, directories, listeners, name)


@contextmanager
def _running(
    watchfiles: Any, directories: Sequence[str], listeners: Sequence[socket.socket], name: str
) -> Iterator[None]:
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            for listener in listeners:
                listener.close()
            _watch(watchfiles, directories, parent, name)
        except BaseException:
            write_stderr(traceback.format_exc())
        finally:
            # The stack is a copy of the parent's: its `finally` blocks must not run here.
            os._exit(0)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)


def _watch(watchfiles: Any, directories: Sequence[str], parent: int, name: str) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for changes in watchfiles.watch(
        *directories,
        watch_filter=watchfiles.PythonFilter(),
        raise_interrupt=False,
        yield_on_timeout=True,
        rust_timeout=1000,
    ):
        if os.getppid() != parent:
            break
        if changes:
            names = sorted({os.path.relpath(path) for _, path in changes})
            write_stderr(f"{name}: {', '.join(names[:5])} changed\n")
            os.kill(parent, signal.SIGHUP)
