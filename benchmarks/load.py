"""A server on one core and wrk on the other: how many requests a second are answered.

Loopback only. 32 connections are kept alive, each request has a browser's twelve fields.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import statistics
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["Contestant", "free_port", "pinned", "rate", "rates", "serving"]

FIELDS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/124.0.0.0 Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.9",
    "Accept-Encoding": "gzip, deflate, br",
    "Cache-Control": "max-age=0",
    "Cookie": "session=8f14e45fceea167a5a36dedd4bea2543",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "none",
    "Upgrade-Insecure-Requests": "1",
    "Connection": "keep-alive",
}
"""A browser's fields, which Host makes twelve."""

SECONDS = 3
RUNS = 5


class Contestant(NamedTuple):
    """A server program; `{port}` in its command is where it must listen."""

    command: tuple[str, ...]
    environment: Mapping[str, str] = {}


def pinned(core: int, command: list[str]) -> list[str]:
    """Return `command` bound to one core, where that can be done."""
    taskset = shutil.which("taskset")
    return (
        [taskset, "-c", str(core), *command] if taskset and (os.cpu_count() or 1) > 1 else command
    )


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


def _await(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@contextmanager
def serving(contestant: Contestant, port: int) -> Iterator[int]:
    """Run a server on the first core until it is no longer needed; give its process's number."""
    command = [part.replace("{port}", str(port)) for part in contestant.command]
    process = subprocess.Popen(
        pinned(0, command),
        env={**os.environ, **contestant.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(port)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def rate(
    port: int,
    path: str = "",
    script: Path | None = None,
    more_fields: Mapping[str, str] = MappingProxyType({}),
) -> float:
    """Return the requests a second that wrk counts, on the second core.

    `script` is one of wrk's, in Lua, that makes the requests; `more_fields` are sent with a
    browser's, in the place of those of the same name.

    Raises:
        SystemExit: wrk is not installed.
    """
    if shutil.which("wrk") is None:
        raise SystemExit("the servers' rows need wrk (Debian: apt install wrk)")
    sent = {**FIELDS, **more_fields}
    fields = [text for name, value in sent.items() for text in ("-H", f"{name}: {value}")]
    url = f"http://127.0.0.1:{port}/{path}"
    made_by = [] if script is None else ["-s", str(script)]
    wrk = ["wrk", "-t1", "-c32", f"-d{SECONDS}", *made_by, *fields, url]
    done = subprocess.run(pinned(1, wrk), capture_output=True, text=True, check=True)
    found = re.search(r"Requests/sec:\s+([0-9.]+)", done.stdout)
    assert found, done.stdout
    assert "Non-2xx" not in done.stdout, done.stdout
    return float(found[1])


def rates(contestants: Mapping[str, Contestant], script: Path | None = None) -> dict[str, float]:
    """Return the median rate of each, measured in turns."""
    measured: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(RUNS):
        for name, contestant in contestants.items():
            port = free_port()
            with serving(contestant, port):
                measured[name].append(rate(port, script=script))
    return {name: statistics.median(found) for name, found in measured.items()}
