"""Rows of the file server: files of 1 KB, 100 KB and 100 MB beside nginx with sendfile.

Each server runs on one core, wrk with 32 connections and a browser's fields on the other; the two
are measured in turns. The peer's column is nginx here, not the standard library.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .measure import Row
from .server import FIELDS, _pinned

SIZES = {"1 KB": (1_000, 0.5), "100 KB": (100_000, 0.7), "100 MB": (100_000_000, 0.9)}
"""Each size with the part of nginx's speed that is asked for."""

SECONDS = 3
RUNS = 3

NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log /dev/null;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
  default_type application/octet-stream;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{port}; root {folder}/site; }}
}}
"""


def _free_port() -> int:
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
def _serving(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(
        _pinned(0, command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await(port)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _rate(port: int, path: str) -> float:
    """Return the requests a second that wrk counts."""
    fields = [text for name, value in FIELDS.items() for text in ("-H", f"{name}: {value}")]
    url = f"http://127.0.0.1:{port}/{path}"
    wrk = ["wrk", "-t1", "-c32", f"-d{SECONDS}", *fields, url]
    done = subprocess.run(_pinned(1, wrk), capture_output=True, text=True, check=True)
    found = re.search(r"Requests/sec:\s+([0-9.]+)", done.stdout)
    assert found, done.stdout
    return float(found[1])


def _measure(folder: Path) -> dict[str, tuple[float, float]]:
    """Return for each size the median rates of nginx and nethttp."""
    site = folder / "site"
    site.mkdir()
    for name, (size, _) in SIZES.items():
        (site / f"{name.replace(' ', '')}.bin").write_bytes(os.urandom(1000) * (size // 1000))
    peer, ours = _free_port(), _free_port()
    conf = folder / "nginx.conf"
    conf.write_text(NGINX.format(folder=folder, port=peer))
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert nginx
    mine = [sys.executable, "-m", "nethttp.server", str(site), str(ours), "--access-log", "off"]
    found: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in SIZES}
    # A file that was written a moment ago is not kept.
    time.sleep(2.5)
    with _serving([nginx, "-c", str(conf), "-p", str(folder)], peer), _serving(mine, ours):
        for _ in range(RUNS):
            for name, rates in found.items():
                path = f"{name.replace(' ', '')}.bin"
                rates[0].append(_rate(peer, path))
                rates[1].append(_rate(ours, path))
    return {
        name: (statistics.median(rates[0]), statistics.median(rates[1]))
        for name, rates in found.items()
    }


def rows() -> list[Row]:
    """Return the rows of this file, measured now; they need nginx and wrk."""
    if shutil.which("wrk") is None:
        raise SystemExit("the rows of files need wrk and nginx (Debian: apt install wrk nginx)")
    with tempfile.TemporaryDirectory() as folder:
        # nginx's worker is another user's where root starts it.
        os.chmod(folder, 0o755)
        found = _measure(Path(folder))
    return [
        Row(
            f"file of {name} (peer: nginx, sendfile on)",
            *found[name],
            unit="requests/s",
            better="more",
            aim=aim,
            plotted=False,
        )
        for name, (_, aim) in SIZES.items()
    ]
