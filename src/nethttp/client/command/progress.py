"""Progress of downloads on a terminal: a bar each by the extra `rich`, else a line of text."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

__all__ = ["Bar", "progress_line", "progress_on"]

Bar = Callable[[int, int | None], None]
"""Called with how many bytes are there, and how many there will be; None: that is not known."""

BETWEEN_UPDATES = 0.1
"""The least time between two updates of a line, in seconds."""


@contextmanager
def progress_on(stream: TextIO | None, paths: Sequence[str]) -> Iterator[list[Bar]]:
    """Return a context with a bar for each of the files `paths`, shown while it is entered.

    Nothing is shown where `stream` is no terminal, so that logs stay short. Threads may share them.
    """
    names = [os.path.basename(path) for path in paths]
    if stream is None or not stream.isatty():
        yield [lambda _done, _total: None for _ in names]
        return
    try:
        import rich.progress  # noqa: F401  # an extra
    except ImportError:
        with _lines(stream, names) as bars:
            yield bars
    else:
        with _bars(stream, names) as bars:
            yield bars


class _Line:
    """The line of one file: overwritten while it grows, if it is the only one."""

    def __init__(self, stream: TextIO, name: str, alone: bool) -> None:
        self._stream = stream
        self._name = name
        self._alone = alone
        self._began = time.monotonic()
        self._shown_at = -BETWEEN_UPDATES
        self._width = 0
        self.done = 0
        self.total: int | None = None

    def __call__(self, done: int, total: int | None) -> None:
        self.done, self.total = done, total
        if self._alone and time.monotonic() - self._began - self._shown_at >= BETWEEN_UPDATES:
            self.show()

    def show(self) -> None:
        seconds = time.monotonic() - self._began
        line = progress_line(self._name, self.done, self.total, seconds)
        # Blanks erase the rest of a longer previous line.
        self._stream.write(f"\r{line:{self._width}}")
        self._stream.flush()
        self._shown_at, self._width = seconds, len(line)


@contextmanager
def _lines(stream: TextIO, names: Sequence[str]) -> Iterator[list[Bar]]:
    lines = [_Line(stream, name, len(names) == 1) for name in names]
    try:
        yield list(lines)
    finally:
        # An error message or the shell's prompt must begin on a new line.
        for line in lines:
            line.show()
            stream.write("\n")
        stream.flush()


@contextmanager
def _bars(stream: TextIO, names: Sequence[str]) -> Iterator[list[Bar]]:
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
    with Progress(*columns, console=Console(file=stream), expand=True) as progress:

        def bar_of(name: str) -> Bar:
            task = progress.add_task(name, total=None)
            return lambda done, total: progress.update(task, completed=done, total=total)

        yield [bar_of(name) for name in names]


def progress_line(name: str, done: int, total: int | None, seconds: float) -> str:
    """Return a line with the progress of a download after `seconds`; `done` and `total` are bytes.

    >>> progress_line("a.iso", 5_000_000, 20_000_000, 2.0)
    'a.iso: 5.0 MB of 20.0 MB (25 %), 2.5 MB/s, 0:06 left'
    """
    rate = done / seconds if seconds > 0 else 0.0
    line = f"{name}: {size_text(done)}"
    if total:
        line += f" of {size_text(total)} ({100 * done // total} %)"
    line += f", {size_text(rate)}/s"
    if total and rate and done < total:
        minutes, left = divmod(round((total - done) / rate), 60)
        line += f", {minutes}:{left:02} left"
    return line


def size_text(count: float) -> str:
    """Return a number of bytes in the unit that makes it short.

    >>> size_text(1_250_000)
    '1.2 MB'
    """
    size, unit = next(
        (size, unit)
        for size, unit in ((1e3, "kB"), (1e6, "MB"), (1e9, "GB"))
        if count / size < 999.95 or unit == "GB"
    )
    return f"{count / size:.1f} {unit}"
