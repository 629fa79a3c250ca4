"""Renews a supervisor's workers when a program's files change: a process of its own beside them.

`watchfiles` is told by the kernel what changes; looking at every file again and again would cost a
large project seconds, and the battery.
"""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Sequence

from .loglines import write_stderr

__all__ = ["start_watcher"]


def start_watcher(directories: Sequence[str]) -> int:
    """Start a process that sends SIGHUP to this one when Python files change; return its id.

    It ends with this process.

    Raises:
        ImportError: without the library `watchfiles`.
    """
    import watchfiles  # an extra

    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
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
                write_stderr(f"nethttp: {', '.join(names[:5])} changed\n")
                os.kill(parent, signal.SIGHUP)
    except BaseException:
        write_stderr(traceback.format_exc())
    finally:
        os._exit(0)
