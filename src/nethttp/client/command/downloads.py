"""Downloads into files: several at a time, gone on with after cuts, whole under their names."""

from __future__ import annotations

import argparse
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple
from urllib.parse import unquote

from ...errors import HTTPException, StatusError, excerpt
from ..client import Client
from ..messages.url import URL
from ..part_file import PartFile, kept_bytes
from .failures import Failure, exit_status, sentence
from .output import CannotWrite
from .progress import Bar, progress_on, size_text
from .shown import say_status

__all__ = ["Target", "download_all", "is_download", "target_of", "targets_of"]

JOIN_SECONDS = 2.0
"""How long Ctrl-C waits for the threads of --jobs: each ends when its server sends something."""


class Target(NamedTuple):
    """What to download, and the file for it.

    >>> Target(URL("http://a/b"), "b").path
    'b'
    """

    url: URL
    path: str


class _Stopped(Exception):
    """Ctrl-C has ended the downloads."""


def is_download(arguments: argparse.Namespace, method: str) -> bool:
    """Return whether the content goes into files that appear when they are whole.

    A file with a head before the content is none, since it could not be gone on with.
    A device is written like standard output.
    """
    path = arguments.output
    into_file = path not in (None, "-") and (os.path.isfile(path) or not os.path.lexists(path))
    return method == "GET" and not arguments.include and (arguments.remote_name or into_file)


def target_of(url: URL, arguments: argparse.Namespace) -> Target:
    """Return the file for a URL: that of -o, or the last part of the URL's path.

    >>> target_of(URL("http://a/b/c%20d?e"), argparse.Namespace(output=None)).path
    'c d'

    Raises:
        Failure: the path has no last part that could be a file's name.
    """
    if arguments.output is not None:
        return Target(url, arguments.output)
    name = unquote(url.target.partition("?")[0].rpartition("/")[2])
    if name in ("", ".", "..") or not name.isprintable() or set("/\\\0") & set(name):
        raise Failure(
            f"expected a file's name at the end of {excerpt(str(url))}: -o names the file"
        )
    return Target(url, name)


def targets_of(urls: Iterable[URL], arguments: argparse.Namespace) -> list[Target]:
    """Return the files for all URLs.

    Raises:
        Failure: a URL has no name for a file, or two have the same: one would replace the other.
    """
    by_path: dict[str, Target] = {}
    for url in urls:
        target = target_of(url, arguments)
        other = by_path.setdefault(target.path, target)
        if other is not target:
            raise Failure(
                f"expected URLs with names of their own, got {excerpt(target.path)} from "
                f"{excerpt(other.url.redacted)} and {excerpt(url.redacted)}: -o names a file"
            )
    return list(by_path.values())


def download_all(
    client: Client,
    targets: Sequence[Target],
    arguments: argparse.Namespace,
    settings_of: Callable[[URL], AbstractContextManager[dict[str, Any]]],
    say: Callable[[str], object],
) -> int:
    """Download all targets, `arguments.jobs` at a time; return the exit status, 0 if all are there.

    `settings_of` gives a context with the arguments of `Client.download` for a URL, `say` prints a
    line. One that fails does not keep the others from being downloaded, so the failures are said at
    the end.
    """
    stop = threading.Event()

    def download(target: Target, bar: Bar) -> None:
        def progress(done: int, total: int | None) -> None:
            if stop.is_set():
                raise _Stopped
            bar(done, total)

        try:
            if not arguments.resume:
                with PartFile(target.path) as part:
                    part.begin(None)
            with settings_of(target.url) as settings:
                client.download(
                    target.url,
                    target.path,
                    sha256=arguments.sha256,
                    segments=arguments.segments,
                    retries=arguments.retry,
                    progress=progress,
                    **settings,
                )
        except OSError as error:
            if isinstance(error, HTTPException):
                raise
            raise CannotWrite.to(target.path, error) from None

    failures: list[tuple[Target, Exception]] = []
    try:
        with progress_on(sys.stderr, [target.path for target in targets]) as bars:
            work = list(zip(targets, bars, strict=True))
            if arguments.jobs == 1 or len(work) == 1:
                for target, bar in work:
                    _attempt(download, target, bar, failures)
            else:
                _in_threads(download, work, arguments.jobs, failures, stop)
    except KeyboardInterrupt:
        for target in targets:
            _say_kept(target, say)
        raise
    for target, error in failures:
        _say_failure(target, error, arguments.timeout, say)
        _say_kept(target, say)
    return exit_status(failures[0][1]) if failures else 0


def _attempt(
    download: Callable[[Target, Bar], None],
    target: Target,
    bar: Bar,
    failures: list[tuple[Target, Exception]],
) -> None:
    try:
        download(target, bar)
    except _Stopped:
        return
    except (OSError, HTTPException, ValueError, CannotWrite, Failure) as error:
        failures.append((target, error))


def _in_threads(
    download: Callable[[Target, Bar], None],
    work: Sequence[tuple[Target, Bar]],
    count: int,
    failures: list[tuple[Target, Exception]],
    stop: threading.Event,
) -> None:
    waiting: queue.SimpleQueue[tuple[Target, Bar]] = queue.SimpleQueue()
    for each in work:
        waiting.put(each)

    def serve() -> None:
        while not stop.is_set():
            try:
                target, bar = waiting.get_nowait()
            except queue.Empty:
                return
            _attempt(download, target, bar, failures)

    # Daemons: a server that sends nothing must not keep the command from ending.
    threads = [threading.Thread(target=serve, daemon=True) for _ in range(min(count, len(work)))]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        stop.set()
        for thread in threads:
            thread.join(JOIN_SECONDS / len(threads))
        raise


def _say_failure(
    target: Target, error: Exception, timeout: float, say: Callable[[str], object]
) -> None:
    if isinstance(error, StatusError) and error.response is not None:
        say_status(say, error.response, str(target.url))
    else:
        say(sentence(error, str(target.url), timeout))


def _say_kept(target: Target, say: Callable[[str], object]) -> None:
    """Say how an unfinished download goes on, if it can."""
    kept = kept_bytes(target.path)
    if kept:
        say(f"{target.path}: {size_text(kept)} are kept; the same command with -C goes on there")
