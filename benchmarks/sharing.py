"""Rows of a shared folder: an upload beside ``cp``, and reading behind the gate beside without it.

An upload is on the disk when it is answered, so the peer is ``cp`` and then ``sync`` of the copy.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .load import Contestant, free_port, pinned, rate, serving
from .measure import Row

SIZE = int(os.environ.get("BENCH_UPLOAD", 1 << 30))
"""Bytes of the upload; the variable BENCH_UPLOAD gives others."""

RUNS = 3


def _server(root: Path, *options: str) -> Contestant:
    command = (sys.executable, "-m", "nethttp.server", str(root), "{port}", "--access-log", "off")
    return Contestant((*command, *options))


def _seconds(*command: str) -> float:
    began = time.perf_counter()
    subprocess.run(pinned(1, list(command)), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _upload(folder: Path) -> tuple[float, float]:
    """Return the median MB a second of ``cp`` with ``sync``, and of ``curl -T``."""
    source, root = folder / "source", folder / "root"
    root.mkdir()
    with source.open("wb") as file:
        for _ in range(SIZE >> 20):
            file.write(os.urandom(1 << 20))
    port = free_port()
    copied: list[float] = []
    uploaded: list[float] = []
    copy = f"cp {source} {root}/copy && sync {root}/copy"
    with serving(_server(root, "--allow", "rwd", "--state", str(folder / "state")), port):
        for _ in range(RUNS):
            copied.append(_seconds("sh", "-c", copy))
            (root / "copy").unlink()
            url = f"http://127.0.0.1:{port}/upload"
            uploaded.append(_seconds("curl", "-sf", "-o", os.devnull, "-T", str(source), url))
            (root / "upload").unlink()
    return SIZE / 1e6 / statistics.median(copied), SIZE / 1e6 / statistics.median(uploaded)


def _reading(folder: Path) -> tuple[float, float]:
    """Return the median requests a second for a file of 1 KB without rights, and with them."""
    site = folder / "site"
    site.mkdir()
    (site / "file.bin").write_bytes(os.urandom(1000))
    # A file that was written a moment ago is not kept.
    os.utime(site / "file.bin", (1, 1))
    without, behind = free_port(), free_port()
    rates: tuple[list[float], list[float]] = ([], [])
    rights = ("--upload", "--state", str(folder / "state"))
    with serving(_server(site), without), serving(_server(site, *rights), behind):
        for _ in range(RUNS):
            for port, taken in zip((without, behind), rates, strict=True):
                taken.append(rate(port, "file.bin"))
    return statistics.median(rates[0]), statistics.median(rates[1])


def rows() -> list[Row]:
    """Return the rows of this file, measured now; they need curl and wrk."""
    for program in ("curl", "wrk"):
        if shutil.which(program) is None:
            raise SystemExit(f"the rows of sharing need {program}")
    with tempfile.TemporaryDirectory() as folder:
        upload, reading = _upload(Path(folder)), _reading(Path(folder))
    return [
        Row(
            f"PUT of {SIZE / 1e9:.3g} GB, on the disk",
            *upload,
            unit="MB/s",
            better="more",
            aim=0.5,
            peer="cp, sync",
        ),
        Row(
            "file of 1 KB, behind the gate",
            *reading,
            unit="requests/s",
            better="more",
            aim=0.9,
            plotted=False,
            peer="nethttp without rights",
        ),
    ]
