"""A forked process that ends as an interpreter does, though it must end by `os._exit`.

A worker cannot end by `SystemExit`: its stack is a copy of its parent's, whose `finally` blocks
would run. `os._exit` alone does too little: a program expects that its threads finish, that its
`atexit` functions run, and that its files are flushed.
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
    """Forget the functions that the parent has registered with `atexit`. Call it after a fork.

    The parent's functions are for the parent: one may remove a temporary directory.
    """
    atexit._clear()
    if "logging" in sys.modules:
        # Registered when `logging` was imported; the program's own log handlers need it.
        atexit.register(sys.modules["logging"].shutdown)


def end_process(status: int) -> NoReturn:
    """End this process as the interpreter would at the end of its main module.

    Waits for threads that are not daemons, runs the functions registered with `atexit`, then
    flushes and closes open files. An error in one step is printed, and the next step follows.
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


#: The base class of all of Python's files.
_File: Any = io.IOBase.__base__


def _close_files() -> None:
    """Flush and close Python's open files; a file that writes into another one is closed first."""
    standard = [sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__]
    for file in standard:
        if file is not None:
            with suppress(Exception):
                file.flush()
    # `type`, not `isinstance`: an object of the program may define `__class__` as it likes.
    files = [thing for thing in gc.get_objects() if issubclass(type(thing), _File)]
    for file in sorted(files, key=_layer):
        with suppress(Exception):
            if file in standard or _layer(file) == _BUFFERED:
                file.flush()
            elif _layer(file) != _RAW:
                file.close()


# A text file writes to a buffered file. There may be files of the program in between (`gzip`).
_TEXT, _OTHERS, _BUFFERED, _RAW = range(4)


def _layer(file: Any) -> int:
    kind = type(file)
    if issubclass(kind, io.TextIOWrapper):
        return _TEXT
    if issubclass(kind, (io.BufferedWriter, io.BufferedRandom)):
        return _BUFFERED
    return _RAW if issubclass(kind, io.RawIOBase) else _OTHERS
