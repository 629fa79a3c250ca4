"""Saves a response's content in a file, which appears under its name only when it is complete."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from io import RawIOBase
from typing import TextIO

from ..errors import IncompleteRead
from ..whole_file import whole_file
from .response import HTTPResponse

__all__ = [
    "CannotWrite",
    "ReaderLeft",
    "copy_content",
    "output_file",
    "progress_on",
    "writing_to",
]

PIECE = 256 * 1024

Buffer = bytes | memoryview
Write = Callable[[Buffer], object]
Advance = Callable[[int], None]


class CannotWrite(Exception):
    """The output cannot be written; the message says which output and why."""

    @classmethod
    def to(cls, name: str, error: OSError) -> CannotWrite:
        """Return the exception for an output called `name`."""
        return cls(f"cannot write {name}: {error.strerror or error}")


class ReaderLeft(Exception):
    """The program that reads the output has closed it."""


def writing_to(file: RawIOBase, name: str) -> Write:
    """Return a function that writes to `file`; its errors differ from those of a connection.

    The file is unbuffered, so closing it does not repeat a failed write.

    Raises:
        CannotWrite, ReaderLeft: by that function.
    """

    def write(piece: Buffer) -> None:
        left = memoryview(piece)
        try:
            while left:
                left = left[file.write(left) :]
        except BrokenPipeError:
            raise ReaderLeft from None
        except OSError as error:
            raise CannotWrite.to(name, error) from None

    return write


def copy_content(response: HTTPResponse, write: Write, advance: Advance) -> None:
    """Pass the rest of `response` to `write`, and the size of each piece, in bytes, to `advance`.

    Raises:
        IncompleteRead: the connection ended before the content did.
        OSError: the connection broke.
    """
    buffer = memoryview(bytearray(PIECE))
    expected = response.length
    done = 0
    while count := response.readinto(buffer):
        write(buffer[:count])
        advance(count)
        done += count
    if expected is not None and done < expected:
        raise IncompleteRead(b"", expected - done)


@contextmanager
def output_file(path: str) -> Iterator[RawIOBase]:
    """Return a context with a file of `whole_file` to write, with the mode of any new file.

    The process's umask decides who may access it, because `whole_file` would let its owner alone.

    Raises:
        CannotWrite: the file cannot be made.
    """
    mask = os.umask(0)
    os.umask(mask)
    from_the_context = None
    try:
        with whole_file(path, 0o666 & ~mask) as file:
            try:
                yield file
            except OSError as error:
                from_the_context = error
                raise
    except OSError as error:
        if error is from_the_context:
            # An error of the connection, not of the file.
            raise
        raise CannotWrite.to(path, error) from None


def progress_on(
    stream: TextIO | None, name: str, total: int | None
) -> AbstractContextManager[Advance]:
    """Return a progress display on `stream` while it is entered: a bar on a terminal, else nothing.

    `total` is the number of bytes that will be received, None if it is not known. Without the
    package `rich` a line of text shows how many were received, so no other package is needed.
    """
    if stream is None or not stream.isatty():
        return _nothing()
    try:
        import rich.progress  # noqa: F401  # an extra
    except ImportError:
        return _counting(stream, name, total)
    return _bar(name, total)


@contextmanager
def _nothing() -> Iterator[Advance]:
    yield lambda _count: None


BETWEEN_UPDATES = 0.1
"""The least time between two updates of the counting line, in seconds."""


@contextmanager
def _counting(stream: TextIO, name: str, total: int | None) -> Iterator[Advance]:
    began = time.monotonic()
    shown_at, width, done = -BETWEEN_UPDATES, 0, 0

    def show(seconds: float) -> None:
        nonlocal shown_at, width
        line = progress_line(name, done, total, seconds)
        # Blanks erase the rest of a longer previous line.
        stream.write(f"\r{line:{width}}")
        stream.flush()
        shown_at, width = seconds, len(line)

    def advance(count: int) -> None:
        nonlocal done
        done += count
        seconds = time.monotonic() - began
        if seconds - shown_at >= BETWEEN_UPDATES:
            show(seconds)

    try:
        yield advance
    finally:
        # An error message or the shell's prompt must begin on a new line.
        show(time.monotonic() - began)
        stream.write("\n")
        stream.flush()


def progress_line(name: str, done: int, total: int | None, seconds: float) -> str:
    """Return a line with the progress of a download after `seconds`; sizes are in bytes.

    >>> progress_line("a.iso", 5_000_000, 20_000_000, 2.0)
    'a.iso: 5.0 MB of 20.0 MB (25 %), 2.5 MB/s, 0:06 left'
    """
    rate = done / seconds if seconds > 0 else 0.0
    line = f"{name}: {_size(done)}"
    if total:
        line += f" of {_size(total)} ({100 * done // total} %)"
    line += f", {_size(rate)}/s"
    if total and rate and done < total:
        minutes, left = divmod(round((total - done) / rate), 60)
        line += f", {minutes}:{left:02} left"
    return line


def _size(count: float) -> str:
    size, unit = next(
        (size, unit)
        for size, unit in ((1e3, "kB"), (1e6, "MB"), (1e9, "GB"))
        if count / size < 999.95 or unit == "GB"
    )
    return f"{count / size:.1f} {unit}"


@contextmanager
def _bar(name: str, total: int | None) -> Iterator[Advance]:
    from rich.console import Console  # an extra
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stderr), expand=True) as progress:
        task = progress.add_task(name, total=total)
        yield lambda count: progress.advance(task, count)
