"""A response's content into a file: whole under its name, or not there at all."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import BinaryIO, TextIO

from ..errors import IncompleteRead
from .response import HTTPResponse

__all__ = ["copy_content", "progress_on", "whole_file"]

PIECE = 256 * 1024

Advance = Callable[[int], None]


def copy_content(response: HTTPResponse, file: BinaryIO, advance: Advance) -> None:
    """Copy the rest of `response` to `file`, telling `advance` how many bytes each piece had.

    Raises:
        IncompleteRead: the connection ended before the content did.
        OSError: the connection broke, or the file cannot be written.
    """
    buffer = memoryview(bytearray(PIECE))
    expected = response.length
    done = 0
    while count := response.readinto(buffer):
        file.write(buffer[:count])
        advance(count)
        done += count
    if expected is not None and done < expected:
        raise IncompleteRead(b"", expected - done)


@contextmanager
def whole_file(path: str) -> Iterator[BinaryIO]:
    """Give a file to write; it gets the name `path` when everything went well, else it goes away.

    What is no regular file (``/dev/null``, a pipe) is written directly.
    """
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as device:
            yield device
        return
    descriptor, draft = tempfile.mkstemp(prefix=".nethttp-", dir=os.path.dirname(path) or ".")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        # mkstemp's 0600 is for secrets; a download is as open as any new file.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(draft, 0o666 & ~mask)
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


def progress_on(
    stream: TextIO | None, name: str, total: int | None
) -> AbstractContextManager[Advance]:
    """Return a progress display on `stream` while it is entered: a bar on a terminal, else nothing.

    The bar needs the package `rich`; without it, a line counts.
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


@contextmanager
def _counting(stream: TextIO, name: str, total: int | None) -> Iterator[Advance]:
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        share = f" of {total} ({100 * done // total} %)" if total else ""
        stream.write(f"\r{name}: {done}{share} bytes")
        stream.flush()

    yield advance
    stream.write("\n")


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
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stderr), expand=True) as progress:
        task = progress.add_task(name, total=total)
        yield lambda count: progress.advance(task, count)
