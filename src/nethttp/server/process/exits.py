"""A forked process that ends as an interpreter does, though it must end by `os._exit`.

What the stack of a forked process holds is its parent's, and may not run: so a worker cannot leave
by `SystemExit`. A program expects more of an end than `os._exit` does: that its threads and what it
has registered with `atexit` run, and that its files are written.
"""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
import threading
from contextlib import suppress
from typing import Any, NoReturn

__all__ = ["end_process", "forget_exit_functions"]


def forget_exit_functions() -> None:
    """Let the end of this process run nothing that its parent has registered. Called once forked.

    What the parent has made is the parent's to remove, a temporary directory for one.
    """
    atexit._clear()
    if "logging" in sys.modules:
        # It registers itself when it is imported, and the program's own handlers need it.
        atexit.register(sys.modules["logging"].shutdown)


def end_process(status: int) -> NoReturn:
    """End this process as the interpreter would at the end of its main module.

    Waits for threads that are no daemons, runs what was registered with `atexit`, writes out and
    closes the files that are open. An error at one of these is printed, and stops none of the rest.
    """
    try:
        for step in (threading._shutdown, atexit._run_exitfuncs, _close_files):  # type: ignore[attr-defined]  # not in typeshed
            try:
                step()
            except BaseException:
                _print_error()
    finally:
        os._exit(status)


def _print_error() -> None:
    import traceback  # start-up: it loads what reads source files

    with suppress(Exception):
        traceback.print_exc()


#: The class of all files that have a buffer, or may have one.
_File: Any = io.IOBase.__base__


def _close_files() -> None:
    """Write out what is open of Python's files, those first whose content goes into another."""
    standard = [sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__]
    for file in standard:
        if file is not None:
            with suppress(Exception):
                file.flush()
    # Asked of its type: a program's object may answer for its class as it likes.
    files = [thing for thing in gc.get_objects() if issubclass(type(thing), _File)]
    for file in sorted(files, key=_layer):
        with suppress(Exception):
            if file in standard or _layer(file) == _BUFFERED:
                file.flush()
            elif _layer(file) != _RAW:
                file.close()


# A text file writes to a buffered one, with others between them that programs put there.
_TEXT, _OTHERS, _BUFFERED, _RAW = range(4)


def _layer(file: Any) -> int:
    kind = type(file)
    if issubclass(kind, io.TextIOWrapper):
        return _TEXT
    if issubclass(kind, (io.BufferedWriter, io.BufferedRandom)):
        return _BUFFERED
    return _RAW if issubclass(kind, io.RawIOBase) else _OTHERS
