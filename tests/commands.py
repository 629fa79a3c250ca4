"""Runs a command in this process: its words, its standard streams, its exit status.

A process takes 0.2 s of CPU time to begin, most of it to import what the next one imports again.
What only a process has is tested with one: a terminal, a signal, a stream that is closed or full.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from subprocess import CompletedProcess
from tempfile import TemporaryFile
from typing import TextIO
from unittest import mock

__all__ = ["run_here"]


def run_here(
    main: Callable[[Sequence[str]], int], *words: str | bytes, input: bytes | None = None
) -> CompletedProcess[bytes]:
    """Return what a process with this `main` would have written, and its exit status.

    Its standard streams are files, so it may write to their descriptors too.
    """
    given = [os.fsdecode(word) for word in words]
    with TemporaryFile("w+") as stdin, TemporaryFile("w") as stdout, TemporaryFile("w") as stderr:
        stdin.buffer.write(input or b"")
        stdin.seek(0)
        with mock.patch.multiple(sys, stdin=stdin, stdout=stdout, stderr=stderr):
            status = _status_of(main, given)
        return CompletedProcess(given, status, _written(stdout), _written(stderr))


def _status_of(main: Callable[[Sequence[str]], int], words: list[str]) -> int:
    try:
        return main(words)
    except SystemExit as end:  # argparse's: wrong usage, or the help
        return int(str(end.code))


def _written(file: TextIO) -> bytes:
    file.flush()
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)
