"""Rows of a shared folder: uploads beside ``cp``, the gate and accounts beside neither, a listing.

An upload is on the disk when it is answered, so the peer is ``cp`` and then ``sync`` of the copy.
"""

from __future__ import annotations

import base64
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

from nethttp.server.files.accounts.passwords import hash_password

from .load import Contestant, free_port, pinned, rate, serving
from .measure import Row

SIZE = int(os.environ.get("BENCH_UPLOAD", 1 << 30))
"""Bytes of the upload; the variable BENCH_UPLOAD gives others."""

RUNS = 5

ENTRIES = 100_000
"""Entries of the listing."""


def _server(root: Path, *options: str) -> Contestant:
    command = (sys.executable, "-m", "nethttp.server", str(root), "{port}", "--access-log", "off")
    return Contestant((*command, *options))


def _seconds(*command: str) -> float:
    began = time.perf_counter()
    subprocess.run(pinned(1, list(command)), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _most_memory(pid: int) -> float:
    """Return the most MB of memory that a server has had, or one of its workers."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    most = 0
    for process in (str(pid), *found.stdout.split()):
        status = Path("/proc", process, "status").read_text()
        most = max(most, int(status.partition("VmHWM:")[2].split()[0]))
    return most * 1024 / 1e6


def _upload(folder: Path) -> list[Row]:
    """Return the rows of ``curl -T``: its speed beside ``cp`` with ``sync``, and the memory."""
    source, root = folder / "source", folder / "root"
    root.mkdir()
    with source.open("wb") as file:
        for _ in range(SIZE >> 20):
            file.write(os.urandom(1 << 20))
    port = free_port()
    copied: list[float] = []
    uploaded: list[float] = []
    copy = f"cp {source} {root}/copy && sync {root}/copy"
    with serving(_server(root, "--allow", "rwd", "--state", str(folder / "state")), port) as pid:
        idle = _most_memory(pid)
        for _ in range(RUNS):
            os.sync()  # Else the system writes earlier files during this one.
            copied.append(_seconds("sh", "-c", copy))
            (root / "copy").unlink()
            os.sync()
            url = f"http://127.0.0.1:{port}/upload"
            uploaded.append(_seconds("curl", "-sf", "-o", os.devnull, "-T", str(source), url))
            (root / "upload").unlink()
        most = _most_memory(pid)
    name = f"PUT of {SIZE / 1e9:.3g} GB"
    theirs, ours = (SIZE / 1e6 / statistics.median(seconds) for seconds in (copied, uploaded))
    return [
        Row(f"{name}, on the disk", theirs, ours, "MB/s", "more", 0.5, peer="cp, sync"),
        Row(f"{name}: memory", idle, most, "MB", plotted=False, peer="nethttp, idle"),
    ]


def _rates(
    site: Path, name: str, servers: list[tuple[tuple[str, ...], dict[str, str]]]
) -> list[float]:
    """Return each server's median requests a second, by its options and the client's fields."""
    taken: list[list[float]] = [[] for _ in servers]
    with ExitStack() as running:
        ports = [free_port() for _ in servers]
        for port, (options, _) in zip(ports, servers, strict=True):
            running.enter_context(serving(_server(site, *options), port))
        for _ in range(RUNS):
            for port, rates, (_, fields) in zip(ports, taken, servers, strict=True):
                rates.append(rate(port, name, more_fields=fields))
    return [statistics.median(rates) for rates in taken]


def _reading(folder: Path) -> list[Row]:
    """Return the rows of files that are read behind the gate, beside files without one."""
    site = folder / "site"
    site.mkdir()
    rights = ("--upload", "--state", str(folder / "rights"))
    account = ("--auth", f"ann:{hash_password('sesame')}", "--state", str(folder / "account"))
    basic = {"Authorization": "Basic " + base64.b64encode(b"ann:sesame").decode()}
    rows: list[Row] = []
    for size, words in ((1_000, "1 KB"), (100_000, "100 KB")):
        file = site / f"{size}.bin"
        file.write_bytes(os.urandom(size))
        os.utime(file, (1, 1))  # A file that was written a moment ago is not kept.
        servers: list[tuple[tuple[str, ...], dict[str, str]]]
        servers = [((), {}), (rights, {}), (account, basic)]
        plain, behind, known = _rates(site, file.name, servers)
        for name, ours in (("behind the gate", behind), ("with an account", known)):
            row = Row(f"file of {words}, {name}", plain, ours, "requests/s", "more", 0.9)
            rows.append(row._replace(plotted=False, peer="nethttp without"))
    return rows


def _first_byte(port: int) -> tuple[float, int]:
    """Return the milliseconds until the first byte of a listing, and the bytes of its page."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.connect()
    began = time.perf_counter()
    connection.request("GET", "/")
    response = connection.getresponse()
    took = (time.perf_counter() - began) * 1e3
    size = len(response.read())
    connection.close()
    return took, size


def _listing(folder: Path) -> list[Row]:
    """Return the rows of a directory of 100,000 entries, beside ``http.server``'s listing."""
    root = folder / "many"
    root.mkdir()
    for number in range(ENTRIES):
        (root / f"file {number}.txt").touch()
    standard = (sys.executable, "-m", "http.server", "{port}", "-b", "127.0.0.1", "-d", str(root))
    ours = _server(root, "--upload", "--state", str(folder / "listing"))
    taken: tuple[list[float], list[float]] = ([], [])
    sizes = [0, 0]
    for _ in range(RUNS):
        for which, contestant in enumerate((Contestant(standard), ours)):
            port = free_port()
            with serving(contestant, port):  # A new one each time: nothing of a listing is kept.
                milliseconds, sizes[which] = _first_byte(port)
                taken[which].append(milliseconds)
    theirs, mine = (statistics.median(times) for times in taken)
    name = f"listing of {ENTRIES:,} entries"
    return [
        Row(f"{name}: first byte", theirs, mine, "ms", plotted=False),
        Row(f"{name}: the page", sizes[0] / 1e3, sizes[1] / 1e3, "KB", plotted=False),
    ]


def rows() -> list[Row]:
    """Return the rows of this file, measured now; they need curl and wrk."""
    for program in ("curl", "wrk"):
        if shutil.which(program) is None:
            raise SystemExit(f"the rows of sharing need {program}")
    with tempfile.TemporaryDirectory() as folder:
        return [*_upload(Path(folder)), *_reading(Path(folder)), *_listing(Path(folder))]
